//! Scripted workloads through the stations up to here.

mod items;
mod stages;
mod times;
mod workers;

use std::collections::BTreeMap;

use super::{Crew, Cycle, Inventory, Recorder, StageName, Stages, Times, WorkerTotals};
use crate::actors::{ActorId, of_thread};
use crate::classify::replay::replay;
use crate::classify::{Classifier, WaitKind};
use crate::row::{MemorySource, Nanos};
use crate::script;

/// What the recorder has of a trace.
struct Recorded {
    classifier: Classifier,
    recorder: Recorder,
    opened: Nanos,
    closed: Nanos,
}

impl Recorded {
    fn of(source: &MemorySource) -> Self {
        let mut recorder = Recorder::new(source.meta.opened, Vec::new());
        let classifier = replay(source, &mut |event, classifier| {
            recorder.record(&of_thread(event), classifier);
        });
        Self {
            classifier,
            recorder,
            opened: source.meta.opened,
            closed: source.meta.closed,
        }
    }

    fn inventory(&self) -> Inventory<'_> {
        Inventory::at(
            &self.classifier,
            &self.recorder,
            &std::collections::BTreeSet::new(),
            self.closed,
        )
    }
}

/// What the workers did.
struct Work {
    cycle: Cycle,
    workers: BTreeMap<ActorId, WorkerTotals>,
    window: Nanos,
}

impl Work {
    fn of(text: &str) -> Self {
        Self::in_trace(&script::workload(text))
    }

    fn in_trace(source: &MemorySource) -> Self {
        let recorded = Recorded::of(source);
        let inventory = recorded.inventory();
        let stages = Stages::find(&inventory);
        let window = recorded.closed - recorded.opened;
        let crew = Crew::find(&inventory, &stages, window);
        let cycle = Cycle::find(&inventory, &stages, crew);
        let workers =
            super::worker_totals(&inventory, &stages, &cycle, &|site| site, recorded.closed);
        Self {
            cycle,
            workers,
            window,
        }
    }

    /// Names of the workers' threads by number, as in `200..=207`.
    fn tids(list: &[ActorId]) -> Vec<u32> {
        list.iter()
            .filter_map(|id| id.tid())
            .map(|tid| tid.0)
            .collect()
    }

    fn items(&self) -> f64 {
        self.workers.values().map(|worker| worker.items).sum()
    }

    fn rate(&self) -> f64 {
        self.items() / self.window.seconds()
    }

    /// All workers' time in a stage.
    fn stage(&self, name: StageName) -> Times {
        let mut sum = Times::default();
        let stages = self
            .workers
            .values()
            .filter_map(|worker| worker.stages.get(&name));
        stages.for_each(|stage| sum.merge(&stage.times));
        sum
    }

    /// Seconds blocked in a kind of wait in a stage.
    fn blocked(&self, name: StageName, kind: WaitKind) -> f64 {
        let times = self.stage(name);
        let sites = times.blocked.iter().filter(|(site, _)| site.kind == kind);
        sites.map(|(_, time)| time.seconds()).sum()
    }
}
