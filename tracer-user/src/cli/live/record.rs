//! One window: from the open session to the finished trace.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use super::failure;
use super::follow::Follower;
use super::progress::Line;
use super::stop_rule::{self, StopRule};
use crate::analyse::Options;
use crate::capture::{self, CaptureError, Flow, Progress, Session};
use crate::cli::exit::{Exit, Failure, OrExit};
use crate::row::{Batch, Meta, RowSink, SinkError};
use crate::trace::{self, TraceError, Writer};

/// When the window ends, besides Ctrl-C and the end of the targets.
pub enum Until {
    /// After this time.
    Time(Duration),
    /// When the answer is settled, by what the user knows better.
    Settled(Options),
}

impl Until {
    /// What the user said by `--duration`, or did not say; then the capture gets the longest time.
    pub fn of(settings: &mut capture::Settings, options: &Options) -> Self {
        match settings.duration {
            Some(time) => Self::Time(time),
            None => {
                settings.duration = Some(stop_rule::LONGEST);
                Self::Settled(options.clone())
            }
        }
    }
}

/// What is captured from: the kernel, or rows recorded earlier.
pub trait Source {
    /// As known at the start.
    fn meta(&self) -> &Meta;
    /// Hands on rows until the window closes; gives the final meta.
    fn run(
        self,
        sink: &mut dyn RowSink,
        on_tick: &mut dyn FnMut(&Progress) -> Flow,
    ) -> Result<Meta, CaptureError>;
}

impl Source for Session {
    fn meta(&self) -> &Meta {
        Self::meta(self)
    }

    fn run(
        self,
        sink: &mut dyn RowSink,
        on_tick: &mut dyn FnMut(&Progress) -> Flow,
    ) -> Result<Meta, CaptureError> {
        Self::run(self, sink, on_tick)
    }
}

/// A finished recording.
#[derive(Debug)]
pub struct Recorded {
    /// What it says of itself.
    pub meta: Meta,
    /// The analysis that followed it, where the window was to end by itself.
    pub follower: Option<Follower>,
}

/// Captures one window into `folder`.
///
/// # Errors
/// [`Exit::BadInput`]: `folder` cannot take a trace. [`Exit::Host`]: the capture broke off; what came before is kept.
pub fn record(
    source: impl Source,
    folder: &Path,
    options: trace::Options,
    until: Until,
) -> Result<Recorded, Failure> {
    let started = source.meta().clone();
    let writer = options.create(folder, &started).or_exit(Exit::BadInput)?;
    let full = RefCell::new(None);
    let mut sink = Lenient {
        writer,
        full: &full,
    };
    let (longest, stop_rule) = match until {
        Until::Time(time) => (time, None),
        Until::Settled(options) => (stop_rule::LONGEST, Some(StopRule::begin(folder, options))),
    };
    let line = Line::new(Some(longest));
    let mut said = false;
    let mut open = Vec::new();
    let outcome = source.run(&mut sink, &mut |progress| {
        let seen = stop_rule
            .as_ref()
            .map(|stop_rule| stop_rule.open(progress.elapsed));
        let settled = seen == Some(None);
        open = seen.flatten().unwrap_or_default();
        if !std::mem::replace(&mut said, true) {
            line.begin(progress, started.counters.attach);
        }
        line.show(progress, &open);
        if settled || full.borrow().is_some() {
            Flow::Stop
        } else {
            Flow::Continue
        }
    });
    line.clear();
    let follower = stop_rule.and_then(StopRule::end);
    let Lenient { writer, .. } = sink;
    let mut meta = match outcome {
        Ok(meta) => meta,
        Err(error) => {
            // The trace says so itself; the error of the capture is the one to tell.
            let mut broken = started;
            broken.notes.push(format!("the capture broke off: {error}"));
            let _ = writer.finish(&broken);
            return Err(failure(error));
        }
    };
    if !open.is_empty() {
        meta.notes.push(format!(
            "not settled when the window ended: {}",
            open.join(", ")
        ));
    }
    let full = full.into_inner();
    if let Some(what) = &full {
        meta.notes
            .push(format!("the recording ended early: {what}"));
    }
    match writer.finish(&meta) {
        Ok(()) => {}
        Err(error @ TraceError::DiskFull { .. }) => eprintln!("holdup: {error}"),
        Err(error) => return Err(error).or_exit(Exit::Host),
    }
    if let Some(what) = full {
        eprintln!("holdup: {what}; what was recorded before is kept");
    }
    Ok(Recorded { meta, follower })
}

