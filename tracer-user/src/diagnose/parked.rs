//! Time that tasks spend inside their process, shared out over the places at which their runtime shows them.
//!
//! From outside such time is one: from a reply to the next request, and all of the time of tasks that have no request at all. By
//! Little's law the mean number of tasks at a place, times the window, is the time they spend there. Where the places together have
//! less than was seen from outside, the rest stays where it is: for what is not known.

use std::collections::BTreeMap;

use super::findings::Findings;
use crate::classify::{ClassId, ResourceClasses, SeenPlace, SeenWorkers, WaitKind, WaitSite};
use crate::row::{Nanos, ResourceId};
use crate::work::{StageName, StageTime, Times};

/// Numbers of tasks by looks and by what is seen all the while differ by this share at most, where they are of the same tasks.
const BETWEEN_LOOKS: f64 = 0.1;

/// Where parked time goes.
#[derive(Clone, Debug, Default)]
pub(super) struct Parked {
    /// Shares of it, 0 to 1, that add up to 1 at most.
    shares: Vec<(WaitSite, f64)>,
}

/// The wait site of tasks of which nothing tells what they wait for.
pub(super) fn anywhere(classes: &ResourceClasses) -> WaitSite {
    let class = classes.known(ResourceId(0)).unwrap_or_default();
    WaitSite::plain(WaitKind::Parked, class)
}

fn at(class: ClassId) -> WaitSite {
    WaitSite::plain(WaitKind::Parked, class)
}

impl Parked {
    /// The shares of parked time that lies at the places of what is shown; `tasks` is how many are parked on average.
    #[must_use]
    pub(super) fn of(shown: Option<&SeenWorkers>, tasks: f64) -> Self {
        let places = shown.map_or(&[][..], |shown| &shown.places);
        let inside = places.iter().filter(|place| place.sort.is_inside());
        let all: f64 = inside.clone().map(|place| place.mean).sum();
        // What both tell differs by what changes between looks.
        let is_all = all >= (1.0 - BETWEEN_LOOKS) * tasks;
        let of = if is_all { all } else { tasks }.max(1e-9);
        Self {
            shares: inside
                .map(|place| (at(place.class), place.mean / of))
                .collect(),
        }
    }

    /// Shares out what is at `anywhere`.
    pub(super) fn share_out(&self, times: &mut Times, anywhere: WaitSite) {
        let Some(all) = times.blocked.remove(&anywhere) else {
            return;
        };
        let mut rest = all;
        for (site, share) in &self.shares {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a share of a time"
            )]
            let part = Nanos((all.0 as f64 * share) as u64).min(rest);
            *times.blocked.entry(*site).or_default() += part;
            rest = rest.since(part);
        }
        let all: f64 = self.shares.iter().map(|(_, share)| share).sum();
        if let Some((heaviest, _)) = self.shares.first().filter(|_| all > 1.0 - 1e-9) {
            // What is left is of rounding.
            *times.blocked.entry(*heaviest).or_default() += rest;
        } else if rest > Nanos::ZERO {
            *times.blocked.entry(anywhere).or_default() += rest;
        }
    }

    /// The same in all stages.
    pub(super) fn share_out_stages(
        &self,
        stages: &mut BTreeMap<StageName, StageTime>,
        anywhere: WaitSite,
    ) {
        for stage in stages.values_mut() {
            self.share_out(&mut stage.times, anywhere);
        }
    }

    /// The places.
    pub(super) fn sites(&self) -> impl Iterator<Item = WaitSite> {
        self.shares.iter().map(|(site, _)| *site)
    }

    /// Shares of the time at `anywhere` that lie elsewhere.
    pub(super) fn shares(&self) -> &[(WaitSite, f64)] {
        &self.shares
    }
}

