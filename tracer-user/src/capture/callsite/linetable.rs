//! Lines of a Python function: CPython's location table (Objects/locations.md, 3.11 to 3.13).

/// The line of the instruction that lies `offset` bytes into the function's code; `first` is the line of the function. `None`:
/// the table does not say.
#[must_use]
pub fn line(table: &[u8], first: u32, offset: u64) -> Option<u32> {
    let mut bytes = table.iter().copied().peekable();
    let mut line = i64::from(first);
    let mut end = 0_u64;
    while let Some(head) = bytes.next() {
        // 1 in the highest bit, four bits of kind, three of length in code units of two bytes.
        end += (u64::from(head & 7) + 1) * 2;
        let kind = head >> 3 & 15;
        let (delta, rest) = match kind {
            0..=9 => (0, 1),
            10..=12 => (i64::from(kind) - 10, 2),
            13 => (signed(&mut bytes)?, 0),
            14 => (signed(&mut bytes)?, usize::MAX),
            _ => (0, 0),
        };
        line = line.checked_add(delta)?;
        if offset < end {
            return (kind != 15).then(|| u32::try_from(line).ok()).flatten();
        }
        match rest {
            usize::MAX => (0..3).for_each(|_| {
                unsigned(&mut bytes);
            }),
            count => (0..count).for_each(|_| {
                bytes.next();
            }),
        }
    }
    None
}

/// Six bits a byte, the lowest first; the seventh says that more follow.
fn unsigned(bytes: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let mut value = 0;
    for shift in (0..60).step_by(6) {
        let byte = bytes.next()?;
        value |= u64::from(byte & 0x3f) << shift;
        if byte & 0x40 == 0 {
            return Some(value);
        }
    }
    None
}

/// The lowest bit is the sign.
fn signed(bytes: &mut impl Iterator<Item = u8>) -> Option<i64> {
    let value = unsigned(bytes)?;
    let size = i64::try_from(value >> 1).ok()?;
    Some(if value & 1 == 1 { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::line;

    /// `f.__code__.co_linetable` of CPython 3.11.7 for
    /// `def f(lock, rows):` (line 10) `with lock:` `rows.append(` `len(rows),` `)` `return rows`.
    const TABLE: &[u8] = include_bytes!("../../../fixtures/callsite/linetable.bin");

    #[test]
    fn lines_of_a_function() {
        for (offset, expect) in include!("../../../fixtures/callsite/linetable.expect") {
            assert_eq!(line(TABLE, 10, offset), expect, "{offset}");
        }
    }

    #[test]
    fn a_table_that_breaks_off_says_nothing() {
        assert_eq!(line(&[], 1, 0), None);
        assert_eq!(line(&[0x80 | 13 << 3], 1, 0), None);
        assert_eq!(line(&[0xff; 64], 1, 1 << 40), None);
        assert_eq!(line(&[0xf0, 0xff, 0xff, 0xff], u32::MAX, 0), None);
    }
}
