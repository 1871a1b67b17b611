//! Numbers with sense: three significant digits, the unit that fits, `unknown` for what is no number.

/// What is printed for NaN and infinities.
pub const UNKNOWN: &str = "unknown";

/// Three significant digits: `0.236`, `4.24`, `34.1`, `145`, `12,345`.
#[must_use]
pub fn figure(value: f64) -> String {
    if !value.is_finite() {
        return UNKNOWN.to_owned();
    }
    let size = value.abs();
    let decimals = if size < 0.0005 {
        return if size == 0.0 {
            "0".to_owned()
        } else {
            format!("{value:.1e}")
        };
    } else if size < 0.0995 {
        // 0.0123: as many as three significant digits need.
        4
    } else if size < 0.9995 {
        3
    } else if size < 9.995 {
        2
    } else if size < 99.95 {
        1
    } else {
        return grouped(&format!("{value:.0}"));
    };
    trimmed(&format!("{value:.decimals$}"))
}

/// A count: `100,000`.
#[must_use]
pub fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// A rate: `4.24/s`; slower than one in ten seconds per minute, slower than one in ten minutes per hour.
#[must_use]
pub fn rate(per_second: f64) -> String {
    if !per_second.is_finite() {
        UNKNOWN.to_owned()
    } else if per_second == 0.0 || per_second.abs() >= 0.1 {
        format!("{}/s", figure(per_second))
    } else if per_second.abs() * 60.0 >= 0.1 {
        format!("{}/min", figure(per_second * 60.0))
    } else {
        format!("{}/h", figure(per_second * 3600.0))
    }
}

/// A short time given in milliseconds: `12 us`, `205 ms`, `15.1 s`, `4 min 10 s`.
#[must_use]
pub fn millis(ms: f64) -> String {
    if !ms.is_finite() {
        return UNKNOWN.to_owned();
    }
    let size = ms.abs();
    if size < 0.000_000_5 {
        "0 ms".to_owned()
    } else if size < 0.000_999_5 {
        format!("{} ns", figure(ms * 1e6))
    } else if size < 0.999_5 {
        format!("{} us", figure(ms * 1e3))
    } else if size < 999.5 {
        format!("{} ms", figure(ms))
    } else {
        seconds(ms / 1e3)
    }
}

/// A time given in seconds: `0.25 s`, `15.1 s`, `4 min 10 s`, `5 h 46 min`, `3 d 4 h`.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is positive and below 1e15 there"
)]
pub fn seconds(s: f64) -> String {
    if !s.is_finite() || s.abs() >= 1e15 {
        return UNKNOWN.to_owned();
    }
    if s < 0.0 {
        return format!("-{}", seconds(-s));
    }
    if s < 119.95 {
        return format!("{} s", figure(s));
    }
    let whole = s.round() as u64;
    let (days, hours, minutes, rest) = (
        whole / 86_400,
        whole / 3600 % 24,
        whole / 60 % 60,
        whole % 60,
    );
    let (large, small) = if days > 0 {
        (format!("{} d", count(days)), (hours, "h"))
    } else if hours > 0 {
        (format!("{hours} h"), (minutes, "min"))
    } else {
        (format!("{minutes} min"), (rest, "s"))
    };
    if small.0 == 0 {
        large
    } else {
        format!("{large} {} {}", small.0, small.1)
    }
}

/// A share of one as percent: `1.4%`, `98.6%`.
#[must_use]
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if !value.is_finite() {
        return UNKNOWN.to_owned();
    }
    if value == 0.0 {
        "0%".to_owned()
    } else if value.abs() < 0.05 {
        "<0.1%".to_owned()
    } else if value.abs() >= 99.95 {
        format!("{value:.0}%")
    } else {
        format!("{}%", trimmed(&format!("{value:.1}")))
    }
}

/// `31 to 37`; one figure when both ends print alike.
#[must_use]
pub fn range(interval: [f64; 2], print: impl Fn(f64) -> String) -> String {
    let [low, high] = interval.map(print);
    if low == high {
        low
    } else {
        format!("{low} to {high}")
    }
}

fn trimmed(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

fn grouped(digits: &str) -> String {
    let (sign, digits) = digits
        .strip_prefix('-')
        .map_or(("", digits), |rest| ("-", rest));
    let mut out = String::from(sign);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Copy>(print: impl Fn(T) -> String, cases: &[(T, &str)]) {
        for (value, expect) in cases {
            assert_eq!(print(*value), *expect);
        }
    }

    #[test]
    fn figures_have_three_significant_digits() {
        check(
            figure,
            &[
                (0.0, "0"),
                (-0.0, "0"),
                (0.000_012, "1.2e-5"),
                (0.0123, "0.0123"),
                (0.236, "0.236"),
                (0.9996, "1"),
                (4.241, "4.24"),
                (34.06, "34.1"),
                (145.12, "145"),
                (999.6, "1,000"),
                (1_234_567.8, "1,234,568"),
                (-1234.0, "-1,234"),
                (f64::NAN, "unknown"),
                (f64::INFINITY, "unknown"),
            ],
        );
    }

    #[test]
    fn times_take_the_unit_that_fits() {
        check(
            millis,
            &[
                (0.0, "0 ms"),
                (0.000_04, "40 ns"),
                (0.236, "236 us"),
                (0.9996, "1 ms"),
                (205.04, "205 ms"),
                (15_100.0, "15.1 s"),
                (250_000.0, "4 min 10 s"),
                (f64::NAN, "unknown"),
                (f64::NEG_INFINITY, "unknown"),
            ],
        );
        check(
            seconds,
            &[
                (0.25, "0.25 s"),
                (119.0, "119 s"),
                (119.97, "2 min"),
                (3600.0, "1 h"),
                (20_760.0, "5 h 46 min"),
                (86_400.0 * 3.0 + 4.0 * 3600.0, "3 d 4 h"),
                (1e300, "unknown"),
                (-2.5, "-2.5 s"),
            ],
        );
    }

    #[test]
    fn rates_and_shares() {
        check(
            rate,
            &[
                (0.0, "0/s"),
                (4.2413, "4.24/s"),
                (0.05, "3/min"),
                (0.0005, "1.8/h"),
                (12_345.0, "12,345/s"),
                (f64::NAN, "unknown"),
            ],
        );
        check(
            percent,
            &[
                (0.0, "0%"),
                (0.0001, "<0.1%"),
                (0.0136, "1.4%"),
                (0.9864, "98.6%"),
                (1.0, "100%"),
                (0.9996, "100%"),
                (f64::NAN, "unknown"),
            ],
        );
        assert_eq!(range([31.0, 37.0], figure), "31 to 37");
        assert_eq!(range([1.0, 1.0001], figure), "1");
        check(count, &[(0, "0"), (999, "999"), (100_000, "100,000")]);
    }
}
