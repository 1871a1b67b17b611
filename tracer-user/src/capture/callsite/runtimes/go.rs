//! Goroutines, read from the memory of a Go program: what each does, what it waits for, and where.
//!
//! In: where the runtime keeps them ([`super::go_memory`]). Out: goroutines that do the same, counted. A goroutine that does not run has
//! its registers in `g.sched`; Go keeps frame pointers on amd64, so that its stack is a chain of them.

use std::collections::HashMap;

use super::go_memory::{self, GoMemory};
use crate::capture::callsite::pclntab::PcTable;
use crate::capture::memory::{read, read_many, word, word_at};
use crate::row::{Pid, TaskState};

/// Most goroutines that one look takes in.
const MOST: u64 = 200_000;
/// Most of a stack that is read, from its frame pointer upwards.
const STACK: usize = 4096;
/// Most frames that are followed.
const DEEPEST: usize = 24;

/// States of a goroutine (`_Grunnable` ... in runtime/runtime2.go, the same from Go 1.4 on); `_Gscan` is a bit beside them.
pub(super) const RUNNABLE: u32 = 1;
const RUNNING: u32 = 2;
const IN_CALL: u32 = 3;
pub(super) const WAITING: u32 = 4;
const PREEMPTED: u32 = 9;
pub(super) const SCAN_BIT: u32 = 0x1000;

/// Where things lie in the runtime's structs, in bytes.
#[derive(Debug)]
pub struct Offsets {
    /// `g.atomicstatus`
    pub status: usize,
    /// `g.waitreason`
    pub reason: usize,
    /// `g.waiting`
    pub waiting: usize,
    /// `g.startpc`
    pub start: usize,
    /// `g.stack.hi`
    pub stack_high: usize,
    /// `g.sched.pc`
    pub pc: usize,
    /// `g.sched.bp`
    pub bp: usize,
    /// `sudog.c`
    pub channel: u64,
    /// `hchan.dataqsiz`
    pub slots: u64,
    /// Of a `g` up to the last member that is read.
    pub size: usize,
}

/// The goroutines of one program.
#[derive(Debug)]
pub struct Go {
    pid: Pid,
    offsets: Offsets,
    /// Address of `runtime.allgs`, a slice.
    all: u64,
    reasons: Vec<String>,
}

/// Goroutines that do the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Doing {
    /// What they do.
    pub state: TaskState,
    /// What for, in the runtime's word; empty: nothing.
    pub reason: String,
    /// Program counters, innermost first; the outermost lies in the function they were begun with.
    pub counters: Vec<u64>,
    /// Slots of the channel they wait at.
    pub slots: u32,
}

impl Go {
    /// The runtime of a process whose functions are those of `table`, and lie `bias` further than it says; `None`: it is not one
    /// that is known, or has not begun yet.
    #[must_use]
    pub fn open(pid: Pid, table: &PcTable, bias: u64) -> Option<Self> {
        let GoMemory {
            all,
            reasons,
            offsets,
        } = go_memory::find(pid, table, bias)?;
        Some(Self {
            pid,
            offsets,
            all,
            reasons,
        })
    }

    /// What all goroutines do now, and how many do each; `None`: the process is gone, or its memory makes no sense.
    #[must_use]
    pub fn look(&self) -> Option<HashMap<Doing, u32>> {
        let (list, count) = (
            word_at(self.pid, self.all)?,
            word_at(self.pid, self.all.wrapping_add(8))?,
        );
        let count = usize::try_from(count.min(MOST)).ok()?;
        let mut addresses = vec![0; 8 * count];
        read(self.pid, list, &mut addresses)?;
        let pieces: Vec<(u64, usize)> = addresses
            .chunks_exact(8)
            .filter_map(|bytes| Some((word(bytes, 0)?, self.offsets.size)))
            .collect();
        let mut all = HashMap::new();
        let goroutines = read_many(self.pid, &pieces);
        let alive: Vec<(&(u64, usize), &Vec<u8>, TaskState)> = pieces
            .iter()
            .zip(&goroutines)
            .filter_map(|(piece, bytes)| Some((piece, bytes, self.state(bytes)?)))
            .collect();
        let stacks: Vec<(u64, usize)> = alive
            .iter()
            .map(|(_, bytes, state)| self.stack(bytes, *state).unwrap_or((0, 0)))
            .collect();
        let found = read_many(self.pid, &stacks);
        let pieces: Vec<(u64, usize)> = alive.iter().map(|(piece, ..)| **piece).collect();
        let again = read_many(self.pid, &pieces);
        for (index, (_, bytes, state)) in alive.iter().enumerate() {
            let (low, stack) = (stacks[index].0, &found[index]);
            let doing = match self.is_as_before(bytes, &again[index], *state) {
                true => self.doing(bytes, *state, low, stack),
                // It has gone on meanwhile: its parts do not belong together, but it is there.
                false => self.doing(bytes, TaskState::Ready, 0, &[]),
            };
            if let Some(doing) = doing {
                *all.entry(doing).or_default() += 1;
            }
        }
        Some(all)
    }

