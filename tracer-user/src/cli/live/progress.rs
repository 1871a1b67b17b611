//! What the user sees while the window is open: one line that moves on a terminal, one line that says it is open elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::capture;
use crate::number::count;
use crate::row::Nanos;

/// The line.
pub struct Line(ProgressBar);

impl Line {
    /// A line for a window of this length at most. Standard error that is no terminal gets none.
    pub fn new(longest: Option<Duration>) -> Self {
        let bar = ProgressBar::with_draw_target(
            longest.map(|longest| longest.as_millis().try_into().unwrap_or(u64::MAX)),
            ProgressDrawTarget::stderr(),
        );
        let template = "{bar:20.cyan} {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }

    /// The window is open, the probes came in within `attach`: for logs, and for scripts that wait for it.
    pub fn begin(&self, progress: &capture::Progress, attach: Nanos) {
        if self.0.is_hidden() {
            eprintln!(
                "watching {} threads; attached in {:.2} s",
                count(u64::try_from(progress.threads).unwrap_or(u64::MAX)),
                attach.seconds()
            );
        }
    }

    /// How far it is; `open` is what is not settled yet.
    pub fn show(&self, progress: &capture::Progress, open: &[String]) {
        self.0
            .set_position(progress.elapsed.as_millis().try_into().unwrap_or(u64::MAX));
        self.0.set_message(message(progress, open));
    }

    /// Takes the line off the screen.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn message(progress: &capture::Progress, open: &[String]) -> String {
    use std::fmt::Write;
    let mut text = format!(
        "{:.0} s, {} threads, {} events",
        progress.elapsed.as_secs_f64(),
        progress.threads,
        count(progress.events)
    );
    if progress.lost > 0 {
        let _ = write!(text, ", {} lost", count(progress.lost));
    }
    if let Some(why) = &progress.ended {
        let _ = write!(text, "; {why}");
    } else if !open.is_empty() {
        let _ = write!(text, "; not settled: {}", open.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_says_it_all() {
        let mut progress = capture::Progress {
            elapsed: Duration::from_millis(12_400),
            events: 48_211,
            lost: 0,
            threads: 67,
            ended: None,
        };
        assert_eq!(message(&progress, &[]), "12 s, 67 threads, 48,211 events");
        progress.lost = 1;
        assert_eq!(
            message(&progress, &["52 of 100 items".to_owned()]),
            "12 s, 67 threads, 48,211 events, 1 lost; not settled: 52 of 100 items"
        );
        progress.ended = Some("the time is up".to_owned());
        assert_eq!(
            message(&progress, &["52 of 100 items".to_owned()]),
            "12 s, 67 threads, 48,211 events, 1 lost; the time is up"
        );
    }
}
