//! What holds for every format.

use super::*;
use crate::row::is_unsafe;

const FORMATS: [&dyn Format; 3] = [&Text, &Markdown, &Json];

fn looks() -> impl Iterator<Item = Look> {
    [0, 40, 79, 100, 250].into_iter().flat_map(|width| {
        [false, true].map(|details| Look {
            width,
            colour: false,
            details,
        })
    })
}

#[test]
fn nothing_a_terminal_obeys_is_printed() {
    for format in FORMATS {
        for look in looks() {
            let text = format.print(&example::hostile(), &look);
            assert!(!text.replace('\n', "").chars().any(is_unsafe), "{text}");
        }
    }
}

#[test]
fn numbers_that_are_none_are_called_unknown() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for look in looks() {
            let report = example::numbers(number);
            for format in [&Text as &dyn Format, &Markdown] {
                let text = format.print(&report, &look);
                assert!(text.contains("unknown"));
                assert!(!text.contains("NaN") && !text.contains("inf\n"), "{text}");
            }
        }
    }
}

#[test]
fn any_number_and_an_empty_report_can_be_printed() {
    for number in [0.0, -1.0, f64::MIN_POSITIVE, f64::MAX, f64::MIN, 1e15, 1e-9] {
        for format in FORMATS {
            for look in looks() {
                assert!(
                    format
                        .print(&example::numbers(number), &look)
                        .ends_with('\n')
                );
                assert!(format.print(&Report::default(), &look).ends_with('\n'));
            }
        }
    }
}

#[test]
fn text_keeps_to_its_width_and_to_one_screen() {
    for width in [60, 79, 100, 160] {
        let look = Look {
            width,
            ..Look::default()
        };
        let text = Text.print(&example::goldsky(), &look);
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
            assert_eq!(line, line.trim_end());
        }
    }
    let lines = Text
        .print(&example::goldsky(), &Look::default())
        .lines()
        .count();
    assert!(lines <= 54, "{lines} lines");
}

#[test]
fn colours_change_nothing_but_colour() {
    let plain = Look::default();
    let coloured = Look {
        colour: true,
        ..plain
    };
    let report = example::goldsky();
    let text = Text.print(&report, &coloured);
    assert!(text.contains("\x1b[1;31m"));
    let mut stripped = String::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find('\x1b') {
        stripped.push_str(&rest[..start]);
        let end = rest[start..].find('m').unwrap();
        rest = &rest[start + end + 1..];
    }
    stripped.push_str(rest);
    let stripped: Vec<&str> = stripped.lines().map(str::trim_end).collect();
    let plain = Text.print(&report, &plain);
    assert_eq!(stripped, plain.lines().collect::<Vec<_>>());
}

#[test]
fn details_only_add() {
    let short = Text.print(&example::goldsky(), &Look::default());
    let long = Text.print(
        &example::goldsky(),
        &Look {
            details: true,
            ..Look::default()
        },
    );
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = long.lines().map(words).collect();
    for line in short.lines() {
        assert!(lines.contains(&words(line)), "{line}");
    }
    assert!(long.contains("Replies come in the order of arrival."));
    assert!(!short.contains("Replies come in the order of arrival."));
}

#[test]
fn without_items_nothing_is_compared() {
    let mut report = example::goldsky();
    report.items.count = 0;
    report.stages.clear();
    let text = Text.print(&report, &Look::default());
    assert!(text.contains("there is no rate to compare"), "{text}");
    assert!(!text.contains("theoretical"), "{text}");
}

#[test]
fn a_long_command_is_cut_on_the_screen_and_whole_in_the_details() {
    let mut report = example::goldsky();
    report.target.command = format!("worker {} --last", "--word ".repeat(30).trim());
    let details = Look {
        details: true,
        width: 400,
        ..Look::default()
    };
    assert!(!Text.print(&report, &Look::default()).contains("--last"));
    assert!(Text.print(&report, &details).contains("--last"));
}

#[test]
fn the_details_say_with_what_it_was_recorded() {
    let mut report = example::goldsky();
    report.recorded = Some(Recorded {
        holdup: "0.1.0".to_owned(),
        commit: "4d3c2b1a".to_owned(),
        command: "holdup record --pid 4242".to_owned(),
    });
    let details = Look {
        details: true,
        ..Look::default()
    };
    let words = "by holdup 0.1.0 (4d3c2b1a): holdup record --pid 4242";
    assert!(!Text.print(&report, &Look::default()).contains(words));
    assert!(Text.print(&report, &details).contains(words));
}

#[test]
fn a_resource_names_its_kind_once() {
    let mut report = example::goldsky();
    report.stages[0].resources[0].kind = "lock".to_owned();
    report.stages[0].resources[0].name = "lock taken in flush".to_owned();
    let text = Text.print(&report, &Look::default());
    assert!(text.contains("  lock taken in flush"), "{text}");
    assert!(!text.contains("lock lock"), "{text}");
}
