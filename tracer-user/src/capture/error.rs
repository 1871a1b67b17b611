//! Why a capture could not begin or go on. Each text says what to do.

use std::path::PathBuf;

use aya::programs::ProgramError;

use super::host::HostError;
use super::targets::TargetError;
use crate::row::SinkError;

/// Memory of all maps but the ring buffer, about: the tables of threads are the largest.
const MAP_BYTES: u64 = 14 << 20;

/// What can go wrong while capturing.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The host or the rights do not allow it.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Not allowed to load programs.
    #[error(
        "not allowed to load eBPF programs: holdup needs root, or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE; run it with sudo"
    )]
    Rights,
    /// The kernel gives no type information.
    #[error(
        "this kernel has no {path} ({source}): it must be built with CONFIG_DEBUG_INFO_BTF, as those of all larger distributions are since 2021"
    )]
    NoBtf {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The type information makes no sense.
    #[error("{path} is damaged: {what}")]
    BadBtf {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A kernel struct lacks what the probes read.
    #[error(
        "this kernel's struct {outer} has no member {member}: kernels from 6.1 on are supported, {release} is running"
    )]
    NoMember {
        /// The struct.
        outer: &'static str,
        /// Path in it.
        member: &'static str,
        /// `uname -r`.
        release: String,
    },
    /// A tracepoint without which nothing works is missing or has other arguments.
    #[error(
        "this kernel's tracepoint {name} is missing or of another form: kernels from 6.1 on are supported, {release} is running"
    )]
    Tracepoint {
        /// Which.
        name: &'static str,
        /// `uname -r`.
        release: String,
    },
    /// The kernel has no memory for a map.
    #[error(
        "the kernel has no memory for eBPF map {map}, so nothing was attached: the maps take {} MB; free some memory, raise the memory limit of this control group, or say a smaller --ring-bytes (now {ring_bytes})",
        (MAP_BYTES + ring_bytes) >> 20
    )]
    Memory {
        /// Which.
        map: String,
        /// Size of the ring buffer asked for.
        ring_bytes: u64,
    },
    /// The embedded object could not be loaded.
    #[error("cannot load the eBPF object: {0}")]
    Load(#[from] aya::EbpfError),
    /// A program was refused.
    #[error("the kernel refuses eBPF program {name}: {source}")]
    Program {
        /// Which.
        name: &'static str,
        /// What aya said.
        source: Box<ProgramError>,
    },
    /// A map of the object is missing or refuses.
    #[error("eBPF map {name}: {source}")]
    Map {
        /// Which.
        name: &'static str,
        /// What aya said.
        source: Box<aya::maps::MapError>,
    },
    /// A pass of the task iterator failed.
    #[error("cannot read the kernel's list of threads: {0}")]
    Iterate(#[source] std::io::Error),
    /// The targets could not be found.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The command of `run` could not be started.
    #[error("cannot start {command}: {source}")]
    Start {
        /// Its first word.
        command: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something of the system that must work did not.
    #[error("{doing}: {source}")]
    System {
        /// What was done.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Rows could not be handed on.
    #[error(transparent)]
    Sink(#[from] SinkError),
}
