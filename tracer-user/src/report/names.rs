//! What the ids of the contract are called in print.

use super::page::Tone;
use super::{RateSource, Severity, StageName};

/// A cause of the closed list in words; an id that is not on it stands for itself.
pub fn cause(id: &str) -> &str {
    match id {
        "user-lock" => "a lock in the program (user-lock)",
        "interpreter-lock" => "the interpreter's global lock (interpreter-lock)",
        "file-lock" => "a lock on a file (file-lock)",
        "checkpoint" => "one progress file that all workers rewrite (checkpoint)",
        "fsync" => "durable writes (fsync)",
        "disk" => "a saturated device (disk)",
        "kernel-lock" => "a lock inside the kernel (kernel-lock)",
        "remote-serial" => "a peer that serves fewer at a time than come (remote-serial)",
        "pool" => "fewer connections than workers (pool)",
        "rate-limit" => "a rate limit (rate-limit)",
        "network" => "the network: loss or bandwidth (network)",
        "cpu" => "more runnable work than cores (cpu)",
        "cpu-inflation" => "CPU time per item that grows with the workers (cpu-inflation)",
        "quota" => "a cgroup limit (quota)",
        "memory" => "memory pressure: reclaim or swap (memory)",
        "runtime-pause" => "pauses of the runtime that stop all threads (runtime-pause)",
        "spin" => "burning CPU to wait (spin)",
        "starved" => "nobody feeds the workers (starved)",
        "imbalance" => "stragglers that the others wait for (imbalance)",
        "single-thread" => "one thread that does everybody's work (single-thread)",
        "none" => "nothing serialises the workers (none)",
        "unknown" | "" => "not settled: the evidence is too thin (unknown)",
        other => other,
    }
}

/// A stage as the title of a row.
pub fn stage(name: StageName) -> &'static str {
    match name {
        StageName::Fetch => "Fetch",
        StageName::Transform => "Transform",
        StageName::Write => "Write",
        StageName::Other => "Other",
    }
}

/// A severity, and the tone to say it in.
pub fn severity(severity: Severity) -> (&'static str, Tone) {
    match severity {
        Severity::Critical => ("critical", Tone::Critical),
        Severity::Warning => ("warning", Tone::Warning),
        Severity::Minor => ("minor", Tone::Minor),
        Severity::Good => ("good", Tone::Good),
    }
}

/// Where the single-worker rate comes from.
pub fn rate_source(source: RateSource) -> &'static str {
    match source {
        RateSource::Measured => "measured",
        RateSource::Observed => "observed",
        RateSource::Modelled => "modelled",
    }
}

/// A language id as people write it.
pub fn language(id: &str) -> &str {
    match id {
        "python" => "Python",
        "typescript" => "TypeScript",
        "javascript" => "JavaScript",
        "java" => "Java",
        "go" => "Go",
        "rust" => "Rust",
        "c" => "C",
        other => other,
    }
}
