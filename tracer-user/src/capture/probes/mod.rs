//! The eBPF programs: the embedded object, what it must be told of this kernel, and where its programs are attached.
//!
//! In: [`Settings`](super::Settings) and the kernel's type information. Out: maps, and programs that run.

pub mod btf;
pub mod offsets;

pub mod attach;
pub mod object;
pub mod sampler;

pub mod verifier;
