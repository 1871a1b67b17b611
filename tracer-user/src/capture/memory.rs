//! Reads of another process's memory.

use crate::row::Pid;

/// Fills `to` from `address` in a process; `None` when not all of it can be read.
pub fn read(pid: Pid, address: u64, to: &mut [u8]) -> Option<()> {
    let at = usize::try_from(address).ok()?;
    let local = libc::iovec {
        iov_base: to.as_mut_ptr().cast(),
        iov_len: to.len(),
    };
    let remote = libc::iovec {
        iov_base: std::ptr::without_provenance_mut(at),
        iov_len: to.len(),
    };
    let pid = libc::pid_t::try_from(pid.0).ok()?;
    // SAFETY: `local` describes `to`, which is ours to write; `remote` is an address of the other process that the kernel
    // checks there.
    let got = unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    (usize::try_from(got) == Ok(to.len())).then_some(())
}

/// The 64-bit number at `offset` in bytes that were read.
#[must_use]
pub fn word(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(*bytes.get(offset..)?.first_chunk()?))
}

/// The 64-bit number at an address of a process.
#[must_use]
pub fn word_at(pid: Pid, address: u64) -> Option<u64> {
    let mut bytes = [0; 8];
    read(pid, address, &mut bytes)?;
    Some(u64::from_ne_bytes(bytes))
}

/// Most pieces that one read takes (`UIO_MAXIOV`, include/uapi/linux/uio.h, is 1024).
const MOST_AT_ONCE: usize = 512;

/// Reads pieces of a process's memory, address and length each; a piece of which not all can be read is empty.
#[must_use]
pub fn read_many(pid: Pid, pieces: &[(u64, usize)]) -> Vec<Vec<u8>> {
    let mut all = Vec::with_capacity(pieces.len());
    for some in pieces.chunks(MOST_AT_ONCE) {
        match read_at_once(pid, some) {
            Some(bytes) => all.extend(bytes),
            // The kernel stops at the first that it cannot read.
            None => all.extend(some.iter().map(|(address, len)| {
                let mut bytes = vec![0; *len];
                read(pid, *address, &mut bytes).map_or(Vec::new(), |()| bytes)
            })),
        }
    }
    all
}

fn read_at_once(pid: Pid, pieces: &[(u64, usize)]) -> Option<Vec<Vec<u8>>> {
    let mut buffers: Vec<Vec<u8>> = pieces.iter().map(|(_, len)| vec![0; *len]).collect();
    let local: Vec<libc::iovec> = buffers
        .iter_mut()
        .map(|buffer| libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: buffer.len(),
        })
        .collect();
    let remote = pieces.iter().map(|(address, len)| {
        Some(libc::iovec {
            iov_base: std::ptr::without_provenance_mut(usize::try_from(*address).ok()?),
            iov_len: *len,
        })
    });
    let remote: Vec<libc::iovec> = remote.collect::<Option<_>>()?;
    let pid = libc::pid_t::try_from(pid.0).ok()?;
    let count = libc::c_ulong::try_from(local.len()).ok()?;
    // SAFETY: each of `local` describes one of `buffers`, which are ours to write and live until the call returns; `remote` are
    // addresses of the other process that the kernel checks there. Both lists have `count` entries.
    let got =
        unsafe { libc::process_vm_readv(pid, local.as_ptr(), count, remote.as_ptr(), count, 0) };
    let all: usize = pieces.iter().map(|(_, len)| len).sum();
    (usize::try_from(got) == Ok(all)).then_some(buffers)
}

#[cfg(test)]
mod tests {
    use super::{read, read_many, word_at};
    use crate::row::Pid;

    #[test]
    fn pieces_that_cannot_be_read_are_empty_and_the_others_are_there() {
        let own = Pid(std::process::id());
        let text = *b"some bytes of this process";
        let at = text.as_ptr().addr() as u64;
        let found = read_many(own, &[(at, 4), (8, 8), (at + 5, 5), (u64::MAX, 1), (at, 0)]);
        assert_eq!(found, [&b"some"[..], b"", b"bytes", b"", b""]);
        let number = 0x1234_5678_9abc_u64;
        assert_eq!(
            word_at(own, (&raw const number).addr() as u64),
            Some(number)
        );
        assert_eq!(read(own, 8, &mut [0; 4]), None);
        assert!(read_many(own, &[]).is_empty());
    }
}
