//! Describes the host, the targets and holdup itself, as `/proc` and the system tell, for the meta and the task rows.

use std::fs;

use crate::capture::targets::language;
use crate::capture::{Settings, TargetSpec, clock};
use crate::row::{self, Clocks, Host, Nanos, Pid, Target, Task, TaskFact, TaskRole, Tid};

/// Name, kernel and size of this machine.
#[must_use]
pub fn host() -> Host {
    let line = |path: &str| {
        fs::read_to_string(path)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    Host {
        name: line("/proc/sys/kernel/hostname"),
        kernel: line("/proc/sys/kernel/osrelease"),
        machine: std::env::consts::ARCH.to_owned(),
        cpus: u32::try_from(std::thread::available_parallelism().map_or(1, usize::from))
            .unwrap_or(1),
    }
}

/// The targets as they are when the window opens. A command that is held back is described by its arguments: until its exec it is a copy of holdup.
#[must_use]
pub fn target(argv: &[String], pids: &[Pid], specs: &[TargetSpec]) -> Target {
    let run = specs.iter().find_map(|spec| match spec {
        TargetSpec::Run(command) => Some(command),
        TargetSpec::Pid(_) | TargetSpec::Comm(_) | TargetSpec::Cgroup(_) => None,
    });
    let about = Target {
        argv: argv.to_vec(),
        pids: pids.to_vec(),
        ..Target::default()
    };
    if let Some(command) = run {
        let command: Vec<_> = command
            .iter()
            .map(|argument| argument.to_string_lossy())
            .collect();
        return Target {
            command: command.join(" "),
            ..about
        };
    }
    let Some(first) = pids.first().copied() else {
        return about;
    };
    Target {
        command: command(first),
        exe: exe(first),
        language: language_of(first),
        ..about
    }
}

/// The language a process is written in, empty when it is not known.
#[must_use]
pub fn language_of(pid: Pid) -> String {
    language::of(pid).map_or_else(String::new, |language| language.name().to_owned())
}

/// The settings, as the trace keeps them.
#[must_use]
pub fn settings(settings: &Settings) -> row::Settings {
    row::Settings {
        holdup: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("HOLDUP_COMMIT").unwrap_or_default().to_owned(),
        command: settings.command.clone(),
        peek: settings.peek,
        ring_bytes: settings.ring_bytes.into(),
        call_sites: settings.call_sites,
        runtime: settings.runtime,
        calls: settings.calls,
        max_overhead: settings.max_overhead,
    }
}

/// The monotonic and the real-time clock now.
#[must_use]
pub fn clocks() -> Clocks {
    let since_epoch = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Clocks {
        monotonic: clock::monotonic(),
        realtime: Nanos(u64::try_from(since_epoch.as_nanos()).unwrap_or_default()),
    }
}

/// The threads of a process.
fn tids(pid: Pid) -> Vec<Tid> {
    let Ok(folder) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    folder
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Tid))
        .collect()
}

/// Makes one row for each thread that lives now.
#[must_use]
pub fn seen(pids: &[Pid], role: TaskRole) -> Vec<Task> {
    let end = clock::monotonic();
    let mut rows = Vec::new();
    for pid in pids {
        let (exe, command, parent_pid) = (exe(*pid), command(*pid), parent(*pid));
        rows.extend(tids(*pid).into_iter().map(|tid| Task {
            end,
            tid,
            pid: *pid,
            fact: TaskFact::Seen,
            role,
            parent_pid,
            name: name(*pid, tid),
            exe: exe.clone(),
            command: command.clone(),
            ..Task::default()
        }));
    }
    rows
}

/// The process that made this one, 0 when it has ended: the fourth field of `/proc/PID/stat`, behind a name that may hold
/// anything but ends with the last parenthesis.
fn parent(pid: Pid) -> Pid {
    let stat = fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    let stat = String::from_utf8_lossy(&stat);
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let parent = fields.split_ascii_whitespace().nth(1);
    Pid(parent.and_then(|pid| pid.parse().ok()).unwrap_or_default())
}

/// The name of a thread, empty when it has ended.
fn name(pid: Pid, tid: Tid) -> String {
    let bytes = fs::read(format!("/proc/{pid}/task/{tid}/comm")).unwrap_or_default();
    String::from_utf8_lossy(bytes.strip_suffix(b"\n").unwrap_or(&bytes)).into_owned()
}

/// The program that a process runs, empty when it cannot be read.
#[must_use]
pub fn exe(pid: Pid) -> String {
    fs::read_link(format!("/proc/{pid}/exe"))
        .map(|path| path.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The command line of a process, its arguments joined by blanks.
#[must_use]
pub fn command(pid: Pid) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let arguments: Vec<_> = bytes
        .split(|byte| *byte == 0)
        .filter(|argument| !argument.is_empty())
        .map(String::from_utf8_lossy)
        .collect();
    arguments.join(" ")
}

/// CPU time that holdup has used up to now.
#[must_use]
pub fn self_cpu() -> Nanos {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is a local variable, and a rusage of zeros is valid should the call fail.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let nanos = |time: libc::timeval| {
        u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000
            + u64::try_from(time.tv_usec).unwrap_or(0) * 1000
    };
    Nanos(nanos(usage.ru_utime) + nanos(usage.ru_stime))
}

/// The most resident memory that holdup has used up to now, in bytes.
#[must_use]
pub fn peak_resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB"))
        .and_then(|figure| figure.parse::<u64>().ok())
        .unwrap_or(0)
        * 1024
}
