use super::judge;
use crate::capture::host::{Capability, Config, Facts, Lockdown, State, Table, allow};

fn mask(capabilities: &[Capability]) -> Option<u64> {
    Some(
        capabilities
            .iter()
            .fold(0, |mask, one| mask | 1 << *one as u8),
    )
}

/// A Debian 12 host, as root.
fn good() -> Facts {
    Facts {
        release: "6.1.0-31-amd64".to_owned(),
        machine: "x86_64".to_owned(),
        cpus: 8,
        btf: true,
        capabilities: Some(0x1ff_ffff_ffff),
        user: Some(0),
        bpf: Some(0),
        lockdown: Some(Lockdown::Off),
        host_pids: Some(true),
        cgroup_v2: true,
        schedstat: true,
        ..Facts::default()
    }
}

#[test]
fn a_good_host() {
    assert!(
        judge(&good())
            .iter()
            .all(|finding| finding.state == State::Fine),
        "{}",
        Table(&judge(&good()))
    );
    assert!(allow(&good()).is_ok());
}

/// The one finding that changes, with part of what it says.
fn check(facts: &Facts, state: State, subject: &str, says: &str) {
    let all = judge(facts);
    let bad: Vec<_> = all
        .iter()
        .filter(|finding| finding.state != State::Fine)
        .collect();
    assert_eq!(bad.len(), 1, "{}", Table(&all));
    assert_eq!((bad[0].state, bad[0].subject), (state, subject));
    let text = format!("{}; {}", bad[0].text, bad[0].way_out);
    assert!(text.contains(says), "{text}");
    assert!(!bad[0].way_out.is_empty());
    assert_eq!(allow(facts).is_err(), state == State::Impossible);
    if let Err(error) = allow(facts) {
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn what_makes_it_impossible() {
    let check = |facts: &Facts, subject, says| check(facts, State::Impossible, subject, says);
    check(
        &Facts {
            release: "4.19.0-27-amd64".to_owned(),
            ..good()
        },
        "kernel",
        "older than 5.14",
    );
    check(
        &Facts {
            machine: "riscv64".to_owned(),
            ..good()
        },
        "machine",
        "not supported",
    );
    check(
        &Facts {
            btf: false,
            ..good()
        },
        "BTF",
        "CONFIG_DEBUG_INFO_BTF",
    );
    check(
        &Facts {
            lockdown: Some(Lockdown::Confidentiality),
            ..good()
        },
        "lockdown",
        "locked down",
    );
    check(
        &Facts {
            host_pids: Some(false),
            ..good()
        },
        "PID namespace",
        "--pid=host",
    );
    check(
        &Facts {
            bpf: Some(libc::ENOSYS),
            ..good()
        },
        "bpf call",
        "no bpf()",
    );
    let docker = Some("Docker (/.dockerenv)".to_owned());
    check(
        &Facts {
            bpf: Some(libc::EPERM),
            container: docker,
            ..good()
        },
        "bpf call",
        "seccomp=unconfined",
    );
    check(
        &Facts {
            config: Some(Config::default()),
            ..good()
        },
        "kernel",
        "BPF_EVENTS",
    );
}

#[test]
fn missing_rights_are_named() {
    let with = |capabilities: &[Capability]| Facts {
        capabilities: mask(capabilities),
        user: Some(1000),
        ..good()
    };
    let has = |facts: &Facts, says: &str| {
        let error = allow(facts).expect_err("impossible").to_string();
        assert!(error.contains(says) && error.contains("sudo"), "{error}");
    };
    has(
        &Facts {
            bpf: Some(libc::EPERM),
            ..with(&[Capability::SysPtrace])
        },
        "CAP_BPF and CAP_PERFMON missing",
    );
    has(
        &with(&[Capability::SysPtrace, Capability::Bpf]),
        ": CAP_PERFMON missing",
    );
    assert!(
        allow(&with(&[
            Capability::SysPtrace,
            Capability::Bpf,
            Capability::Perfmon
        ]))
        .is_ok()
    );
    check(
        &with(&[Capability::Bpf, Capability::Perfmon]),
        State::Limited,
        "other processes",
        "CAP_SYS_PTRACE",
    );
}

#[test]
fn what_limits() {
    let check = |facts: &Facts, subject, says| check(facts, State::Limited, subject, says);
    check(
        &Facts {
            release: "5.15.0-130-generic".to_owned(),
            ..good()
        },
        "kernel",
        "6.1 and later are tested",
    );
    check(
        &Facts {
            cgroup_v2: false,
            ..good()
        },
        "cgroups",
        "--cgroup",
    );
    check(
        &Facts {
            yama: Some(3),
            ..good()
        },
        "other processes",
        "ptrace_scope",
    );
    check(
        &Facts {
            schedstat: false,
            ..good()
        },
        "schedstat",
        "schedstat",
    );
}
