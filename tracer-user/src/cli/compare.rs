//! `holdup compare`: two recordings or reports to what changed between them.

use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::Context;

use super::args::{Compare, CompareFormat};
use super::exit::{Exit, Failure, OrExit};
use super::{finish, output};
use crate::analyse::Options;
use crate::compare::{self as comparing, Comparison};
use crate::report::{self, Report, SCHEMA};

/// A report is some kB; what is larger is none, and is not read into memory.
const LARGEST: u64 = 64 << 20;

/// Compares as asked, and says how the program ends.
///
/// # Errors
/// [`Exit::BadInput`]: one of them cannot be read, or they do not count the same.
pub fn compare(wanted: &Compare) -> Result<Exit, Failure> {
    if let Some(file) = &wanted.output {
        output::check(file).or_exit(Exit::BadInput)?;
    }
    let before = read(&wanted.before, wanted)?;
    let after = read(&wanted.after, wanted)?;
    let comparison = comparing::compare(&before, &after).or_exit(Exit::BadInput)?;
    let text = match wanted.format {
        CompareFormat::Text => {
            comparing::text(&comparison, &output::look(wanted.output.is_some(), false))
        }
        CompareFormat::Markdown => comparing::markdown(&comparison),
        CompareFormat::Json => report::json::print(&comparison),
    };
    output::put(text.as_bytes(), wanted.output.as_deref()).or_exit(Exit::BadInput)?;
    Ok(exit(&comparison, wanted.fail_below))
}

/// Whether the rate is, beyond the noise, below what the user can live with. Where the noise is not known the rates themselves tell.
fn exit(comparison: &Comparison, fail_below: Option<f64>) -> Exit {
    let [_, most] = (comparison.speedup_interval).unwrap_or([comparison.speedup; 2]);
    match fail_below {
        Some(limit) if most < limit => Exit::Worse,
        _ => Exit::Done,
    }
}

/// The report that `path` is, or that is made of the recording it is.
fn read(path: &Path, wanted: &Compare) -> Result<Report, Failure> {
    if path.is_dir() {
        let options = Options {
            item: wanted.item.clone(),
            stages: wanted.stages.clone(),
            ..Options::default()
        };
        return finish::read(path, &options).map(|analysis| analysis.report);
    }
    parse(path, wanted.item.is_some() || !wanted.stages.is_empty()).or_exit(Exit::BadInput)
}

fn parse(path: &Path, has_rules: bool) -> anyhow::Result<Report> {
    let name = path.display();
    let mut text = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut text))
        .with_context(|| format!("cannot read {name}"))?;
    let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
    anyhow::ensure!(size <= LARGEST, "{name} is too large to be a report");
    let report: Report = serde_json::from_slice(&text).with_context(|| {
        format!(
            "{name} is neither a recording nor a report; give a folder written by holdup record, or a file by holdup report --format json"
        )
    })?;
    anyhow::ensure!(
        report.schema == SCHEMA,
        "{name} has the schema {:?}, and this holdup reads {SCHEMA}; make the report again from its recording",
        report.schema
    );
    anyhow::ensure!(
        !has_rules,
        "{name} is a report: --item and --stage ask for its recording, since what is counted is settled in a report"
    );
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fails_where_the_noise_cannot_be_the_reason() {
        let comparison = |speedup, speedup_interval| Comparison {
            speedup,
            speedup_interval,
            ..Comparison::default()
        };
        let slower = comparison(0.9, Some([0.85, 0.94]));
        assert_eq!(exit(&slower, Some(0.95)), Exit::Worse);
        assert_eq!(exit(&slower, Some(0.93)), Exit::Done);
        assert_eq!(exit(&slower, None), Exit::Done);
        assert_eq!(exit(&comparison(0.9, None), Some(0.95)), Exit::Worse);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("report.json");
        let said = |text: &str, has_rules| {
            fs::write(&path, text).expect("written");
            format!("{:#}", parse(&path, has_rules).expect_err(text))
        };
        assert!(said("{", false).contains("neither a recording nor a report"));
        assert!(said("[]", false).contains("neither a recording nor a report"));
        let mut report = crate::report::example::goldsky();
        let json = report::json::print(&report);
        assert!(said(&json, true).contains("ask for its recording"));
        assert_eq!(parse(&path, false).expect("sound"), report);
        report.schema = "holdup.report/9".to_owned();
        assert!(said(&report::json::print(&report), false).contains("holdup.report/9"));
        let missing = format!(
            "{:#}",
            parse(&folder.path().join("no"), false).expect_err("none")
        );
        assert!(missing.contains("cannot read"), "{missing}");
    }
}
