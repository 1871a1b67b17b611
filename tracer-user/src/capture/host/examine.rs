//! Reads the facts of this machine.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::capability::effective;
use super::{Config, Facts, Lockdown};

/// `PROC_PID_INIT_INO`, include/linux/proc_ns.h: the inode of the first PID namespace, the same on every kernel.
const FIRST_PID_NAMESPACE: u64 = 0xefff_fffc;

/// The facts of this machine, for this process.
#[must_use]
pub fn examine() -> Facts {
    let facts = glance();
    let config = Config::read(&facts.release);
    let has = |option: &str| config.as_ref().map(|config| config.has(option));
    Facts {
        kprobes: has("KPROBES").or(facts.kprobes),
        fentry: has("DYNAMIC_FTRACE_WITH_DIRECT_CALLS"),
        config,
        ..facts
    }
}

/// [`examine`] without how the kernel was built, which takes some milliseconds to read: enough to say whether to attach.
#[must_use]
pub fn glance() -> Facts {
    let release = read("/proc/sys/kernel/osrelease").unwrap_or_default();
    let status = read("/proc/self/status").unwrap_or_default();
    let mounts = read("/proc/self/mountinfo").unwrap_or_default();
    Facts {
        machine: std::env::consts::ARCH.to_owned(),
        cpus: std::thread::available_parallelism()
            .map_or(1, |cpus| u32::try_from(cpus.get()).unwrap_or(u32::MAX)),
        btf: fs::File::open("/sys/kernel/btf/vmlinux").is_ok(),
        capabilities: effective(&status),
        user: fs::metadata("/proc/self").ok().map(|meta| meta.uid()),
        bpf: Some(smallest_map()),
        lockdown: read("/sys/kernel/security/lockdown")
            .as_deref()
            .and_then(lockdown),
        tracefs: mount_point(&mounts, "tracefs"),
        kprobes: Path::new("/sys/bus/event_source/devices/kprobe")
            .exists()
            .then_some(true),
        fentry: None,
        host_pids: fs::metadata("/proc/self/ns/pid")
            .ok()
            .map(|meta| meta.ino() == FIRST_PID_NAMESPACE),
        cgroup_v1: mount_point(&mounts, "cgroup").is_some(),
        cgroup_v2: mount_point(&mounts, "cgroup2").is_some(),
        container: container(),
        yama: number("/proc/sys/kernel/yama/ptrace_scope"),
        hidepid: hidepid(&mounts),
        schedstat: read("/proc/self/schedstat")
            .is_some_and(|text| text.split_ascii_whitespace().count() == 3),
        release,
        config: None,
    }
}

/// Text of a small file without the blanks around it.
fn read(path: &str) -> Option<String> {
    fs::read_to_string(path)
        .ok()
        .map(|text| text.trim().to_owned())
}

fn number<T: std::str::FromStr>(path: &str) -> Option<T> {
    read(path)?.parse().ok()
}

/// `none [integrity] confidentiality`: the one in brackets is in force.
fn lockdown(text: &str) -> Option<Lockdown> {
    let chosen = text.split_once('[')?.1.split_once(']')?.0;
    Some(match chosen {
        "none" => Lockdown::Off,
        "integrity" => Lockdown::Integrity,
        "confidentiality" => Lockdown::Confidentiality,
        _ => return None,
    })
}

/// Where a file system of this type is mounted first (`mountinfo`, proc(5)).
fn mount_point(mounts: &str, kind: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        (after.split(' ').next()? == kind).then(|| before.split(' ').nth(4).map(PathBuf::from))?
    })
}

/// `/proc` hides the processes of others: `hidepid=1`, `2`, `4`, or by name since Linux 5.8.
fn hidepid(mounts: &str) -> bool {
    mounts
        .lines()
        .filter(|line| line.contains(" /proc ") && line.contains(" - proc "))
        .any(|line| {
            line.rsplit([' ', ','])
                .filter_map(|option| option.strip_prefix("hidepid="))
                .any(|how| how != "0" && how != "off")
        })
}

/// What shows that holdup runs in a container.
fn container() -> Option<String> {
    for (path, what) in [("/.dockerenv", "Docker"), ("/run/.containerenv", "Podman")] {
        if Path::new(path).exists() {
            return Some(format!("{what} ({path})"));
        }
    }
    if let Ok(name) = std::env::var("container") {
        return Some(format!("{name} ($container)"));
    }
    std::env::var_os("KUBERNETES_SERVICE_HOST")
        .map(|_| "Kubernetes ($KUBERNETES_SERVICE_HOST)".to_owned())
}

/// Asks the kernel for an eBPF array of one number, and gives it back at once: 0 or the errno.
fn smallest_map() -> i32 {
    /// `BPF_MAP_CREATE` and `BPF_MAP_TYPE_ARRAY`, include/uapi/linux/bpf.h.
    const MAP_CREATE: libc::c_long = 0;
    // union bpf_attr: map_type, key_size, value_size, max_entries, then zeros.
    let mut attributes = [0u32; 32];
    attributes[..4].copy_from_slice(&[2, 4, 4, 1]);
    // SAFETY: the kernel reads `attributes`, which outlives the call, and no more of it than the size given.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            MAP_CREATE,
            attributes.as_ptr(),
            size_of_val(&attributes),
        )
    };
    let Ok(fd) = libc::c_int::try_from(fd) else {
        return libc::EOVERFLOW;
    };
    if fd < 0 {
        return std::io::Error::last_os_error()
            .raw_os_error()
            .unwrap_or(libc::EIO);
    }
    // SAFETY: the call just gave us this fd, and nobody else has it.
    unsafe { libc::close(fd) };
    0
}

#[cfg(test)]
mod tests {
    use super::{Lockdown, examine, hidepid, lockdown, mount_point};

    const MOUNTS: &str = "\
23 1 0:21 / /proc rw,nosuid,relatime - proc proc rw,hidepid=invisible
26 23 0:12 / /sys/kernel/tracing rw,nosuid - tracefs tracefs rw
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";

    #[test]
    fn mounts() {
        assert_eq!(
            mount_point(MOUNTS, "tracefs").as_deref(),
            Some("/sys/kernel/tracing".as_ref())
        );
        assert_eq!(mount_point(MOUNTS, "cgroup"), None);
        assert!(hidepid(MOUNTS));
        assert!(!hidepid(&MOUNTS.replace("invisible", "off")));
        assert!(!hidepid("23 1 0:21 / /proc rw - proc proc rw"));
    }

    #[test]
    fn lockdown_levels() {
        assert_eq!(
            lockdown("[none] integrity confidentiality"),
            Some(Lockdown::Off)
        );
        assert_eq!(
            lockdown("none integrity [confidentiality]"),
            Some(Lockdown::Confidentiality)
        );
        assert_eq!(lockdown("none"), None);
    }

    #[test]
    fn this_machine() {
        let facts = examine();
        assert!(
            facts.version().is_some_and(|version| version >= (2, 6)),
            "{}",
            facts.release
        );
        assert!(facts.cpus > 0 && facts.capabilities.is_some() && facts.bpf.is_some());
    }
}
