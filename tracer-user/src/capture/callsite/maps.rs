//! `/proc/PID/maps`: where the code of a process lies.
//!
//! In: the file's text. Out: its executable mappings in order of address. Lines that do not read as mappings are left out.

use std::ops::Range;

/// Most mappings that are kept; a Java machine has some hundreds.
const MOST: usize = 4096;

/// One executable mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Addresses in the process.
    pub range: Range<u64>,
    /// Where in the file it begins.
    pub offset: u64,
    /// Device as printed (`08:01`); with the inode it names the file.
    pub device: String,
    /// Inode, 0: no file behind it (code made at run time, `[vdso]`).
    pub inode: u64,
    /// Path as the process sees it, without ` (deleted)`; empty: none.
    pub path: String,
}

/// Reads the executable mappings.
#[must_use]
pub fn parse(text: &str) -> Vec<Mapping> {
    text.lines().filter_map(line).take(MOST).collect()
}

/// `start-end perms offset dev inode    path`
fn line(line: &str) -> Option<Mapping> {
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let range = u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?;
    if words.next()?.as_bytes().get(2) != Some(&b'x') || range.is_empty() {
        return None;
    }
    let offset = u64::from_str_radix(words.next()?, 16).ok()?;
    let device = words.next()?.to_owned();
    let inode = words.next()?.parse().ok()?;
    let path = words.next().unwrap_or_default().trim_start();
    let path = path.strip_suffix(" (deleted)").unwrap_or(path).to_owned();
    Some(Mapping {
        range,
        offset,
        device,
        inode,
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::{Mapping, parse};

    /// As printed on Linux 6.18 for a C program whose library was replaced while it ran.
    const TEXT: &str = "\
563e1c000000-563e1c001000 r--p 00000000 08:01 131 /srv/my app
563e1c001000-563e1c002000 r-xp 00001000 08:01 131 /srv/my app
7f0000000000-7f0000021000 rw-p 00000000 00:00 0 
7f0000030000-7f0000040000 rwxp 00000000 00:00 0 
7f00aa028000-7f00aa17d000 r-xp 00028000 08:01 77                         /usr/lib/libx.so.1 (deleted)
7ffd2cd5e000-7ffd2cd60000 r-xp 00000000 00:00 0                          [vdso]
";

    #[test]
    fn executable_mappings() {
        let mapping = |range, offset, device: &str, inode, path: &str| Mapping {
            range,
            offset,
            device: device.into(),
            inode,
            path: path.into(),
        };
        let expect = [
            mapping(
                0x563e_1c00_1000..0x563e_1c00_2000,
                0x1000,
                "08:01",
                131,
                "/srv/my app",
            ),
            mapping(0x7f00_0003_0000..0x7f00_0004_0000, 0, "00:00", 0, ""),
            mapping(
                0x7f00_aa02_8000..0x7f00_aa17_d000,
                0x28000,
                "08:01",
                77,
                "/usr/lib/libx.so.1",
            ),
            mapping(0x7ffd_2cd5_e000..0x7ffd_2cd6_0000, 0, "00:00", 0, "[vdso]"),
        ];
        assert_eq!(parse(TEXT), expect);
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
            "\n\n",
        ] {
            assert_eq!(parse(text), [], "{text:?}");
        }
    }
}
