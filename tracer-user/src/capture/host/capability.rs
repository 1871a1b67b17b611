//! The rights that holdup makes use of.

/// A capability (`include/uapi/linux/capability.h`); its number is its bit in `CapEff`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Capability {
    /// See the fds, mappings and programs of other users' processes.
    SysPtrace = 19,
    /// Everything that [`Self::Bpf`] and [`Self::Perfmon`] allow, on older kernels too.
    SysAdmin = 21,
    /// Load tracing programs and count events (Linux 5.8).
    Perfmon = 38,
    /// Load eBPF programs and make their maps (Linux 5.8).
    Bpf = 39,
}

impl Capability {
    /// Its name as `setcap` and `capsh` know it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SysPtrace => "CAP_SYS_PTRACE",
            Self::SysAdmin => "CAP_SYS_ADMIN",
            Self::Perfmon => "CAP_PERFMON",
            Self::Bpf => "CAP_BPF",
        }
    }

    /// It is among `effective`, a mask as in `CapEff`.
    #[must_use]
    pub const fn is_in(self, effective: u64) -> bool {
        effective >> (self as u8) & 1 == 1
    }
}

/// `CapEff` of `/proc/PID/status`.
pub(super) fn effective(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::{Capability, effective};

    #[test]
    fn root_in_a_virtual_machine_without_one_capability() {
        // `grep Cap /proc/self/status` as root where CAP_SYS_RESOURCE is taken away.
        let mask =
            effective("CapPrm:\t000001fffeffffff\nCapEff:\t000001fffeffffff\n").expect("a mask");
        for capability in [
            Capability::Bpf,
            Capability::Perfmon,
            Capability::SysAdmin,
            Capability::SysPtrace,
        ] {
            assert!(capability.is_in(mask), "{}", capability.name());
        }
        assert_eq!(effective("CapPrm:\t0\n"), None);
    }
}
