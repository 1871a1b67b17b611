//! How long the host's CPUs have nothing to do while recording: from `/proc/stat`, read as windows open and close.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::capture::clock;
use crate::row::{IdleCpus, Nanos};

/// Sums up what the CPUs did not do in windows.
#[derive(Debug, Default)]
pub struct IdleWatch {
    stat: Option<File>,
    /// While a window is open: idle time of all CPUs since the host's start, and when it was read.
    opened: Option<(Nanos, Nanos)>,
    sum: IdleCpus,
}

impl IdleWatch {
    /// Opens the first window.
    #[must_use]
    pub fn open() -> Self {
        let mut watch = Self {
            stat: File::open("/proc/stat").ok(),
            ..Self::default()
        };
        watch.resume();
        watch
    }

    /// Ends a window.
    pub fn pause(&mut self) {
        let Some((before, since)) = self.opened.take() else {
            return;
        };
        if let Some(idle) = self.idle() {
            self.sum.idle += idle.since(before);
            self.sum.over += clock::monotonic().since(since);
        }
    }

    /// Opens another one.
    pub fn resume(&mut self) {
        let now = clock::monotonic();
        self.opened = self.idle().map(|idle| (idle, now));
    }

    /// What was summed up so far; `None` where the host does not tell.
    #[must_use]
    pub fn total(&self) -> Option<IdleCpus> {
        (self.sum.over > Nanos::ZERO).then_some(self.sum)
    }

    fn idle(&self) -> Option<Nanos> {
        let mut buffer = [0; 256];
        let length = self.stat.as_ref()?.read_at(&mut buffer, 0).ok()?;
        parse_idle(std::str::from_utf8(&buffer[..length]).ok()?)
    }
}

/// Of the first line of `/proc/stat`, in hundredths of a second: idle and iowait, the fourth and the fifth field. A CPU that waits for a disk
/// is free for others (`show_stat`, fs/proc/stat.c, 6.18).
fn parse_idle(text: &str) -> Option<Nanos> {
    let mut fields = text.lines().next()?.split_ascii_whitespace();
    if fields.next() != Some("cpu") {
        return None;
    }
    let mut next = || fields.next()?.parse::<u64>().ok();
    let [_user, _nice, _system, idle, iowait] = [next()?, next()?, next()?, next()?, next()?];
    Some(Nanos((idle + iowait).saturating_mul(10_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_is_what_no_program_and_no_interrupt_took() {
        let stat = "cpu  10 1 5 1000 70 2 3 4 0 0\ncpu0 5 0 2 500 35 1 1 2 0 0\n";
        assert_eq!(parse_idle(stat), Some(Nanos(10_700_000_000)));
        for broken in ["", "cpu 1 2 3 4", "cpu0 1 2 3 4 5", "cpu 1 2 3 x 5"] {
            assert_eq!(parse_idle(broken), None, "{broken}");
        }
    }

    #[test]
    fn pauses_do_not_count() {
        let mut watch = IdleWatch::open();
        assert_eq!(watch.total(), None);
        watch.pause();
        let first = watch.total().expect("this host tells");
        watch.pause();
        assert_eq!(watch.total(), Some(first));
        watch.resume();
        watch.pause();
        assert!(watch.total().expect("this host tells").over > first.over);
    }
}