/// A writer that runs full does not end the capture: the window closes in order, and what is on disk stays sound.
struct Lenient<'a> {
    writer: Writer,
    full: &'a RefCell<Option<String>>,
}

impl RowSink for Lenient<'_> {
    fn accept(&mut self, batch: Batch) -> Result<(), SinkError> {
        if let Err(error) = self.writer.accept(batch) {
            // The writer counts what it could not keep.
            self.full.borrow_mut().get_or_insert(error.to_string());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{FormatName, Output, Work};
    use crate::cli::finish;
    use crate::row::{MemorySource, Nanos, Pid, Reason, Tid, Wait, Waker};

    impl Source for MemorySource {
        fn meta(&self) -> &Meta {
            &self.meta
        }

        fn run(
            self,
            sink: &mut dyn RowSink,
            on_tick: &mut dyn FnMut(&Progress) -> Flow,
        ) -> Result<Meta, CaptureError> {
            for batch in self.batches {
                sink.accept(batch)?;
                if on_tick(&Progress::default()) == Flow::Stop {
                    break;
                }
            }
            Ok(Meta {
                closed: Nanos(9_000_000_000),
                ..self.meta
            })
        }
    }

    /// Two threads that hand a lock to and fro, in batches of half a second.
    fn rows() -> MemorySource {
        let meta = Meta {
            schema: crate::row::SCHEMA,
            opened: Nanos(1_000_000_000),
            ..Meta::default()
        };
        let batches = (2_u64..18)
            .map(|half| {
                let watermark = Nanos(half * 500_000_000);
                let wait = |tid: u32, end: u64| Wait {
                    end: Nanos(end),
                    tid: Tid(tid),
                    pid: Pid(10),
                    start: Nanos(end - 100_000_000),
                    woken: Nanos(end - 1_000),
                    reason: Reason::Blocked,
                    waker: Waker {
                        tid: Tid(21 - tid),
                        pid: Pid(10),
                        ..Waker::default()
                    },
                    ..Wait::default()
                };
                Batch {
                    watermark,
                    waits: vec![
                        wait(10, watermark.0 - 200_000_000),
                        wait(11, watermark.0 - 50_000_000),
                    ],
                    ..Batch::default()
                }
            })
            .collect();
        MemorySource::new(meta, batches)
    }

    fn wanted(format: FormatName) -> Output {
        Output {
            format,
            output: Some("not written".into()),
            details: true,
            fail_above: None,
        }
    }

    #[test]
    fn live_and_replayed_reports_are_equal_byte_for_byte() {
        let folder = tempfile::tempdir().expect("folder");
        let (spool, kept) = (folder.path().join("spool"), folder.path().join("kept"));
        let options = trace::Options::default();
        let until = || Until::Time(Duration::from_secs(8));
        // As `attach` does it: epochs as they came. As `record` does it: joined.
        record(rows(), &spool, options.join(false), until()).expect("recorded");
        record(rows(), &kept, options, until()).expect("recorded");
        for format in [
            FormatName::Text,
            FormatName::Markdown,
            FormatName::Html,
            FormatName::Json,
        ] {
            let print = |folder: &Path| {
                let wanted = wanted(format);
                let options = finish::options(&Work::default(), &wanted);
                let analysis = finish::read(folder, &options).expect("read");
                assert!(analysis.report.coverage.events > 0);
                finish::print(&analysis, &wanted)
            };
            assert_eq!(print(&spool), print(&kept));
        }
    }

    #[test]
    fn an_occupied_folder_is_bad_input() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("mine"), "x").expect("written");
        let failure = record(
            rows(),
            folder.path(),
            trace::Options::default().overwrite(true),
            Until::Time(Duration::from_secs(1)),
        )
        .expect_err("occupied");
        assert_eq!(failure.exit, Exit::BadInput);
        assert!(folder.path().join("mine").exists());
    }
}
