//! Contexts to stages: where the workers' time went, now that each operation has its stage.

use std::collections::BTreeMap;

use super::client_library::ClientLibrary;
use super::cycle::{Cycle, ItemMark};
use super::inventory::{Actor, Inventory};
use super::slots::{Context, Next, Part, Slots};
use super::stage::{StageName, Stages};
use super::times::Times;
use crate::actors::ActorId;
use crate::classify::{ClassId, OperationId, OperationKind, State, WaitSite};
use crate::row::{Nanos, Verb};

/// One stage of one worker, or of all.
#[derive(Clone, Debug, Default)]
pub struct StageTime {
    /// Its time.
    pub times: Times,
    /// How often something was done, or waited for, by station.
    pub visits: BTreeMap<WaitSite, u64>,
    /// Time running at its edges, which may belong to the neighbour.
    pub edge: Nanos,
    /// Time that went over an edge, to what a client library parses or makes, by an estimate.
    pub estimated: Nanos,
}

/// What one worker did in the window.
#[derive(Clone, Debug, Default)]
pub struct WorkerTotals {
    /// By stage.
    pub stages: BTreeMap<StageName, StageTime>,
    /// Items completed.
    pub items: f64,
    /// How long it lived in the window.
    pub lived: Nanos,
}

/// Which stage a lock is usually had in, by station.
type UsualStages = BTreeMap<WaitSite, StageName>;

/// The stage of what is usually done before an operation.
type UsualBefore = BTreeMap<OperationId, StageName>;

/// What each worker of the cycle did. `lock` gives the station that stands for all words of a lock; the window is
/// looked at as it stands at `at`.
#[must_use]
pub fn worker_totals(
    inventory: &Inventory<'_>,
    stages: &Stages,
    cycle: &Cycle,
    lock: &dyn Fn(WaitSite) -> WaitSite,
    at: Nanos,
) -> BTreeMap<ActorId, WorkerTotals> {
    let resolver = Resolver {
        inventory,
        stages,
        lock,
        is_classified: cycle
            .regular
            .keys()
            .any(|operation| stages.of(*operation).is_some()),
        library: ClientLibrary::of(inventory, cycle),
        usual: UsualStages::new(),
        usual_before: UsualBefore::new(),
    };
    let workers = || {
        let ids = cycle.workers.iter();
        ids.filter_map(|id| inventory.actors.get(id).map(|actor| (*id, actor)))
    };
    let resolver = Resolver {
        usual_before: resolver.usual_before(workers().map(|(_, actor)| actor)),
        ..resolver
    };
    let resolver = Resolver {
        usual: resolver.usual_stages(workers().map(|(_, actor)| actor)),
        ..resolver
    };
    workers()
        .map(|(id, actor)| {
            let totals = WorkerTotals {
                stages: resolver.stages(&actor.slots),
                items: items(inventory, stages, cycle, actor),
                lived: actor.account.lived_at(at),
            };
            (id, totals)
        })
        .collect()
}

/// Items an actor completed.
#[expect(clippy::cast_precision_loss, reason = "a number of operations")]
fn items(inventory: &Inventory<'_>, stages: &Stages, cycle: &Cycle, actor: &Actor<'_>) -> f64 {
    let marks = match cycle.mark {
        None => 0.0,
        Some(ItemMark::Each(operation)) => {
            actor.done.get(&operation).copied().unwrap_or_default() as f64
        }
        Some(ItemMark::WriteBeforeFetch) => {
            crossings(inventory, stages, cycle, actor.slots.transitions.iter())
        }
    };
    marks / f64::from(cycle.times.max(1))
}

/// How often writing went over to fetching, by the operations that take part in most iterations. What happens now and then in
/// between is passed over: it is left as often as it is come to, in like parts.
#[expect(clippy::cast_precision_loss, reason = "a number of operations")]
pub fn crossings<'t>(
    inventory: &Inventory<'_>,
    stages: &Stages,
    cycle: &Cycle,
    transitions: impl Iterator<Item = (&'t (OperationId, OperationId), &'t u64)>,
) -> f64 {
    #[derive(Clone, Copy, PartialEq)]
    enum Side {
        Start,
        Fetch,
        Write,
        Rare,
    }
    let side = |id: OperationId| {
        let id = inventory.canonical(id);
        match stages.of(id) {
            _ if id == OperationId::NONE => Side::Start,
            Some(StageName::Fetch) if cycle.regular.contains_key(&id) => Side::Fetch,
            Some(StageName::Write) if cycle.regular.contains_key(&id) => Side::Write,
            _ => Side::Rare,
        }
    };
    let (mut direct, mut write_to_rare, mut rare_to_fetch, mut from_rare) = (0.0, 0.0, 0.0, 0.0);
    for ((one, next), count) in transitions {
        let count = *count as f64;
        match (side(*one), side(*next)) {
            (Side::Write, Side::Fetch) => direct += count,
            (Side::Write, Side::Rare) => write_to_rare += count,
            (Side::Rare, Side::Rare) => {}
            (Side::Rare, next) => {
                from_rare += count;
                if next == Side::Fetch {
                    rare_to_fetch += count;
                }
            }
            _ => {}
        }
    }
    if from_rare > 0.0 {
        direct += write_to_rare * rare_to_fetch / from_rare;
    }
    direct
}

