//! Judges facts: what each means for holdup. Pure.

use super::{Capability, Facts, Finding, Lockdown, State};

/// The first kernel whose `task_struct` has `__state` (include/linux/sched.h), which the probes read.
const FIRST_KERNEL: (u32, u32) = (5, 14);
/// The first kernel that is tested.
const TESTED_KERNEL: (u32, u32) = (6, 1);

/// What the facts mean for holdup, the gravest not first but each in its place: kernel, rights, then what makes it better.
#[must_use]
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let mut all = vec![kernel(facts), machine(facts), btf(facts), rights(facts)];
    all.extend(bpf_call(facts));
    all.extend(lockdown(facts));
    all.push(pid_namespace(facts));
    all.push(other_processes(facts));
    all.push(tracefs(facts));
    all.push(probes(facts));
    all.push(cgroups(facts));
    all.extend(schedstat(facts));
    all
}

fn fine(subject: &'static str, text: impl Into<String>) -> Finding {
    Finding {
        subject,
        state: State::Fine,
        text: text.into(),
        way_out: String::new(),
    }
}

fn limited(subject: &'static str, text: impl Into<String>, way_out: impl Into<String>) -> Finding {
    Finding {
        subject,
        state: State::Limited,
        text: text.into(),
        way_out: way_out.into(),
    }
}

fn impossible(
    subject: &'static str,
    text: impl Into<String>,
    way_out: impl Into<String>,
) -> Finding {
    Finding {
        subject,
        state: State::Impossible,
        text: text.into(),
        way_out: way_out.into(),
    }
}

fn kernel(facts: &Facts) -> Finding {
    let release = &facts.release;
    if let Some(config) = &facts.config
        && !(config.has("BPF_SYSCALL") && config.has("BPF_EVENTS"))
    {
        let text =
            format!("Linux {release} was built without eBPF tracing (BPF_SYSCALL, BPF_EVENTS)");
        return impossible("kernel", text, "boot your distribution's own kernel");
    }
    match facts.version() {
        None => limited(
            "kernel",
            format!("Linux \"{release}\" says no version"),
            "expect what 6.1 and later can do",
        ),
        Some(version) if version < FIRST_KERNEL => impossible(
            "kernel",
            format!(
                "Linux {release} is older than 5.14: its threads tell their state in another form"
            ),
            "use Linux 6.1 or later",
        ),
        Some(version) if version < TESTED_KERNEL => limited(
            "kernel",
            format!(
                "Linux {release} works only if its tracepoint sched_switch tells the previous state (5.18 and later do, and \
                 kernels to which that was carried back); only 6.1 and later are tested"
            ),
            "use Linux 6.1 or later if attaching fails",
        ),
        Some(_) => fine("kernel", format!("Linux {release}, {} CPUs", facts.cpus)),
    }
}

fn machine(facts: &Facts) -> Finding {
    match facts.machine.as_str() {
        "x86_64" => fine("machine", "x86_64"),
        "aarch64" => impossible(
            "machine",
            "aarch64: the kernel side reads the registers of x86-64 only",
            "record on an x86-64 host; reports can be made here",
        ),
        other => impossible(
            "machine",
            format!("{other} is not supported"),
            "record on an x86-64 host; reports can be made here",
        ),
    }
}

fn btf(facts: &Facts) -> Finding {
    if facts.btf {
        fine(
            "BTF",
            "the kernel describes its types (/sys/kernel/btf/vmlinux)",
        )
    } else {
        impossible(
            "BTF",
            "the kernel does not describe its types: /sys/kernel/btf/vmlinux cannot be read",
            "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y (Debian 11, Ubuntu 20.10, Fedora 31, RHEL 8.2 and later have it); in a container make sure that /sys is there",
        )
    }
}

fn rights(facts: &Facts) -> Finding {
    let Some(effective) = facts.capabilities else {
        return limited(
            "rights",
            "the capabilities of this process cannot be read",
            "mount /proc",
        );
    };
    let has = |capability: Capability| capability.is_in(effective);
    if has(Capability::SysAdmin) || has(Capability::Bpf) && has(Capability::Perfmon) {
        let names = [Capability::SysAdmin, Capability::Bpf, Capability::Perfmon]
            .into_iter()
            .filter(|one| has(*one));
        return fine(
            "rights",
            names.map(Capability::name).collect::<Vec<_>>().join(", "),
        );
    }
    let missing: Vec<_> = [Capability::Bpf, Capability::Perfmon]
        .into_iter()
        .filter(|one| !has(*one))
        .map(Capability::name)
        .collect();
    impossible(
        "rights",
        format!(
            "no right to load eBPF programs: {} missing",
            missing.join(" and ")
        ),
        "run it with sudo, or once `sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep $(command -v holdup)`",
    )
}

