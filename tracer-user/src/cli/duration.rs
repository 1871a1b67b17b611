//! The length of a window as people type it: `30s`, `2m`, `1.5s`, `500ms`, `1m30s`. The crate humantime parses it; here it gets
//! bounds, and errors that say what to type.

use std::time::Duration;

/// The longest window: a day. Longer ones are typing errors.
pub const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// The shortest window: nothing repeats within less.
pub const SHORTEST: Duration = Duration::from_millis(100);

/// Why a text is no length of a window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It is a number alone.
    #[error("has no unit; say {0}s for seconds, {0}m for minutes, {0}ms for milliseconds")]
    NoUnit(String),
    /// It is no duration; the text says why.
    #[error("{0}; say for example 30s, 1m30s or 500ms")]
    NoDuration(String),
    /// Nothing can be seen in no time.
    #[error("is too short; the shortest window is 100ms, and 10s or more gives a good answer")]
    TooShort,
    /// It is surely not meant.
    #[error("is too long; the longest window is 24h")]
    TooLong,
}

/// Parses the length of a window.
///
/// # Errors
/// [`DurationError`], which says what to type instead.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    let duration = humantime::parse_duration(text).map_err(|error| match error {
        humantime::DurationError::UnknownUnit { unit, .. } if unit.is_empty() => {
            DurationError::NoUnit(text.to_owned())
        }
        error => DurationError::NoDuration(error.to_string()),
    })?;
    if duration < SHORTEST {
        Err(DurationError::TooShort)
    } else if duration > LONGEST {
        Err(DurationError::TooLong)
    } else {
        Ok(duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type() {
        let check = |text: &str, expect: u64| {
            assert_eq!(parse(text), Ok(Duration::from_millis(expect)), "{text:?}");
        };
        check("30s", 30_000);
        check(" 2m ", 120_000);
        check("1.5s", 1_500);
        check("500ms", 500);
        check("1m30s", 90_000);
        check("1m 30s", 90_000);
        check("1h", 3_600_000);
        check("90 sec", 90_000);
        check("5min", 300_000);
        check("24h", 86_400_000);
        check("1day", 86_400_000);
    }

    #[test]
    fn what_is_wrong_with_the_rest() {
        let check = |text: &str, expect: &str| {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(expect), "{text:?}: {error}");
        };
        check("", "value was empty; say for example 30s");
        check("30", "has no unit; say 30s for seconds");
        check("s", "expected number");
        check("-5s", "expected number");
        check("1.2.3s", "invalid character");
        check("3x", "unknown time unit \"x\"");
        check("ns5", "expected number");
        check("0s", "too short");
        check("0.01s", "too short");
        check("25h", "too long");
        check("3d", "too long");
        check(&format!("{}s", "9".repeat(400)), "too large");
    }
}
