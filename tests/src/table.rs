//! The table a run prints.

use comfy_table::{ContentArrangement, Table, presets::ASCII_MARKDOWN};

use crate::judge::{Row, StageRow};

/// All rows as a table, and below it what falls short and what could not run.
#[must_use]
pub fn render(rows: &[Row]) -> String {
    let mut table = Table::new();
    table
        .load_preset(ASCII_MARKDOWN)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header([
        "case",
        "seed",
        "N",
        "cause",
        "named",
        "culprit",
        "SF true (spread)",
        "SF reported",
        "items/s true",
        "reported",
        "stage errors: fetch, transform, write",
        "conserved",
        "books",
        "lost",
        "verdict",
    ]);
    for row in rows {
        table.add_row(cells(row));
    }
    let mut text = table.to_string();
    text.push('\n');
    for row in rows {
        let label = format!("{} (seed {})", row.case, row.seed);
        if !row.not_run.is_empty() {
            text.push_str(&format!("not run: {label}: {}\n", row.not_run));
        }
        if !row.not_judged.is_empty() {
            text.push_str(&format!("not judged: {label}: {}\n", row.not_judged));
        }
        for fault in &row.first_run {
            let what = &fault.text;
            text.push_str(&format!("second run: {label}: in the first: {what}\n"));
        }
        for fault in &row.faults {
            text.push_str(&format!("falls short: {label}: {}\n", fault.text));
        }
    }
    text
}

fn cells(row: &Row) -> Vec<String> {
    let begin = [row.case.clone(), row.seed.to_string()];
    let cells = if let Some(reported) = row.cause_reported.filter(|_| row.not_run.is_empty()) {
        vec![
            format!("{}/{}", row.workers_reported, row.workers),
            row.cause.to_string(),
            reported.to_string(),
            format!(
                "{} {}",
                if row.culprit_ok { "ok:" } else { "wrong:" },
                row.culprit
            ),
            format!(
                "{:.2} ({:.2}-{:.2})",
                row.factor, row.factor_spread[0], row.factor_spread[1]
            ),
            format!(
                "{:.2} [{:.2}, {:.2}]",
                row.factor_reported, row.interval[0], row.interval[1]
            ),
            format!("{:.2}", row.rate),
            format!("{:.2}", row.rate_reported),
            row.stages
                .iter()
                .take(3)
                .map(stage_error)
                .collect::<Vec<_>>()
                .join(", "),
            format!("{} ns", row.conservation_error_ns),
            row.kernel_difference
                .map_or("-".to_owned(), |off| format!("{:.2}%", 100.0 * off)),
            row.lost.to_string(),
            match (row.faults.is_empty(), row.first_run.is_empty()) {
                (true, _) if !row.not_judged.is_empty() => "not judged",
                (true, true) => "pass",
                (true, false) => "pass (2nd run)",
                (false, _) => "FAIL",
            }
            .to_owned(),
        ]
    } else {
        let mut cells = vec![String::new(); 12];
        cells[0] = row.workers.to_string();
        cells[1] = row.cause.to_string();
        if row.factor > 0.0 {
            cells[4] = factor(row);
            cells[6] = format!("{:.2}", row.rate_untraced);
            cells[8] = row
                .stages
                .iter()
                .take(3)
                .map(|stage| format!("{:.2} ms", stage.true_ms))
                .collect::<Vec<_>>()
                .join(", ");
        }
        let verdict = if row.not_run.is_empty() {
            "FAIL"
        } else {
            "not run"
        };
        cells.push(verdict.to_owned());
        cells
    };
    begin.into_iter().chain(cells).collect()
}

/// True serialization factor with its spread.
fn factor(row: &Row) -> String {
    format!(
        "{:.2} ({:.2}-{:.2})",
        row.factor, row.factor_spread[0], row.factor_spread[1]
    )
}

/// Difference in ms and in percent.
fn stage_error(stage: &StageRow) -> String {
    let apart = stage.reported_ms - stage.true_ms;
    let share = if stage.true_ms > 0.0 {
        format!("{:+.1}%", 100.0 * apart / stage.true_ms)
    } else {
        "-".to_owned()
    };
    format!("{apart:+.2} ms ({share})")
}

#[cfg(test)]
mod tests {
    use holdup::cause::Cause;

    use super::*;
    use crate::judge::Fault;

    #[test]
    fn what_falls_short_and_what_did_not_run_are_said_in_words() {
        let good = Row {
            case: "a".into(),
            cause: Cause::None,
            cause_reported: Some(Cause::None),
            ..Row::default()
        };
        let bad = Row {
            case: "b".into(),
            faults: vec![Fault::name("cause x instead of y".into())],
            ..Row::default()
        };
        let again = Row {
            case: "d".into(),
            first_run: vec![Fault::timing("item rate".into())],
            cause_reported: Some(Cause::None),
            ..Row::default()
        };
        let absent = Row {
            case: "c".into(),
            not_run: "java is not installed".into(),
            ..Row::default()
        };
        let text = render(&[good, bad, absent, again]);
        assert!(
            text.contains("falls short: b (seed 0): cause x instead of y"),
            "{text}"
        );
        assert!(
            text.contains("not run: c (seed 0): java is not installed"),
            "{text}"
        );
        assert!(
            text.contains("second run: d (seed 0): in the first: item rate"),
            "{text}"
        );
        let ends: Vec<_> = text
            .lines()
            .skip(2)
            .take(4)
            .map(|line| {
                line.trim_end_matches(" |")
                    .rsplit("| ")
                    .next()
                    .unwrap_or("")
                    .trim()
                    .to_owned()
            })
            .collect();
        assert_eq!(ends, ["pass", "FAIL", "not run", "pass (2nd run)"]);
    }
}
