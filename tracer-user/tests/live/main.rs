//! Captures of running processes: they need a kernel with BTF, and the rights to load eBPF programs.
#![cfg(target_os = "linux")]

mod call_sites;
