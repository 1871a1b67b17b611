//! What a page draws of small workloads.

use crate::analyse::{Options, analyse};
use crate::report::{Doing, DoingKind, Drawing, Format, Html, Look};
use crate::row::MemorySource;
use crate::script;

fn drawn_of(source: &MemorySource) -> (String, Drawing) {
    let options = Options {
        draw: true,
        ..Options::default()
    };
    let analysis = analyse(source, &options).expect("rows in memory");
    let drawing = analysis.drawing.expect("asked for");
    let page = Html::new(Some(&drawing)).print(&analysis.report, &Look::default());
    (page, drawing)
}

fn drawn(text: &str) -> (String, Drawing) {
    drawn_of(&script::workload(text))
}

const LOCK: &str =
    "cpus 4\nwindow 5s\n6 workers: fetch A 5ms; lock L held 9ms sleeping; compute 1ms";

#[test]
fn the_same_trace_gives_the_same_page_however_its_batches_are_cut() {
    let whole = script::workload(LOCK);
    let (page, _) = drawn_of(&whole);
    assert_eq!(page, drawn_of(&whole).0);
    assert!(page.len() < 1_000_000);
}

#[test]
fn each_worker_is_a_row_that_fills_the_window() {
    let (_, drawing) = drawn(LOCK);
    assert_eq!(drawing.rows.len(), 6);
    for row in &drawing.rows {
        let steps: u32 = row.segments.iter().map(|segment| segment.steps).sum();
        let off = f64::from(steps) * drawing.step_s - drawing.window_s;
        assert!(off.abs() <= 2.0 * drawing.step_s, "{off}");
        assert!(row.ticks.len() > 10 && row.ticks.is_sorted(), "{row:?}");
    }
}

#[test]
fn what_serialises_is_told_apart_and_who_ended_a_wait_is_named() {
    let (_, drawing) = drawn(LOCK);
    let doings = drawing.doings.iter();
    let serialises: Vec<&Doing> = doings.filter(|doing| doing.serialises).collect();
    let [lock] = serialises[..] else {
        panic!("{serialises:?}");
    };
    assert_eq!(lock.kind, DoingKind::Lock);
    assert!(lock.name.starts_with("waits for the lock"), "{lock:?}");
    let mut ended = drawing.details.iter().map(|detail| &detail.ended_by);
    assert!(ended.any(|by| by.starts_with("worker ")));
    let of_lock = drawing.waiting.iter().filter(|stack| stack.serialises);
    let seconds: f64 = of_lock.map(|stack| stack.weight).sum();
    // Of six workers one holds it, and five wait nearly all the while.
    assert!((18.0..26.0).contains(&seconds), "{seconds}");
}

#[test]
fn requests_are_told_by_how_many_were_under_way() {
    let (_, drawing) =
        drawn("cpus 4\nwindow 20s\npeer A serves 1\n16 workers: fetch B 20ms; write A 9ms");
    let responses = drawing.responses.expect("a peer");
    let [capacity, service] = responses.serves.expect("named");
    assert!((capacity - 1.0).abs() < 0.1 && (service - 9e-3).abs() < 1e-3);
    assert!(responses.count > 1_000 && responses.points.len() <= 1_500);
    for [present, took] in responses.points {
        assert!(
            (took - present * service).abs() < 0.3 * took,
            "{present} {took}"
        );
    }
}
