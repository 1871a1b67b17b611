//! What one actor does over time, as segments in whole steps.
//!
//! A segment shorter than a step has no place of its own. Each step goes to the state that is owed most by then, so that over some steps every
//! state has as much of the strip as it has of the time:
//!
//! ```text
//! time    RRwRRwRRwRRwRRwRRw     two thirds running, a third waiting
//! steps    R  R  w  R  R  w
//! ```

use super::sketch::DetailId;
use crate::classify::State;

/// Some steps in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The step it ends before, counted from the begin of the window.
    pub until: u32,
    /// In what state.
    pub state: State,
    /// What else is known of it.
    pub detail: DetailId,
}

/// A part of the step that is under way.
#[derive(Clone, Copy, Debug)]
struct Part {
    state: State,
    detail: DetailId,
    time: u64,
}

/// What one actor does over time. Times are nanoseconds since the window opened.
#[derive(Clone, Debug, Default)]
pub struct Strip {
    segments: Vec<Segment>,
    /// Everything before is taken.
    at: u64,
    open: Vec<Part>,
    /// What each state has had too little of so far, or too much; the sum is zero.
    owed: Vec<(State, i64)>,
}

impl Strip {
    /// Its segments, without what the latest step holds so far.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// It is in a state until `to`, since what was taken before.
    pub(super) fn push(&mut self, to: u64, (state, detail): (State, DetailId), step: u64) {
        let step = step.max(1);
        let mut from = self.at;
        if to <= from {
            return;
        }
        self.at = to;
        if !from.is_multiple_of(step) {
            let end = (from / step + 1).saturating_mul(step);
            let time = end.min(to) - from;
            self.open.push(Part {
                state,
                detail,
                time,
            });
            from += time;
            if from == end {
                self.close(from / step, step);
            }
        }
        let whole = to / step;
        if whole > from / step {
            self.append(whole, state, detail);
            from = whole * step;
        }
        if from < to {
            self.open.push(Part {
                state,
                detail,
                time: to - from,
            });
        }
    }

    /// The step under way ends: it goes to the state that is owed most.
    fn close(&mut self, until: u64, step: u64) {
        let signed = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
        for part in &self.open {
            match self.owed.iter_mut().find(|(state, _)| *state == part.state) {
                Some((_, owed)) => *owed = owed.saturating_add(signed(part.time)),
                None => self.owed.push((part.state, signed(part.time))),
            }
        }
        // Of equals the first: the order is that of the events.
        let mut most: Option<(State, i64)> = None;
        for (state, owed) in &self.owed {
            if most.is_none_or(|(_, so_far)| *owed > so_far) {
                most = Some((*state, *owed));
            }
        }
        if let Some((state, _)) = most {
            let parts = self.open.iter().filter(|part| part.state == state);
            let longest = parts.max_by_key(|part| part.time);
            let detail = longest.map_or(DetailId::NONE, |part| part.detail);
            self.append(until, state, detail);
            for (of, owed) in &mut self.owed {
                if *of == state {
                    *owed -= signed(step);
                }
            }
            self.owed.retain(|(_, owed)| *owed != 0);
        }
        self.open.clear();
    }

    fn append(&mut self, until: u64, state: State, detail: DetailId) {
        let until = u32::try_from(until).unwrap_or(u32::MAX);
        match self.segments.last_mut() {
            Some(last) if last.state == state && last.detail == detail => last.until = until,
            _ => self.segments.push(Segment {
                until,
                state,
                detail,
            }),
        }
    }

    /// Takes the same in longer steps.
    pub(super) fn coarsen(&mut self, from: u64, to: u64) {
        let fine = std::mem::take(self);
        for segment in fine.segments {
            let end = u64::from(segment.until).saturating_mul(from);
            self.push(end, (segment.state, segment.detail), to);
        }
        for part in fine.open {
            self.push(self.at + part.time, (part.state, part.detail), to);
        }
    }

    /// The window ends: the step under way is drawn as what takes most of it.
    pub(super) fn finish(&mut self, step: u64) {
        if !self.open.is_empty() {
            self.owed.clear();
            self.close(self.at / step.max(1) + 1, step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::SiteId;

    const WAITS: State = State::Waiting(SiteId(3));

    fn strip(pieces: &[(u64, State)], step: u64) -> Strip {
        let (mut strip, mut at) = (Strip::default(), 0);
        for (length, state) in pieces {
            at += length;
            strip.push(at, (*state, DetailId::NONE), step);
        }
        strip
    }

    fn steps(strip: &Strip, state: State) -> u32 {
        let (mut from, mut sum) = (0, 0);
        for segment in strip.segments() {
            if segment.state == state {
                sum += segment.until - from;
            }
            from = segment.until;
        }
        sum
    }

    #[test]
    fn what_lasts_a_step_is_drawn_as_it_is() {
        let strip = strip(
            &[(30, State::Running), (50, WAITS), (20, State::Queued)],
            10,
        );
        let drawn: Vec<_> = (strip.segments().iter())
            .map(|segment| (segment.until, segment.state))
            .collect();
        assert_eq!(
            drawn,
            [(3, State::Running), (8, WAITS), (10, State::Queued)]
        );
    }

    #[test]
    fn what_is_shorter_than_a_step_has_its_share_of_the_steps() {
        let pieces = [(7, State::Running), (3, WAITS)].repeat(1000);
        let strip = strip(&pieces, 64);
        let (running, waits) = (steps(&strip, State::Running), steps(&strip, WAITS));
        assert_eq!(running + waits, 156);
        assert!(running.abs_diff(109) <= 1, "{running}");
    }

    #[test]
    fn a_step_under_way_goes_on_in_longer_steps() {
        let mut strip = strip(&[(10, State::Running), (7, WAITS)], 10);
        strip.coarsen(10, 20);
        assert_eq!((strip.at, strip.segments().len()), (17, 0));
        strip.push(20, (WAITS, DetailId::NONE), 20);
        assert_eq!(strip.segments().len(), 1);
    }

    #[test]
    fn longer_steps_keep_the_shares_and_what_is_under_way() {
        let pieces = [(75, State::Running), (25, WAITS), (11, State::Queued)].repeat(500);
        let mut strip = strip(&pieces, 1);
        let exact = strip.segments().len();
        strip.coarsen(1, 256);
        assert!(strip.segments().len() * 2 < exact);
        strip.push(strip.at + 512, (State::Running, DetailId::NONE), 256);
        strip.finish(256);
        let all = strip.segments().last().expect("drawn").until;
        assert_eq!(all, (500 * 111 + 512_u32).div_ceil(256));
        let waits = steps(&strip, WAITS);
        assert!(waits.abs_diff(500 * 25 / 256) <= 2, "{waits}");
    }
}
