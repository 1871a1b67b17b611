//! What a trace says of itself (`meta.json`).

use serde::{Deserialize, Serialize};

use super::{Disk, DiskLimit, MemoryLimit, Nanos, Network, OwnBytes, Pid};

/// Schema of the rows: `major.minor`. A newer minor may add columns and is read; a newer major is refused.
pub const SCHEMA: (u32, u32) = (1, 4);

/// One instant on both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Clocks {
    /// `CLOCK_MONOTONIC`.
    pub monotonic: Nanos,
    /// `CLOCK_REALTIME`, since 1970.
    pub realtime: Nanos,
}

/// The machine the trace was taken on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Kernel release (`uname -r`).
    pub kernel: String,
    /// Machine (`x86_64`).
    pub machine: String,
    /// CPUs that are online.
    pub cpus: u32,
}

/// How long the CPUs of the host had nothing to do, pauses left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IdleCpus {
    /// All CPUs together.
    pub idle: Nanos,
    /// Time by the clock in which that was counted.
    pub over: Nanos,
}

/// The targets that the user asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Target {
    /// The arguments as typed (`--pid 4242`).
    pub argv: Vec<String>,
    /// Processes found by them when the window opened.
    pub pids: Vec<Pid>,
    /// Command line of the first one.
    pub command: String,
    /// Program of the first one (`/usr/bin/python3.11`).
    pub exe: String,
    /// Language it is written in, as found from the program and its libraries: `python`, `typescript`, `java`, `go`, `rust`,
    /// `c`; empty: not known.
    pub language: String,
    /// Limits on their writes to disks.
    pub disk_limits: Vec<DiskLimit>,
    /// Limits on their memory.
    pub memory_limits: Vec<MemoryLimit>,
    /// Limits on their reads from disks; beside the others, since releases that know limits on writes alone read those.
    pub read_limits: Vec<DiskLimit>,
    /// What they read and wrote themselves, pauses included; absent: not known of all of them.
    pub disk_bytes: Option<OwnBytes>,
}

/// How it was recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Version of holdup.
    pub holdup: String,
    /// Commit it was built from, where whoever built it said so (`HOLDUP_COMMIT`).
    pub commit: String,
    /// Its command line as typed, the program by its name alone (`holdup record --pid 4242`).
    pub command: Vec<String>,
    /// First bytes of messages were looked at for their verb and statement.
    pub peek: bool,
    /// Ring buffer, bytes.
    pub ring_bytes: u64,
    /// Call sites of lock waits were taken.
    pub call_sites: bool,
    /// The tasks of runtimes were read from the targets' memory.
    pub runtime: bool,
    /// Calls were recorded; without, waits alone.
    pub calls: bool,
    /// What recording was allowed to cost, in percent of the targets' CPU time; absent: no limit.
    pub max_overhead: Option<f64>,
}

/// What was counted while recording. Every loss has its own name; nothing is lost silently.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Records written by the kernel side.
    pub events: u64,
    /// Lost: the ring buffer was full.
    pub ring_full: u64,
    /// Of these, waits.
    pub lost_waits: u64,
    /// Calls in these, each of those told by one record.
    pub lost_calls: u64,
    /// Lost: a table in the kernel was full.
    pub table_full: u64,
    /// Lost: came after its watermark.
    pub late: u64,
    /// Lost: could not be decoded.
    pub undecodable: u64,
    /// Lost: could not be written to the trace.
    pub unwritten: u64,
    /// Reads of user memory that faulted.
    pub user_faults: u64,
    /// Stacks that could not be taken or walked.
    pub stack_failures: u64,
    /// Blocked waits that ended with no wake-up seen.
    pub unmatched_wakeups: u64,
    /// Switches to a thread that no tracepoint told of; its wait ends where it was next seen running.
    pub unseen_switches: u64,
    /// Differences across CPUs that were negative and taken as zero.
    pub negative_times: u64,
    /// CPU time of holdup itself during the window.
    pub self_cpu: Nanos,
    /// Time in holdup's eBPF programs during the window, by samples; zero where that was not asked for.
    pub kernel_cpu: Nanos,
    /// Time from the command to attached probes and a complete initial scan.
    pub attach: Nanos,
    /// Highest resident memory of holdup, bytes.
    pub peak_resident: u64,
}

/// Something that was not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// What, or why.
    pub name: &'static str,
    /// How often.
    pub count: u64,
    /// A whole record was lost; else a detail of one.
    pub is_record: bool,
}

impl Counters {
    /// All losses by name.
    #[must_use]
    pub fn losses(&self) -> [Loss; 9] {
        let loss = |name, count, is_record| Loss {
            name,
            count,
            is_record,
        };
        [
            loss("ring buffer full", self.ring_full, true),
            loss("kernel table full", self.table_full, true),
            loss("late", self.late, true),
            loss("undecodable", self.undecodable, true),
            loss("unwritten", self.unwritten, true),
            loss("user memory unreadable", self.user_faults, false),
            loss("stacks not taken", self.stack_failures, false),
            loss("switches not seen", self.unseen_switches, false),
            loss("negative times", self.negative_times, false),
        ]
    }

    /// Records lost for whatever reason.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let records = self.losses().into_iter().filter(|loss| loss.is_record);
        records.fold(0, |sum, loss| sum.saturating_add(loss.count))
    }
}

/// `meta.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// `(major, minor)`, see [`SCHEMA`].
    pub schema: (u32, u32),
    /// Where.
    pub host: Host,
    /// Both clocks as the window opened.
    pub clocks: Clocks,
    /// When the window opened: the probes were attached and the initial scan was complete.
    pub opened: Nanos,
    /// The window closed; zero while recording.
    pub closed: Nanos,
    /// Pauses to stay within the budget, together; the times of the trace are of a clock that stood still in them.
    pub paused: Nanos,
    /// Where in the trace windows join: there a pause was, and what was under way before it need not be what is after it.
    pub joins: Vec<Nanos>,
    /// Whom.
    pub target: Target,
    /// The disks that did anything meanwhile, busiest first, and those of the targets' files.
    pub disks: Vec<Disk>,
    /// How long the host's CPUs had nothing to do; absent: not known.
    pub idle_cpus: Option<IdleCpus>,
    /// How.
    pub settings: Settings,
    /// What was counted.
    pub counters: Counters,
    /// What the kernel counted of TCP.
    pub network: Network,
    /// Facts the report must mention: "all targets have ended after 3.2 s".
    pub notes: Vec<String>,
    /// Times of which nothing is known (from, to): epochs of the trace that are missing or damaged. Set when a trace is read.
    pub gaps: Vec<(Nanos, Nanos)>,
    /// Written last: the trace is whole.
    pub complete: bool,
}

impl Meta {
    /// Length of the window.
    #[must_use]
    pub fn window(&self) -> Nanos {
        self.closed.since(self.opened)
    }
}

#[cfg(test)]
mod tests {
    use super::Counters;

    #[test]
    fn what_is_lost_of_a_record_is_no_lost_record() {
        let counters = Counters {
            ring_full: 1,
            table_full: 2,
            late: 4,
            undecodable: 8,
            unwritten: 16,
            user_faults: 32,
            stack_failures: 64,
            unseen_switches: 128,
            negative_times: 256,
            ..Counters::default()
        };
        assert_eq!(counters.lost(), 31);
        let all: u64 = counters.losses().iter().map(|loss| loss.count).sum();
        assert_eq!(all, 511);
    }
}
