//! A walker over Thrift's compact protocol, in which Parquet keeps its footer and page headers. It only looks: nothing is
//! allocated, every length is checked against the bytes there are, depth is bounded.
//!
//! The Parquet library takes some of these numbers as they come and allocates by them, which ends the process where a
//! stranger's number is large; so they are looked at first. Format: thrift, doc/specs/thrift-compact-protocol.md.

/// Structs within structs.
const MAX_DEPTH: u32 = 24;

/// The bytes are not what the protocol allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Type of a field or of the elements of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    True,
    False,
    Byte,
    /// 16, 32 or 64 bits.
    Integer,
    Double,
    Binary,
    /// Also a set.
    List,
    Map,
    Struct,
}

impl Kind {
    const fn from_raw(raw: u8) -> Result<Self, Malformed> {
        Ok(match raw {
            1 => Self::True,
            2 => Self::False,
            3 => Self::Byte,
            4..=6 => Self::Integer,
            7 => Self::Double,
            8 => Self::Binary,
            9 | 10 => Self::List,
            11 => Self::Map,
            12 => Self::Struct,
            _ => return Err(Malformed),
        })
    }
}

/// Where the walk is.
#[derive(Clone, Copy)]
pub(super) struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walker<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes walked over.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = *self.bytes.get(self.at).ok_or(Malformed)?;
        self.at += 1;
        Ok(byte)
    }

    fn jump(&mut self, length: u64) -> Result<(), Malformed> {
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.left())
            .ok_or(Malformed)?;
        self.at += length;
        Ok(())
    }

    fn unsigned(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    /// An integer.
    pub(super) fn integer(&mut self) -> Result<i64, Malformed> {
        let raw = self.unsigned()?;
        Ok((raw >> 1).cast_signed() ^ -((raw & 1).cast_signed()))
    }

    /// The fields of a struct, from its first byte: `each` gets number and type and must walk over the value, or says that it
    /// did not (`false`).
    pub(super) fn fields(
        &mut self,
        mut each: impl FnMut(&mut Self, i64, Kind) -> Result<bool, Malformed>,
    ) -> Result<(), Malformed> {
        self.fields_at(0, &mut each)
    }

    fn fields_at(
        &mut self,
        depth: u32,
        each: &mut impl FnMut(&mut Self, i64, Kind) -> Result<bool, Malformed>,
    ) -> Result<(), Malformed> {
        let mut field = 0i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            let kind = Kind::from_raw(head & 0x0f)?;
            field = match head >> 4 {
                0 => self.integer()?,
                step => field.checked_add(i64::from(step)).ok_or(Malformed)?,
            };
            if !each(self, field, kind)? {
                self.skip(kind, depth + 1)?;
            }
        }
    }

    /// Number of elements of a list, and their type.
    pub(super) fn list(&mut self) -> Result<(u64, Kind), Malformed> {
        let head = self.byte()?;
        let kind = Kind::from_raw(head & 0x0f)?;
        let size = if head >> 4 == 15 {
            self.unsigned()?
        } else {
            u64::from(head >> 4)
        };
        // An element has at least a byte.
        if size > self.left() as u64 {
            Err(Malformed)
        } else {
            Ok((size, kind))
        }
    }

    fn skip(&mut self, kind: Kind, depth: u32) -> Result<(), Malformed> {
        if depth > MAX_DEPTH {
            return Err(Malformed);
        }
        match kind {
            Kind::True | Kind::False => Ok(()),
            Kind::Byte => self.jump(1),
            Kind::Integer => self.unsigned().map(drop),
            Kind::Double => self.jump(8),
            Kind::Binary => {
                let length = self.unsigned()?;
                self.jump(length)
            }
            Kind::List => {
                let (size, element) = self.list()?;
                (0..size).try_for_each(|_| self.skip_element(element, depth + 1))
            }
            Kind::Map => {
                let size = self.unsigned()?;
                if size == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                let (key, value) = (Kind::from_raw(kinds >> 4)?, Kind::from_raw(kinds & 0x0f)?);
                (0..size).try_for_each(|_| {
                    self.skip_element(key, depth + 1)?;
                    self.skip_element(value, depth + 1)
                })
            }
            Kind::Struct => self.fields_at(depth, &mut |_, _, _| Ok(false)),
        }
    }

    /// As [`Self::skip`], but a boolean takes a byte.
    fn skip_element(&mut self, kind: Kind, depth: u32) -> Result<(), Malformed> {
        match kind {
            Kind::True | Kind::False => self.jump(1),
            other => self.skip(other, depth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_over_every_type() {
        let bytes = [
            0x15, 0x03, // 1: integer -2
            0x11, // 2: true
            0x18, 0x02, b'a', b'b', // 3: binary
            0x19, 0x25, 0x02, 0x04, // 4: list of two integers
            0x1c, 0x12, 0x00, // 5: struct {1: false}
            0x1b, 0x01, 0x85, 0x01, b'k', 0x06, // 6: map of one
            0x17, 0, 0, 0, 0, 0, 0, 0, 0, // 7: double
            0x05, 0x28, 0x06, // 20: integer 3
            0x00, 0xff,
        ];
        let mut seen = Vec::new();
        let mut walker = Walker::new(&bytes);
        let result = walker.fields(|walker, field, kind| {
            seen.push((field, kind));
            if field == 20 {
                assert_eq!(walker.integer(), Ok(3));
            }
            Ok(field == 20)
        });
        assert_eq!(result, Ok(()));
        assert_eq!(walker.at(), bytes.len() - 1);
        assert_eq!(
            seen.iter().map(|(field, _)| *field).collect::<Vec<_>>(),
            [1, 2, 3, 4, 5, 6, 7, 20]
        );
    }

    #[test]
    fn lengths_beyond_the_end_and_endless_nesting_are_refused() {
        let nested = vec![0x1c; 100_000];
        let long_binary = [0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        let long_list = [0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 0x0f];
        let no_end = [
            0x15, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01,
        ];
        for bytes in [&nested[..], &long_binary, &long_list, &no_end, &[], &[0x1d]] {
            assert_eq!(
                Walker::new(bytes).fields(|_, _, _| Ok(false)),
                Err(Malformed),
                "{bytes:?}"
            );
        }
    }
}
