//! The door to the kernel's books on sockets (`sock_diag`).

use std::io;
use std::os::fd::{FromRawFd as _, OwnedFd};

/// `NETLINK_SOCK_DIAG` (include/uapi/linux/netlink.h).
const PROTOCOL: i32 = 4;
/// `SOCK_DIAG_BY_FAMILY` (include/uapi/linux/sock_diag.h): the type of all questions and answers.
pub(super) const BY_FAMILY: u16 = 20;

/// A socket to ask by, in the network namespace of the calling thread.
pub(super) fn open() -> io::Result<OwnedFd> {
    // SAFETY: `socket` takes three numbers and touches no memory of ours.
    let fd = unsafe {
        libc::socket(
            libc::AF_NETLINK,
            libc::SOCK_RAW | libc::SOCK_CLOEXEC,
            PROTOCOL,
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call just gave us this fd, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
