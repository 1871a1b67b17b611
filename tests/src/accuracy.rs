//! The page of accuracy: what was said, what was true, and how often each word of confidence was right.
//!
//! In: the rows of a run of the zoo. Out: the text of docs/ACCURACY.md, whole.

mod goals;

use std::collections::BTreeSet;

use holdup::cause::Cause;
use holdup::diagnose::Level;

use crate::judge::Row;

/// The page with its fixed words.
const PAGE: &str = include_str!("accuracy.md");

/// Words of confidence, from the one that promises most.
const LEVELS: [Level; 3] = [Level::Strong, Level::Fair, Level::Weak];

/// The page on `rows`; `how` says what made them.
#[must_use]
pub fn page(rows: &[Row], how: &str) -> String {
    PAGE.replace("{made}", how)
        .replace("{goals}", &goals::table(rows, &verdicts(rows)))
        .replace("{words}", &words(rows))
        .replace("{runs}", &runs(rows))
}

/// A verdict that was given.
#[derive(Clone, Copy)]
struct Verdict {
    level: Level,
    family: Cause,
    is_right: bool,
}

fn verdicts(rows: &[Row]) -> Vec<Verdict> {
    rows.iter()
        .filter_map(|row| {
            Some(Verdict {
                level: row.confidence_level,
                family: row.cause,
                is_right: row.is_right()?,
            })
        })
        .collect()
}

/// Share of right ones and the family that was left out.
type Without = (f64, Cause);

/// The least and the most of what remains when each family is left out in turn; `None`: nothing ever remains.
fn without_one(verdicts: &[Verdict]) -> Option<[Without; 2]> {
    let families: BTreeSet<&str> = verdicts.iter().map(|it| it.family.id()).collect();
    let mut shares: Vec<Without> = families
        .into_iter()
        .filter_map(|id| {
            let left_out = verdicts.iter().find(|it| it.family.id() == id)?.family;
            let rest: Vec<&Verdict> = verdicts.iter().filter(|it| it.family != left_out).collect();
            share(&rest).map(|share| (share, left_out))
        })
        .collect();
    shares.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some([*shares.first()?, *shares.last()?])
}

#[expect(clippy::cast_precision_loss, reason = "a handful of runs")]
fn share(verdicts: &[&Verdict]) -> Option<f64> {
    let right = verdicts.iter().filter(|it| it.is_right).count();
    (!verdicts.is_empty()).then(|| right as f64 / verdicts.len() as f64)
}

fn words(rows: &[Row]) -> String {
    let all = verdicts(rows);
    let mut text = String::from(
        "| word | runs | families | right | share | one family left out: least | most |\n|---|---|---|---|---|---|---|\n",
    );
    for level in LEVELS {
        let these: Vec<Verdict> = all.iter().copied().filter(|it| it.level == level).collect();
        let families: BTreeSet<&str> = these.iter().map(|it| it.family.id()).collect();
        let right = these.iter().filter(|it| it.is_right).count();
        let total = share(&these.iter().collect::<Vec<_>>()).map_or("-".to_owned(), percent);
        let [least, most] = match without_one(&these) {
            // Whichever is left out makes no difference.
            Some([(least, _), (most, _)]) if least.total_cmp(&most).is_eq() => {
                [percent(least), percent(most)]
            }
            Some(ends) => {
                ends.map(|(share, left_out)| format!("{} (without {left_out})", percent(share)))
            }
            None => ["-", "-"].map(str::to_owned),
        };
        text.push_str(&format!(
            "| {} | {} | {} | {right} | {total} | {least} | {most} |\n",
            word(level),
            these.len(),
            families.len(),
        ));
    }
    text.trim_end().to_owned()
}

