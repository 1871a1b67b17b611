//! Flame graphs: waiting by call stack, and CPU time. The script draws them; a table names the heaviest.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::{Drawing, StackTime};
use super::numbers::shortened;
use crate::number::{count, percent, seconds};

/// Frames of one graph; what is less than what these leave room for is not drawn.
const MOST_FRAMES: usize = 2_000;
/// The least share of all that is drawn: a pixel or two.
const LEAST: f64 = 0.001;
/// Call sites that the table names.
const HEAVIEST: usize = 5;

/// A frame with what it calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// Time in it and what it calls.
    pub weight: f64,
    /// It is what serialises.
    pub serialises: bool,
    /// By name.
    pub calls: BTreeMap<String, Frame>,
}

impl Frame {
    /// All stacks together, without what is too little to be seen.
    pub fn of(stacks: &[StackTime]) -> Self {
        let mut root = Self::default();
        for stack in stacks {
            root.weight += stack.weight;
            let mut at = &mut root;
            for name in &stack.frames {
                at = at.calls.entry(name.clone()).or_default();
                at.weight += stack.weight;
            }
            at.serialises |= stack.serialises;
        }
        let mut least = LEAST * root.weight;
        root.prune(least);
        while root.count() > MOST_FRAMES && least < root.weight {
            least *= 1.25;
            root.prune(least);
        }
        root
    }

    fn prune(&mut self, least: f64) {
        self.calls.retain(|_, frame| frame.weight >= least);
        for frame in self.calls.values_mut() {
            frame.prune(least);
        }
    }

    fn count(&self) -> usize {
        let below = self.calls.values().map(Self::count);
        1 + below.sum::<usize>()
    }
}

/// Both graphs.
pub fn flames(drawing: Option<&Drawing>) -> Markup {
    let Some(drawing) = drawing else {
        return html! {
            p.faint { "This report came without its trace, so where in the code time goes is not drawn." }
        };
    };
    let waiting = if drawing.unseen > 0 {
        "Waiting of those workers that events show one by one"
    } else {
        "Waiting of the workers"
    };
    html! {
        (flame("waiting", waiting, &drawing.waiting, seconds, "No worker waited."))
        (flame("computing", "CPU time, of the workers' processes and their local peers", &drawing.computing, samples, "No running thread was sampled."))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of samples"
)]
fn samples(number: f64) -> String {
    format!("{} samples", count(number.round() as u64))
}

fn flame(
    id: &str,
    title: &str,
    stacks: &[StackTime],
    print: fn(f64) -> String,
    nothing: &str,
) -> Markup {
    let whole: f64 = stacks.iter().map(|stack| stack.weight).sum();
    let heaviest = heaviest(stacks);
    html! {
        h3 { (title) @if whole > 0.0 { span.faint { ", " (print(whole)) } } }
        @if whole > 0.0 {
            div.flame data-flame=(id) role="group" aria-label=(title) hidden {}
            div.scroll tabindex="0" role="region" aria-label=(format!("{title}: the heaviest")) {
                table.heaviest {
                    tbody {
                        @for (place, weight) in heaviest.iter().take(HEAVIEST) {
                            tr {
                                td { (percent(weight / whole)) }
                                td { (print(*weight)) }
                                td { (told(place)) }
                            }
                        }
                    }
                }
            }
        } @else {
            p.faint { (nothing) }
        }
    }
}

/// Where time goes: the call site, the innermost frame, and whether that serialises.
type Place<'s> = (&'s str, &'s str, bool);

/// Call sites by their time, the heaviest first.
fn heaviest(stacks: &[StackTime]) -> Vec<(Place<'_>, f64)> {
    let mut sums: BTreeMap<Place<'_>, f64> = BTreeMap::new();
    for stack in stacks {
        let innermost = stack.frames.last().map_or("", String::as_str);
        let place = (stack.call_site.as_str(), innermost, stack.serialises);
        *sums.entry(place).or_default() += stack.weight;
    }
    let mut heaviest: Vec<_> = sums.into_iter().collect();
    heaviest.sort_by(|a, b| b.1.total_cmp(&a.1));
    heaviest
}

fn told((call_site, innermost, serialises): &Place<'_>) -> Markup {
    let mut parts = vec![*call_site, *innermost];
    parts.retain(|part| !part.is_empty());
    parts.dedup();
    let parts: Vec<String> = parts.iter().map(|part| shortened(part, 120)).collect();
    let text = parts.join(" \u{203a} ");
    html! {
        @if *serialises { strong.accent { (text) } } @else { (text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(frames: &[&str], weight: f64) -> StackTime {
        StackTime {
            frames: frames.iter().map(|frame| (*frame).to_owned()).collect(),
            weight,
            ..StackTime::default()
        }
    }

    #[test]
    fn frames_have_the_time_of_what_they_call() {
        let stacks = [
            stack(&["main", "a"], 3.0),
            stack(&["main", "b"], 1.0),
            stack(&["other"], 0.001),
        ];
        let root = Frame::of(&stacks);
        assert_eq!(root.calls["main"].weight, 4.0);
        assert_eq!(root.calls["main"].calls["a"].weight, 3.0);
        assert!(!root.calls.contains_key("other"), "too little to be seen");
    }

    #[test]
    fn a_graph_has_its_bound() {
        let stacks: Vec<StackTime> = (1000..1700)
            .map(|number| {
                stack(
                    &["main", &number.to_string(), "x", "y", "z", "w"],
                    1.0 + f64::from(number),
                )
            })
            .collect();
        let count = Frame::of(&stacks).count();
        assert!((500..=MOST_FRAMES).contains(&count), "{count}");
    }
}
