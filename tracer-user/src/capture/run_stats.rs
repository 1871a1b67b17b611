//! What the kernel's own books say of eBPF programs: how often each ran, and for how long.
//!
//! The kernel keeps these books only while somebody asks for them ([`Books`]), since keeping them costs each run two looks at a
//! clock. What they say includes part of that.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::time::Duration;

use aya::programs::{ProgramError, ProgramFd, ProgramInfo, loaded_programs};
use aya::sys::{Stats, SyscallError, enable_stats};
use aya_obj::generated::{bpf_cmd, bpf_prog_info};

/// Books of one program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// Runs while books were kept.
    pub count: u64,
    /// Their time together.
    pub time: Duration,
}

impl Runs {
    /// What was added since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            count: self.count.saturating_sub(earlier.count),
            time: self.time.saturating_sub(earlier.time),
        }
    }
}

/// A program in the kernel.
#[derive(Clone, Debug)]
pub struct ProgramBooks {
    /// Its number in the kernel.
    pub id: u32,
    /// Its name, cut to fifteen bytes by the kernel.
    pub name: String,
    /// Instructions the verifier went through.
    pub verified: u32,
    /// Its runs.
    pub runs: Runs,
    /// Runs that were left out, since the program ran already on that CPU.
    pub missed: u64,
}

/// Some programs whose books are read again and again.
#[derive(Debug)]
pub struct Programs(Vec<ProgramFd>);

impl Programs {
    /// These.
    #[must_use]
    pub fn new(programs: Vec<ProgramFd>) -> Self {
        Self(programs)
    }

    /// All their runs while books were kept.
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

/// The kernel keeps books of all programs until this is dropped.
#[derive(Debug)]
pub struct Books(#[expect(dead_code, reason = "held, not read")] OwnedFd);

impl Books {
    /// Has the kernel keep books.
    ///
    /// # Errors
    /// It has no such books (before 5.8), or the rights do not allow it (`CAP_SYS_ADMIN`).
    pub fn open() -> Result<Self, SyscallError> {
        enable_stats(Stats::RunTime).map(Self)
    }
}

/// All programs of the host.
///
/// # Errors
/// The rights do not allow to look at them.
pub fn programs() -> Result<Vec<ProgramBooks>, ProgramError> {
    let mut all = Vec::new();
    for program in loaded_programs() {
        // One that ended between its number and its books is none.
        let Ok(program) = program else { continue };
        if let Ok(found) = of(&program) {
            all.push(found);
        }
    }
    Ok(all)
}

/// Books of one program.
///
/// # Errors
/// It has ended, or the rights do not allow it.
pub fn of(program: &ProgramInfo) -> Result<ProgramBooks, ProgramError> {
    let fd = program.fd()?;
    let info = read(fd.as_fd().as_raw_fd())?;
    Ok(ProgramBooks {
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

/// `bpf(BPF_OBJ_GET_INFO_BY_FD)`, whose books of runs aya does not hand on.
fn read(fd: i32) -> io::Result<bpf_prog_info> {
    /// The members of `union bpf_attr` for this command (include/uapi/linux/bpf.h).
    #[repr(C)]
    struct Question {
        fd: u32,
        len: u32,
        info: u64,
    }
    // SAFETY: plain numbers; zero asks for no arrays.
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
