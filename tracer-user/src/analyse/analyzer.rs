//! The analysis as one value that takes batches as they come and can give its report at any time.
//!
//! Memory does not grow with the window but for what is bounded by a constant (visits, the operations a cycle is found in), and
//! nothing is analysed twice: the window that ends by itself, a live screen and the final report ask the same value.

use std::collections::BTreeMap;

use super::front::{self, Front};
use super::{Analysis, AnalysisError, Options, stop_rule};
use crate::actors::{self, ActorId};
use crate::advice::advise;
use crate::blame::{Collector, LockGroups};
use crate::cause::Cause;
use crate::classify::{Classifier, Event, WaitSite};
use crate::diagnose::{Candidate, Checks, Evidence, Findings, Spans, conclude, rulings};
use crate::picture::Sketch;
use crate::report::{Asked, assemble, draw};
use crate::row::{Batch, KernelSpanKind, Meta, Nanos};
use crate::timeline::{Comparison, Step, Sweep};
use crate::work::{Crew, Cycle, Inventory, Recorder, Stages, UserRule, worker_totals};

/// Everything behind the sweep: takes its steps.
#[derive(Clone, Debug)]
struct Stations {
    front: Front,
    recorder: Recorder,
    collector: Collector,
    comparison: Comparison,
    /// Only where the report is to be drawn.
    sketch: Option<Sketch>,
}

impl Stations {
    fn take(&mut self, step: Step<'_>) {
        let Self {
            front,
            recorder,
            collector,
            comparison,
            sketch,
        } = self;
        comparison.observe(&step);
        let give = &mut |event: &Event<'_, ActorId>, classifier: &mut Classifier| {
            collector.collect(event, classifier);
            recorder.record(event, classifier);
            if let Some(sketch) = sketch {
                sketch.hear(event);
            }
        };
        front.take(step, give);
    }
}

/// Tasks that do the work wait inside their process: for some of their time between a reply and the next request, or for all of it,
/// so that there are more than were seen at work.
fn wait_inside(inventory: &Inventory<'_>, cycle: &Cycle, told: Option<u32>) -> bool {
    /// Between a reply and the next request a task that does not wait takes less than this share of its time.
    const AT_ONCE: f64 = 0.02;
    let pids = inventory.processes_of_tasks(cycle.workers.iter());
    if pids.is_empty() {
        return work_for_tasks(inventory, cycle);
    }
    let shown = inventory.classifier.seen.workers(&pids);
    let by_runtime = shown.map(|shown| shown.count.round());
    let count = told.map(f64::from).or(by_runtime).unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a number of workers")]
    let are_more = count > cycle.workers.len() as f64;
    are_more || inventory.parked(&cycle.workers) >= AT_ONCE
}

/// Workers that are threads do now this, now that for the tasks of their process.
fn work_for_tasks(inventory: &Inventory<'_>, cycle: &Cycle) -> bool {
    /// So many of the tasks for each thread wait for one: threads that all work have at least one each.
    const FOR_EACH: f64 = 0.5;
    let actors = cycle.workers.iter();
    let actors = actors.filter_map(|id| inventory.actors.get(id));
    let pids = actors.map(|actor| actor.account.pid).collect();
    let shown = inventory.classifier.seen.workers(&pids);
    let waiting = shown.map_or(0.0, |shown| shown.waiting_for_threads());
    #[expect(clippy::cast_precision_loss, reason = "a number of workers")]
    let threads = cycle.workers.len() as f64;
    waiting >= FOR_EACH * threads
}

/// What of a trace's own words must be known before its first row is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Begun {
    opened: Nanos,
    gaps: Vec<(Nanos, Nanos)>,
}

impl Begun {
    fn of(meta: &Meta) -> Self {
        Self {
            opened: meta.opened,
            gaps: meta.gaps.clone(),
        }
    }
}

/// The analysis.
#[derive(Debug)]
pub struct Analyzer {
    begun: Begun,
    options: Options,
    opened: Nanos,
    sweep: Sweep,
    stations: Stations,
    spans: BTreeMap<KernelSpanKind, Spans>,
    rows: u64,
}

impl Analyzer {
    /// Nothing is seen yet. `meta`: what the trace says of itself so far.
    ///
    /// # Errors
    /// [`AnalysisError`] when a rule of the user cannot be read.
    pub fn new(meta: &Meta, options: &Options) -> Result<Self, AnalysisError> {
        let rules = options
            .stages
            .iter()
            .map(|rule| rule.parse())
            .collect::<Result<Vec<UserRule>, _>>()?;
        Ok(Self {
            begun: Begun::of(meta),
            options: options.clone(),
            opened: meta.opened,
            sweep: front::sweep(meta),
            stations: Stations {
                front: Front::new(meta),
                recorder: Recorder::new(meta.opened, rules),
                collector: Collector::new(meta.host.cpus),
                comparison: Comparison::default(),
                sketch: options.draw.then(|| Sketch::new(meta)),
            },
            spans: BTreeMap::new(),
            rows: 0,
        })
    }

    /// Whether it was begun with all that `meta` says of how the rows are to be taken: when the window opened, and where parts of
    /// the trace are missing. Else all has to be analysed anew.
    #[must_use]
    pub fn knows(&self, meta: &Meta) -> bool {
        self.begun == Begun::of(meta)
    }

