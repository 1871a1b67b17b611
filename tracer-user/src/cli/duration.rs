//! Durations as people type them: `30s`, `2m`, `1.5s`, `500ms`, `1m30s`.

use std::time::Duration;

/// The longest window: a day. Longer ones are typing errors.
pub const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// The shortest window: nothing repeats within less.
pub const SHORTEST: Duration = Duration::from_millis(100);

/// Why a text is no duration of a window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing there.
    #[error("is empty; say for example 30s")]
    Empty,
    /// A number alone.
    #[error("has no unit; say {0}s for seconds, {0}m for minutes, {0}ms for milliseconds")]
    NoUnit(String),
    /// A unit without a number, or something that is no number.
    #[error("'{0}' is no number; say for example 30s, 2m or 1.5s")]
    NoNumber(String),
    /// Another unit.
    #[error("'{0}' is no unit; there are ms, s, m, h")]
    UnknownUnit(String),
    /// Nothing can be seen in no time.
    #[error("is too short; the shortest window is 100ms, and 10s or more gives a good answer")]
    TooShort,
    /// Surely not meant.
    #[error("is too long; the longest window is 24h")]
    TooLong,
}

/// Parses the length of a window.
///
/// # Errors
/// [`DurationError`], which says what to type instead.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(DurationError::Empty);
    }
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let unit_end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let value: f64 = number
            .parse()
            .map_err(|_| DurationError::NoNumber(format!("{number}{unit}")))?;
        seconds += value
            * match unit.trim() {
                "ms" => 0.001,
                "s" | "sec" => 1.0,
                "m" | "min" => 60.0,
                "h" => 3600.0,
                "" => return Err(DurationError::NoUnit(number.to_owned())),
                other => return Err(DurationError::UnknownUnit(other.to_owned())),
            };
        rest = after;
    }
    if seconds < SHORTEST.as_secs_f64() {
        Err(DurationError::TooShort)
    } else if seconds > LONGEST.as_secs_f64() {
        Err(DurationError::TooLong)
    } else {
        Ok(Duration::from_secs_f64(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<u64, DurationError>) {
        assert_eq!(parse(text), expect.map(Duration::from_millis), "{text:?}");
    }

    #[test]
    fn what_people_type() {
        check("30s", Ok(30_000));
        check(" 2m ", Ok(120_000));
        check("1.5s", Ok(1_500));
        check("500ms", Ok(500));
        check("1m30s", Ok(90_000));
        check("1h", Ok(3_600_000));
        check("90 sec", Ok(90_000));
        check("24h", Ok(86_400_000));
    }

    #[test]
    fn what_is_wrong_with_the_rest() {
        check("", Err(DurationError::Empty));
        check("30", Err(DurationError::NoUnit("30".to_owned())));
        check("s", Err(DurationError::NoNumber("s".to_owned())));
        check("-5s", Err(DurationError::NoNumber("-".to_owned())));
        check("1.2.3s", Err(DurationError::NoNumber("1.2.3s".to_owned())));
        check("3d", Err(DurationError::UnknownUnit("d".to_owned())));
        check("ns5", Err(DurationError::NoNumber("ns".to_owned())));
        check("0s", Err(DurationError::TooShort));
        check("0.01s", Err(DurationError::TooShort));
        check("25h", Err(DurationError::TooLong));
        check(
            &format!("{}s", "9".repeat(400)),
            Err(DurationError::TooLong),
        );
    }
}
