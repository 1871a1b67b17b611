//! The size of the ring buffer as people type it: `16M`, `512k`, `65536`. The crate parse-size parses it; here it gets bounds, and
//! errors that say what to type. k, M and G are powers of 1024, as in all that speaks of memory.

use parse_size::Config;

/// Smallest ring buffer that makes sense.
const SMALLEST: u32 = 64 << 10;
/// Largest ring buffer: more memory than that is not worth the recording.
const LARGEST: u32 = 256 << 20;

/// Why a text is no size of a ring buffer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// It is not a number with an optional k, M or G.
    #[error("is no size; say for example 16M")]
    NoSize,
    /// The kernel's ring buffers are powers of two.
    #[error("is no power of two; the next is {0}k")]
    NoPowerOfTwo(u64),
    /// It is too small or too large.
    #[error("is out of bounds; between 64k and 256M")]
    OutOfBounds,
}

/// Parses the size of a ring buffer, bytes.
///
/// # Errors
/// [`SizeError`], which says what to type instead.
pub fn parse(text: &str) -> Result<u32, SizeError> {
    let bytes = match Config::new().with_binary().parse_size(text.trim()) {
        Ok(bytes) => u32::try_from(bytes).unwrap_or(u32::MAX),
        Err(parse_size::Error::PosOverflow) => u32::MAX,
        Err(_) => return Err(SizeError::NoSize),
    };
    if !(SMALLEST..=LARGEST).contains(&bytes) {
        Err(SizeError::OutOfBounds)
    } else if bytes.is_power_of_two() {
        Ok(bytes)
    } else {
        let next = u64::from(bytes).next_power_of_two();
        Err(SizeError::NoPowerOfTwo(next >> 10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<u32, SizeError>) {
        assert_eq!(parse(text), expect, "{text:?}");
    }

    #[test]
    fn sizes() {
        check("16M", Ok(16 << 20));
        check("512k", Ok(512 << 10));
        check("256MiB", Ok(1 << 28));
        check("1GiB", Err(SizeError::OutOfBounds));
        check("1048576", Ok(1 << 20));
        check(" 1 MB ", Ok(1 << 20));
        check("", Err(SizeError::NoSize));
        check("x", Err(SizeError::NoSize));
        check("-1M", Err(SizeError::NoSize));
        check("0", Err(SizeError::OutOfBounds));
        check("2G", Err(SizeError::OutOfBounds));
        check("99999999999999999G", Err(SizeError::OutOfBounds));
        check("3M", Err(SizeError::NoPowerOfTwo(4096)));
    }
}
