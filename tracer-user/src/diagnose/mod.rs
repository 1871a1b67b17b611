//! One named cause, with what was seen of it.
//!
//! In: what the stations above found ([`Findings`]). Out: a [`Conclusion`]. Each cause is one file with one rule: what must be
//! seen, what would refute it, thresholds as named constants with their source. A rule gives numbers and ids, no sentences: the
//! words are the report's. A rule that sees too little says nothing.

mod accesses;
mod behind;
mod blocks;
mod candidate;
mod carriers;
mod checks;
mod computing;
mod culprit;
mod facts;
mod findings;
mod inside;
mod names;
mod parked;
mod questions;
mod refutation;
mod shown;
mod sign;
mod statements;
mod stations;
mod syncs;

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

mod account;
mod claims;
mod confidence;
mod verdict;
mod weight;

#[cfg(test)]
mod fixture;

pub use accesses::AccessFacts;
pub use account::{Account, Place, Row};
pub use blocks::Where;
pub use candidate::{Candidate, Claim, Refuted, Ruling};
pub use carriers::CarrierTimes;
pub use checks::Checks;
pub use computing::{CpuUse, HotFunction};
pub use confidence::{Confidence, Doubt, Grounds, Level, Seen, confidence};
pub use consumer::ConsumerFacts;
pub use cpu::CpuFacts;
pub use cpu_inflation::InflationFacts;
pub use culprit::{Culprit, CulpritKind};
pub use disk::{DiskFacts, DiskLoad, Throughput};
pub use facts::{Facts, Holding};
pub use file_lock::{CheckpointFacts, FileLockFacts};
pub use findings::{Evidence, Findings, Spans};
pub use fsync::FsyncFacts;
pub use imbalance::{ImbalanceFacts, Last};
pub use interpreter_lock::{InterpreterLockFacts, Keeping};
pub use kernel_lock::{Guards, KernelLockFacts};
pub use memory::MemoryFacts;
pub use network::{Dropped, NetworkFacts};
pub use pool::{PoolFacts, PoolView};
pub use pooler::PoolerFacts;
pub use quota::{QuotaFacts, Throttled};
pub use rate_limit::{RateLimitFacts, Throttle};
pub use refutation::Refutation;
pub use remote::{InsideFacts, InsideQueue, OutsideFacts, RemoteFacts, RemoteView};
pub use runtime_pause::RuntimePauseFacts;
pub use served::ServedFacts;
pub use sign::{Outcome, Sign, Test};
pub use single_thread::{HeldBack, SingleThreadFacts};
pub use slow_way::SlowWayFacts;
pub use spin::SpinFacts;
pub use starved::StarvedFacts;
pub use statements::StatementShare;
pub use task_lock::TaskLockFacts;
pub use thread_pool::{ThreadPoolFacts, ThreadView};
pub use user_lock::UserLockFacts;
pub use verdict::{Conclusion, Ground, Verdict, conclude};
pub use weight::Weight;

/// What all rules say, each asked once, with every wait site claimed by one of them at most. None of them looks at the size of
/// the serialization factor.
#[must_use]
pub fn rulings(findings: &Findings<'_>) -> Ruling {
    let rules: [fn(&Findings<'_>) -> Ruling; 25] = [
        pool::rule,
        pooler::rule,
        thread_pool::rule,
        interpreter_lock::rule,
        imbalance::rule,
        runtime_pause::rule,
        user_lock::rule,
        task_lock::rule,
        file_lock::rule,
        network::rule,
        slow_way::rule,
        remote::rule,
        served::rule,
        rate_limit::rule,
        quota::rule,
        fsync::rule,
        disk::rule,
        kernel_lock::rule,
        memory::rule,
        single_thread::rule,
        consumer::rule,
        spin::rule,
        cpu_inflation::rule,
        cpu::rule,
        starved::rule,
    ];
    let mut ruling = Ruling::default();
    for rule in rules {
        ruling.merge(rule(findings));
    }
    claims::settle(ruling, |site| findings.blocked(site))
}
