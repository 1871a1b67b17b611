//! What this host and these rights allow: facts first, then the decision.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// How a program gets the rights it needs to load eBPF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// This user has them.
    Own,
    /// `sudo` gives them without asking for a password.
    Sudo,
}

impl Rights {
    /// A command with these rights.
    pub fn command(self, program: impl AsRef<OsStr>) -> Command {
        match self {
            Rights::Own => Command::new(program),
            Rights::Sudo => {
                let mut command = Command::new("sudo");
                command.arg("-n").arg(program);
                command
            }
        }
    }
}

/// What was found out about the host.
#[derive(Clone, Copy, Debug)]
struct Facts {
    linux: bool,
    btf: bool,
    effective_capabilities: Option<u64>,
    sudo: bool,
}

/// Bits of `CapEff` (include/uapi/linux/capability.h, Linux 6.1).
const CAP_SYS_ADMIN: u64 = 1 << 21;
const CAP_PERFMON: u64 = 1 << 38;
const CAP_BPF: u64 = 1 << 39;

impl Facts {
    fn gather() -> Facts {
        let capabilities = std::fs::read_to_string("/proc/self/status")
            .ok()
            .and_then(|status| effective(&status));
        Facts {
            linux: cfg!(target_os = "linux"),
            btf: Path::new("/sys/kernel/btf/vmlinux").exists(),
            effective_capabilities: capabilities,
            sudo: !capabilities.is_some_and(may_load) && sudo(),
        }
    }
}

fn effective(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

fn may_load(capabilities: u64) -> bool {
    capabilities & CAP_SYS_ADMIN != 0
        || capabilities & (CAP_BPF | CAP_PERFMON) == CAP_BPF | CAP_PERFMON
}

fn decide(facts: Facts) -> Result<Rights, String> {
    if !facts.linux {
        return Err("live capture needs Linux".to_owned());
    }
    if !facts.btf {
        return Err("this kernel has no BTF (/sys/kernel/btf/vmlinux)".to_owned());
    }
    match facts.effective_capabilities {
        Some(capabilities) if may_load(capabilities) => Ok(Rights::Own),
        _ if facts.sudo => Ok(Rights::Sudo),
        _ => Err("no rights to load eBPF (CAP_BPF and CAP_PERFMON, or root), and sudo asks for a password".to_owned()),
    }
}

fn sudo() -> bool {
    let mut command = Command::new("sudo");
    command.args(["-n", "true"]).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// How a program becomes root here, if it can without asking for a password.
pub fn root() -> Option<Rights> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    match effective_user(&status) {
        Some(0) => Some(Rights::Own),
        _ if sudo() => Some(Rights::Sudo),
        _ => None,
    }
}

/// The second of the user ids in `/proc/PID/status`.
fn effective_user(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// How live capture can run here, or why it cannot.
pub fn live() -> Result<Rights, String> {
    decide(Facts::gather())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: Facts = Facts {
        linux: true,
        btf: true,
        effective_capabilities: Some(0),
        sudo: false,
    };

    #[test]
    fn rights_come_from_capabilities_then_from_sudo() {
        let with = |capabilities| Facts {
            effective_capabilities: Some(capabilities),
            ..FACTS
        };
        assert_eq!(decide(with(CAP_SYS_ADMIN)), Ok(Rights::Own));
        assert_eq!(decide(with(CAP_BPF | CAP_PERFMON)), Ok(Rights::Own));
        assert_eq!(
            decide(Facts {
                sudo: true,
                ..with(CAP_BPF)
            }),
            Ok(Rights::Sudo)
        );
        assert!(
            decide(with(CAP_BPF))
                .expect_err("one is not enough")
                .contains("CAP_PERFMON")
        );
        assert!(
            decide(Facts {
                effective_capabilities: None,
                ..FACTS
            })
            .is_err()
        );
    }

    #[test]
    fn the_kernel_comes_before_the_rights() {
        let root = Facts {
            effective_capabilities: Some(u64::MAX),
            ..FACTS
        };
        assert!(
            decide(Facts { btf: false, ..root })
                .expect_err("no BTF")
                .contains("BTF")
        );
        assert!(
            decide(Facts {
                linux: false,
                ..root
            })
            .expect_err("no Linux")
            .contains("Linux")
        );
    }

    #[test]
    fn root_is_the_effective_user() {
        assert_eq!(effective_user("Name:\tx\nUid:\t1000\t0\t0\t0\n"), Some(0));
        assert_eq!(effective_user("Name:\tx\n"), None);
    }

    #[test]
    fn capabilities_are_read_as_the_kernel_prints_them() {
        assert_eq!(
            effective("Name:\tcat\nCapPrm:\t0000000000000000\nCapEff:\t000001ffffffffff\n"),
            Some(0x1ff_ffff_ffff)
        );
        assert_eq!(effective("Name:\tcat\n"), None);
    }
}
