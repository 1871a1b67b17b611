//! What processes have read from disks and written to them, by the kernel's account of each.

use std::collections::BTreeMap;
use std::fs;

use crate::row::{Nanos, OwnBytes, Pid};

/// The accounts of these processes. One that cannot be read is left out.
pub(super) fn read(pids: &[Pid]) -> BTreeMap<Pid, OwnBytes> {
    let account = |pid: &Pid| {
        let text = fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
        Some((*pid, parse(&text)?))
    };
    pids.iter().filter_map(account).collect()
}

/// Parses `read_bytes` and `write_bytes` (Linux 6.18, Documentation/filesystems/proc.rst: what a process caused to be fetched from the
/// storage layer, page faults and reads ahead included, and what it caused to be sent there).
fn parse(text: &str) -> Option<OwnBytes> {
    let field = |name: &str| -> Option<u64> {
        let value = text.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().parse().ok()
    };
    Some(OwnBytes {
        read: field("read_bytes:")?,
        written: field("write_bytes:")?,
        over: Nanos::ZERO,
    })
}

/// What was read and written from one reading to the next by all of them. An account that is gone took along what nobody knows.
pub(super) fn between(
    before: &BTreeMap<Pid, OwnBytes>,
    after: &BTreeMap<Pid, OwnBytes>,
    over: Nanos,
) -> Option<OwnBytes> {
    let all_are_there = before.keys().all(|pid| after.contains_key(pid));
    if after.is_empty() || !all_are_there {
        return None;
    }
    let mut sum = OwnBytes {
        over,
        ..OwnBytes::default()
    };
    for (pid, now) in after {
        let then = before.get(pid).copied().unwrap_or_default();
        sum.read += now.read.saturating_sub(then.read);
        sum.written += now.written.saturating_sub(then.written);
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(of: &[(u32, u64, u64)]) -> BTreeMap<Pid, OwnBytes> {
        let account = |&(pid, read, written): &(u32, u64, u64)| {
            let bytes = OwnBytes {
                read,
                written,
                over: Nanos::ZERO,
            };
            (Pid(pid), bytes)
        };
        of.iter().map(account).collect()
    }

    #[test]
    fn processes_that_came_count_whole() {
        let before = accounts(&[(7, 100, 10)]);
        let after = accounts(&[(7, 150, 10), (9, 30, 4)]);
        let sum = between(&before, &after, Nanos::SECOND).expect("known");
        assert_eq!((sum.read, sum.written), (80, 4));
    }

    #[test]
    fn where_one_has_gone_the_sum_is_not_known() {
        let before = accounts(&[(7, 100, 10), (8, 0, 0)]);
        let after = accounts(&[(7, 150, 10)]);
        assert_eq!(between(&before, &after, Nanos::SECOND), None);
        assert_eq!(
            between(&before, &BTreeMap::new(), Nanos::SECOND),
            None,
            "not readable"
        );
    }

    #[test]
    fn the_account_of_a_process() {
        let text =
            "rchar: 5\nwchar: 6\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 1\n";
        let bytes = parse(text).expect("both are there");
        assert_eq!((bytes.read, bytes.written), (4096, 8192));
        assert_eq!(parse("rchar: 5\n"), None);
    }
}
