//! Who has the CPUs meanwhile: what this host's CPUs did, and what of it was the scene's own.

use std::fs;

/// CPU time since the host started, in ticks (1/100 s on every Linux that is supported).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ticks {
    /// All time of all CPUs.
    all: u64,
    /// Of it in which nothing ran.
    idle: u64,
    /// Of it in processes of the groups asked for.
    own: u64,
}

impl Ticks {
    /// Now, with the processes of `groups` as the own ones.
    #[must_use]
    pub fn now(groups: &[u32]) -> Self {
        let host = fs::read_to_string("/proc/stat").unwrap_or_default();
        let (all, idle) = host_ticks(&host).unwrap_or_default();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let own = entries
            .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok())
            .filter_map(|text| process_ticks(&text))
            .filter(|(group, _)| groups.contains(group))
            .map(|(_, ticks)| ticks)
            .sum();
        Self { all, idle, own }
    }

    /// Share of all CPUs that others had since `before`, 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "some thousand ticks")]
    pub fn others_since(&self, before: &Self) -> f64 {
        let all = self.all.saturating_sub(before.all);
        let idle = self.idle.saturating_sub(before.idle);
        let own = self.own.saturating_sub(before.own);
        all.saturating_sub(idle).saturating_sub(own) as f64 / all.max(1) as f64
    }
}

/// All and idle time from `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal (guest time is in user already).
fn host_ticks(text: &str) -> Option<(u64, u64)> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let numbers: Vec<u64> = line
        .split_whitespace()
        .take(8)
        .map_while(|word| word.parse().ok())
        .collect();
    let (idle, waiting) = (numbers.get(3)?, numbers.get(4)?);
    Some((numbers.iter().sum(), idle + waiting))
}

/// Process group and CPU time from `/proc/PID/stat`; the name in it may have blanks and brackets.
fn process_ticks(text: &str) -> Option<(u32, u64)> {
    let (_, rest) = text.rsplit_once(") ")?;
    // State, parent, group, ..., user and system time are the 12th and 13th of these (proc(5)).
    let words: Vec<&str> = rest.split(' ').collect();
    let group = words.get(2)?.parse().ok()?;
    let (user, system) = (words.get(11)?, words.get(12)?);
    let ticks = user.parse::<u64>().ok()? + system.parse::<u64>().ok()?;
    Some((group, ticks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lines_are_read() {
        let host = "cpu  100 10 50 800 20 1 2 17 5 0\ncpu0 1 1\n";
        assert_eq!(host_ticks(host), Some((1000, 820)));
        let process = "42 (a) (b c) S 1 40 40 0 -1 4194304 5 0 0 0 30 12 0 0 20 0 1 0 9 9 9\n";
        assert_eq!(process_ticks(process), Some((40, 42)));
        assert_eq!(process_ticks("42 (a"), None);
    }

    #[test]
    fn what_is_neither_idle_nor_own_is_that_of_others() {
        let before = Ticks::default();
        let after = Ticks {
            all: 1000,
            idle: 300,
            own: 500,
        };
        assert!((after.others_since(&before) - 0.2).abs() < 1e-9);
        assert!(before.others_since(&after).abs() < 1e-9);
    }
}
