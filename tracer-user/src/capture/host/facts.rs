//! The facts of a host that holdup depends on. Nothing is concluded here.

use std::path::PathBuf;

use super::Config;

/// How far the kernel is locked down (`/sys/kernel/security/lockdown`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lockdown {
    /// The kernel is not locked down.
    Off,
    /// Nobody may change the running kernel.
    Integrity,
    /// Nobody may read the kernel's memory either, which eBPF programs do.
    Confidentiality,
}

/// The facts. `None` means that the fact could not be found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Kernel release (`6.1.0-31-amd64`).
    pub release: String,
    /// Machine (`x86_64`).
    pub machine: String,
    /// CPUs online.
    pub cpus: u32,
    /// The kernel describes its own types (`/sys/kernel/btf/vmlinux` can be read).
    pub btf: bool,
    /// Capabilities in effect, a bit each.
    pub capabilities: Option<u64>,
    /// The user that holdup runs as.
    pub user: Option<u32>,
    /// What the kernel answered when asked for the smallest eBPF map: 0 or an errno.
    pub bpf: Option<i32>,
    /// How far locked down; `None` too where the kernel cannot be locked.
    pub lockdown: Option<Lockdown>,
    /// How the kernel was built.
    pub config: Option<Config>,
    /// Where tracefs is mounted.
    pub tracefs: Option<PathBuf>,
    /// There are kprobes.
    pub kprobes: Option<bool>,
    /// There are probes on function entry and exit (the kernel was built for them; a hypervisor may forbid them still).
    pub fentry: Option<bool>,
    /// holdup runs in the host's own PID namespace.
    pub host_pids: Option<bool>,
    /// A cgroup hierarchy of version 1 is mounted.
    pub cgroup_v1: bool,
    /// The cgroup hierarchy of version 2 is mounted.
    pub cgroup_v2: bool,
    /// holdup runs in a container: what shows it.
    pub container: Option<String>,
    /// `kernel.yama.ptrace_scope`.
    pub yama: Option<u32>,
    /// `/proc` is mounted with `hidepid` on.
    pub hidepid: bool,
    /// The kernel counts the running and queueing time of threads (`/proc/PID/schedstat`).
    pub schedstat: bool,
}

impl Facts {
    /// Major and minor number of the kernel.
    #[must_use]
    pub fn version(&self) -> Option<(u32, u32)> {
        let mut numbers = self.release.split(|c: char| !c.is_ascii_digit());
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::Facts;

    #[test]
    fn versions_of_releases() {
        let check = |release: &str, expect| {
            let facts = Facts {
                release: release.to_owned(),
                ..Facts::default()
            };
            assert_eq!(facts.version(), expect, "{release}");
        };
        check("6.18.44-fc-v595", Some((6, 18)));
        check("6.1.0-31-cloud-amd64", Some((6, 1)));
        check("5.15.167.4-microsoft-standard-WSL2", Some((5, 15)));
        check("6.9-rc3", Some((6, 9)));
        check("odd", None);
        check("", None);
    }
}