impl Findings<'_> {
    /// What a runtime shows of a place at which tasks wait; `None`: it is none.
    #[must_use]
    pub fn place(&self, site: WaitSite) -> Option<&SeenPlace> {
        let shown = self
            .shown
            .as_ref()
            .filter(|_| site.kind == WaitKind::Parked)?;
        let mut places = shown.places.iter();
        places.find(|place| place.class == site.class && place.sort.is_inside())
    }

    /// The program has other tasks, of which its workers may wait for what they give.
    #[must_use]
    pub fn has_other_tasks(&self) -> bool {
        /// Fewer than this give nothing.
        const ALONE: f64 = 0.1;
        self.shown
            .as_ref()
            .is_some_and(|shown| shown.others.iter().map(|of| of.at_work).sum::<f64>() >= ALONE)
    }

    /// Of the tasks that are in the function which leads to a place, those that are not there: whoever has what is waited for is among
    /// them. What most of them do, and how many they are on average.
    #[must_use]
    pub fn beyond(&self, place: &SeenPlace) -> Option<(&SeenPlace, f64)> {
        let inside = place.inside.first()?;
        let shown = self.shown.as_ref()?;
        let others = shown
            .places
            .iter()
            .filter(|other| other.class != place.class && other.inside.contains(inside));
        let all = others.clone().map(|other| other.mean).sum();
        let most = others.max_by(|a, b| a.mean.total_cmp(&b.mean))?;
        Some((most, all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Sort;

    fn shown(places: &[(Sort, u32, f64)]) -> SeenWorkers {
        let place = |(sort, class, mean): &(Sort, u32, f64)| SeenPlace {
            sort: *sort,
            class: ClassId(*class),
            inside: Vec::new(),
            slots: 0,
            mean: *mean,
        };
        SeenWorkers {
            runs: "worker".to_owned(),
            count: places.iter().map(|(.., mean)| mean).sum(),
            looks: 200,
            others: Vec::new(),
            places: places.iter().map(place).collect(),
        }
    }

    /// Seconds at each class, of so many that were parked; 9 is anywhere.
    fn check(places: &[(Sort, u32, f64)], tasks: f64, parked: u64, expect: &[(u32, u64)]) {
        let mut times = Times::default();
        times
            .blocked
            .insert(at(ClassId(9)), Nanos(parked * 1_000_000_000));
        let before = times.total();
        Parked::of(Some(&shown(places)), tasks).share_out(&mut times, at(ClassId(9)));
        assert_eq!(times.total(), before, "no time comes or goes");
        let found: Vec<_> = times
            .blocked
            .iter()
            .map(|(site, time)| (site.class.0, time.0))
            .collect();
        let expect: Vec<_> = expect
            .iter()
            .map(|(class, s)| (*class, s * 1_000_000_000))
            .collect();
        assert_eq!(found, expect, "{places:?}");
    }

    #[test]
    fn parked_time_is_shared_out_and_none_is_made() {
        let lock = (Sort::Lock, 1, 29.0);
        let sleep = (Sort::Timer, 2, 1.0);
        let network = (Sort::Network, 3, 2.0);
        // As many are parked as the runtime shows at places.
        check(&[lock, sleep, network], 30.0, 300, &[(1, 290), (2, 10)]);
        // More are: of the rest nobody knows what for.
        check(
            &[lock, sleep, network],
            58.0,
            580,
            &[(1, 290), (2, 10), (9, 280)],
        );
        // A few more: what was looked at now and then is less exact.
        check(&[lock, sleep, network], 31.0, 300, &[(1, 290), (2, 10)]);
        // Fewer are: both views are taken to be of the same tasks.
        check(&[lock, sleep], 15.0, 150, &[(1, 145), (2, 5)]);
        check(&[network], 15.0, 150, &[(9, 150)]);
    }

    #[test]
    fn without_a_runtime_nothing_is_shared_out() {
        let mut times = Times::default();
        times.blocked.insert(at(ClassId(9)), Nanos(7));
        let before = times.clone();
        Parked::of(None, 3.0).share_out(&mut times, at(ClassId(9)));
        assert_eq!(times, before);
    }
}
