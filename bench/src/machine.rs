//! The machine the figures are of, and the clocks of other processes.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

/// A program built beside this one.
pub fn beside(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("the place of this program")?;
    Ok(own.with_file_name(name))
}

/// One line that says on what, and when, a section was measured.
pub fn line(command: &str) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu_info = read("/proc/cpuinfo");
    let model = cpu_info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("CPU of unknown model", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let release = read("/proc/sys/kernel/osrelease");
    let virtual_machine = cpu_info.contains(" hypervisor");
    format!(
        "`{command}`, {}, Linux {}, {cores} x {model}{}.\n",
        date(),
        release.trim(),
        if virtual_machine {
            " (a virtual machine)"
        } else {
            ""
        },
    )
}

/// Today in UTC.
fn date() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = now.map_or(0, |now| now.as_secs());
    let seconds = libc::time_t::try_from(seconds).unwrap_or(0);
    // SAFETY: plain numbers, and a call that reads one argument and writes the other.
    let fields = unsafe {
        let mut fields: libc::tm = std::mem::zeroed();
        libc::gmtime_r(&raw const seconds, &raw mut fields);
        fields
    };
    format!(
        "{}-{:02}-{:02}",
        fields.tm_year + 1900,
        fields.tm_mon + 1,
        fields.tm_mday
    )
}

/// CPU time another process and those of its children that have ended have used, to a hundredth of a second.
pub fn cpu_with_children(pid: u32) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, the second field, may have blanks in it; utime, stime, cutime and cstime are the 14th to the 17th (proc(5)).
    let fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
    let ticks: Vec<u64> = fields
        .skip(11)
        .take(4)
        .map_while(|field| field.parse().ok())
        .collect();
    (ticks.len() == 4).then(|| Duration::from_millis(ticks.iter().sum::<u64>() * 10))
}

/// CPU time another process has used, to the nanosecond.
pub fn cpu_of(pid: u32) -> Option<Duration> {
    let pid = libc::pid_t::try_from(pid).ok()?;
    let mut clock: libc::clockid_t = 0;
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: both calls write to what they are given.
    let failed = unsafe {
        libc::clock_getcpuclockid(pid, &raw mut clock) != 0
            || libc::clock_gettime(clock, &raw mut time) != 0
    };
    if failed {
        return None;
    }
    Some(Duration::new(
        time.tv_sec.try_into().ok()?,
        time.tv_nsec.try_into().ok()?,
    ))
}
