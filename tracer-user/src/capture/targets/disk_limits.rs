//! Limits that control groups set on how fast the targets may read from a disk and write to it, and how much of each is used.
//!
//! In: processes. Out: each limit of their groups and of those above, with what went through it between [`DiskLimits::open`]
//! and [`DiskLimits::totals`]. Both versions of control groups are read: 1 (`blkio.throttle.*`) and 2 (`io.max`, `io.stat`). What
//! cannot be read counts as no limit.

use std::fs;
use std::path::{Path, PathBuf};

use super::groups::groups;
use crate::row::{DiskLimit, DiskUnit, Pid};

/// The limits on some processes, and what had gone through each when they were found.
#[derive(Debug, Default)]
pub struct DiskLimits(Vec<Found>);

#[derive(Debug)]
struct Found {
    folder: PathBuf,
    limit: DiskLimit,
    before: u64,
}

impl DiskLimits {
    /// Finds the limits on `pids` now.
    #[must_use]
    pub fn open(pids: &[Pid]) -> Self {
        let mut found = Vec::new();
        for group in groups(pids, "blkio") {
            let (folder, name) = (group.folder(), group.name());
            let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
            let limits = [
                limits_v1(&read("blkio.throttle.write_iops_device"), DiskUnit::Writes),
                limits_v1(&read("blkio.throttle.write_bps_device"), DiskUnit::Bytes),
                limits_v1(&read("blkio.throttle.read_iops_device"), DiskUnit::Reads),
                limits_v1(&read("blkio.throttle.read_bps_device"), DiskUnit::ReadBytes),
                limits_v2(&read("io.max")),
            ];
            for limit in limits.into_iter().flatten() {
                let limit = DiskLimit {
                    group: name.clone(),
                    ..limit
                };
                found.push(Found {
                    before: used(&folder, &limit),
                    folder: folder.clone(),
                    limit,
                });
            }
        }
        Self(found)
    }

    /// The limits, each with what went through it since they were found.
    #[must_use]
    pub fn totals(&self) -> Vec<DiskLimit> {
        let total = |found: &Found| DiskLimit {
            used: used(&found.folder, &found.limit).saturating_sub(found.before),
            ..found.limit.clone()
        };
        self.0.iter().map(total).collect()
    }
}

/// Parses lines of a device and a number (Documentation/admin-guide/cgroup-v1/blkio-controller.rst).
fn limits_v1(text: &str, unit: DiskUnit) -> Vec<DiskLimit> {
    let limit = |line: &str| {
        let (device, number) = line.split_once(' ')?;
        Some(DiskLimit {
            device: device.to_owned(),
            unit,
            per_second: number.trim().parse().ok()?,
            ..DiskLimit::default()
        })
    };
    text.lines().filter_map(limit).collect()
}

/// Parses lines of a device and of keys with values, where `max` means no limit (Documentation/admin-guide/cgroup-v2.rst, "IO
/// Interface Files").
fn limits_v2(text: &str) -> Vec<DiskLimit> {
    let units = [
        ("wiops=", DiskUnit::Writes),
        ("wbps=", DiskUnit::Bytes),
        ("riops=", DiskUnit::Reads),
        ("rbps=", DiskUnit::ReadBytes),
    ];
    let limits = |line: &str| {
        let (device, keys) = line.split_once(' ').unwrap_or_default();
        units
            .iter()
            .filter_map(|(key, unit)| {
                Some(DiskLimit {
                    device: device.to_owned(),
                    unit: *unit,
                    per_second: value(keys, key)?,
                    ..DiskLimit::default()
                })
            })
            .collect::<Vec<_>>()
    };
    text.lines().flat_map(limits).collect()
}

/// The number behind `key`, if there is one.
fn value(keys: &str, key: &str) -> Option<u64> {
    keys.split_whitespace()
        .find_map(|field| field.strip_prefix(key))?
        .parse()
        .ok()
}

/// What has gone through a limit since its group was made.
fn used(folder: &Path, limit: &DiskLimit) -> u64 {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    const REQUESTS: &str = "blkio.throttle.io_serviced_recursive";
    const BYTES: &str = "blkio.throttle.io_service_bytes_recursive";
    let (v1, v2) = match limit.unit {
        DiskUnit::Writes => (REQUESTS, "wios="),
        DiskUnit::Bytes => (BYTES, "wbytes="),
        DiskUnit::Reads => (REQUESTS, "rios="),
        DiskUnit::ReadBytes => (BYTES, "rbytes="),
    };
    let direction = if limit.unit.is_read() {
        "Read"
    } else {
        "Write"
    };
    let done = match read(v1) {
        Some(text) => used_v1(&text, &limit.device, direction),
        None => read("io.stat").and_then(|text| used_v2(&text, &limit.device, v2)),
    };
    done.unwrap_or(0)
}

fn used_v1(text: &str, device: &str, direction: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let mut fields = line.split(' ');
        let fits = fields.next() == Some(device) && fields.next() == Some(direction);
        fits.then(|| fields.next()?.parse().ok()).flatten()
    })
}

fn used_v2(text: &str, device: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (own, keys) = line.split_once(' ')?;
        (own == device).then(|| value(keys, key)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_both_versions() {
        let limit = |device: &str, unit, per_second| DiskLimit {
            device: device.to_owned(),
            unit,
            per_second,
            ..DiskLimit::default()
        };
        assert_eq!(
            limits_v1("254:0 150\n8:16 x\n\n", DiskUnit::Writes),
            [limit("254:0", DiskUnit::Writes, 150)]
        );
        assert_eq!(
            limits_v2("8:16 rbps=max wbps=1048576 riops=max wiops=120\n8:0 wiops=max riops=9\nx\n"),
            [
                limit("8:16", DiskUnit::Writes, 120),
                limit("8:16", DiskUnit::Bytes, 1_048_576),
                limit("8:0", DiskUnit::Reads, 9)
            ]
        );
    }

    #[test]
    fn what_went_through_is_the_devices_own() {
        let v1 = "8:0 Read 7\n8:0 Write 9\n254:0 Read 5\n254:0 Write 2490\n254:0 Total 2495\nTotal 2511\n";
        assert_eq!(used_v1(v1, "254:0", "Write"), Some(2490));
        assert_eq!(used_v1(v1, "254:0", "Read"), Some(5));
        assert_eq!(used_v1(v1, "9:9", "Write"), None);
        let v2 =
            "8:0 rbytes=1 wbytes=2 rios=3 wios=4\n254:0 rbytes=5 wbytes=6 rios=7 wios=8 dbytes=0\n";
        assert_eq!(used_v2(v2, "254:0", "wios="), Some(8));
        assert_eq!(used_v2(v2, "254:0", "wbytes="), Some(6));
        assert_eq!(used_v2(v2, "254:0", "rios="), Some(7));
        assert_eq!(used_v2(v2, "254:0", "rbytes="), Some(5));
    }

    #[test]
    fn a_process_that_is_gone_has_no_limits() {
        assert!(DiskLimits::open(&[Pid(0x7fff_fff0)]).totals().is_empty());
    }
}
