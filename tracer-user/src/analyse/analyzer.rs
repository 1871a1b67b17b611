//! The analysis as one value that takes batches as they come and can give its report at any time.
//!
//! Memory does not grow with the window but for what is bounded by a constant (visits, the operations a cycle is found in), and
//! nothing is analysed twice: the window that ends by itself, a live screen and the final report ask the same value.

use std::collections::{BTreeMap, VecDeque};

use super::thinned::Thinned;
use super::{Analysis, AnalysisError, Options, assemble, stop_rule};
use crate::actors;
use crate::blame::{Collector, LockGroups};
use crate::classify::{Classifier, Event, WaitSite};
use crate::diagnose::{Candidate, Evidence, Findings, Spans, candidates, conclude};
use crate::row::{Batch, KernelSpanKind, Meta, Nanos};
use crate::timeline::{Comparison, Gap, KernelComparison, Step, Sweep};
use crate::work::{Crew, Cycle, Inventory, Recorder, Stages, UserRule, worker_totals};

/// How far the analysis rests on sound rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Check {
    /// Worker time in stages that is not the workers' lives, either way, ns; 0 unless the code is wrong.
    pub(super) conservation: i64,
    /// Waiting that came too late to be placed.
    pub(super) late: Nanos,
    /// The timelines against the kernel's own figures.
    pub(super) comparison: KernelComparison,
    /// Rows read.
    pub(super) rows: u64,
}

/// Everything behind the sweep: takes its steps.
#[derive(Clone, Debug)]
struct Stations {
    classifier: Classifier,
    recorder: Recorder,
    collector: Collector,
    comparison: Comparison,
    joins: VecDeque<Nanos>,
}

impl Stations {
    fn take(&mut self, step: Step<'_>) {
        while self.joins.front().is_some_and(|join| step.at() > *join) {
            if let Some(join) = self.joins.pop_front() {
                let open = self.classifier.join();
                self.give(&Event::Join(join, &open));
            }
        }
        self.comparison.observe(&step);
        let event = actors::of_thread(self.classifier.classify(step));
        self.give(&event);
    }

    fn give(&mut self, event: &Event<'_, actors::ActorId>) {
        self.collector.collect(event, &self.classifier);
        self.recorder.record(event, &mut self.classifier);
    }
}

/// What of a trace's own words must be known before its first row is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Begun {
    opened: Nanos,
    joins: Vec<Nanos>,
    gaps: Vec<(Nanos, Nanos)>,
    thinned: bool,
}

impl Begun {
    fn of(meta: &Meta) -> Self {
        Self {
            opened: meta.opened,
            joins: meta.joins.clone(),
            gaps: meta.gaps.clone(),
            thinned: meta.thinned,
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
    thinned: Option<Thinned>,
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
        let mut sweep = Sweep::new(meta.opened);
        for (from, to) in &meta.gaps {
            sweep.gap(Gap {
                from: *from,
                to: *to,
                all: true,
            });
        }
        Ok(Self {
            begun: Begun::of(meta),
            options: options.clone(),
            opened: meta.opened,
            sweep,
            stations: Stations {
                classifier: Classifier::default(),
                recorder: Recorder::new(meta.opened, rules),
                collector: Collector::new(meta.host.cpus),
                comparison: Comparison::default(),
                joins: meta.joins.iter().copied().collect(),
            },
            thinned: meta.thinned.then(Thinned::default),
            spans: BTreeMap::new(),
            rows: 0,
        })
    }

    /// Whether it was begun with all that `meta` says of how the rows are to be taken: where windows join, where rows are
    /// missing, and whether calls were left out. Else all has to be analysed anew.
    #[must_use]
    pub fn knows(&self, meta: &Meta) -> bool {
        self.begun == Begun::of(meta)
    }

    /// Takes the next batch.
    pub fn observe(&mut self, batch: Batch) {
        let batch = match &mut self.thinned {
            Some(thinned) => thinned.thin(batch),
            None => batch,
        };
        self.rows += batch.len() as u64;
        for span in &batch.kernel {
            let spans = self.spans.entry(span.kind).or_default();
            spans.count += 1;
            spans.time += span.end.since(span.start);
        }
        self.stations.classifier.learn(&batch);
        let stations = &mut self.stations;
        self.sweep.push(batch, &mut |step| stations.take(step));
    }

    /// What is known of the window so far, up to where all rows are in.
    ///
    /// # Errors
    /// [`AnalysisError`] when the user's item was not seen.
    pub fn snapshot(&self, meta: &Meta) -> Result<Analysis, AnalysisError> {
        self.conclude(meta, self.sweep.now())
    }

    /// Ends the window, and gives what is known of it.
    ///
    /// # Errors
    /// [`AnalysisError`] when the user's item was not seen.
    pub fn finish(mut self, meta: &Meta) -> Result<Analysis, AnalysisError> {
        let closed = meta.closed.max(self.opened);
        let stations = &mut self.stations;
        self.sweep.finish(closed, &mut |step| stations.take(step));
        self.conclude(meta, closed)
    }

    /// What is known at `at`.
    pub(super) fn conclude(&self, meta: &Meta, at: Nanos) -> Result<Analysis, AnalysisError> {
        let Stations {
            classifier,
            recorder,
            collector,
            comparison,
            ..
        } = &self.stations;
        let inventory = Inventory::at(classifier, recorder, at);
        let stages = Stages::find(&inventory);
        let crew = Crew::find(&inventory, &stages, at.since(self.opened));
        let mut cycle = Cycle::find(&inventory, &stages, crew);
        if let Some(item) = &self.options.item {
            cycle.name_item(item, &inventory)?;
        }
        let groups = LockGroups::find(classifier, &collector.locks, at);
        let lock = |site: WaitSite| match site.kind {
            crate::classify::WaitKind::Futex => WaitSite::plain(site.kind, groups.lock(site.class)),
            _ => site,
        };
        let workers = worker_totals(&inventory, &stages, &cycle, &lock, at);
        let check = Check {
            conservation: conservation(&workers),
            late: self.sweep.late(),
            comparison: comparison.result(),
            rows: self.rows,
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
            at,
        });
        let candidates = candidates(&findings);
        let known = |candidate: &&Candidate| matches!(candidate.cause, "starved" | "pool");
        for candidate in candidates.iter().filter(known) {
            // Waiting to be given work is getting input, whatever the work does next; waiting for a connection belongs to the
            // exchange on it, whatever lock is taken and let go in between.
            for site in &candidate.sites {
                findings.give_to_stage(*site, candidate.stage);
            }
        }
        let conclusion = conclude(&findings, candidates);
        let report = assemble::report(&findings, &conclusion, &check, &self.options);
        let unsettled = stop_rule::unsettled(&findings, &conclusion);
        Ok(Analysis { report, unsettled })
    }
}

#[cfg(test)]
impl Analyzer {
    /// Takes an event of an actor as the stations behind `actors` do, whoever made it.
    pub(super) fn give(&mut self, event: &Event<'_, actors::ActorId>) {
        self.stations.give(event);
    }

    /// What gives calls and waits their meaning.
    pub(super) fn classifier(&mut self) -> &mut Classifier {
        &mut self.stations.classifier
    }

    /// What the stations know by now.
    pub(super) fn learned(&self) -> (&Classifier, &Collector) {
        (&self.stations.classifier, &self.stations.collector)
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
