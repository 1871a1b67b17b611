//! The period of what the workers do: after how many operations each does the same again.
//!
//! ```text
//! operations   r w r w w r w  r w r w w r w     a transaction that reads, writes, reads and writes
//! period       |-----------|  |-----------|     7 operations, in which writing goes over to reading three times
//! ```
//! An operation more or less here and there (a retry) shifts the rest and breaks the likeness only around it, so a true
//! period is the shortest one that nearly all operations follow.

/// Longest period that is looked for.
const LONGEST: usize = 64;
/// Share of operations that are like the one a period before.
const ALIKE: f64 = 0.9;
/// A period must be seen this often.
const TIMES: usize = 4;

/// The shortest period that the sequences follow, `None`: they follow none.
#[must_use]
pub fn period(sequences: &[Vec<u16>]) -> Option<usize> {
    (1..=LONGEST).find(|length| {
        let (mut alike, mut all) = (0_usize, 0_usize);
        for sequence in sequences {
            let pairs = sequence.iter().zip(sequence.iter().skip(*length));
            all += pairs.clone().count();
            alike += pairs.filter(|(one, next)| one == next).count();
        }
        #[expect(clippy::cast_precision_loss, reason = "some thousands of operations")]
        let follows = alike as f64 >= ALIKE * all as f64;
        all >= TIMES * length && follows
    })
}

/// How many periods the sequences are long together, `None`: they follow none.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "some thousands of operations")]
pub fn turns(sequences: &[Vec<u16>]) -> Option<f64> {
    let length = period(sequences)?;
    Some(pairs(sequences).count() as f64 / length as f64)
}

/// How often `marks` holds of two operations in turn, in one of so many turns that the sequences are long.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some thousands of operations"
)]
pub fn times_a_turn(sequences: &[Vec<u16>], turns: f64, marks: impl Fn(u16, u16) -> bool) -> u32 {
    let marked = pairs(sequences).filter(|(one, next)| marks(*one, *next));
    (marked.count() as f64 / turns).round().max(1.0) as u32
}

fn pairs(sequences: &[Vec<u16>]) -> impl Iterator<Item = (u16, u16)> {
    sequences
        .iter()
        .flat_map(|sequence| sequence.iter().zip(sequence.iter().skip(1)))
        .map(|(one, next)| (*one, *next))
}

#[cfg(test)]
mod tests {
    use super::{period, times_a_turn, turns};

    fn sequence(text: &str) -> Vec<u16> {
        text.bytes().map(u16::from).collect()
    }

    fn check(text: &str, length: Option<usize>, requests: u32) {
        let sequences = [sequence(text)];
        assert_eq!(period(&sequences), length, "{text}");
        if let Some(turns) = turns(&sequences) {
            let write_to_read = |one, next| (one, next) == (u16::from(b'w'), u16::from(b'r'));
            assert_eq!(
                times_a_turn(&sequences, turns, write_to_read),
                requests,
                "{text}"
            );
        }
    }

    #[test]
    fn the_shortest_period_counts() {
        check(&"rw".repeat(50), Some(2), 1);
        check(&"rwrwwrw".repeat(20), Some(7), 3);
        check(&"w".repeat(50), Some(1), 1);
    }

    #[test]
    fn a_retry_now_and_then_breaks_no_period() {
        let with_retries = format!(
            "{}w{}ww{}",
            "rw".repeat(40),
            "rw".repeat(30),
            "rw".repeat(40)
        );
        check(&with_retries, Some(2), 1);
    }

    #[test]
    fn what_never_comes_back_has_no_period() {
        // As many writes as the bits of a number that looks random say.
        let text: String = (0..60_u64)
            .map(|at| "w".repeat(1 + (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 62) as usize) + "r")
            .collect();
        check(&text, None, 0);
        check("rw", None, 0);
    }
}
