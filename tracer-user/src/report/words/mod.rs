//! The words for what the diagnosis found: it gives numbers and ids, these files make sentences of them, a file for each cause.

mod activity;
mod advice;
mod confidence;
mod consumer;
mod cpu;
mod cpu_inflation;
mod disk;
mod file_lock;
mod fsync;
mod imbalance;
mod interpreter_lock;
mod kernel_lock;
mod memory;
mod network;
mod pool;
mod pooler;
mod quota;
mod rate_limit;
mod refutation;
mod remote;
mod runtime_pause;
mod served;
mod single_thread;
mod slow_way;
mod spin;
mod starved;
mod task_lock;
mod thread_pool;
mod user_lock;
mod verdict;

use crate::diagnose::{Candidate, Facts, Findings, HotFunction};
use crate::row::printable;

pub(super) use advice::{next_limit, promise};
pub(super) use confidence::reason;
pub(super) use refutation::refutation;
pub(super) use verdict::sentence;

/// What is said of a candidate.
pub(super) struct Words {
    /// Full sentences with numbers.
    pub(super) evidence: Vec<String>,
    /// What serialises, as the middle of the verdict's sentence: "inserts to 127.0.0.1:8123 are served one at a time".
    pub(super) clause: String,
    /// Who has it.
    pub(super) holder: String,
    /// From the waiters to the root.
    pub(super) chain: Vec<String>,
}

/// The words for a candidate's facts.
pub(super) fn words(findings: &Findings<'_>, candidate: &Candidate) -> Words {
    match &candidate.facts {
        Facts::UserLock(facts) => user_lock::words(findings, facts),
        Facts::TaskLock(facts) => task_lock::words(findings, facts),
        Facts::InterpreterLock(facts) => interpreter_lock::words(findings, facts),
        Facts::FileLock(facts) => file_lock::words(findings, facts),
        Facts::Checkpoint(facts) => file_lock::checkpoint(findings, facts),
        Facts::Fsync(facts) => fsync::words(findings, facts),
        Facts::Disk(facts) => disk::words(findings, facts),
        Facts::Quota(facts) => quota::words(findings, facts),
        Facts::KernelLock(facts) => kernel_lock::words(findings, facts),
        Facts::Memory(facts) => memory::words(findings, facts),
        Facts::Remote(facts) => remote::words(findings, facts),
        Facts::Served(facts) => served::words(findings, facts),
        Facts::Network(facts) => network::words(findings, facts),
        Facts::SlowWay(facts) => slow_way::words(findings, facts),
        Facts::Pool(facts) => pool::words(findings, facts),
        Facts::Pooler(facts) => pooler::words(findings, facts),
        Facts::ThreadPool(facts) => thread_pool::words(findings, facts),
        Facts::RateLimit(facts) => rate_limit::words(findings, facts),
        Facts::SingleThread(facts) => single_thread::words(findings, facts),
        Facts::Consumer(facts) => consumer::words(findings, facts),
        Facts::Inflation(facts) => cpu_inflation::words(findings, facts),
        Facts::Spin(facts) => spin::words(findings, facts),
        Facts::Cpu(facts) => cpu::words(findings, facts),
        Facts::Starved(facts) => starved::words(findings, facts),
        Facts::Imbalance(facts) => imbalance::words(findings, facts),
        Facts::RuntimePause(facts) => runtime_pause::words(findings, facts),
    }
}

/// `12 of 16 workers`.
pub(super) fn of_workers(findings: &Findings<'_>, count: usize) -> String {
    format!("{count} of {} workers", findings.headcount())
}

/// Short enough for a sentence: `1.9`, `34`.
fn short(value: f64) -> String {
    if value >= 9.95 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

/// The text of a statement, fit to stand in a sentence.
pub(super) fn statement(text: &str) -> String {
    /// Most of a statement that is shown, characters; the capture sees hardly more.
    const LENGTH: usize = 160;
    let text = printable(text);
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text.into_owned(),
    }
}

/// Where the CPU time that was just told of goes.
fn hot_function(runs: &HotFunction) -> String {
    format!(
        "Of the samples of that CPU time, {} are in {}.",
        percent(runs.share),
        runs.name
    )
}

/// A share in percent.
fn percent(share: f64) -> String {
    format!("{:.0}%", 100.0 * share)
}
