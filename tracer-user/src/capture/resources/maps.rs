//! `/proc/PID/maps`: which file, and where in it, an address means.

use std::ops::Range;

/// One mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) range: Range<u64>,
    /// `MAP_SHARED`. A private mapping's word that was ever written is the process's own, whatever file lies under it
    /// (`get_futex_key`, kernel/futex/core.c, Linux 6.18).
    pub(super) shared: bool,
    /// In the file.
    pub(super) offset: u64,
    /// `major << 20 | minor`.
    pub(super) device: u64,
    pub(super) inode: u64,
    /// Without the mark of a deleted file.
    pub(super) path: String,
}

/// All mappings in `text`; lines that make no sense are left out.
pub(super) fn parse(text: &str) -> Vec<Mapping> {
    text.lines().filter_map(line).collect()
}

/// `7f0c1000-7f0c2000 rw-s 00001000 00:1a 1234    /dev/shm/ring` (proc(5)).
fn line(line: &str) -> Option<Mapping> {
    let hex = |text| u64::from_str_radix(text, 16).ok();
    let mut rest = line;
    let mut field = || {
        let (field, after) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = after;
        field
    };
    let (start, end) = field().split_once('-')?;
    let rights = field();
    let offset = hex(field())?;
    let (major, minor) = field().split_once(':')?;
    let inode = field().parse().ok()?;
    let path = rest.trim_start();
    Some(Mapping {
        range: hex(start)?..hex(end)?,
        shared: rights.as_bytes().get(3) == Some(&b's'),
        offset,
        device: hex(major)? << 20 | hex(minor)?,
        inode,
        path: path.strip_suffix(" (deleted)").unwrap_or(path).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Mapping, parse};

    #[test]
    fn lines_of_a_real_process() {
        // From `/proc/self/maps` of a Python program with a multiprocessing lock (Linux 6.18), and a line that is none.
        let text = "\
5647f7718000-5647f7719000 r--p 00000000 fe:00 18504                      /usr/bin/python3.11
7f25b3163000-7f25b3263000 rw-p 00000000 00:00 0 
7f25b34d6000-7f25b34d8000 rw-s 00001000 00:01 32                         /dev/zero (deleted)
7f25b3550000-7f25b3551000 rw-s 00000000 00:1b 7                          /dev/shm/sem.AuKXls (deleted)
7ffff2bed000-7ffff2c0e000 rw-p 00000000 00:00 0                          [stack]
nonsense
";
        let all = parse(text);
        assert_eq!(all.len(), 5);
        let shared: Vec<_> = all
            .iter()
            .filter(|mapping| mapping.shared)
            .cloned()
            .collect();
        let expect = [
            Mapping {
                range: 0x7f25_b34d_6000..0x7f25_b34d_8000,
                shared: true,
                offset: 0x1000,
                device: 1,
                inode: 32,
                path: "/dev/zero".to_owned(),
            },
            Mapping {
                range: 0x7f25_b355_0000..0x7f25_b355_1000,
                shared: true,
                offset: 0,
                device: 0x1b,
                inode: 7,
                path: "/dev/shm/sem.AuKXls".to_owned(),
            },
        ];
        assert_eq!(shared, expect);
        assert_eq!(all[0].device, 0xfe << 20);
    }
}
