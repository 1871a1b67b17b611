//! What the script draws, as JSON within the page.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::super::{DoingKind, Drawing, StackTime};
use super::flame::Frame;
use super::numbers::shortened;

/// Characters of a name; the text of the page has it in full.
const LONGEST: usize = 160;

#[derive(Serialize)]
struct Data<'a> {
    window: f64,
    step: f64,
    tick: f64,
    /// Sort, name, whether it serialises.
    doings: Vec<(&'static str, String, bool)>,
    /// Numbers of names: call site, who ended it.
    details: Vec<(usize, usize)>,
    names: Vec<String>,
    rows: Vec<Row<'a>>,
    flames: BTreeMap<&'static str, Flame>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: String,
    what: &'a str,
    carries: bool,
    /// For each segment: steps, number of the doing, number of the detail.
    segments: Vec<u32>,
    /// From one to the next.
    ticks: Vec<u32>,
}

/// A frame: number of its name, weight, whether it serialises, frames it calls.
#[derive(Serialize)]
struct Flame(usize, f64, bool, Vec<Flame>);

/// Names by number.
#[derive(Default)]
struct Names {
    numbers: HashMap<String, usize>,
    list: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> usize {
        let name = shortened(name, LONGEST);
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        let number = self.list.len();
        self.numbers.insert(name.clone(), number);
        self.list.push(name);
        number
    }

    fn flame(&mut self, name: &str, frame: &Frame) -> Flame {
        let number = self.number(name);
        let calls = frame.calls.iter();
        let calls = calls.map(|(name, frame)| self.flame(name, frame)).collect();
        Flame(number, rounded(frame.weight), frame.serialises, calls)
    }
}

/// Microseconds are enough for a picture.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

/// The drawing as JSON that may stand in HTML: nothing in it ends its element.
pub fn json(drawing: &Drawing) -> String {
    let mut names = Names::default();
    names.number("");
    let details = drawing.details.iter();
    let details = details
        .map(|detail| {
            (
                names.number(&detail.call_site),
                names.number(&detail.ended_by),
            )
        })
        .collect();
    let mut flame = |stacks: &[StackTime], all: &str| names.flame(all, &Frame::of(stacks));
    let flames = BTreeMap::from([
        ("waiting", flame(&drawing.waiting, "all waiting")),
        ("computing", flame(&drawing.computing, "all samples")),
    ]);
    let data = Data {
        window: drawing.window_s,
        step: drawing.step_s,
        tick: drawing.tick_step_s,
        doings: (drawing.doings.iter())
            .map(|doing| {
                (
                    sort(doing.kind),
                    shortened(&doing.name, LONGEST),
                    doing.serialises,
                )
            })
            .collect(),
        details,
        rows: drawing.rows.iter().map(row).collect(),
        flames,
        names: names.list,
    };
    // Numbers and strings alone: it cannot fail.
    let text = serde_json::to_string(&data).unwrap_or_default();
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

fn row(of: &super::super::ActorRow) -> Row<'_> {
    let segments = of.segments.iter();
    let segments = segments.flat_map(|segment| [segment.steps, segment.doing, segment.detail]);
    let mut before = 0;
    let ticks = of.ticks.iter().map(|at| {
        let gap = at.saturating_sub(before);
        before = *at;
        gap
    });
    Row {
        name: shortened(&of.name, LONGEST),
        what: &of.what,
        carries: of.carries,
        segments: segments.collect(),
        ticks: ticks.collect(),
    }
}

/// Names that the script knows.
fn sort(kind: DoingKind) -> &'static str {
    match kind {
        DoingKind::Absent => "absent",
        DoingKind::Unknown => "unknown",
        DoingKind::Running => "running",
        DoingKind::Queued => "queued",
        DoingKind::Stopped => "stopped",
        DoingKind::Peer => "peer",
        DoingKind::Lock => "lock",
        DoingKind::File => "file",
        DoingKind::Sleep => "sleep",
        DoingKind::Inside => "inside",
    }
}
