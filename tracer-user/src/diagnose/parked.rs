//! Time that tasks spend inside their process, shared out over the places at which their runtime shows them.
//!
//! From outside such time is one: from a reply to the next request, and all of the time of tasks that have no request at all. By
//! Little's law the mean number of tasks at a place, times the window, is the time they spend there. Where the places together have
//! less than was seen from outside, the rest may be that of tasks which the runtime shows to be ready and without a thread: a task that
//! its runtime takes off a thread to let others run is seen to do nothing. What is left then stays where it is: for what is not known.

use std::collections::BTreeMap;

use super::findings::Findings;
use crate::classify::{ClassId, ResourceClasses, SeenPlace, SeenWorkers, Sort, WaitKind, WaitSite};
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

/// The wait site of tasks that wait for the threads which carry them.
fn for_carriers(anywhere: WaitSite) -> WaitSite {
    WaitSite::plain(WaitKind::Carrier, anywhere.class)
}

impl Parked {
    /// The shares of parked time that lies at the places of what is shown; `tasks` is how many are parked on average.
    #[must_use]
    pub(super) fn of(shown: Option<&SeenWorkers>, tasks: f64, anywhere: WaitSite) -> Self {
        let places = shown.map_or(&[][..], |shown| &shown.places);
        let inside = places.iter().filter(|place| place.sort.is_inside());
        let waiting: f64 = inside.clone().map(|place| place.mean).sum();
        let ready = places.iter().filter(|place| place.sort == Sort::Ready);
        let ready: f64 = ready.map(|place| place.mean).sum();
        // Of those that are ready some have a reply to read, and are seen from outside to wait for it.
        let ready = ready.min((tasks - waiting).max(0.0));
        let all = waiting + ready;
        // What both tell differs by what changes between looks.
        let is_all = all >= (1.0 - BETWEEN_LOOKS) * tasks;
        let of = if is_all { all } else { tasks }.max(1e-9);
        let mut shares: Vec<(WaitSite, f64)> = inside
            .map(|place| (at(place.class), place.mean / of))
            .collect();
        if ready > 0.0 {
            shares.push((for_carriers(anywhere), ready / of));
        }
        Self { shares }
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

    /// The places at which tasks wait.
    pub(super) fn sites(&self) -> impl Iterator<Item = WaitSite> {
        let sites = self.shares.iter().map(|(site, _)| *site);
        sites.filter(|site| site.kind == WaitKind::Parked)
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

    /// Stands for the threads that carry tasks.
    const CARRIERS: u32 = 100;

    /// Seconds at each class, of so many that were parked; 9 is anywhere.
    fn check(places: &[(Sort, u32, f64)], tasks: f64, parked: u64, expect: &[(u32, u64)]) {
        let mut times = Times::default();
        times
            .blocked
            .insert(at(ClassId(9)), Nanos(parked * 1_000_000_000));
        let before = times.total();
        let anywhere = at(ClassId(9));
        Parked::of(Some(&shown(places)), tasks, anywhere).share_out(&mut times, anywhere);
        assert_eq!(times.total(), before, "no time comes or goes");
        let number = |site: &WaitSite| match site.kind {
            WaitKind::Carrier => CARRIERS,
            _ => site.class.0,
        };
        let mut found: Vec<_> = times
            .blocked
            .iter()
            .map(|(site, time)| (number(site), time.0))
            .collect();
        found.sort_unstable();
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
    fn tasks_that_are_ready_have_what_no_place_has_and_no_more() {
        let lock = (Sort::Lock, 1, 5.0);
        let ready = (Sort::Ready, 2, 10.0);
        // Their runtime has taken them off their threads.
        check(&[ready], 10.0, 100, &[(CARRIERS, 100)]);
        check(&[lock, ready], 15.0, 150, &[(1, 50), (CARRIERS, 100)]);
        // Most of them have a reply to read, and are seen to.
        check(&[lock, ready], 7.0, 70, &[(1, 50), (CARRIERS, 20)]);
        check(&[lock, ready], 5.0, 50, &[(1, 50)]);
        // More are parked than are ready: of the rest nobody knows what for.
        check(&[ready], 30.0, 300, &[(9, 200), (CARRIERS, 100)]);
    }

    #[test]
    fn without_a_runtime_nothing_is_shared_out() {
        let mut times = Times::default();
        times.blocked.insert(at(ClassId(9)), Nanos(7));
        let before = times.clone();
        let anywhere = at(ClassId(9));
        Parked::of(None, 3.0, anywhere).share_out(&mut times, anywhere);
        assert_eq!(times, before);
    }
}
