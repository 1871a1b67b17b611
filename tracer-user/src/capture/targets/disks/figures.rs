//! `/proc/diskstats`: what each block device has done since the machine began.

use std::collections::BTreeMap;
use std::fs;

use crate::row::{Disk, DiskUse, Nanos};

/// Bytes of a sector in the kernel's figures, whatever the device has (Linux 6.18, Documentation/block/stat.rst).
const SECTOR: u64 = 512;
/// Nanoseconds of a millisecond.
const MS: u64 = 1_000_000;

/// The figures of one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    name: String,
    read: DiskUse,
    written: DiskUse,
    busy: Nanos,
    under_way: Nanos,
}

/// The figures of all block devices, by `major:minor`.
pub(super) fn read() -> BTreeMap<String, Figures> {
    parse(&fs::read_to_string("/proc/diskstats").unwrap_or_default())
}

/// Parses lines of numbers (Linux 6.18, Documentation/admin-guide/iostats.rst: major, minor and name, then for reads and for writes how
/// many, merged, sectors and ms; requests in flight, ms busy, ms of all requests; later fields came with later kernels).
fn parse(text: &str) -> BTreeMap<String, Figures> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<(String, Figures)> {
    let mut fields = line.split_whitespace();
    let (major, minor) = (fields.next()?, fields.next()?);
    let name = fields.next()?.to_owned();
    let numbers: Vec<u64> = fields.map_while(|field| field.parse().ok()).collect();
    let [
        reads,
        _,
        sectors_read,
        reading,
        writes,
        _,
        sectors_written,
        writing,
        _,
        busy,
        under_way,
        ..,
    ] = numbers.as_slice()
    else {
        return None;
    };
    let done = |requests: u64, sectors: u64, ms: u64| DiskUse {
        requests,
        bytes: sectors.saturating_mul(SECTOR),
        time: millis(ms),
    };
    let figures = Figures {
        name,
        read: done(*reads, *sectors_read, *reading),
        written: done(*writes, *sectors_written, *writing),
        busy: millis(*busy),
        under_way: millis(*under_way),
    };
    Some((format!("{major}:{minor}"), figures))
}

fn millis(ms: u64) -> Nanos {
    Nanos(ms.saturating_mul(MS))
}

impl Figures {
    /// What the device did since it had the figures `before`. A counter that went backwards is one that ran over (they have as few as 32
    /// bits) and counts as nothing done.
    pub(super) fn since(&self, before: &Self, device: &str, over: Nanos) -> Disk {
        let done = |now: DiskUse, then: DiskUse| DiskUse {
            requests: now.requests.saturating_sub(then.requests),
            bytes: now.bytes.saturating_sub(then.bytes),
            time: now.time.since(then.time),
        };
        Disk {
            name: self.name.clone(),
            devices: vec![device.to_owned()],
            over,
            read: done(self.read, before.read),
            written: done(self.written, before.written),
            busy: self.busy.since(before.busy),
            under_way: self.under_way.since(before.under_way),
            ..Disk::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_between_two_readings() {
        let before = parse(
            " 254       0 vda 100 5 2000 40 50 9 800 30 0 60 75 0 0 0 0 3 5\n   8       1 sda1 1 2\nx\n",
        );
        let after = parse("254 0 vda 160 5 2600 100 60 9 1000 50 2 90 155 0 0 0 0 3 5\n");
        assert_eq!(before.len(), 1, "{before:?}");
        let disk = after["254:0"].since(&before["254:0"], "254:0", Nanos(100 * MS));
        assert_eq!((disk.read.requests, disk.read.bytes), (60, 600 * SECTOR));
        assert_eq!(
            (disk.written.requests, disk.written.bytes),
            (10, 200 * SECTOR)
        );
        assert_eq!(
            (disk.read.time, disk.written.time),
            (Nanos(60 * MS), Nanos(20 * MS))
        );
        assert!((disk.busy_share() - 0.3).abs() < 1e-9, "{disk:?}");
        assert!((disk.at_once() - 0.8).abs() < 1e-9, "{disk:?}");
    }

    #[test]
    fn a_counter_that_ran_over_counts_as_nothing() {
        let figures = |reads| parse(&format!("8 0 sda {reads} 0 8 1 0 0 0 0 0 1 1\n"));
        let (before, after) = (figures(4_294_967_290_u64), figures(3));
        let disk = after["8:0"].since(&before["8:0"], "8:0", Nanos::SECOND);
        assert_eq!(disk.read.requests, 0);
    }

    #[test]
    fn kernels_of_fourteen_fields_are_read() {
        let disks = parse("8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n");
        assert_eq!(disks["8:0"].under_way, Nanos(11 * MS));
        assert!(parse("8 0 sda 1 2 3 4 5 6 7 8 9 10\n").is_empty());
    }
}
