//! How long requests take by how many are under way: at a peer that serves one at a time each takes as many turns as there are.

use maud::{Markup, html};

use super::super::Responses;
use super::numbers::{px, shortened};
use crate::number::{count, figure, seconds};

/// Size of the picture, and of its margins.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 40.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 14.0;
/// Lines of the scale, about.
const LINES: f64 = 5.0;

/// Where values are in the picture.
struct Scale {
    most: [f64; 2],
}

impl Scale {
    fn x(&self, value: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * value / self.most[0]
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / self.most[1]
    }
}

/// The picture, and what it shows.
pub fn responses(of: &Responses) -> Markup {
    let peer = shortened(&of.peer, 80);
    if of.points.is_empty() {
        return html! { p.faint { "No request to " (peer) " was seen whole in the window." } };
    }
    let most = |axis: usize| {
        of.points
            .iter()
            .map(|point| point[axis])
            .fold(0.0, f64::max)
    };
    let scale = Scale {
        most: [(1.05 * most(0)).max(1.0), (1.1 * most(1)).max(1e-9)],
    };
    html! {
        figure.responses {
            div.plot {
                svg viewBox=(format!("0 0 {} {}", px(WIDTH), px(HEIGHT))) role="img"
                    aria-label=(format!("{} requests to {peer}: response time by number under way", count(of.count as u64))) {
                    (axes(&scale))
                    @if let Some([capacity, service]) = of.serves { (lines(&scale, capacity, service)) }
                    g.points {
                        @for [present, took] in &of.points {
                            circle cx=(px(scale.x(*present))) cy=(px(scale.y(*took))) r="2.4" {}
                        }
                    }
                }
            }
            figcaption {
                (count(of.count as u64)) " requests to " (peer) ", each a point"
                @if of.points.len() < of.count { " (" (count(of.points.len() as u64)) " of them drawn)" }
                "."
                @if let Some([capacity, service]) = of.serves {
                    " The line is what a peer gives that serves " (figure(capacity)) " at a time, "
                    (seconds(service)) " each; the dashed one what it would give if none waited for another."
                }
            }
        }
    }
}

fn axes(scale: &Scale) -> Markup {
    html! {
        g.axes {
            @for value in marks(scale.most[1]) {
                @let y = scale.y(value);
                line x1=(px(LEFT)) x2=(px(WIDTH - RIGHT)) y1=(px(y)) y2=(px(y)) {}
                text x=(px(LEFT - 8.0)) y=(px(y + 4.0)) text-anchor="end" { (seconds(value)) }
            }
            @for value in marks(scale.most[0]) {
                text x=(px(scale.x(value))) y=(px(HEIGHT - BOTTOM + 18.0)) text-anchor="middle" { (figure(value)) }
            }
            text x=(px(f64::midpoint(LEFT, WIDTH - RIGHT))) y=(px(HEIGHT - 4.0)) text-anchor="middle" {
                "requests under way when it was sent, itself among them"
            }
        }
    }
}

/// Round values from 0 to `most`.
fn marks(most: f64) -> Vec<f64> {
    if !(most.is_finite() && most > 0.0) {
        return Vec::new();
    }
    let rough = most / LINES;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|by| by * power);
    let step = step.into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    let values = (0..).map(|line| f64::from(line) * step);
    values.take_while(|value| *value <= most).take(20).collect()
}

/// What is given by a peer that serves so many at a time, and by one that serves all at once.
fn lines(scale: &Scale, capacity: f64, service: f64) -> Markup {
    let model = |present: f64| service * (present / capacity).max(1.0);
    // As far as the picture goes.
    let end = scale.most[0]
        .min(capacity * scale.most[1] / service)
        .max(capacity);
    let bend = capacity.min(scale.most[0]);
    let points = [0.0, bend, end.min(scale.most[0])].map(|present| {
        let took = model(present).min(scale.most[1]);
        format!("{},{}", px(scale.x(present)), px(scale.y(took)))
    });
    let alone = scale.y(service.min(scale.most[1]));
    html! {
        polyline.model points=(points.join(" ")) {}
        line.alone x1=(px(LEFT)) x2=(px(WIDTH - RIGHT)) y1=(px(alone)) y2=(px(alone)) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_round_values() {
        assert_eq!(marks(66.3), [0.0, 20.0, 40.0, 60.0]);
        assert_eq!(marks(1.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert!(marks(f64::NAN).is_empty() && marks(0.0).is_empty());
        assert!(marks(f64::MAX).len() < 21 && marks(f64::MIN_POSITIVE).len() < 21);
    }

    #[test]
    fn a_serial_peer_has_its_line() {
        let of = Responses {
            peer: "<db>".to_owned(),
            points: vec![[1.0, 0.1], [4.0, 0.4]],
            count: 3,
            serves: Some([1.0, 0.1]),
        };
        let picture = responses(&of).into_string();
        assert_eq!(picture.matches("<circle").count(), 2);
        assert!(picture.contains("polyline") && picture.contains("3 requests to &lt;db&gt;"));
        assert!(picture.contains("(2 of them drawn)"), "{picture}");
    }
}
