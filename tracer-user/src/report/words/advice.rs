//! What a change would bring, in words.

use crate::advice::{Advice, NextLimit};
use crate::number::{figure, millis, rate};

/// The fix with its range, to end the verdict's sentence; empty where there is neither, or nothing is promised.
pub fn promise(advice: &Advice, now: f64) -> String {
    let (Some(fix), Some(expected)) = (&advice.fix, &advice.expected) else {
        return String::new();
    };
    let mut title = fix.title.chars();
    let first = title.next().map(char::to_lowercase);
    let title: String = first.into_iter().flatten().chain(title).collect();
    let [now, likely, most] = [now, expected.rate_per_s, expected.interval[1]].map(figure);
    if likely == now && most == now {
        String::new()
    } else if likely == now {
        format!("; {title}: {now} to at most {most} a second")
    } else if likely == most {
        format!("; {title}: {now} to {likely} a second")
    } else {
        format!("; {title}: {now} to {likely}..{most} a second")
    }
}

/// What limits next.
pub fn next_limit(limit: &NextLimit) -> String {
    match limit {
        NextLimit::Station { name, rate_per_s } => {
            format!("{name}: at most {}", rate(*rate_per_s))
        }
        NextLimit::Workers {
            count,
            item_s,
            rate_per_s,
        } => format!(
            "the {} workers themselves, {} an item: at most {}",
            figure(f64::from(*count)),
            millis(item_s * 1e3),
            rate(*rate_per_s)
        ),
    }
}
