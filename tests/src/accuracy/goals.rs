//! The whole zoo in a few figures, each beside the project's goal for it.
//!
//! A word of confidence becomes a number here by what it kept on all other causes: of the runs with that word whose cause is another one, the
//! share that was right, with one right and one wrong run added (Laplace's rule of succession), so that a word that was never wrong
//! promises less than certainty. The Brier score is the mean square of what is left between promise and outcome (Brier 1950, "Verification
//! of forecasts expressed in terms of probability"): 0 is perfect, always saying one half gives 0.25.

use super::{Verdict, percent};
use crate::judge::Row;

/// What a promise must be above to be a strong one.
const STRONG: f64 = 0.8;

/// The figures, as a table.
#[must_use]
pub(super) fn table(rows: &[Row], verdicts: &[Verdict]) -> String {
    let promised: Vec<Promised> = verdicts
        .iter()
        .map(|verdict| Promised {
            promise: promise(verdict, verdicts),
            is_right: verdict.is_right,
        })
        .collect();
    let right: Vec<&Promised> = promised.iter().filter(|it| it.is_right).collect();
    let bold = promised
        .iter()
        .filter(|it| !it.is_right && it.promise > STRONG)
        .count();
    let judged: Vec<&Row> = rows
        .iter()
        .filter(|row| row.is_right() == Some(true))
        .collect();
    let figures = [
        (
            "verdicts that are right",
            "95%",
            share(verdicts, |it| it.is_right),
        ),
        ("wrong ones promised above 0.8", "none", bold.to_string()),
        (
            "right ones promised above 0.8",
            "80%",
            share(&right, |it| it.promise > STRONG),
        ),
        ("Brier score", "at most 0.08", brier(&promised)),
        (
            "SF of the right ones within 15% or the printed interval",
            "95%",
            share(&judged, |row| row.is_factor_near()),
        ),
        (
            "true SF in the printed interval",
            "90%",
            share(&judged, |row| row.is_factor_inside()),
        ),
        (
            "stages of the right ones within 3%, 0.2 ms or the printed +-",
            "all",
            share(
                &judged
                    .iter()
                    .flat_map(|row| &row.stages)
                    .collect::<Vec<_>>(),
                |stage| stage.is_near(0.03, 0.2),
            ),
        ),
        (
            "runs with lost records",
            "none",
            rows.iter().filter(|row| row.lost > 0).count().to_string(),
        ),
    ];
    let mut text = String::from("| figure | goal | here |\n|---|---|---|\n");
    for (name, goal, here) in figures {
        text.push_str(&format!("| {name} | {goal} | {here} |\n"));
    }
    text.trim_end().to_owned()
}

/// A verdict with what its word promises.
#[derive(Clone, Copy, Debug)]
struct Promised {
    promise: f64,
    is_right: bool,
}

/// What the word of `one` kept on all other causes, 0 to 1.
fn promise(one: &Verdict, all: &[Verdict]) -> f64 {
    let others = all
        .iter()
        .filter(|it| it.level == one.level && it.family != one.family);
    let (mut right, mut runs) = (1.0, 2.0);
    for other in others {
        right += f64::from(u8::from(other.is_right));
        runs += 1.0;
    }
    right / runs
}

#[expect(clippy::cast_precision_loss, reason = "some hundred runs")]
fn brier(promised: &[Promised]) -> String {
    if promised.is_empty() {
        return "-".to_owned();
    }
    let squares = promised.iter().map(|it| {
        let outcome = f64::from(u8::from(it.is_right));
        (it.promise - outcome).powi(2)
    });
    format!("{:.3}", squares.sum::<f64>() / promised.len() as f64)
}

/// Share of `all` for which `holds`, with the numbers it is made of.
#[expect(clippy::cast_precision_loss, reason = "some thousand stages")]
fn share<T>(all: &[T], holds: impl Fn(&T) -> bool) -> String {
    if all.is_empty() {
        return "-".to_owned();
    }
    let count = all.iter().filter(|it| holds(it)).count();
    let share = percent(count as f64 / all.len() as f64);
    format!("{share} ({count} of {})", all.len())
}

#[cfg(test)]
mod tests {
    use holdup::cause::Cause;
    use holdup::diagnose::Level;
    use holdup::work::StageName;

    use super::*;
    use crate::judge::StageRow;

    fn verdict(family: Cause, level: Level, is_right: bool) -> Verdict {
        Verdict {
            level,
            family,
            is_right,
        }
    }

    #[test]
    fn a_word_promises_what_it_kept_on_other_causes() {
        let all = [
            verdict(Cause::Pool, Level::Strong, true),
            verdict(Cause::Pool, Level::Strong, true),
            verdict(Cause::Cpu, Level::Strong, false),
            verdict(Cause::Cpu, Level::Weak, true),
        ];
        // One wrong run of another cause, and Laplace's two.
        assert!((promise(&all[0], &all) - 1.0 / 3.0).abs() < 1e-12);
        assert!((promise(&all[2], &all) - 3.0 / 4.0).abs() < 1e-12);
        // Nothing else has this word.
        assert!((promise(&all[3], &all) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_broken_promise_is_counted_and_squared() {
        let mut all = vec![verdict(Cause::Pool, Level::Strong, true); 8];
        all.push(verdict(Cause::Cpu, Level::Strong, false));
        let text = table(&[], &all);
        // Eight of the other cause were right: nine in ten is promised for the one. It was wrong: one in three is promised for the eight.
        assert!(
            text.contains("| wrong ones promised above 0.8 | none | 1 |"),
            "{text}"
        );
        assert!(
            text.contains("| verdicts that are right | 95% | 89% (8 of 9) |"),
            "{text}"
        );
        assert!(
            text.contains("| right ones promised above 0.8 | 80% | 0% (0 of 8) |"),
            "{text}"
        );
        // (8 x (1/3 - 1)^2 + (9/10)^2) / 9.
        assert!(
            text.contains("| Brier score | at most 0.08 | 0.485 |"),
            "{text}"
        );
    }

    #[test]
    fn figures_are_of_the_right_ones() {
        let row = |factor_reported, is_right| Row {
            cause: Cause::Pool,
            cause_reported: Some(Cause::Pool),
            culprit_ok: is_right,
            factor: 4.0,
            factor_reported,
            interval: [factor_reported - 0.1, factor_reported + 0.1],
            stages: vec![StageRow {
                stage: StageName::Fetch,
                true_ms: 100.0,
                reported_ms: 100.0 + factor_reported,
                ..StageRow::default()
            }],
            lost: u64::from(!is_right),
            ..Row::default()
        };
        let text = table(&[row(4.05, true), row(4.3, true), row(9.0, false)], &[]);
        assert!(
            text.contains("printed interval | 95% | 100% (2 of 2) |"),
            "{text}"
        );
        assert!(
            text.contains("true SF in the printed interval | 90% | 50% (1 of 2) |"),
            "{text}"
        );
        assert!(text.contains("printed +- | all | 0% (0 of 2) |"), "{text}");
        assert!(
            text.contains("| runs with lost records | none | 1 |"),
            "{text}"
        );
        assert!(
            text.contains("| verdicts that are right | 95% | - |"),
            "{text}"
        );
    }
}
