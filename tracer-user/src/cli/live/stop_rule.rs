//! Whether the window may end by itself: follows what is on disk so far, beside the capture and never in its way.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::follow::Follower;
use crate::analyse::Options;
use crate::cause::Cause;

/// No answer is taken before this.
pub const SHORTEST: Duration = Duration::from_secs(10);
/// The window ends here, settled or not.
pub const LONGEST: Duration = Duration::from_secs(60);
/// First look, so that the second can see whether the first cause is stable.
const FIRST_LOOK: Duration = Duration::from_secs(6);
/// From one look to the next,
const EVERY: Duration = Duration::from_secs(3);
/// or this many times what the last one took, so that looking costs a fiftieth of a core at most.
const COST: u32 = 50;

/// What the last look saw.
#[derive(Clone, Debug, Default)]
struct Seen {
    looked: bool,
    unsettled: Vec<String>,
    cause: Cause,
    stable: bool,
}

/// Follows the spool in a thread of its own. Ends with the value.
pub struct StopRule {
    seen: Arc<Mutex<Seen>>,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<Follower>>,
}

impl StopRule {
    /// Begins to follow `folder`.
    pub fn begin(folder: &Path, options: Options) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (end, ended) = mpsc::channel();
        let thread = {
            let seen = Arc::clone(&seen);
            let mut follower = Follower::new(folder, options);
            std::thread::spawn(move || {
                let mut pause = FIRST_LOOK;
                while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                    let began = Instant::now();
                    look(&mut follower, &seen);
                    pause = EVERY.max(began.elapsed() * COST);
                }
                follower
            })
        };
        Self {
            seen,
            end: Some(end),
            thread: Some(thread),
        }
    }

    /// What is open after `elapsed`; `None`: nothing, the window may end.
    pub fn open(&self, elapsed: Duration) -> Option<Vec<String>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        still_open(&seen, elapsed)
    }

    /// Ends looking, and gives what has been analysed so far.
    pub fn end(mut self) -> Option<Follower> {
        drop(self.end.take());
        self.thread.take()?.join().ok()
    }
}

impl Drop for StopRule {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn still_open(seen: &Seen, elapsed: Duration) -> Option<Vec<String>> {
    if elapsed < SHORTEST || !seen.looked {
        return Some(seen.unsettled.clone());
    }
    if !seen.unsettled.is_empty() {
        Some(seen.unsettled.clone())
    } else if seen.stable {
        None
    } else {
        Some(vec!["whether the cause stays the same".to_owned()])
    }
}

fn look(follower: &mut Follower, seen: &Mutex<Seen>) {
    // Nothing on disk yet, or a rule that fits nothing yet: look again later, the final analysis will say it.
    let Some(analysis) = follower.look() else {
        return;
    };
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let cause = analysis.report.verdict.cause;
    *seen = Seen {
        looked: true,
        stable: seen.looked && seen.cause == cause,
        unsettled: analysis.unsettled,
        cause,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_when_nothing_is_open_and_the_cause_has_stayed() {
        let seen = |looked, unsettled: &[&str], stable| Seen {
            looked,
            stable,
            unsettled: unsettled.iter().map(ToString::to_string).collect(),
            cause: Cause::default(),
        };
        let late = Duration::from_secs(11);
        assert!(still_open(&seen(true, &[], true), Duration::from_secs(9)).is_some());
        assert!(still_open(&seen(false, &[], false), late).is_some());
        assert_eq!(
            still_open(&seen(true, &["items"], true), late),
            Some(vec!["items".to_owned()])
        );
        assert!(still_open(&seen(true, &[], false), late).is_some());
        assert_eq!(still_open(&seen(true, &[], true), late), None);
    }

    #[test]
    fn a_folder_without_a_trace_settles_nothing_and_ends_promptly() {
        let folder = tempfile::tempdir().expect("folder");
        let began = Instant::now();
        let stop_rule = StopRule::begin(folder.path(), Options::default());
        assert!(stop_rule.open(LONGEST).is_some());
        drop(stop_rule);
        assert!(began.elapsed() < FIRST_LOOK);
    }
}
