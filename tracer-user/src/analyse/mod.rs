//! The way of the data from rows to the report: calls the stations in their order.
//!
//! In: a [`RowSource`], as often as it is needed. Out: a [`Report`] and what is not yet settled. Live and recorded input go
//! through here alike. Two passes: the inventory finds out who does what; the sweep then knows where each moment belongs.

mod stop_rule;
#[cfg(test)]
mod tests;
mod thinned;

use foldhash::HashMap;

use crate::advice::advise;
use crate::blame::{Collector, LockGroups};
use crate::cause::Cause;
use crate::diagnose::{Candidate, Checks, Findings, conclude, rulings};
use crate::report::{Asked, Report, assemble};
use crate::row::{Books, Nanos, RowSource, SourceError, Tid};
use crate::timeline::{CpuTotals, Step, Sweep, compare};
use crate::work::{Attribution, Cycle, Inventory, RequestTracker, Stages, UserRule, operation};
use thinned::Thinned;

/// What the user knows better than the analysis.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Items there are in all, for the time to the end.
    pub total_items: Option<u64>,
    /// Items done before the window opened.
    pub done_items: Option<u64>,
    /// Progress file to report on.
    pub checkpoint: Option<String>,
    /// What an item is, by the user's words (`write:PEER`, `exchange:PEER`, `fsync:PATH`, `read:PATH`, `call:NAME`).
    pub item: Option<String>,
    /// What stage a peer or file belongs to, by the user's words (`fetch:PEER`).
    pub stages: Vec<String>,
}

/// The report, and whether a longer window would make it better.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// What is known now.
    pub report: Report,
    /// Why a longer window would help; empty: it would not.
    pub unsettled: Vec<String>,
}

/// Why there is no analysis.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The rows cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A rule of the user cannot be read.
    #[error(transparent)]
    Rule(#[from] crate::work::RuleError),
    /// The user's item cannot be read or does not occur.
    #[error(transparent)]
    Item(#[from] crate::work::ItemError),
}

/// Analyses all rows of `source`.
///
/// # Errors
/// [`AnalysisError`] when the rows cannot be read, or a rule of the user makes no sense.
pub fn analyse(source: &dyn RowSource, options: &Options) -> Result<Analysis, AnalysisError> {
    let meta = source.meta();
    let rules = options
        .stages
        .iter()
        .map(|rule| rule.parse())
        .collect::<Result<Vec<UserRule>, _>>()?;

    let batches = || {
        let mut thinned = meta.thinned.then(Thinned::default);
        source.batches().map(move |batch| {
            batch.map(|batch| match &mut thinned {
                Some(thinned) => thinned.thin(batch),
                None => batch,
            })
        })
    };
    let mut inventory = Inventory::default();
    for batch in batches() {
        inventory.count(&batch?);
    }
    inventory.attribute();
    let stages = Stages::classify(&inventory, &rules);
    let mut cycle = Cycle::find(&inventory, &stages, meta.window());
    if let Some(item) = &options.item {
        cycle.name_item(item, &inventory)?;
    }
    let words = LockGroups::group(&inventory);
    let mut classes = std::mem::take(&mut inventory.classes);

    let mut collector = Collector::new(&inventory, &words, &cycle.workers, meta.host.cpus);
    let lock = |word| words.lock(word);
    let mut ledger = Attribution::new(&stages, &cycle, &lock);
    let mut sweep = Sweep::new(meta.opened, inventory.longest_wait);
    let mut requests = RequestTracker::knowing(inventory.usual_verbs());
    {
        let mut joins = meta.joins.iter().copied().peekable();
        let mut listen = |step: Step<'_>| {
            while let Some(join) = joins.next_if(|join| step.at() > *join) {
                collector.end(join, &requests.end_window(), &mut classes);
                collector.begin(join);
                ledger.join(join, &mut classes);
            }
            match step {
                Step::Change {
                    tid,
                    pid,
                    was,
                    now,
                    waker,
                } => {
                    collector.change((tid, pid), &was, now, waker, &mut classes);
                    ledger.change(tid, was.end, now, &mut classes);
                }
                Step::Call(call) => {
                    let (operation, request) = operation(call, &mut classes, &mut requests);
                    collector.call(call, operation, request, &mut classes);
                    ledger.call(call, operation, request.is_some(), &mut classes);
                }
                Step::Task(task) => collector.task(task),
            }
        };
        for batch in batches() {
            sweep.push(batch?, &mut listen);
        }
        sweep.finish(meta.closed, &mut listen);
    }
    collector.end(meta.closed, &requests.end_window(), &mut classes);
    collector.close(meta.closed, &mut classes);
    let workers = ledger.close(meta.closed, &mut classes);
    let checks = check(
        &inventory,
        &collector.seen,
        &workers,
        meta.window(),
        sweep.late(),
    );

    let mut findings = Findings::new(
        (meta, &inventory, &classes),
        (&words, &cycle, &stages, &collector),
        &workers,
    );
    let ruling = rulings(&findings);
    let known = |candidate: &&Candidate| matches!(candidate.cause, Cause::Starved | Cause::Pool);
    for candidate in ruling.candidates.iter().filter(known) {
        // Waiting to be given work is getting input, whatever the work does next; waiting for a connection belongs to the
        // exchange on it, whatever lock is taken and let go in between.
        for site in candidate.sites() {
            findings.give_to_stage(site, candidate.stage);
        }
    }
    let conclusion = conclude(&findings, ruling, &checks);
    let advice = advise(&findings, &conclusion);
    let asked = Asked {
        total_items: options.total_items,
        done_items: options.done_items,
        checkpoint: options.checkpoint.as_deref(),
    };
    let report = assemble(&findings, &conclusion, &advice, &checks, &asked);
    let unsettled = stop_rule::unsettled(&findings, &conclusion);
    Ok(Analysis { report, unsettled })
}

fn check(
    inventory: &Inventory,
    seen: &HashMap<Tid, CpuTotals>,
    workers: &std::collections::BTreeMap<Tid, crate::work::WorkerTotals>,
    window: Nanos,
    late: Nanos,
) -> Checks {
    let books = |closing: bool| -> HashMap<Tid, Books> {
        let of = |thread: &crate::work::ThreadTotals| {
            if closing {
                thread.closed
            } else {
                thread.opened
            }
        };
        inventory
            .threads
            .iter()
            .filter_map(|(tid, thread)| of(thread).map(|books| (*tid, books)))
            .collect()
    };
    let conservation = workers
        .values()
        .map(|worker| {
            let sum: Nanos = worker
                .stages
                .values()
                .map(|stage| stage.times.total())
                .sum();
            i64::try_from(sum.0)
                .unwrap_or(i64::MAX)
                .saturating_sub(i64::try_from(worker.lived.0).unwrap_or(i64::MAX))
        })
        .fold(0_i64, |sum, off| sum.saturating_add(off.saturating_abs()));
    Checks {
        conservation,
        late,
        kernel: compare(seen, &books(false), &books(true), window).worst(),
        stability: None,
    }
}
