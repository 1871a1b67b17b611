//! Code made at run time, as its maker describes it in a perf map (`/tmp/perf-PID.map`): Node, Java, Python.
//!
//! In: the map's text. Out: what lies at an address. Lines that do not read are left out; of overlapping entries the later
//! one counts, since code is moved and written anew.

use std::collections::BTreeMap;

use crate::row::Frame;

/// Longest text that is read; what follows is left out.
pub const LONGEST: u64 = 64 << 20;
/// Most entries that are kept.
const MOST: usize = 300_000;

/// The functions of one perf map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerfMap {
    /// By start: length and name.
    entries: BTreeMap<u64, (u64, Box<str>)>,
}

impl PerfMap {
    /// Reads lines of `START SIZE NAME`, the numbers hexadecimal with or without `0x`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let hex =
            |word: &str| u64::from_str_radix(word.strip_prefix("0x").unwrap_or(word), 16).ok();
        let mut entries = BTreeMap::new();
        for line in text.lines() {
            let mut words = line.splitn(3, ' ');
            let mut number = || hex(words.next()?);
            let (Some(start), Some(len)) = (number(), number()) else {
                continue;
            };
            let Some(name) = words.next().map(str::trim).filter(|name| !name.is_empty()) else {
                continue;
            };
            if entries.len() >= MOST && !entries.contains_key(&start) {
                break;
            }
            entries.insert(start, (len, name.into()));
        }
        Self { entries }
    }

    /// What lies at `address`.
    #[must_use]
    pub fn frame(&self, address: u64) -> Option<Frame> {
        let (start, (len, name)) = self.entries.range(..=address).next_back()?;
        let offset = address - start;
        (offset < *len).then(|| Frame {
            offset,
            ..named(name)
        })
    }
}

/// Kinds before the colon in V8's names; what follows is the program's function.
const V8_KINDS: &[&str] = &["JS", "LazyCompile", "Function", "Script", "Eval", "Module"];

/// A frame from the name a run-time compiler gave: V8 writes `LazyCompile:*flush /srv/writer.js:12:5`, Python
/// `py::flush:/srv/writer.py`, Java `void shop.Cart.add(int)`.
fn named(name: &str) -> Frame {
    let python = name
        .strip_prefix("py::")
        .and_then(|rest| rest.rsplit_once(':'));
    if let Some((symbol, file)) = python {
        return Frame {
            symbol: symbol.into(),
            file: file.into(),
            ..Frame::default()
        };
    }
    let v8 = name
        .split_once(':')
        .filter(|(kind, _)| V8_KINDS.contains(kind));
    if let Some((_, rest)) = v8 {
        let rest = rest.trim_start_matches(['*', '~', '^', '+']);
        let (symbol, place) = rest.split_once(' ').unwrap_or((rest, ""));
        let (file, line) = place_and_line(place);
        let symbol = if symbol.is_empty() {
            "(anonymous)"
        } else {
            symbol
        };
        return Frame {
            symbol: symbol.into(),
            file: file.into(),
            line,
            ..Frame::default()
        };
    }
    Frame {
        symbol: name.into(),
        ..Frame::default()
    }
}

/// `file:///srv/writer.mjs:12:5` is line 12 of `/srv/writer.mjs`.
fn place_and_line(place: &str) -> (&str, u32) {
    let place = place.strip_prefix("file://").unwrap_or(place);
    let mut parts = place.rsplitn(3, ':');
    match (
        parts.next().map(str::parse::<u32>),
        parts.next().map(str::parse),
        parts.next(),
    ) {
        (Some(Ok(_)), Some(Ok(line)), Some(file)) => (file, line),
        _ => (place, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::PerfMap;

    #[test]
    fn names_of_several_makers() {
        let map = PerfMap::parse(
            "7f10 20 LazyCompile:*flush /srv/writer.js:12:5\n\
             0x7f30 0x10 void shop.Cart.add(int)\n\
             7f40 10 JS:~ file:///srv/my app.mjs:3:1\n\
             7f50 10 py::flush:/srv/writer.py\n\
             7f60 10 Builtin:ArrayMap\n",
        );
        let check = |address, expect: &str| {
            assert_eq!(
                map.frame(address)
                    .map(|frame| frame.to_string())
                    .unwrap_or_default(),
                expect,
                "{address:#x}"
            );
        };
        check(0x7f0f, "");
        check(0x7f10, "flush (writer.js:12)");
        check(0x7f2f, "flush (writer.js:12)");
        check(0x7f30, "void shop.Cart.add(int)");
        check(0x7f40, "(anonymous) (my app.mjs:3)");
        check(0x7f58, "flush (writer.py)");
        check(0x7f60, "Builtin:ArrayMap");
        check(0x7f70, "");
        assert_eq!(map.frame(0x7f18).map(|frame| frame.offset), Some(8));
    }

    #[test]
    fn what_does_not_read_is_left_out_and_later_entries_count() {
        let map = PerfMap::parse(
            "\nzz 1 a\n1\n1 2\n1 2 \n10 8 old\n10 4 new\n18446744073709551615ff 1 far\n",
        );
        assert_eq!(
            map.frame(0x10).map(|frame| frame.symbol).as_deref(),
            Some("new")
        );
        assert_eq!(map.frame(0x14), None);
        assert_eq!(map.frame(1), None);
    }
}
