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
