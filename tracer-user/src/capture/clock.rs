//! The clock of all events, and the CPU clocks of processes.

use std::sync::OnceLock;

use crate::row::{Nanos, Pid};

/// `CLOCK_MONOTONIC` now: what `bpf_ktime_get_ns` gives in the kernel.
#[must_use]
pub fn monotonic() -> Nanos {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is a local variable, and the clock exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    nanos(now)
}

/// The tick of the kernel's clock, which its `jiffies` count: the resolution of the coarse clock (`KTIME_LOW_RES`,
/// include/linux/hrtimer.h). Zero: not known.
#[must_use]
pub fn tick() -> Nanos {
    static TICK: OnceLock<Nanos> = OnceLock::new();
    *TICK.get_or_init(|| {
        let mut length = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: the call writes to a local variable.
        let failed =
            unsafe { libc::clock_getres(libc::CLOCK_MONOTONIC_COARSE, &raw mut length) } != 0;
        if failed { Nanos::ZERO } else { nanos(length) }
    })
}

/// CPU time of all threads of a process; `None` when there is no such process.
#[must_use]
pub fn process_cpu(pid: Pid) -> Option<Nanos> {
    let pid = libc::pid_t::try_from(pid.0).ok()?;
    let mut clock: libc::clockid_t = 0;
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: both calls write to local variables.
    let failed = unsafe {
        libc::clock_getcpuclockid(pid, &raw mut clock) != 0
            || libc::clock_gettime(clock, &raw mut now) != 0
    };
    (!failed).then(|| nanos(now))
}

fn nanos(time: libc::timespec) -> Nanos {
    let part = |figure: i64| u64::try_from(figure).unwrap_or(0);
    Nanos(
        part(time.tv_sec)
            .saturating_mul(1_000_000_000)
            .saturating_add(part(time.tv_nsec)),
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_tick_is_one_to_ten_milliseconds() {
        let tick = super::tick().0;
        assert!((1_000_000..=10_000_000).contains(&tick), "{tick}");
    }

    #[test]
    fn it_advances() {
        let before = super::monotonic();
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(super::monotonic().since(before).0 >= 2_000_000);
    }
}