    /// It is the same goroutine in the same state; where its stack was read, its registers are saved as they were.
    fn is_as_before(&self, bytes: &[u8], again: &[u8], state: TaskState) -> bool {
        let same = |at| word(bytes, at).is_some() && word(bytes, at) == word(again, at);
        let is_same = self.state(again) == Some(state) && same(self.offsets.start);
        let is_parked = self.stack(bytes, state).is_some();
        is_same && (!is_parked || (same(self.offsets.pc) && same(self.offsets.bp)))
    }

    fn state(&self, goroutine: &[u8]) -> Option<TaskState> {
        let status = goroutine.get(self.offsets.status..)?.first_chunk()?;
        Some(match u32::from_ne_bytes(*status) & !SCAN_BIT {
            RUNNABLE | PREEMPTED => TaskState::Ready,
            RUNNING => TaskState::Running,
            IN_CALL => TaskState::InCall,
            WAITING => TaskState::Waiting,
            // Not begun, or ended.
            _ => return None,
        })
    }

    /// The part of its stack in which its frames lie; `None`: its registers are not saved.
    fn stack(&self, goroutine: &[u8], state: TaskState) -> Option<(u64, usize)> {
        if !matches!(state, TaskState::Ready | TaskState::Waiting) {
            return None;
        }
        let low = word(goroutine, self.offsets.bp)?;
        let high = word(goroutine, self.offsets.stack_high)?;
        let len = usize::try_from(high.checked_sub(low)?).ok()?;
        (low != 0).then_some((low, len.min(STACK)))
    }

    fn doing(&self, goroutine: &[u8], state: TaskState, low: u64, stack: &[u8]) -> Option<Doing> {
        let mut counters = Vec::new();
        let mut is_whole = false;
        if !stack.is_empty() {
            counters.push(word(goroutine, self.offsets.pc)?);
            is_whole = Self::follow(low, stack, &mut counters);
        }
        if !is_whole {
            counters.push(word(goroutine, self.offsets.start)?);
        }
        let is_waiting = state == TaskState::Waiting;
        let reason = goroutine
            .get(self.offsets.reason)
            .filter(|_| is_waiting)
            .and_then(|reason| self.reasons.get(usize::from(*reason)));
        let waiting = word(goroutine, self.offsets.waiting)?;
        let slots = if is_waiting && waiting != 0 {
            self.slots(waiting)
        } else {
            None
        };
        Some(Doing {
            state,
            reason: reason.cloned().unwrap_or_default(),
            counters,
            slots: slots.unwrap_or(0),
        })
    }

    /// Adds the return addresses along the frame pointers from `low` on, where `stack` begins; whether the function was reached that
    /// the goroutine was begun with. Its own return address, which leads to `runtime.goexit`, is left out.
    fn follow(low: u64, stack: &[u8], counters: &mut Vec<u64>) -> bool {
        let mut frame = low;
        while counters.len() < DEEPEST {
            let at = frame
                .checked_sub(low)
                .and_then(|at| usize::try_from(at).ok());
            let Some((next, back)) =
                at.and_then(|at| Some((word(stack, at)?, word(stack, at.checked_add(8)?)?)))
            else {
                return false;
            };
            if next <= frame {
                return next == 0;
            }
            // The return address lies behind the call.
            counters.push(back.saturating_sub(1));
            frame = next;
        }
        false
    }

    /// Slots of the channel that a `sudog` waits at.
    fn slots(&self, waiting: u64) -> Option<u32> {
        let channel = word_at(self.pid, waiting.wrapping_add(self.offsets.channel))?;
        if channel == 0 {
            return None;
        }
        // `hchan.qcount` comes first.
        let (held, slots) = (
            word_at(self.pid, channel)?,
            word_at(self.pid, channel.wrapping_add(self.offsets.slots))?,
        );
        u32::try_from(slots).ok().filter(|_| held <= slots)
    }
}

#[cfg(test)]
mod tests {
    use super::Go;

    /// Frame records at 0x1000 and on: where the next one lies, and the return address.
    fn check(records: &[(u64, u64)], expect: (&[u64], bool)) {
        let mut stack = vec![0_u8; 0x100];
        let mut at = 0;
        for (next, back) in records {
            stack[at..at + 8].copy_from_slice(&next.to_ne_bytes());
            stack[at + 8..at + 16].copy_from_slice(&back.to_ne_bytes());
            at = usize::try_from(next.saturating_sub(0x1000)).expect("small");
        }
        let mut counters = vec![0xa];
        let whole = Go::follow(0x1000, &stack, &mut counters);
        assert_eq!((&counters[1..], whole), expect, "{records:x?}");
    }

    #[test]
    fn frames_are_followed_to_what_a_goroutine_was_begun_with() {
        let park = (0x1040, 0x501);
        check(
            &[park, (0x1080, 0x601), (0, 0x901)],
            (&[0x500, 0x600], true),
        );
        // Not all of the stack was read.
        check(&[park, (0x2000, 0x601)], (&[0x500, 0x600], false));
        // It changed under the read.
        check(&[park, (0x1010, 0x601)], (&[0x500], false));
        check(&[(u64::MAX, 0x501)], (&[0x500], false));
    }
}
