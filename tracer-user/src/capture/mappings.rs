//! `/proc/PID/maps`: which file, and where in it, an address of a process means.
//!
//! In: a process, or the file's text. Out: its mappings in order of address. A line that makes no sense is left out. The crate procfs
//! (0.18) has such a parser too, but gives up the whole file for one path that is no UTF-8, and panics on some paths that begin
//! with `/SYSV`; both are up to the process that is looked at.

use std::ops::Range;

use crate::row::Pid;

/// One mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Addresses in the process.
    pub range: Range<u64>,
    /// The mapping holds code.
    pub executable: bool,
    /// The mapping is `MAP_SHARED`. A futex word in a private mapping that was ever written is the process's own, whatever file
    /// lies under it (`get_futex_key`, kernel/futex/core.c, Linux 6.18).
    pub shared: bool,
    /// Where in the file it begins.
    pub offset: u64,
    /// Device of the file as the kernel numbers it, `major << 20 | minor`; with the inode it names the file.
    pub device: u64,
    /// Inode of the file, 0 when there is none (code made at run time, `[vdso]`).
    pub inode: u64,
    /// Path as the process sees it, without ` (deleted)`; empty when there is none.
    pub path: String,
}

/// Reads the mappings of a process; `None` when it is gone. The kernel holds the process's `mmap_lock` while it writes a page of
/// the file, so this is called as rarely as possible.
#[must_use]
pub fn read(pid: Pid) -> Option<Vec<Mapping>> {
    let text = std::fs::read(format!("/proc/{pid}/maps")).ok()?;
    Some(parse(&String::from_utf8_lossy(&text)).collect())
}

/// Parses the file's text.
fn parse(text: &str) -> impl Iterator<Item = Mapping> {
    text.lines().filter_map(line)
}

/// Parses `7f0c1000-7f0c2000 rw-s 00001000 00:1a 1234    /dev/shm/ring` (proc(5)). A path may hold blanks.
fn line(line: &str) -> Option<Mapping> {
    let hex = |text| u64::from_str_radix(text, 16).ok();
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let range = hex(start)?..hex(end)?;
    let rights = fields.next()?.as_bytes();
    let offset = hex(fields.next()?)?;
    let (major, minor) = fields.next()?.split_once(':')?;
    let inode = fields.next()?.parse().ok()?;
    let path = fields.next().unwrap_or_default().trim_start();
    if range.is_empty() {
        return None;
    }
    Some(Mapping {
        range,
        executable: rights.get(2) == Some(&b'x'),
        shared: rights.get(3) == Some(&b's'),
        offset,
        device: hex(major)? << 20 | hex(minor)?,
        inode,
        path: path.strip_suffix(" (deleted)").unwrap_or(path).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Mapping, parse, read};
    use crate::row::Pid;

    /// As printed on Linux 6.18 for a C program whose library was replaced while it ran, and for a Python program with a
    /// multiprocessing lock.
    const TEXT: &str = "\
563e1c000000-563e1c001000 r--p 00000000 fe:01 131 /srv/my app
563e1c001000-563e1c002000 r-xp 00001000 fe:01 131 /srv/my app
7f0000030000-7f0000040000 rwxp 00000000 00:00 0 
7f00aa028000-7f00aa17d000 r-xp 00028000 08:01 77                         /usr/lib/libx.so.1 (deleted)
7f25b34d6000-7f25b34d8000 rw-s 00001000 00:01 32                         /dev/zero (deleted)
7ffd2cd5e000-7ffd2cd60000 r-xp 00000000 00:00 0                          [vdso]
";

    #[test]
    fn mappings_of_real_processes() {
        let all: Vec<Mapping> = parse(TEXT).collect();
        let flags = |mapping: &Mapping| (mapping.executable, mapping.shared);
        assert_eq!(
            all.iter().map(flags).collect::<Vec<_>>(),
            [
                (false, false),
                (true, false),
                (true, false),
                (true, false),
                (false, true),
                (true, false)
            ]
        );
        let paths: Vec<&str> = all.iter().map(|mapping| mapping.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "/srv/my app",
                "/srv/my app",
                "",
                "/usr/lib/libx.so.1",
                "/dev/zero",
                "[vdso]"
            ]
        );
        let expect = Mapping {
            range: 0x563e_1c00_1000..0x563e_1c00_2000,
            executable: true,
            shared: false,
            offset: 0x1000,
            device: 0xfe << 20 | 1,
            inode: 131,
            path: "/srv/my app".to_owned(),
        };
        assert_eq!(all[1], expect);
    }

    #[test]
    fn what_is_no_mapping_is_left_out() {
        for text in [
            "",
            "x",
            "1-2",
            "1-2 r-xp",
            "2-1 r-xp 0 0:0 0",
            "g-h r-xp 0 0:0 0 /a",
            "1-2 r-xp z 0:0 0 /a",
            "1-2 r-xp 0 0 0 /a",
            "\n\n",
        ] {
            assert_eq!(parse(text).next(), None, "{text:?}");
        }
    }

    #[test]
    fn a_path_that_other_parsers_stumble_over_is_one_of_many() {
        let text = "1000-2000 r-xp 0 08:01 7 /SYSV\n2000-3000 r-xp 0 08:01 8 /\u{fffd}\n";
        assert_eq!(parse(text).count(), 2);
    }

    #[test]
    fn this_process_has_code_of_its_own() {
        let all = read(Pid(std::process::id())).expect("lives");
        assert!(
            all.iter()
                .any(|mapping| mapping.executable && mapping.inode != 0)
        );
        assert_eq!(read(Pid(0x7fff_fff0)), None);
    }
}
