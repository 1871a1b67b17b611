//! The report's value; its serde form is the JSON contract.

use serde::{Deserialize, Serialize};

use crate::advice::Fix;
use crate::cause::Cause;
use crate::diagnose::{Culprit, Level};
use crate::scaling::{RateSource, Severity};
use crate::work::StageName;

/// Name of the JSON contract.
pub const SCHEMA: &str = "holdup.report/1";

/// Everything a report says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// Length of the window, s.
    pub window_s: f64,
    /// Whom.
    pub target: TargetSummary,
    /// With what it was recorded; absent: the trace does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Recorded>,
    /// The threads, processes or lanes that do items.
    pub workers: Workers,
    /// What they did.
    pub items: Items,
    /// Progress file, when named by the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Checkpoint>,
    /// In the order fetch, transform, write, other; stages without time are left out.
    pub stages: Vec<Stage>,
    /// Worker time per item, ms.
    pub item_mean_ms: f64,
    /// How far it scales.
    pub parallelism: Parallelism,
    /// The one answer.
    pub verdict: Verdict,
    /// All causes seen, by gain.
    pub causes: Vec<CauseRow>,
    /// What was looked into and cleared.
    #[serde(default)]
    pub refuted: Vec<RefutedRow>,
    /// Who made whom wait, heaviest first.
    pub blame: Vec<Blame>,
    /// What the statements of each peer take, the heaviest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<PeerStatements>,
    /// Where the CPU time of the target and its local peers went, the program that takes most of it first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cpu_time: Vec<CpuTime>,
    /// What to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
    /// What that would bring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction: Option<Prediction>,
    /// Share of worker time that is neither lost to a cause nor seen to be work.
    pub unexplained_share: f64,
    /// How far the answer rests on what was seen.
    pub coverage: Coverage,
}

/// Whom the report is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TargetSummary {
    /// Command line.
    pub command: String,
    /// Processes.
    pub pids: Vec<u32>,
    /// Language, empty: not known.
    pub language: String,
    /// Host.
    pub host: String,
    /// Kernel release.
    pub kernel: String,
    /// CPUs online.
    pub cpus: u32,
}

/// With what a trace was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Version of holdup.
    pub holdup: String,
    /// Commit it was built from, empty: not known.
    #[serde(default)]
    pub commit: String,
    /// Command line, empty: not known.
    #[serde(default)]
    pub command: String,
}

/// Who does the items.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Workers {
    /// How many.
    pub count: u32,
    /// `thread`, `process` or `task`; `worker`: some are threads and the others tasks.
    pub unit: String,
    /// Of them, those that are threads where others are tasks.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub threads: u32,
    /// Of them, those that were not seen at work: known by the count of the user or of their runtime alone.
    #[serde(default)]
    pub unseen: u32,
    /// Where the runtime of the tasks shows them, the most first; empty where it does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<WorkerPlace>,
    /// The threads that carry them, where they are tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carriers: Option<Carriers>,
    /// Threads of the target that are no workers.
    pub helpers: u32,
    /// Of these, those that are like the workers and do nothing all the while.
    #[serde(default)]
    pub idle: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Threads that carry tasks, and what each does on average: shares of the window, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Carriers {
    /// How many there are.
    pub threads: u32,
    /// In how many processes.
    pub processes: u32,
    /// They compute.
    pub computing: f64,
    /// They have no CPU.
    pub queued: f64,
    /// They sleep in calls that are no poll.
    pub in_calls: f64,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Items {
    /// Completed in the window.
    pub count: u64,
    /// Per second.
    pub rate_per_s: f64,
    /// Where that lies by the noise of the window; absent: it was too short to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_interval: Option<[f64; 2]>,
    /// What was counted: "write to 127.0.0.1:8123 after fetch from 127.0.0.1:8080".
    pub unit: String,
    /// 0 to 1: how alike the turns are.
    pub regularity: f64,
    /// From `--total-items`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// From `--done-items`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    /// Time to the end at this rate, s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_s: Option<f64>,
}

/// The progress file the user named.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Path.
    pub path: String,
    /// Writes of it in the window.
    pub writes: u64,
    /// Mean time of one, waiting for it included, ms.
    pub mean_ms: f64,
}

/// One row of the profiling table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Which.
    pub stage: StageName,
    /// Worker time per item, ms.
    pub mean_ms: f64,
    /// Uncertainty of the boundary, ms.
    pub plus_minus_ms: f64,
    /// Of it: being served, computing.
    pub service_ms: f64,
    /// Of it: waiting for other workers.
    pub queue_ms: f64,
    /// Share of the item, 0 to 1.
    pub share: f64,
    /// What it spends its time on, heaviest first.
    pub resources: Vec<Resource>,
}

/// A resource within a stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// `lock`, `file`, `peer`, `timer`, `cpu` ...
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Worker time per item, ms.
    pub mean_ms: f64,
    /// Visits per item.
    pub visits: f64,
}

/// How far the work scales.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Parallelism {
    /// One worker alone, items/s.
    pub single_rate_per_s: f64,
    /// N times that.
    pub theoretical_rate_per_s: f64,
    /// Seen.
    pub actual_rate_per_s: f64,
    /// N r1 / X.
    pub serialization_factor: f64,
    /// Where it lies.
    pub interval: [f64; 2],
    /// Share of worker time that is proved to be waiting for other workers.
    pub proved: f64,
    /// Source of the single rate.
    pub single_rate_source: RateSource,
    /// N / SF.
    pub effective_workers: f64,
    /// (SF - 1) / (N - 1).
    pub karp_flatt: f64,
}

