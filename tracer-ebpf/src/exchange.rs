//! Atomic exchanges (BPF has them since 5.12; the Rust target does not say so, hence the assembler).

use core::cell::UnsafeCell;

/// A word on which several CPUs compete.
#[repr(transparent)]
pub struct Word(UnsafeCell<u64>);

// SAFETY: all access goes through the volatile and atomic operations below.
unsafe impl Sync for Word {}

impl Word {
    /// Holds zero.
    pub const ZERO: Self = Self(UnsafeCell::new(0));

    /// What it holds.
    #[inline(always)]
    pub fn get(&self) -> u64 {
        // SAFETY: valid and aligned; a word is not torn.
        unsafe { self.0.get().read_volatile() }
    }

    /// Sets it.
    #[inline(always)]
    pub fn set(&self, value: u64) {
        // SAFETY: as in `get`.
        unsafe { self.0.get().write_volatile(value) }
    }

    /// Sets it and gives what it held; a full barrier.
    #[inline(always)]
    pub fn swap(&self, value: u64) -> u64 {
        let mut value = value;
        // SAFETY: valid and aligned.
        unsafe {
            core::arch::asm!(
                "{value} = xchg_64({at} + 0, {value})",
                at = in(reg) self.0.get(),
                value = inout(reg) value,
            );
        }
        value
    }

    /// Sets it to `new` if it holds `old`, and says whether it did; a full barrier.
    #[inline(always)]
    pub fn replace(&self, old: u64, new: u64) -> bool {
        let mut found = old;
        // SAFETY: valid and aligned.
        unsafe {
            core::arch::asm!(
                "r0 = cmpxchg_64({at} + 0, r0, {new})",
                at = in(reg) self.0.get(),
                new = in(reg) new,
                inout("r0") found,
            );
        }
        found == old
    }
}
