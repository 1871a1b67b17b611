//! Analyses a recording while it goes on: each epoch once, when it has appeared.

use std::path::{Path, PathBuf};

use crate::analyse::{Analysis, Analyzer, Options};
use crate::cli::exit::{Exit, Failure, OrExit};
use crate::cli::finish;
use crate::row::{Meta, Nanos, RowSource as _};
use crate::trace::Reader;

/// An analysis that follows a folder.
#[derive(Debug)]
pub struct Follower {
    folder: PathBuf,
    options: Options,
    analyzer: Option<Analyzer>,
    /// Rows up to here were taken.
    watermark: Nanos,
}

impl Follower {
    /// Has seen nothing yet of `folder`.
    pub fn new(folder: &Path, options: Options) -> Self {
        Self {
            folder: folder.to_owned(),
            options,
            analyzer: None,
            watermark: Nanos::ZERO,
        }
    }

    /// What is known of what has been recorded so far; `None`: nothing that can be read.
    pub fn look(&mut self) -> Option<Analysis> {
        let meta = self.catch_up()?;
        self.analyzer.as_ref()?.snapshot(&meta).ok()
    }

    /// Takes the epochs that have appeared since. `None`: they cannot be read, and all is read anew the next time.
    fn catch_up(&mut self) -> Option<Meta> {
        let reader = Reader::open(&self.folder).ok()?;
        let mut analyzer = match self.analyzer.take() {
            Some(analyzer) => analyzer,
            None => {
                self.watermark = Nanos::ZERO;
                Analyzer::new(reader.meta(), &self.options).ok()?
            }
        };
        let mut watermark = self.watermark;
        for batch in reader.batches_after(self.watermark) {
            let batch = batch.ok()?;
            watermark = watermark.max(batch.watermark);
            analyzer.observe(batch);
        }
        self.watermark = watermark;
        self.analyzer = Some(analyzer);
        Some(reader.meta().clone())
    }

    /// The analysis of the finished recording.
    ///
    /// # Errors
    /// [`Exit::BadInput`]: it cannot be read, or a word of the user's makes no sense.
    pub fn finish(mut self) -> Result<Analysis, Failure> {
        let reader = Reader::open(&self.folder).or_exit(Exit::BadInput)?;
        let is_up_to_date = |analyzer: &Analyzer| analyzer.knows(reader.meta());
        let followed =
            self.catch_up().is_some() && self.analyzer.as_ref().is_some_and(is_up_to_date);
        match self.analyzer.take().filter(|_| followed) {
            Some(analyzer) => analyzer.finish(reader.meta()).or_exit(Exit::BadInput),
            None => finish::read(&self.folder, &self.options),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Batch, Pid, RowSink as _, Task, TaskFact, Tid, Wait};

    fn batch(second: u64) -> Batch {
        let wait = |tid| Wait {
            start: Nanos(second * 1_000_000_000),
            end: Nanos(second * 1_000_000_000 + 400_000_000),
            tid: Tid(tid),
            pid: Pid(10),
            ..Wait::default()
        };
        let seen = Task {
            end: Nanos(1),
            tid: Tid(10),
            pid: Pid(10),
            fact: TaskFact::Seen,
            ..Task::default()
        };
        Batch {
            watermark: Nanos((second + 1) * 1_000_000_000),
            waits: vec![wait(10), wait(11)],
            tasks: if second == 1 { vec![seen] } else { Vec::new() },
            ..Batch::default()
        }
    }

    /// `join`: small epochs are joined when the recording is finished.
    fn check(join: bool) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("spool");
        let mut meta = Meta {
            schema: crate::row::SCHEMA,
            opened: Nanos(1),
            ..Meta::default()
        };
        let options = crate::trace::Options::default().join(join);
        let mut writer = options.create(&path, &meta).expect("created");
        let options = Options {
            draw: true,
            ..Options::default()
        };
        let mut follower = Follower::new(&path, options.clone());
        for second in 1..40 {
            writer.accept(batch(second)).expect("written");
            if second % 10 == 0 {
                assert!(follower.look().is_some(), "{second}");
            }
        }
        meta.closed = Nanos(40_000_000_000);
        writer.finish(&meta).expect("finished");
        let followed = follower.finish().expect("followed");
        let whole = finish::read(&path, &options).expect("read");
        assert_eq!(followed, whole);
        assert!(
            whole.report.coverage.events > 70,
            "{:?}",
            whole.report.coverage
        );
    }

    #[test]
    fn what_is_followed_gives_the_report_of_the_whole() {
        check(false);
        check(true);
    }
}
