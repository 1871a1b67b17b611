//! What the findings say of a station: its lock statistics, its visits, who ended the waits at it.

use std::collections::{BTreeMap, BTreeSet};

use super::findings::Findings;
use crate::actors::ActorId;
use crate::blame::{Figures, InFlight, LockStats, Part, Visit, figures};
use crate::classify::{ClassId, WaitKind, WaitSite};
use crate::row::{Nanos, Pid, ResourceId, StatementId};
use crate::scaling::{FOLLOWS, SharingEstimate, StationSamples, estimate_sharing};

/// Visits that the window cuts off are the long ones. When all of them are longer on average, by Little's law, than those seen
/// whole by more than this factor, those seen whole do not stand for all: a tenth is within what a mean of some tens varies by.
const LIKE_ALL: f64 = 1.1;

/// Who ended waits, by sort.
#[derive(Clone, Debug, Default)]
pub struct Wakers {
    /// Workers.
    pub workers: u64,
    /// Other threads of the target, local peers, and strangers.
    pub others: BTreeMap<ActorId, u64>,
    /// Interrupts, timers, the network, or nobody seen.
    pub nobody: u64,
}

impl Findings<'_> {
    /// A lock's statistics.
    #[must_use]
    pub fn lock(&self, site: WaitSite) -> Option<&LockStats> {
        match site.kind {
            WaitKind::FileLock => self.groups.file(site.class),
            WaitKind::KernelLock => self.groups.kernel(site.class),
            _ => self.groups.stats(site.class),
        }
    }

    /// The locks waited for in a process, heaviest first.
    #[must_use]
    pub fn locks_in(&self, pid: Pid) -> Vec<(WaitSite, &LockStats)> {
        let futexes = self.groups.all();
        let files = self.groups.all_files();
        let mut list: Vec<(WaitSite, &LockStats)> = futexes
            .map(|(lock, of)| (WaitSite::plain(WaitKind::Futex, lock), of))
            .chain(files.map(|(file, of)| (WaitSite::plain(WaitKind::FileLock, file), of)))
            .filter(|(_, of)| of.pid == pid)
            .collect();
        list.sort_by_key(|(site, of)| (std::cmp::Reverse(of.waiting), *site));
        list
    }

    /// The workers' visits to some stations, with those under way, in order of their ends.
    #[must_use]
    pub fn visits(&self, stations: &[WaitSite]) -> Vec<Visit> {
        let visits = self.visits_by_site(|site| stations.contains(&self.inventory.station(site)));
        visits.into_iter().map(|(_, visit)| visit).collect()
    }

    /// The same of one station, each with the statement that it asked for; none: it is not known.
    pub(super) fn visits_by_statement(&self, station: WaitSite) -> Vec<(StatementId, Visit)> {
        let visits = self.visits_by_site(|site| self.inventory.station(site) == station);
        let statement = |site: WaitSite| {
            let operation = self.inventory.operation(site.operation);
            operation.map_or(StatementId::NONE, |operation| operation.statement)
        };
        let with_statement = |(site, visit)| (statement(site), visit);
        visits.into_iter().map(with_statement).collect()
    }

    fn visits_by_site(&self, is_asked: impl Fn(WaitSite) -> bool) -> Vec<(WaitSite, Visit)> {
        let is_worker = |visit: &Visit| self.workers.contains_key(&visit.actor);
        let kept = self.collector.visits.iter();
        let kept = kept
            .filter(|(site, _)| is_asked(**site))
            .flat_map(|(site, visits)| visits.iter().map(|visit| (*site, *visit)));
        let heads = self.heads.iter().copied();
        let heads = heads.filter(|(site, _)| is_asked(*site));
        let all = kept.chain(heads);
        let mut visits: Vec<_> = all.filter(|(_, visit)| is_worker(visit)).collect();
        visits.sort_by_key(|(site, visit)| (visit.end, visit.start, visit.actor, *site));
        visits
    }

    /// Bytes that the target sends to a peer and is sent by it.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "bytes of one window")]
    pub fn bytes(&self, peer: ClassId) -> f64 {
        let totals = self.inventory.totals(peer);
        let all = totals.into_iter().flat_map(|totals| totals.bytes.values());
        all.map(|(out, inward)| (out + inward) as f64).sum()
    }

    /// Time in which at least one worker has a visit at a wait site, s.
    #[must_use]
    pub fn present(&self, site: WaitSite) -> f64 {
        self.present_at(&[site])
    }

    /// Time in which at least one worker has a visit at one of these wait sites, s.
    #[must_use]
    pub fn present_at(&self, sites: &[WaitSite]) -> f64 {
        let mut visits = self.visits(sites);
        visits.sort_by_key(|visit| visit.start);
        let (mut present, mut until) = (Nanos::ZERO, Nanos::ZERO);
        for visit in visits {
            let start = visit.start.max(self.meta.opened);
            present += visit.end.since(start.max(until));
            until = until.max(visit.end);
        }
        present.seconds()
    }

    /// How many sockets on which the workers had requests to a peer there were at once: where connections come and go, those that are
    /// gone are not counted with those that came after them.
    #[must_use]
    pub fn sockets(&self, peer: ClassId) -> usize {
        let mut lasted: BTreeMap<ResourceId, Visit> = BTreeMap::new();
        let all = self.collector.sockets.get(&peer).into_iter().flatten();
        for ((socket, actor), used) in all.filter(|((_, who), _)| self.workers.contains_key(who)) {
            let whole = lasted.entry(*socket).or_insert(Visit {
                start: used.first,
                end: used.last,
                actor: *actor,
                part: Part::Whole,
            });
            (whole.start, whole.end) = (whole.start.min(used.first), whole.end.max(used.last));
        }
        let lasted: Vec<Visit> = lasted.into_values().collect();
        InFlight::of(&lasted, self.meta.opened, self.until()).most
    }

    /// The peer of the workers to which most commands go before the reply to the one before has come, and the share of its commands that do,
    /// 0 to 1; `None`: there is none to which most of them do, or how many workers there are is known.
    #[must_use]
    pub fn pipelined(&self) -> Option<(ClassId, f64)> {
        /// Most of them: who sends a command and waits for its reply sends none ahead.
        const MOST: f64 = 0.5;
        if self.is_counted() {
            return None;
        }
        let requests = &self.inventory.classifier.requests;
        let of_peer = |(peer, sockets): (&ClassId, &BTreeMap<(ResourceId, ActorId), _>)| {
            let theirs = sockets
                .keys()
                .filter(|(_, who)| self.workers.contains_key(who));
            let sockets: BTreeSet<ResourceId> = theirs.map(|(socket, _)| *socket).collect();
            let commands = sockets.iter().map(|socket| requests.commands(*socket));
            let (all, ahead) = commands.fold((0, 0), |sum, of| (sum.0 + of.all, sum.1 + of.ahead));
            (ahead, all, *peer)
        };
        let all = self.collector.sockets.iter().map(of_peer);
        let (ahead, all, peer) = all.max()?;
        #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
        let share = ahead as f64 / all.max(1) as f64;
        (share > MOST).then_some((peer, share))
    }

    /// Who ended the workers' waits at a station: workers, others by how often, and nobody seen.
    #[must_use]
    pub fn wakers(&self, site: WaitSite) -> Wakers {
        let mut sum = Wakers::default();
        for (at, wakers) in &self.collector.wakers {
            if self.lock_site(self.inventory.station(*at)) != site {
                continue;
            }
            sum.nobody += wakers.nobody;
            for (actor, count) in &wakers.by {
                if self.workers.contains_key(actor) {
                    sum.workers += count;
                } else {
                    *sum.others.entry(*actor).or_default() += count;
                }
            }
        }
        sum
    }

    /// The visits to a wait site, and what they say.
    #[must_use]
    pub fn reading(&self, sites: &[WaitSite]) -> Option<(SharingEstimate, Figures)> {
        let (reading, seen) = self.reading_alone(sites)?;
        if !reading.even || !self.is_paced(sites, &seen) {
            return Some((reading, seen));
        }
        let reading = estimate_sharing(&StationSamples {
            follows: 1.0,
            ..self.samples(&seen)
        });
        Some((reading, seen))
    }

    /// Evenness comes from one station of a closed loop and goes through the others, which only add to the variation: replies of
    /// another peer are more even, as frequent, and not spaced as its own requests are.
    fn is_paced(&self, sites: &[WaitSite], seen: &Figures) -> bool {
        /// Rates of stations that every item goes through as often differ by what is under way at the ends of the window.
        const AS_FREQUENT: f64 = 0.1;
        let all = self.sites().into_iter().map(|(site, _)| site);
        let others = all.filter(|site| site.kind == WaitKind::Request && !sites.contains(site));
        others
            .filter_map(|site| self.reading_alone(&[site]))
            .any(|(_, of)| {
                let as_frequent = (of.rate - seen.rate).abs() <= AS_FREQUENT * seen.rate;
                as_frequent && of.follows < FOLLOWS && of.gap_variation < seen.gap_variation
            })
    }

    fn samples(&self, seen: &Figures) -> StationSamples {
        StationSamples {
            customers: self.count(),
            count: seen.count,
            rate: seen.rate,
            mean: seen.mean,
            low: seen.low,
            others: (seen.others, seen.others_spread),
            elasticity: seen.elasticity,
            alone: seen.alone,
            gaps: (seen.gap_variation, seen.small_gaps, seen.in_order),
            follows: seen.follows,
        }
    }

    /// What the visits to a wait site say by themselves.
    fn reading_alone(&self, sites: &[WaitSite]) -> Option<(SharingEstimate, Figures)> {
        let mut seen = figures(&self.visits(sites));
        if seen.count == 0 {
            return None;
        }
        seen.count = self.visits_in_all(sites, seen.count);
        // Visits that the window cuts off are the long ones. Little's law holds for all of them: mean length = time present
        // / completions.
        let present: f64 = sites.iter().map(|site| self.blocked(*site)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
        let mean = present / seen.count as f64;
        let stand_for_all = mean <= LIKE_ALL * seen.mean;
        if mean > seen.mean {
            seen.mean = mean;
            seen.others = (present / self.window().max(1e-9) - 1.0).max(seen.others);
        }
        if !stand_for_all {
            (seen.elasticity, seen.alone) = (None, (0, 0.0));
            seen.low = seen.low.clamp(0.0, seen.mean);
        }
        let reading = estimate_sharing(&self.samples(&seen));
        Some((reading, seen))
    }

    /// Whether requests of these threads, which are no workers, take longer at a station the more of them are there; `None`: that cannot be
    /// told.
    pub(super) fn sharing_among(&self, threads: &[ActorId], station: WaitSite) -> Option<bool> {
        let visits = self.collector.visits.iter();
        let visits = visits.filter(|(site, _)| self.inventory.station(**site) == station);
        let visits = visits.flat_map(|(_, visits)| visits.iter().copied());
        let mut visits: Vec<Visit> = visits
            .filter(|visit| threads.contains(&visit.actor))
            .collect();
        visits.sort_by_key(|visit| (visit.end, visit.start, visit.actor));
        let seen = figures(&visits);
        #[expect(clippy::cast_precision_loss, reason = "a number of threads")]
        let customers = threads.len() as f64;
        estimate_sharing(&StationSamples {
            customers,
            ..self.samples(&seen)
        })
        .shared
    }

    /// How many visits there were to stations of which so many were kept.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "numbers of visits"
    )]
    pub(super) fn visits_in_all(&self, sites: &[WaitSite], kept: u64) -> u64 {
        let factors = sites
            .iter()
            .map(|site| self.collector.visits.for_each_kept(*site));
        (kept as f64 * factors.fold(1.0, f64::max)).round() as u64
    }

    /// How the workers' requests to a station are under way, as far as its visits were kept.
    #[must_use]
    pub fn in_flight_at(&self, site: WaitSite) -> InFlight {
        let mut visits = self.visits(&[site]);
        let mut until = self.until();
        if self.collector.visits.for_each_kept(site) > 1.0 {
            visits.retain(|visit| visit.part.is_served());
            until = visits.last().map_or(until, |visit| visit.end);
        }
        InFlight::of(&visits, self.meta.opened, until)
    }

    /// How many exchanges a worker has under way at once while it has any. More than one: its thread carries several lanes.
    #[must_use]
    pub fn in_flight(&self) -> f64 {
        let mut by_actor: BTreeMap<ActorId, Vec<Visit>> = BTreeMap::new();
        let requests: Vec<WaitSite> = self
            .sites()
            .into_iter()
            .map(|(site, _)| site)
            .filter(|site| site.kind == WaitKind::Request)
            .collect();
        for visit in self.visits(&requests) {
            if visit.part.begins() {
                by_actor.entry(visit.actor).or_default().push(visit);
            }
        }
        let (mut present, mut busy) = (Nanos::ZERO, Nanos::ZERO);
        for visits in by_actor.values_mut() {
            visits.sort_by_key(|visit| visit.start);
            let mut until = Nanos::ZERO;
            for visit in visits {
                present += visit.end.since(visit.start);
                busy += visit.end.since(visit.start.max(until));
                until = until.max(visit.end);
            }
        }
        if busy == Nanos::ZERO {
            1.0
        } else {
            present.seconds() / busy.seconds()
        }
    }
}