    /// Takes the next batch.
    pub fn observe(&mut self, batch: Batch) {
        self.rows += batch.len() as u64;
        for span in &batch.kernel {
            let spans = self.spans.entry(span.kind).or_default();
            spans.count += 1;
            spans.time += span.end.since(span.start);
        }
        front::gaps_of(&batch, &mut self.sweep);
        self.stations.front.learn(&batch);
        let stations = &mut self.stations;
        if let Some(sketch) = &mut stations.sketch {
            sketch.learn(&batch);
        }
        self.sweep.push(batch, &mut |step| stations.take(step));
    }

    /// What is known of the window so far, up to where all rows are in.
    ///
    /// # Errors
    /// [`AnalysisError`] when the user's item was not seen.
    pub fn snapshot(&self, meta: &Meta) -> Result<Analysis, AnalysisError> {
        self.conclude(meta, self.sweep.now(), None)
    }

    /// Ends the window, and gives what is known of it.
    ///
    /// # Errors
    /// [`AnalysisError`] when the user's item was not seen.
    pub fn finish(mut self, meta: &Meta) -> Result<Analysis, AnalysisError> {
        let closed = meta.closed.max(self.opened);
        let stations = &mut self.stations;
        self.sweep.finish(closed, &mut |step| stations.take(step));
        let mut sketch = stations.sketch.take();
        if let Some(sketch) = &mut sketch {
            sketch.finish();
        }
        self.conclude(meta, closed, sketch.as_ref())
    }

    /// What is known at `at`; drawn by a finished sketch.
    pub(super) fn conclude(
        &self,
        meta: &Meta,
        at: Nanos,
        sketch: Option<&Sketch>,
    ) -> Result<Analysis, AnalysisError> {
        let Stations {
            front: Front {
                classifier, actors, ..
            },
            recorder,
            collector,
            comparison,
            ..
        } = &self.stations;
        let inventory = Inventory::at(classifier, recorder, &actors.carriers(), at);
        let stages = Stages::find(&inventory);
        let crew = Crew::find(&inventory, &stages, at.since(self.opened));
        let mut cycle = Cycle::find(&inventory, &stages, crew);
        if wait_inside(&inventory, &cycle, self.options.workers) {
            cycle.count_without_order(&stages);
        }
        if let Some(item) = &self.options.item {
            cycle.name_item(item, &inventory)?;
        }
        let groups = LockGroups::find(classifier, &collector.locks, at);
        let lock = |site: WaitSite| match site.kind {
            crate::classify::WaitKind::Futex => WaitSite::plain(site.kind, groups.lock(site.class)),
            _ => site,
        };
        let workers = worker_totals(&inventory, &stages, &cycle, &lock, at);
        let checks = Checks {
            rows: self.rows,
            conservation: conservation(&workers),
            late: self.sweep.late(),
            kernel: comparison.result(),
        };
        let services = collector.services.at(at, &classifier.sites);
        let heads = collector.heads(&classifier.requests.open(), at, classifier);
        let mut findings = Findings::new(Evidence {
            meta,
            inventory: &inventory,
            groups: &groups,
            cycle: &cycle,
            operation_stages: &stages,
            collector,
            services: &services,
            heads: &heads,
            workers: &workers,
            spans: &self.spans,
            told: self.options.workers,
            at,
        });
        let ruling = rulings(&findings);
        let is_known = |candidate: &&Candidate| {
            let cause = candidate.cause;
            matches!(cause, Cause::Starved | Cause::Pool | Cause::RuntimePause)
        };
        for candidate in ruling.candidates.iter().filter(is_known) {
            // Waiting to be given work is getting input, whatever the work does next; waiting for a connection belongs to the
            // exchange on it, whatever lock is taken and let go in between; and who is stopped by the runtime while it computes is none
            // the nearer to what it does next.
            for site in candidate.sites() {
                findings.give_to_stage(site, candidate.stage);
            }
        }
        let conclusion = conclude(&findings, ruling, &checks);
        let advice = advise(&findings, &conclusion);
        let asked = Asked {
            total_items: self.options.total_items,
            done_items: self.options.done_items,
            checkpoint: self.options.checkpoint.as_deref(),
        };
        let report = assemble(&findings, &conclusion, &advice, &checks, &asked);
        let unsettled = stop_rule::unsettled(&findings, &conclusion);
        let drawing = sketch.map(|sketch| draw(sketch, &findings, &conclusion));
        Ok(Analysis {
            report,
            unsettled,
            drawing,
        })
    }
}

#[cfg(test)]
impl Analyzer {
    /// Takes an event of an actor as the stations behind `actors` do, whoever made it.
    pub(super) fn give(&mut self, event: &Event<'_, actors::ActorId>) {
        let stations = &mut self.stations;
        let classifier = &mut stations.front.classifier;
        stations.collector.collect(event, classifier);
        stations.recorder.record(event, classifier);
    }

    /// What gives calls and waits their meaning.
    pub(super) fn classifier(&mut self) -> &mut Classifier {
        &mut self.stations.front.classifier
    }

    /// What the stations know by now.
    pub(super) fn learned(&self) -> (&Classifier, &Collector) {
        (&self.stations.front.classifier, &self.stations.collector)
    }
}

fn conservation(workers: &BTreeMap<actors::ActorId, crate::work::WorkerTotals>) -> i64 {
    let off = workers.values().map(|worker| {
        let stages = worker.stages.values();
        let sum: Nanos = stages.map(|stage| stage.times.total()).sum();
        i64::try_from(sum.0.abs_diff(worker.lived.0)).unwrap_or(i64::MAX)
    });
    off.fold(0, i64::saturating_add)
}
