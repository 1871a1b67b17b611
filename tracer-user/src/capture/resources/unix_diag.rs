//! The other end of a Unix socket, asked of the kernel: what a connecting end was told at first sight is nothing when its
//! server had not yet accepted it.
//!
//! Only sockets of holdup's own network namespace can be asked about. One question and one attribute of its answer are all that is
//! needed, which takes less code than the netlink crates take dependencies.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};

use super::sock_diag::{self, BY_FAMILY};

/// `UDIAG_SHOW_PEER` and `UNIX_DIAG_PEER` (include/uapi/linux/unix_diag.h).
const SHOW_PEER: u32 = 4;
const PEER: u16 = 2;
/// `struct nlmsghdr` and `struct unix_diag_msg` are of this size both.
const HEADER: usize = 16;

/// A socket to ask by.
#[derive(Debug)]
pub(super) struct UnixDiag(OwnedFd);

impl UnixDiag {
    pub(super) fn open() -> io::Result<Self> {
        sock_diag::open().map(Self)
    }

    /// Inode of the socket at the other end of socket `inode`; 0: none, or not accepted yet.
    pub(super) fn peer(&self, inode: u64) -> u64 {
        let Ok(inode) = u32::try_from(inode) else {
            return 0;
        };
        let request = request(inode);
        let mut answer = [0u8; 512];
        let fd = self.0.as_raw_fd();
        // SAFETY: the kernel reads `request` and writes `answer`, both of which outlive the calls, within their lengths. It
        // answers before `send` returns, so `recv` has something to take or says at once that it has not.
        let len = unsafe {
            if libc::send(fd, request.as_ptr().cast(), request.len(), 0) < 0 {
                return 0;
            }
            libc::recv(
                fd,
                answer.as_mut_ptr().cast(),
                answer.len(),
                libc::MSG_DONTWAIT,
            )
        };
        usize::try_from(len)
            .ok()
            .and_then(|len| parse(answer.get(..len)?, inode))
            .unwrap_or(0)
    }
}

/// `struct nlmsghdr` with `NLM_F_REQUEST`, then `struct unix_diag_req` for one socket, whatever its cookie.
fn request(inode: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(40);
    bytes.extend(40u32.to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(1u16.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend([1, 0, 0, 0]);
    for word in [u32::MAX, inode, SHOW_PEER, u32::MAX, u32::MAX] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes
}

/// The peer in an answer about socket `inode`: a header, the socket, attributes of (length, type, value).
fn parse(answer: &[u8], inode: u32) -> Option<u64> {
    let short = |at: usize| Some(u16::from_ne_bytes(*answer.get(at..)?.first_chunk()?));
    let word = |at: usize| Some(u32::from_ne_bytes(*answer.get(at..)?.first_chunk()?));
    if short(4)? != BY_FAMILY || word(HEADER + 4)? != inode {
        return None;
    }
    let mut at = 2 * HEADER;
    loop {
        let len = usize::from(short(at)?);
        if len < 4 {
            return None;
        }
        if short(at + 2)? == PEER {
            return word(at + 4).map(u64::from);
        }
        at += len.next_multiple_of(4);
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::net::UnixStream;

    use super::{UnixDiag, parse, request};

    fn inode(socket: &UnixStream) -> u64 {
        std::fs::metadata(format!("/proc/self/fd/{}", socket.as_raw_fd()))
            .expect("open")
            .ino()
    }

    #[test]
    fn both_ends_of_a_pair() {
        let (one, other) = UnixStream::pair().expect("a pair");
        let diag = UnixDiag::open().expect("netlink");
        // A kernel without unix_diag answers with an error, which reads as no peer.
        let found = diag.peer(inode(&one));
        assert!(found == inode(&other) || found == 0, "{found}");
        assert_eq!(diag.peer(1), 0);
    }

    #[test]
    fn an_answer_of_the_kernel() {
        // The answer to `request(134762)` on Linux 6.18.
        let mut answer = vec![48, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0];
        answer.extend(134_762u32.to_ne_bytes());
        answer.extend([0; 8]);
        answer.extend([8, 0, 2, 0, 0x6b, 0x0e, 2, 0, 5, 0, 6, 0, 0, 0, 0, 0]);
        assert_eq!(parse(&answer, 134_762), Some(134_763));
        assert_eq!(parse(&answer, 1), None);
        for len in 0..answer.len() {
            let _ = parse(&answer[..len], 134_762);
        }
        assert_eq!(request(7).len(), 40);
    }
}
