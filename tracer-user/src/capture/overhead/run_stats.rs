//! BPF run statistics: how often each eBPF program ran, and for how long.
//!
//! The kernel collects them only while somebody asks for it ([`Collection`]), since each run then reads a clock twice; the figures
//! include a part of that.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::time::Duration;

use aya::programs::{ProgramError, ProgramFd, ProgramInfo, loaded_programs};
use aya::sys::{Stats, SyscallError, enable_stats};
use aya_obj::generated::{bpf_cmd, bpf_prog_info};

/// Runs of one program, or of several together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// How often it ran while statistics were collected.
    pub count: u64,
    /// How long these runs took together.
    pub time: Duration,
}

impl Runs {
    /// The runs that were added since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            count: self.count.saturating_sub(earlier.count),
            time: self.time.saturating_sub(earlier.time),
        }
    }
}

/// A program in the kernel, and its run statistics.
#[derive(Clone, Debug)]
pub struct ProgramStats {
    /// The program's id in the kernel.
    pub id: u32,
    /// The program's name, cut to fifteen bytes by the kernel.
    pub name: String,
    /// Instructions that the verifier went through.
    pub verified: u32,
    /// The program's runs.
    pub runs: Runs,
    /// Runs that the kernel left out, since the program ran already on that CPU.
    pub missed: u64,
}

/// Some programs whose run statistics are read again and again.
#[derive(Debug)]
pub struct Programs(Vec<ProgramFd>);

impl Programs {
    /// Keeps these programs.
    #[must_use]
    pub fn new(programs: Vec<ProgramFd>) -> Self {
        Self(programs)
    }

    /// The runs of all of them while statistics were collected.
    #[must_use]
    pub fn runs(&self) -> Runs {
        let each = self.0.iter().filter_map(|program| {
            let info = read(program.as_fd().as_raw_fd()).ok()?;
            Some((info.run_cnt, info.run_time_ns))
        });
        let (count, nanos) = each.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        Runs {
            count,
            time: Duration::from_nanos(nanos),
        }
    }
}

/// The kernel collects run statistics of all programs until this is dropped.
#[derive(Debug)]
pub struct Collection(#[expect(dead_code, reason = "held, not read")] OwnedFd);

impl Collection {
    /// Has the kernel collect run statistics.
    ///
    /// # Errors
    /// The kernel cannot be asked for them (before 5.8), or the rights do not allow it (`CAP_SYS_ADMIN`).
    pub fn start() -> Result<Self, SyscallError> {
        enable_stats(Stats::RunTime).map(Self)
    }
}

/// Reads the run statistics of all programs of the host.
///
/// # Errors
/// The rights do not allow to look at programs.
pub fn programs() -> Result<Vec<ProgramStats>, ProgramError> {
    let mut all = Vec::new();
    for program in loaded_programs() {
        // A program may end between being listed and being read.
        let Ok(program) = program else { continue };
        if let Ok(found) = of(&program) {
            all.push(found);
        }
    }
    Ok(all)
}

/// Reads the run statistics of one program.
///
/// # Errors
/// The program has ended, or the rights do not allow to look at it.
pub fn of(program: &ProgramInfo) -> Result<ProgramStats, ProgramError> {
    let fd = program.fd()?;
    let info = read(fd.as_fd().as_raw_fd())?;
    Ok(ProgramStats {
        id: program.id(),
        name: program.name_as_str().unwrap_or_default().to_owned(),
        verified: info.verified_insns,
        runs: Runs {
            count: info.run_cnt,
            time: Duration::from_nanos(info.run_time_ns),
        },
        missed: info.recursion_misses,
    })
}

/// Calls `bpf(BPF_OBJ_GET_INFO_BY_FD)`, of whose answer aya does not hand on the run statistics.
fn read(fd: i32) -> io::Result<bpf_prog_info> {
    /// The members of `union bpf_attr` for this command (include/uapi/linux/bpf.h).
    #[repr(C)]
    struct Question {
        fd: u32,
        len: u32,
        info: u64,
    }
    // SAFETY: the struct is made of plain numbers, and zeros in it ask for no arrays.
    let mut info: bpf_prog_info = unsafe { std::mem::zeroed() };
    let mut question = Question {
        fd: fd.cast_unsigned(),
        len: u32::try_from(size_of::<bpf_prog_info>()).unwrap_or(u32::MAX),
        info: (&raw mut info) as u64,
    };
    // SAFETY: the kernel reads the question and writes at most `len` bytes to the answer; both live through the call.
    let failed = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            bpf_cmd::BPF_OBJ_GET_INFO_BY_FD as libc::c_long,
            &raw mut question,
            size_of::<Question>(),
        )
    };
    if failed != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(info)
}
