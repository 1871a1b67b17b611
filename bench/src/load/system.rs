//! The few calls of the system that the standard library does not have.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// CPU time of the whole process.
pub fn process_cpu() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writes to the struct given.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    Duration::new(
        time.tv_sec.try_into().unwrap_or(0),
        time.tv_nsec.try_into().unwrap_or(0),
    )
}

/// Switches of all threads, voluntary and not.
pub fn switches() -> u64 {
    count_switches(libc::RUSAGE_SELF)
}

/// Switches of the calling thread.
pub fn thread_switches() -> u64 {
    count_switches(libc::RUSAGE_THREAD)
}

fn count_switches(whose: libc::c_int) -> u64 {
    // SAFETY: plain numbers, all zero is valid; the call writes to the struct given.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(whose, &raw mut usage);
        usage
    };
    u64::try_from(usage.ru_nvcsw + usage.ru_nivcsw).unwrap_or(0)
}

/// Binds the calling thread to a CPU; without it the scheduler chooses, so a failure changes nothing else.
pub fn pin(cpu: usize) {
    // SAFETY: plain numbers; the set is ours, and the call reads it.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &raw const set);
    }
}

/// The kernel kills this process when its parent ends.
pub fn end_with_parent() {
    // SAFETY: an option with one number.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
}

/// Sleeps while `word` holds `value`.
pub fn futex_wait(word: &AtomicU32, value: u32) {
    // SAFETY: the word lives; no timeout.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            value,
            std::ptr::null::<libc::timespec>(),
        )
    };
}

/// Wakes up to `most` that sleep on `word`.
pub fn futex_wake(word: &AtomicU32, most: i32) {
    // SAFETY: the word lives.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
            most,
        )
    };
}