/// The one answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// How bad.
    pub severity: Severity,
    /// Which, by its id.
    pub cause: Cause,
    /// Where.
    pub stage: StageName,
    /// What.
    pub culprit: Culprit,
    /// Share of lost time.
    pub share_of_lost_time: f64,
    /// 0 to 1, for programs that rank; not calibrated against outcomes.
    pub confidence: f64,
    /// The same in a word.
    #[serde(default)]
    pub confidence_level: Level,
    /// What keeps it from being higher, empty: nothing.
    #[serde(default)]
    pub confidence_reason: String,
    /// What cannot be told apart from it from outside, by their ids.
    pub alternatives: Vec<Cause>,
    /// The verdict in one sentence.
    pub sentence: String,
}

/// A cause with its evidence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CauseRow {
    /// Which, by its id.
    pub cause: Cause,
    /// Share of lost time.
    pub share: f64,
    /// Speed-up from removing it alone.
    pub gain_alone: f64,
    /// Thing to look at.
    pub culprit: Culprit,
    /// Full sentences with numbers.
    pub evidence: Vec<String>,
    /// What speaks against it, full sentences.
    pub refuted_by: Vec<String>,
}

/// A cause that was looked into because what must be seen was there, and that something clears.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RefutedRow {
    /// Which, by its id.
    pub cause: Cause,
    /// What it would have been.
    pub culprit: Culprit,
    /// What clears it, full sentences.
    pub by: Vec<String>,
}

/// Who made whom wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Blame {
    /// Group of waiters ("31 of 32 workers").
    pub waiter: String,
    /// For what.
    pub resource: String,
    /// Who had it.
    pub holder: String,
    /// Waiting charged, ns.
    pub ns: u64,
    /// From the waiter to the root, as sentences' parts.
    pub chain: Vec<String>,
}

/// A place at which a runtime shows tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkerPlace {
    /// What they do: `running`, `network`, `lock`, ...
    pub doing: String,
    /// Where, by the program's function and what it waits in; empty: not known.
    pub place: String,
    /// How many, on average.
    pub tasks: f64,
}

/// The statements that one peer was asked to run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PeerStatements {
    /// Name of the peer.
    pub peer: String,
    /// The one that is waited for most first.
    pub statements: Vec<StatementRow>,
}

/// The requests that run one statement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StatementRow {
    /// Its text with every constant as `?`.
    pub statement: String,
    /// Requests of the workers that were answered.
    pub count: u64,
    /// Mean time from request to reply, ms.
    pub mean_ms: f64,
    /// Of it, the peer serves this request alone, ms; absent where it does not serve one at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_ms: Option<f64>,
    /// Share of the waiting for this peer, 0 to 1.
    pub share_of_waiting: f64,
}

/// CPU time of one program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CpuTime {
    /// Name of the program.
    pub program: String,
    /// It is a local peer of the target.
    #[serde(default)]
    pub is_peer: bool,
    /// CPUs it keeps busy on average.
    pub cpus: f64,
    /// How often its threads were found running when it was looked.
    pub samples: u64,
    /// The functions in which they were found most; empty: it was not looked often enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<CpuFunction>,
}

/// A function that takes CPU time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CpuFunction {
    /// Name, with file and line where they are known.
    pub function: String,
    /// Share of the program's samples, 0 to 1.
    pub share: f64,
}

/// What the fix would bring; in this schema's first form an operational bound.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// `bound` or `simulated`.
    #[serde(default)]
    pub method: String,
    /// Items/s.
    pub rate_per_s: f64,
    /// Against now.
    pub speedup: f64,
    /// Rates, items/s.
    pub interval: [f64; 2],
    /// Error of the model on what was seen, 0 to 1.
    pub model_error: f64,
    /// Where more workers stop to help.
    pub best_worker_count: u32,
    /// What limits next.
    #[serde(default)]
    pub next_bottleneck: String,
}

/// How far the answer rests on what was seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Rows read.
    pub events: u64,
    /// Records lost.
    pub lost: u64,
    /// Losses and failures by name, those that are not 0.
    #[serde(default)]
    pub lost_by_cause: std::collections::BTreeMap<String, u64>,
    /// Blocked waits that ended with no wake-up seen.
    pub unmatched_wakeups: u64,
    /// Share of one CPU that holdup used.
    pub self_cpu_share: f64,
    /// Time of workers that is in no known state, 0 to 1.
    #[serde(default)]
    pub unknown_time_share: f64,
    /// How far the timelines are from the kernel's own figures (run time, switches), 0 to 1 and more; null: not compared.
    #[serde(default)]
    pub kernel_difference: Option<f64>,
    /// Difference of worker time and window times workers, ns; always 0.
    #[serde(default)]
    pub conservation_error_ns: i64,
    /// Share of exchanges on sockets that carry several at once.
    #[serde(default)]
    pub multiplexed_share: f64,
    /// Facts a reader must know.
    #[serde(default)]
    pub notes: Vec<String>,
}
