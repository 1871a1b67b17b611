//! What was said live is said again.

use holdup::report::{Format as _, Json, Look, Report};

#[test]
fn a_recording_gives_the_report_that_was_given_live() {
    for trace in super::traces() {
        let live = trace.with_extension("json");
        let live = std::fs::read_to_string(&live).unwrap_or_else(|error| {
            panic!(
                "{}: {error}: beside a recording lies the report that was given live",
                live.display()
            )
        });
        let replayed = Json.print(&super::report(&trace), &Look::default());
        assert!(
            replayed == live,
            "{}: the report has changed. If that is meant, write it anew: holdup report {} --format json -o {}\n{}",
            trace.display(),
            trace.display(),
            trace.with_extension("json").display(),
            first_difference(&live, &replayed)
        );
    }
}

fn first_difference(live: &str, replayed: &str) -> String {
    let pair = live.lines().zip(replayed.lines()).find(|(a, b)| a != b);
    pair.map_or_else(
        || "one ends before the other".to_owned(),
        |(a, b)| format!("then: {a}\nnow:  {b}"),
    )
}

#[test]
fn no_nanosecond_is_lost_in_any_recording() {
    for trace in super::traces() {
        let Report { coverage, .. } = super::report(&trace);
        assert_eq!(coverage.conservation_error_ns, 0, "{}", trace.display());
        assert_eq!(
            coverage.lost,
            0,
            "{}: {:?}",
            trace.display(),
            coverage.lost_by_cause
        );
    }
}
