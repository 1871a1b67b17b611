//! The page of every recording.

use holdup::analyse::{Options, analyse};
use holdup::report::{Drawing, Format, Html, Look};
use holdup::trace::Reader;

/// What a page may take, bytes.
const LARGEST: usize = 3_000_000;

fn check(page: &str, drawing: &Drawing, name: &str) {
    assert!(page.len() < LARGEST, "{name}: {} bytes", page.len());
    // The script, which speaks of what is no number, is the same in all.
    let (text, _) = page
        .rsplit_once("<script>")
        .expect("the page has its script");
    for wrong in ["NaN", "inf\"", "inf%", ">inf", ",null", ":null"] {
        assert!(!text.contains(wrong), "{name}: {wrong}");
    }
    assert!(!drawing.rows.is_empty(), "{name}: no worker is drawn");
    for row in &drawing.rows {
        let steps: u64 = row.segments.iter().map(|of| u64::from(of.steps)).sum();
        #[expect(clippy::cast_precision_loss, reason = "microseconds of a short trace")]
        let drawn = steps as f64 * drawing.step_s;
        // What ends with its thread ends before the window.
        assert!(
            drawn <= drawing.window_s + 2.0 * drawing.step_s,
            "{name}: {}",
            row.name
        );
    }
}

#[test]
fn each_recording_has_a_page_without_anything_that_is_no_number() {
    let cases = super::cases::stems().into_iter();
    let cases = cases.map(|stem| stem.with_extension("holdup"));
    for trace in super::traces().into_iter().chain(cases) {
        let name = trace.display().to_string();
        let reader = Reader::open(&trace).unwrap_or_else(|error| panic!("{name}: {error}"));
        let options = Options {
            draw: true,
            ..Options::default()
        };
        let analysis = analyse(&reader, &options).unwrap_or_else(|error| panic!("{name}: {error}"));
        let drawing = analysis.drawing.expect("asked for");
        let page = Html::new(Some(&drawing)).print(&analysis.report, &Look::default());
        check(&page, &drawing, &name);
    }
}