/// A share of a stretch, 0 to 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a length is no longer than that"
)]
fn part(length: Nanos, share: f64) -> Nanos {
    Nanos((1e9 * length.seconds() * share) as u64)
}

struct Resolver<'a> {
    inventory: &'a Inventory<'a>,
    stages: &'a Stages,
    lock: &'a dyn Fn(WaitSite) -> WaitSite,
    /// The work has operations of known stage; else running is computing and the rest is coordination.
    is_classified: bool,
    library: ClientLibrary,
    usual: UsualStages,
    usual_before: UsualBefore,
}

impl Resolver<'_> {
    fn station(&self, site: crate::classify::SiteId) -> WaitSite {
        self.inventory
            .station(self.inventory.classifier.sites.get(site))
    }

    /// In which stage each lock is had most often, as far as that is seen.
    fn usual_stages<'a>(&self, workers: impl Iterator<Item = &'a Actor<'a>>) -> UsualStages {
        let mut visits: BTreeMap<WaitSite, BTreeMap<StageName, u64>> = BTreeMap::new();
        for actor in workers {
            for ((context, site), count) in &actor.slots.visits {
                if !matches!(context.next, Next::Lock(_)) {
                    let by_stage = visits.entry((self.lock)(self.station(*site))).or_default();
                    *by_stage.entry(self.stage(*context)).or_default() += count;
                }
            }
        }
        let most = |by_stage: BTreeMap<StageName, u64>| {
            by_stage
                .into_iter()
                .max_by_key(|(_, count)| *count)
                .map(|(stage, _)| stage)
        };
        visits
            .into_iter()
            .filter_map(|(site, by_stage)| most(by_stage).map(|stage| (site, stage)))
            .collect()
    }

    /// What was done before the first operation that is seen of a worker is what mostly is.
    fn usual_before<'a>(&self, workers: impl Iterator<Item = &'a Actor<'a>>) -> UsualBefore {
        let mut counts: BTreeMap<OperationId, BTreeMap<StageName, u64>> = BTreeMap::new();
        for actor in workers {
            for ((one, next), count) in &actor.slots.transitions {
                if let Some(stage) = self.stages.of(*one) {
                    let by_stage = counts.entry(*next).or_default();
                    *by_stage.entry(stage).or_default() += count;
                }
            }
        }
        let most = |by_stage: BTreeMap<StageName, u64>| {
            let most = by_stage.into_iter().max_by_key(|(_, count)| *count);
            most.map(|(stage, _)| stage)
        };
        counts
            .into_iter()
            .filter_map(|(next, by_stage)| most(by_stage).map(|stage| (next, stage)))
            .collect()
    }

    fn before(&self, context: Context) -> Option<StageName> {
        match context.next {
            Next::Operation(next) if context.before == OperationId::NONE => {
                self.usual_before.get(&next).copied()
            }
            _ => self.stages.of(context.before),
        }
    }

    fn stages(&self, slots: &Slots) -> BTreeMap<StageName, StageTime> {
        let mut out: BTreeMap<StageName, StageTime> = BTreeMap::new();
        for ((context, state), length) in &slots.times {
            let name = self.stage_in(*context, *state);
            for (name, length) in self.parts(*context, *state, (name, *length), &mut out) {
                let stage = out.entry(name).or_default();
                match state {
                    State::Absent => {}
                    State::Unknown => stage.times.unknown += length,
                    State::Running => stage.times.run += length,
                    State::Queued => stage.times.queued += length,
                    State::Stopped => stage.times.stopped += length,
                    State::Waiting(site) => {
                        let station = self.station(*site);
                        *stage.times.blocked.entry(station).or_default() += length;
                    }
                }
            }
            if *state == State::Running && context.part == Part::Between {
                self.add_edges(*context, *length, &mut out);
            }
        }
        for ((context, site), count) in &slots.visits {
            let visits = &mut out.entry(self.stage(*context)).or_default().visits;
            *visits.entry(self.station(*site)).or_default() += count;
        }
        out
    }

    /// The stages of time on or for a CPU: what a client library does of transform belongs to the stages at its sides, half to each.
    fn parts(
        &self,
        context: Context,
        state: State,
        (name, length): (StageName, Nanos),
        out: &mut BTreeMap<StageName, StageTime>,
    ) -> Vec<(StageName, Nanos)> {
        let is_computing = matches!(state, State::Running | State::Queued);
        let sides = (self.before(context), self.next(context));
        let (StageName::Transform, (Some(before), Some(after)), true) = (name, sides, is_computing)
        else {
            return vec![(name, length)];
        };
        let side = part(length, self.library.share(self.inventory, context) / 2.0);
        let own = length - side - side;
        for (stage, moved) in [(before, side), (name, side + side), (after, side)] {
            out.entry(stage).or_default().estimated += moved;
        }
        vec![(before, side), (name, own), (after, side)]
    }

    /// The stage of time in this state. Of the call in which a window finds a worker that call is told by the wait itself.
    fn stage_in(&self, context: Context, state: State) -> StageName {
        let sites = &self.inventory.classifier.sites;
        match state {
            State::Waiting(site)
                if context.before == OperationId::NONE
                    && sites.get(site).operation != OperationId::NONE =>
            {
                self.stage_after(None, context)
            }
            State::Waiting(site)
                if !matches!(context.part, Part::Frame(_))
                    && self.is_frame(sites.get(site).operation) =>
            {
                // What frames others, or takes a lock for them, belongs to what it is done for.
                self.next(context).unwrap_or_else(|| self.stage(context))
            }
            _ => self.stage(context),
        }
    }

    /// The next operation is one at this peer.
    fn leads_to(&self, context: Context, peer: ClassId) -> bool {
        match context.next {
            Next::Operation(next) => self.is_at(next, peer),
            Next::Lock(_) | Next::Unseen => false,
        }
    }

    fn is_at(&self, operation: OperationId, class: ClassId) -> bool {
        let at = self.inventory.operation(operation).map(|of| of.class);
        at == Some(class)
    }

    /// An operation that was seen, and not refused.
    fn is_done(&self, operation: OperationId) -> bool {
        let kind = self.inventory.operation(operation).map(|of| of.kind);
        kind.is_some_and(|kind| !matches!(kind, OperationKind::Refused(_)))
    }

    fn is_frame(&self, operation: OperationId) -> bool {
        let kind = self.inventory.operation(operation).map(|of| of.kind);
        kind == Some(OperationKind::Request(Verb::SqlOther))
    }

    /// Computing between two stages may belong to either.
    fn add_edges(&self, context: Context, run: Nanos, out: &mut BTreeMap<StageName, StageTime>) {
        let (before, after) = (self.stages.of(context.before), self.next(context));
        if before != after {
            for side in [before, after].into_iter().flatten() {
                out.entry(side).or_default().edge += run;
            }
        }
    }

    fn next(&self, context: Context) -> Option<StageName> {
        match context.next {
            Next::Unseen => None,
            Next::Operation(operation) => self.stages.of(operation),
            Next::Lock(site) => self.usual.get(&(self.lock)(self.station(site))).copied(),
        }
    }

    /// The stage of a context.
    ///
    /// - A lock belongs to what is done once it is had; a section that ends before the next operation belongs where it is.
    /// - A sleep belongs to the operation before it; one between fetch and write is transform, unless the fetch was refused.
    /// - A request that only frames others belongs to those at its peer: what follows it, or else what came before.
    /// - Computing between fetch and write is transform; before the next fetch it belongs to that fetch.
    /// - Where a window begins, what came before is taken to be what usually does.
    fn stage(&self, context: Context) -> StageName {
        self.stage_after(self.before(context), context)
    }

    fn stage_after(&self, before: Option<StageName>, context: Context) -> StageName {
        use StageName::{Fetch, Other, Transform, Write};
        let after = self.next(context);
        match context.part {
            Part::Inside => after.unwrap_or(Other),
            Part::Asleep => match (before, after) {
                (Some(Fetch), Some(Write)) if self.is_done(context.before) => Transform,
                _ => before.or(after).unwrap_or(Other),
            },
            Part::Frame(peer)
                if self.is_at(context.before, peer) && !self.leads_to(context, peer) =>
            {
                before.or(after).unwrap_or(Other)
            }
            Part::Frame(_) => after.or(before).unwrap_or(Other),
            Part::Framed(peer) if self.leads_to(context, peer) => after.unwrap_or(Other),
            Part::Between | Part::Framed(_) => match (before, after) {
                _ if !self.is_classified => Transform,
                (Some(Fetch), Some(Write) | None) => Transform,
                (_, Some(after)) => after,
                (Some(before), None) => before,
                (None, None) => Transform,
            },
            Part::Locked if after.is_some() => after.unwrap_or(Other),
            Part::Locked | Part::Section => match (before, after) {
                _ if !self.is_classified => Other,
                (Some(Fetch), Some(Write)) => Transform,
                // The work has no writes of its own: what it does under a lock after fetching is its output.
                (Some(Fetch), Some(Fetch)) => Write,
                (Some(before), _) => before,
                (None, Some(after)) => after,
                (None, None) => Other,
            },
        }
    }
}
