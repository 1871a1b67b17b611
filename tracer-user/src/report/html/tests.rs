//! What holds for the page of any report.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::super::{
    ActorRow, Doing, DoingKind, Drawing, Format, Html, Look, Report, Responses, RowSegment,
    StackTime, WaitDetail, example,
};
use crate::row::is_unsafe;

/// What would be markup, end an element, an attribute or a string, hide or reorder text; and long.
fn evil() -> String {
    let text = "</script><!--<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&lt;\u{202e}\u{2028}\n]]>";
    let shown = crate::row::printable(text).into_owned();
    shown.clone() + &"<b>".repeat(3_000) + &shown
}

/// A drawing whose every name is hostile.
fn hostile() -> Drawing {
    let stack = || StackTime {
        frames: vec![evil(), evil()],
        call_site: evil(),
        weight: 1.0,
        serialises: true,
    };
    Drawing {
        window_s: 1.0,
        step_s: 1e-3,
        tick_step_s: 1e-3,
        doings: vec![Doing {
            kind: DoingKind::Lock,
            name: evil(),
            serialises: true,
        }],
        details: vec![WaitDetail {
            call_site: evil(),
            ended_by: evil(),
        }],
        rows: vec![ActorRow {
            name: evil(),
            what: evil(),
            carries: false,
            segments: vec![RowSegment {
                steps: 1000,
                doing: 0,
                detail: 0,
            }],
            ticks: vec![3],
        }],
        left_out: 1,
        unseen: 1,
        waiting: vec![stack()],
        computing: vec![stack()],
        responses: Some(Responses {
            peer: evil(),
            points: vec![[1.0, 1.0]],
            count: 1,
            serves: Some([1.0, 1.0]),
        }),
    }
}

fn page(report: &Report, drawing: Option<&Drawing>) -> String {
    Html::new(drawing).print(report, &Look::default())
}

/// What stands between the begins and the ends of an element.
fn inside<'p>(page: &'p str, begin: &str, end: &str) -> Vec<&'p str> {
    let parts = page.split(begin).skip(1);
    parts.filter_map(|part| part.split(end).next()).collect()
}

#[test]
fn names_from_outside_are_text() {
    let drawing = hostile();
    for report in [example::hostile(), example::goldsky()] {
        for drawing in [None, Some(&drawing)] {
            let page = page(&report, drawing);
            assert!(!page.contains("<img") && !page.contains("<b><b>") && !page.contains("<!--"));
            assert!(
                !page.contains("# <b>"),
                "as the example has it in every field"
            );
            let scripts = page.matches("<script").count();
            assert_eq!(scripts, 1 + usize::from(drawing.is_some()));
            assert_eq!(page.matches("</script").count(), scripts);
            assert_eq!(page.matches("</html>").count(), 1);
            assert!(!page.replace('\n', "").chars().any(is_unsafe));
        }
    }
}

#[test]
fn what_the_script_reads_ends_no_element() {
    let page = page(&example::goldsky(), Some(&hostile()));
    let data = inside(&page, "id=\"drawing\">", "</script>")[0];
    assert!(!data.contains('<') && !data.contains('&'));
    let value: serde_json::Value = serde_json::from_str(data).expect("JSON");
    let name = value["rows"][0]["name"].as_str().expect("a name");
    assert!(name.starts_with("</script>") && name.len() < 200, "{name}");
}

#[test]
fn the_policy_allows_what_stands_in_the_page_and_nothing_else() {
    let page = page(&example::goldsky(), Some(&hostile()));
    let policy = inside(
        &page,
        "http-equiv=\"Content-Security-Policy\" content=\"",
        "\"",
    )[0];
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let script = hash(inside(&page, "<script>", "</script>")[0]);
    let style = hash(inside(&page, "<style>", "</style>")[0]);
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(
        policy.contains(&format!("script-src {script};")),
        "{policy}"
    );
    assert!(policy.contains(&format!("style-src {style};")), "{policy}");
    assert!(
        !policy.contains("unsafe") && !policy.contains("http"),
        "{policy}"
    );
    // An attribute would not be allowed to do anything.
    assert!(!page.contains(" style=") && !page.contains(" onclick="));
    let page = self::page(&example::goldsky(), None);
    for fetched in ["src=", "href=\"h", "@import", "url(h"] {
        assert!(!page.contains(fetched), "{fetched}");
    }
}

#[test]
fn any_number_and_an_empty_report_give_a_page() {
    let numbers = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -1.0,
        f64::MAX,
        f64::MIN_POSITIVE,
    ];
    for number in numbers {
        let drawing = Drawing {
            responses: Some(Responses {
                points: vec![[number, number]],
                serves: Some([number, number]),
                ..Responses::default()
            }),
            ..Drawing::default()
        };
        for report in [example::numbers(number), Report::default()] {
            let page = page(&report, Some(&drawing));
            assert!(page.ends_with("</html>\n"));
            let text = page.split("<script>").next().expect("text");
            assert!(
                !text.contains("NaN") && !text.contains("\"inf") && !text.contains(">inf"),
                "{number}: {text}"
            );
        }
    }
}

#[test]
fn a_report_without_its_trace_says_what_is_not_drawn() {
    let page = page(&example::goldsky(), None);
    assert!(page.contains("came without its trace"));
    assert!(page.contains("inserts to 127.0.0.1:8123 are served one at a time"));
}

/// As much as a sketch keeps of 64 workers, in the longest words.
#[test]
fn the_largest_drawing_is_a_page_of_three_megabytes_at_most() {
    const ROWS: usize = 64;
    const EACH: usize = crate::picture::MOST_SEGMENTS / ROWS;
    let row = |number: usize| ActorRow {
        name: format!("worker {number}"),
        what: format!("thread {number} of process 4711"),
        carries: false,
        segments: (0..EACH)
            .map(|index| RowSegment {
                steps: 1_000 + u32::try_from(index % 100).expect("small"),
                doing: 10 + u32::try_from(index % 80).expect("small"),
                detail: 1_000 + u32::try_from(index % 1_000).expect("small"),
            })
            .collect(),
        ticks: (0..EACH)
            .map(|index| 1_000 * u32::try_from(index).expect("small"))
            .collect(),
    };
    let drawing = Drawing {
        window_s: 60.0,
        step_s: 1e-6,
        tick_step_s: 1e-6,
        rows: (0..ROWS).map(row).collect(),
        ..hostile()
    };
    let size = page(&example::goldsky(), Some(&drawing)).len();
    assert!((1_000_000..3_000_000).contains(&size), "{size}");
}
