//! Loops in which code waits without letting go of its CPU, by the instruction that is made for them.
//!
//! In: a process and a program counter. Out: whether it is in a short loop with a `PAUSE`, by which spin locks of all languages wait (Intel's
//! manual, volume 2: a hint that the code is a spin-wait loop). Each place is read once, from the process's memory.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::capture::memory::read;
use crate::row::Pid;

/// Bytes to each side of the program counter that are looked at: a loop that loads, compares and pauses takes some twenty.
const BESIDE: u64 = 32;
/// Most places that are kept in mind.
const MOST: usize = 1 << 16;
/// `pause`, which is `rep nop`.
#[cfg(target_arch = "x86_64")]
const PAUSE: &[u8] = &[0xf3, 0x90];
/// `yield`.
#[cfg(target_arch = "aarch64")]
const PAUSE: &[u8] = &[0x3f, 0x20, 0x03, 0xd5];

/// What is known of places.
#[derive(Debug, Default)]
pub(super) struct SpinLoops {
    known: HashMap<(Pid, u64), bool, RandomState>,
}

impl SpinLoops {
    /// Whether the code at this program counter waits in a loop; not, where it cannot be read.
    pub(super) fn is_in_one(&mut self, pid: Pid, counter: u64) -> bool {
        if let Some(known) = self.known.get(&(pid, counter)) {
            return *known;
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        let mut code = [0; 2 * BESIDE as usize];
        let is_read = read(pid, counter.saturating_sub(BESIDE), &mut code).is_some();
        let is_one = is_read && waits(&code, BESIDE as usize);
        self.known.insert((pid, counter), is_one);
        is_one
    }

    /// The process has ended, or executes another program.
    pub(super) fn forget(&mut self, pid: Pid) {
        self.known.retain(|(of, _), _| *of != pid);
    }
}

/// There is a short jump back over both the byte `at` and a `PAUSE`: a loop holds them. A `PAUSE` of other code, beside this, is in none
/// with it.
#[cfg(target_arch = "x86_64")]
fn waits(code: &[u8], at: usize) -> bool {
    /// `jmp` and the sixteen conditional jumps, over a signed byte.
    const SHORT: u8 = 0xeb;
    const CONDITIONAL: u8 = 0x70;
    const LENGTH: usize = 2;
    code.windows(LENGTH).enumerate().any(|(from, jump)| {
        let is_short = jump[0] == SHORT || jump[0] & 0xf0 == CONDITIONAL;
        let is_back = jump[1] >= 0x80;
        let back = usize::from(jump[1].wrapping_neg());
        let to = (from + LENGTH).checked_sub(back);
        is_short
            && is_back
            && to.is_some_and(|to| (to..from + LENGTH).contains(&at) && has_pause(&code[to..from]))
    })
}

#[cfg(not(target_arch = "x86_64"))]
fn waits(code: &[u8], _at: usize) -> bool {
    has_pause(code)
}

fn has_pause(code: &[u8]) -> bool {
    code.windows(PAUSE.len()).any(|bytes| bytes == PAUSE)
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_waits_is_told_from_one_that_computes() {
        // 1: mov eax, [rdi]; test eax, eax; jne 2; pause; jmp 1
        let waits = [0x8b, 0x07, 0x85, 0xc0, 0x75, 0x04, 0xf3, 0x90, 0xeb, 0xf6];
        // 1: add rax, [rdi]; add rdi, 8; dec ecx; jnz 1
        let adds = [
            0x48, 0x03, 0x07, 0x48, 0x83, 0xc7, 0x08, 0xff, 0xc9, 0x75, 0xf5,
        ];
        let code = |inner: &[u8]| {
            let mut code = vec![0xcc; 128];
            code[64..64 + inner.len()].copy_from_slice(inner);
            code
        };
        // pause; ret; and the same: the loop of another function.
        let beside = [&[0xf3, 0x90, 0xc3], &adds[..]].concat();
        let (waits, adds, beside) = (code(&waits), code(&adds), code(&beside));
        let mut loops = SpinLoops::default();
        let own = Pid(std::process::id());
        let at = |code: &[u8]| code.as_ptr() as u64 + 66;
        assert!(loops.is_in_one(own, at(&waits)));
        assert!(!loops.is_in_one(own, at(&adds)));
        assert!(!loops.is_in_one(own, at(&beside) + 3));
        assert!(!loops.is_in_one(own, 8), "no code there");
        loops.forget(own);
        assert!(loops.known.is_empty());
    }
}
