//! Programs that do nothing, to know what measuring costs and what no tracer can do without.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

/// Commands and the program type (include/uapi/linux/bpf.h).
const PROG_LOAD: libc::c_long = 5;
const RAW_TRACEPOINT_OPEN: libc::c_long = 17;
const RAW_TRACEPOINT: u32 = 17;

/// `r0 = 0; exit`.
static INSTRUCTIONS: [u64; 2] = [0xb7, 0x95];

/// A program that does nothing at a tracepoint; leaves when dropped.
#[derive(Debug)]
pub struct Empty {
    #[expect(dead_code, reason = "held, not read")]
    link: OwnedFd,
}

/// Its name in the kernel.
pub const NAME: &str = "does_nothing";

impl Empty {
    /// Puts it to a raw tracepoint.
    ///
    /// # Errors
    /// The rights do not allow it.
    pub fn attach(tracepoint: &CStr) -> io::Result<Self> {
        /// The members of `union bpf_attr` for `BPF_PROG_LOAD` up to the name.
        #[repr(C)]
        struct Load {
            kind: u32,
            instructions: u32,
            at: u64,
            license: u64,
            log_level: u32,
            log_size: u32,
            log: u64,
            kernel_version: u32,
            flags: u32,
            name: [u8; 16],
        }
        /// Those for `BPF_RAW_TRACEPOINT_OPEN`.
        #[repr(C)]
        struct Open {
            name: u64,
            program: u32,
            pad: u32,
        }
        let mut name = [0; 16];
        name[..NAME.len()].copy_from_slice(NAME.as_bytes());
        let program = bpf(
            PROG_LOAD,
            &Load {
                kind: RAW_TRACEPOINT,
                instructions: 2,
                at: INSTRUCTIONS.as_ptr() as u64,
                license: c"GPL".as_ptr() as u64,
                log_level: 0,
                log_size: 0,
                log: 0,
                kernel_version: 0,
                flags: 0,
                name,
            },
        )?;
        let link = bpf(
            RAW_TRACEPOINT_OPEN,
            &Open {
                name: tracepoint.as_ptr() as u64,
                program: program.as_raw_fd().cast_unsigned(),
                pad: 0,
            },
        )?;
        Ok(Self { link })
    }
}

fn bpf<T>(command: libc::c_long, question: &T) -> io::Result<OwnedFd> {
    // SAFETY: the kernel reads the question, which lives through the call, and so does what it points to.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_ref(question),
            size_of::<T>(),
        )
    };
    match i32::try_from(fd) {
        // SAFETY: a new descriptor that nobody else has.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}