fn runs(rows: &[Row]) -> String {
    let mut text = String::from(
        "| case | seed | workers | truth | verdict | right | culprit | SF said | SF true | rate said | rate true | untraced | confidence | watched | lost | falls short |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let begin = format!(
            "| {} | {} | {} | {} |",
            row.case, row.seed, row.workers, row.cause
        );
        let short = short(row);
        text.push_str(&begin);
        text.push_str(&match (row.cause_reported, row.is_right()) {
            (Some(cause), Some(right)) => format!(
                " {cause} | {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {} | {} | {} | {short} |\n",
                if right { "yes" } else { "**no**" },
                cell(&row.culprit),
                row.factor_reported,
                row.factor,
                row.rate_reported,
                row.rate,
                row.rate_untraced,
                word(row.confidence_level),
                percent(row.watched),
                row.lost,
            ),
            _ => format!(" - | - | - | - | - | - | - | - | - | - | - | {short} |\n"),
        });
    }
    text.trim_end().to_owned()
}

/// What falls short, or why nothing was run.
fn short(row: &Row) -> String {
    let mut parts: Vec<String> = Vec::new();
    if !row.not_run.is_empty() {
        parts.push(format!("not run: {}", row.not_run));
    }
    if !row.not_judged.is_empty() {
        parts.push(format!("not judged: {}", row.not_judged));
    }
    if !row.first_run.is_empty() {
        let first: Vec<&str> = row
            .first_run
            .iter()
            .map(|fault| fault.text.as_str())
            .collect();
        parts.push(format!("second run; in the first: {}", first.join(", ")));
    }
    parts.extend(row.faults.iter().map(|fault| fault.text.clone()));
    cell(&parts.join("; "))
}

/// `text` as it may stand in a table.
fn cell(text: &str) -> String {
    text.replace('|', "/").replace('\n', " ")
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Strong => "strong",
        Level::Fair => "fair",
        Level::Weak => "weak",
    }
}

fn percent(share: f64) -> String {
    format!("{:.0}%", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Fault;

    fn row(cause: Cause, said: Cause, level: Level) -> Row {
        Row {
            case: "x".to_owned(),
            cause,
            cause_reported: Some(said),
            culprit_ok: true,
            confidence_level: level,
            watched: 1.0,
            ..Row::default()
        }
    }

    #[test]
    fn each_family_is_left_out_in_turn() {
        let rows = [
            row(Cause::Pool, Cause::Pool, Level::Strong),
            row(Cause::Pool, Cause::Pool, Level::Strong),
            row(Cause::UserLock, Cause::UserLock, Level::Strong),
            row(Cause::UserLock, Cause::Pool, Level::Strong),
            row(Cause::Cpu, Cause::Cpu, Level::Fair),
        ];
        let text = words(&rows);
        // 3 of 4; without the locks 2 of 2, without the pools 1 of 2.
        assert!(
            text.contains(
                "| strong | 4 | 2 | 3 | 75% | 50% (without pool) | 100% (without user-lock) |"
            ),
            "{text}"
        );
        let all_right = words(&[rows[0].clone(), rows[2].clone()]);
        assert!(all_right.contains("| 100% | 100% | 100% |"), "{all_right}");
        // Without its only family nothing remains.
        assert!(
            text.contains("| fair | 1 | 1 | 1 | 100% | - | - |"),
            "{text}"
        );
        assert!(text.contains("| weak | 0 | 0 | 0 | - | - | - |"), "{text}");
    }

    #[test]
    fn a_wrong_culprit_is_a_wrong_verdict_and_no_report_is_none() {
        let mut wrong = row(Cause::Pool, Cause::Pool, Level::Strong);
        wrong.culprit_ok = false;
        wrong.faults = vec![Fault::name("culprit \"a|b\"".to_owned())];
        let absent = Row {
            case: "y".to_owned(),
            not_run: "java is not installed".to_owned(),
            ..Row::default()
        };
        let rows = [wrong, absent];
        assert!(words(&rows).contains("| strong | 1 | 1 | 0 | 0% |"));
        let text = page(&rows, "Made by a test.");
        assert!(text.contains("Made by a test."), "{text}");
        assert!(text.contains("| pool | **no** |"), "{text}");
        assert!(text.contains("culprit \"a/b\" |"), "{text}");
        assert!(text.contains("not run: java is not installed |"), "{text}");
        assert!(!text.contains('{'), "a gap was not filled: {text}");
    }
}