/// A finding where the rights are there, but the kernel refuses the call all the same.
fn bpf_call(facts: &Facts) -> Option<Finding> {
    let allowed = rights(facts).state != State::Impossible;
    match facts.bpf? {
        0 => None,
        libc::ENOSYS => Some(impossible(
            "bpf call",
            "this kernel has no bpf() call",
            "boot your distribution's own kernel",
        )),
        libc::EPERM | libc::EACCES if allowed => Some(impossible(
            "bpf call",
            format!(
                "bpf() is refused though the rights are there{}",
                in_container(facts)
            ),
            "a filter of system calls forbids it: start the container with --privileged, or with --security-opt seccomp=unconfined and CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE",
        )),
        libc::EPERM | libc::EACCES => None,
        errno => {
            let error = std::io::Error::from_raw_os_error(errno);
            Some(limited(
                "bpf call",
                format!("an eBPF map could not be made: {error}"),
                "free some memory, or raise the memory limit of this control group",
            ))
        }
    }
}

fn in_container(facts: &Facts) -> String {
    facts
        .container
        .as_ref()
        .map_or_else(String::new, |what| format!(", in a container: {what}"))
}

fn lockdown(facts: &Facts) -> Option<Finding> {
    match facts.lockdown? {
        Lockdown::Off | Lockdown::Integrity => None,
        Lockdown::Confidentiality => Some(impossible(
            "lockdown",
            "the kernel is locked down to confidentiality: programs may not read its memory",
            "boot with lockdown=integrity or without lockdown",
        )),
    }
}

fn pid_namespace(facts: &Facts) -> Finding {
    match facts.host_pids {
        Some(true) => fine(
            "PID namespace",
            format!("the host's own{}", in_container(facts)),
        ),
        Some(false) => impossible(
            "PID namespace",
            format!(
                "holdup runs in a PID namespace of its own{}: the kernel tells other pids than /proc shows here",
                in_container(facts)
            ),
            "run it on the host, or start its container with --pid=host",
        ),
        None => limited(
            "PID namespace",
            "cannot tell whether this is the host's",
            "mount /proc",
        ),
    }
}

fn other_processes(facts: &Facts) -> Finding {
    let allowed = facts
        .capabilities
        .is_some_and(|effective| Capability::SysPtrace.is_in(effective));
    if facts.yama == Some(3) {
        return limited(
            "other processes",
            "kernel.yama.ptrace_scope is 3: nobody may read the memory of other processes, so some names of code stay unknown",
            "boot with another value; it cannot be lowered while the system runs",
        );
    }
    if allowed || facts.user == Some(0) {
        return fine("other processes", "their files and mappings can be seen");
    }
    let hidden = if facts.hidepid {
        " and /proc hides the processes of others (hidepid)"
    } else {
        ""
    };
    limited(
        "other processes",
        format!(
            "CAP_SYS_PTRACE is missing{hidden}: paths and addresses of other users' processes stay unknown"
        ),
        "run it with sudo",
    )
}

/// tracefs is reported because other tools need it.
fn tracefs(facts: &Facts) -> Finding {
    match &facts.tracefs {
        Some(path) => fine(
            "tracefs",
            format!("mounted at {}; holdup does not need it", path.display()),
        ),
        None => fine(
            "tracefs",
            "not mounted; holdup does not need it (it uses raw and BTF tracepoints)",
        ),
    }
}

fn probes(facts: &Facts) -> Finding {
    let say = |name: &str, there: Option<bool>| match there {
        Some(true) => format!("{name}: yes"),
        Some(false) => format!("{name}: no"),
        None => format!("{name}: cannot tell"),
    };
    let text = format!(
        "{}, {}; holdup does not need them",
        say("kprobes", facts.kprobes),
        say("fentry", facts.fentry)
    );
    fine("other probes", text)
}

fn cgroups(facts: &Facts) -> Finding {
    match (facts.cgroup_v1, facts.cgroup_v2) {
        (false, false) => limited(
            "cgroups",
            "no hierarchy is mounted: --cgroup finds nothing",
            "mount one (`mount -t cgroup2 none /sys/fs/cgroup`), or name targets by --pid or --comm",
        ),
        (v1, v2) => {
            let versions = [v1.then_some("1"), v2.then_some("2")]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>();
            fine("cgroups", format!("version {}", versions.join(" and ")))
        }
    }
}

fn schedstat(facts: &Facts) -> Option<Finding> {
    (!facts.schedstat).then(|| {
        limited(
            "schedstat",
            "/proc/PID/schedstat is missing: a trace's times cannot be checked against the kernel's own",
            "boot a kernel built with CONFIG_SCHED_INFO=y (CONFIG_SCHEDSTATS or CONFIG_TASK_DELAY_ACCT)",
        )
    })
}

#[cfg(test)]
mod tests;
