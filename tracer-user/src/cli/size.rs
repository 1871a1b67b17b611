//! Sizes as people type them: `16M`, `512k`, `65536`.

/// Smallest ring buffer that makes sense.
const SMALLEST: u32 = 64 << 10;
/// Largest ring buffer: more memory than that is not worth the watching.
const LARGEST: u32 = 256 << 20;

/// Why a text is no size of a ring buffer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// Not a number with an optional k, M or G.
    #[error("is no size; say for example 16M")]
    NoSize,
    /// The kernel's ring buffers are powers of two.
    #[error("is no power of two; the next is {0}k")]
    NoPowerOfTwo(u64),
    /// Out of bounds.
    #[error("is out of bounds; between 64k and 256M")]
    OutOfBounds,
}

/// Parses the size of a ring buffer, bytes.
///
/// # Errors
/// [`SizeError`], which says what to type instead.
pub fn parse(text: &str) -> Result<u32, SizeError> {
    let text = text.trim();
    let text = text
        .strip_suffix("iB")
        .or(text.strip_suffix('B'))
        .unwrap_or(text);
    let (number, shift) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 10),
        Some((at, 'm' | 'M')) => (&text[..at], 20),
        Some((at, 'g' | 'G')) => (&text[..at], 30),
        _ => (text, 0),
    };
    let number: u64 = number.trim().parse().map_err(|_| SizeError::NoSize)?;
    let bytes = number
        .checked_shl(shift)
        .filter(|bytes| bytes >> shift == number)
        .and_then(|bytes| u32::try_from(bytes).ok())
        .filter(|bytes| (SMALLEST..=LARGEST).contains(bytes))
        .ok_or(SizeError::OutOfBounds)?;
    if bytes.is_power_of_two() {
        Ok(bytes)
    } else {
        Err(SizeError::NoPowerOfTwo(
            u64::from(bytes).next_power_of_two() >> 10,
        ))
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
        check("", Err(SizeError::NoSize));
        check("x", Err(SizeError::NoSize));
        check("-1M", Err(SizeError::NoSize));
        check("0", Err(SizeError::OutOfBounds));
        check("2G", Err(SizeError::OutOfBounds));
        check("99999999999999999G", Err(SizeError::OutOfBounds));
        check("3M", Err(SizeError::NoPowerOfTwo(4096)));
    }
}
