//! For Prometheus: a text file that node_exporter's textfile collector reads.
//!
//! Names follow Prometheus' naming (base units, `_info` for what is told in labels); the text follows its exposition format 0.0.4: a label's
//! value has backslash and quote escaped, and no line feed. A figure that is not known is left out.

use super::{Format, Look, Report, names};
use crate::row::printable;

/// Gauges of one report.
#[derive(Clone, Copy, Debug)]
pub struct Prometheus;

impl Format for Prometheus {
    fn print(&self, report: &Report, _look: &Look) -> String {
        let mut out = String::new();
        let parallel = &report.parallelism;
        let one = |value: f64| vec![(Vec::new(), value)];
        #[expect(clippy::cast_precision_loss, reason = "a number of records")]
        let lost = report.coverage.lost as f64;
        gauge(
            &mut out,
            "holdup_items_per_second",
            "Items completed a second.",
            &one(report.items.rate_per_s),
        );
        gauge(
            &mut out,
            "holdup_serialization_factor",
            "Workers times the rate of one worker, by the actual rate: 1 scales.",
            &one(parallel.serialization_factor),
        );
        gauge(
            &mut out,
            "holdup_workers",
            "Workers found.",
            &one(f64::from(report.workers.count)),
        );
        gauge(
            &mut out,
            "holdup_effective_workers",
            "Workers whose work is done.",
            &one(parallel.effective_workers),
        );
        let parts = report.stages.iter().flat_map(|stage| {
            [("service", stage.service_ms), ("waiting", stage.queue_ms)].map(|(part, ms)| {
                let labels = vec![
                    ("stage", stage.stage.id().to_owned()),
                    ("part", part.to_owned()),
                ];
                (labels, ms / 1e3)
            })
        });
        gauge(
            &mut out,
            "holdup_stage_seconds",
            "Worker time an item, by stage: service, and waiting for other workers.",
            &parts.collect::<Vec<_>>(),
        );
        gauge(
            &mut out,
            "holdup_lost_records",
            "Records lost in the window.",
            &one(lost),
        );
        gauge(
            &mut out,
            "holdup_window_seconds",
            "Length of the window.",
            &one(report.window_s),
        );
        let verdict = &report.verdict;
        let labels = vec![
            ("cause", verdict.cause.id().to_owned()),
            ("culprit", verdict.culprit.name.clone()),
            ("severity", names::severity(verdict.severity).0.to_owned()),
            (
                "confidence",
                names::level(verdict.confidence_level).to_owned(),
            ),
        ];
        gauge(
            &mut out,
            "holdup_verdict_info",
            "The verdict, in its labels.",
            &[(labels, 1.0)],
        );
        out
    }
}

type Labels = Vec<(&'static str, String)>;

/// The values that are known, with their head; nothing where none is.
fn gauge(out: &mut String, name: &str, help: &str, values: &[(Labels, f64)]) {
    let known = values.iter().filter(|(_, value)| value.is_finite());
    let lines: String = known
        .map(|(labels, value)| format!("{name}{} {value}\n", braces(labels)))
        .collect();
    if !lines.is_empty() {
        out.push_str(&format!(
            "# HELP {name} {help}\n# TYPE {name} gauge\n{lines}"
        ));
    }
}

fn braces(labels: &Labels) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let pairs = labels
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
}

fn escaped(value: &str) -> String {
    printable(value).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn the_file() {
        let text = Prometheus.print(&example::goldsky(), &Look::default());
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                "holdup_items_per_second 4.24",
                "holdup_serialization_factor 34.2",
                "holdup_workers 64",
                "holdup_effective_workers 1.87",
                "holdup_stage_seconds{stage=\"fetch\",part=\"service\"} 0.205",
                "holdup_stage_seconds{stage=\"fetch\",part=\"waiting\"} 0",
                "holdup_stage_seconds{stage=\"transform\",part=\"service\"} 0.00008",
                "holdup_stage_seconds{stage=\"transform\",part=\"waiting\"} 0",
                "holdup_stage_seconds{stage=\"write\",part=\"service\"} 0.236",
                "holdup_stage_seconds{stage=\"write\",part=\"waiting\"} 14.653",
                "holdup_lost_records 0",
                "holdup_window_seconds 30",
                "holdup_verdict_info{cause=\"remote-serial\",culprit=\"127.0.0.1:8123\",severity=\"critical\",confidence=\"fair\"} 1",
            ]
        );
        assert_eq!(text.matches("# TYPE ").count(), 8, "{text}");
    }

    #[test]
    fn names_from_outside_stay_in_their_label_and_what_is_not_known_is_left_out() {
        let mut report = example::goldsky();
        report.verdict.culprit.name = "a\"} 9\nx{b=\"\\".to_owned();
        report.items.rate_per_s = f64::NAN;
        let text = Prometheus.print(&report, &Look::default());
        assert!(!text.contains("holdup_items_per_second"), "{text}");
        let verdict = text.lines().last().expect("lines");
        assert!(verdict.starts_with("holdup_verdict_info{"), "{verdict}");
        assert!(verdict.contains(r#"culprit="a\"} 9"#), "{verdict}");
        assert!(verdict.ends_with("confidence=\"fair\"} 1"), "{verdict}");
    }
}
