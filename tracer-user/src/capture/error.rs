//! Why a capture cannot begin or go on. Each text says what the user can do.

use std::path::PathBuf;

use aya::programs::ProgramError;

use super::host::HostError;
use super::targets::TargetError;
use crate::row::SinkError;

/// About how much memory all maps but the ring buffer take; the tables of threads are the largest.
const MAP_BYTES: u64 = 14 << 20;

/// What can go wrong while capturing.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The host or the rights do not allow to attach.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The rights do not allow to load programs.
    #[error(
        "not allowed to load eBPF programs: holdup needs root, or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE; run it with sudo"
    )]
    Rights,
    /// The kernel gives no type information.
    #[error(
        "this kernel has no {path} ({source}): it must be built with CONFIG_DEBUG_INFO_BTF, as those of all larger distributions are since 2021"
    )]
    NoBtf {
        /// The file that should be there.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The type information makes no sense.
    #[error("{path} is damaged: {what}")]
    BadBtf {
        /// The file that holds it.
        path: PathBuf,
        /// A phrase that says what is wrong with it.
        what: &'static str,
    },
    /// A kernel struct lacks what the probes read.
    #[error(
        "this kernel's struct {outer} has no member {member}: kernels from 6.1 on are supported, {release} is running"
    )]
    NoMember {
        /// Name of the struct.
        outer: &'static str,
        /// Path of the member in the struct.
        member: &'static str,
        /// `uname -r`.
        release: String,
    },
    /// A tracepoint without which nothing works is missing or has other arguments.
    #[error(
        "this kernel's tracepoint {name} is missing or of another form: kernels from 6.1 on are supported, {release} is running"
    )]
    Tracepoint {
        /// Name of the tracepoint.
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
        /// Name of the map.
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
        /// Name of the program.
        name: &'static str,
        /// What aya said.
        source: Box<ProgramError>,
    },
    /// A map of the object is missing or refuses.
    #[error("eBPF map {name}: {source}")]
    Map {
        /// Name of the map.
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
        /// The program, as the user named it.
        command: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something of the system that must work did not.
    #[error("{doing}: {source}")]
    System {
        /// What was being done, as a phrase.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Rows could not be handed on.
    #[error(transparent)]
    Sink(#[from] SinkError),
}
