//! The `holdup` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    keep_memory();
    holdup::cli::main()
}

/// Has the allocator keep what large tables of rows leave, instead of giving it back and getting it again page by page for the
/// next one: a third of the time of a report on a long trace.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn keep_memory() {
    /// Larger than any table of rows, which are of a million rows at most.
    const LARGEST: libc::c_int = 512 << 20;
    /// The heap grows by this much at once; what is not used takes no memory.
    const STEP: libc::c_int = 64 << 20;
    // SAFETY: sets three numbers of the allocator before any other thread is there; a refusal changes nothing.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGEST);
        libc::mallopt(libc::M_TOP_PAD, STEP);
    }
}

/// Other allocators have their own ways.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn keep_memory() {}
