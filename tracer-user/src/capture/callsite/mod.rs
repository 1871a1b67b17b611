//! Finds the call sites of waits, from snapshots of user stacks.
//!
//! In: [`StackEvent`]s, each with the registers of a thread and the bytes of its stack from the stack pointer upwards. Out: a
//! [`Stack`] row for each call stack met for the first time, and for each snapshot the id of its row, by which its wait
//! names it. Ordinary programs keep no frame pointers, so stacks are walked by `.eh_frame`; code made at run time by the
//! frame pointer; the functions of a Python script are read from the interpreter while the wait lasts. A snapshot of which
//! not even the first frame lies in code is a failure and counted; a walk that ends early gives what it found.
//!
//! Memory is bounded: files are mapped, not read; processes, images, debug information, walked stacks and named program
//! counters are each capped, and start anew when full. The bytes of a snapshot are dropped when it has been walked.

mod bytes;
mod dwarf;
mod image;
mod images;
mod jit;
mod lines;
mod linetable;
mod process;
mod python;
mod runtimes;
mod symbols;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use framehop::{CacheNative, MayAllocateDuringUnwind, UnwindRegsNative};
use tracer_common::{StackEvent, UserRegisters};

use self::images::Images;
use self::process::{Place, Process};
use self::python::Call;
use self::runtimes::Runtime;
use super::{clock, decode::Stacks};
use crate::row::{Frame, Nanos, Pid, Stack, StackId};

/// Most processes whose mappings are kept; each takes some 20 kB.
const MOST_PROCESSES: usize = 512;
/// Most distinct stacks that are told apart; further ones have no id.
const MOST_STACKS: usize = 20_000;
/// Most program counters whose names are kept.
const MOST_NAMED: usize = 20_000;
/// Most snapshots whose waits have not yet asked for their stack.
const MOST_PENDING: usize = 65_536;

/// The rows that one snapshot led to.
#[derive(Clone, Copy)]
struct Known {
    native: StackId,
    /// The row with the script's functions, and when they were read: they belong to this wait only if it ended later.
    script: Option<(StackId, Nanos)>,
}

/// Walks, names and numbers the stacks of one session.
pub struct Sites {
    processes: HashMap<Pid, Process>,
    images: Images,
    rules: CacheNative<MayAllocateDuringUnwind>,
    named: HashMap<Place, Arc<[Frame]>>,
    ids: HashMap<(Pid, Box<[u64]>), StackId>,
    pending: HashMap<u64, Known>,
    order: VecDeque<u64>,
    rows: Vec<Stack>,
    failures: u64,
    runtimes: HashMap<Pid, Runtime>,
    notes: Vec<String>,
}

impl Default for Sites {
    fn default() -> Self {
        Self::new()
    }
}

impl Sites {
    /// Begins without any stack.
    #[must_use]
    pub fn new() -> Self {
        Self {
            processes: HashMap::new(),
            images: Images::default(),
            rules: CacheNative::new(),
            named: HashMap::new(),
            ids: HashMap::new(),
            pending: HashMap::new(),
            order: VecDeque::new(),
            rows: Vec::new(),
            failures: 0,
            runtimes: HashMap::new(),
            notes: Vec::new(),
        }
    }

    /// Takes one snapshot: walks it, gives it the id of its call stack, and makes a row if that is new. `None`: a failure.
    fn take(&mut self, event: &StackEvent, bytes: &[u8]) -> Option<()> {
        let pid = Pid(event.pid);
        let counters = self.walk(pid, &event.registers, bytes)?;
        let native = self.number(pid, &counters, &[])?;
        let calls = self.processes.get_mut(&pid)?.python_calls(event.tid);
        let script = if calls.is_empty() {
            None
        } else {
            self.number(pid, &counters, &calls)
        };
        let script = script.map(|id| (id, clock::monotonic()));
        self.keep(event.stack, Known { native, script });
        Some(())
    }

    /// The id of a call stack, and its row where it is new.
    fn number(&mut self, pid: Pid, counters: &[u64], calls: &[Call]) -> Option<StackId> {
        // The largest number is no program counter, so it separates program counters from calls of the script.
        let script = calls.iter().flat_map(|call| [u64::MAX, call.code, call.at]);
        let walked = (pid, counters.iter().copied().chain(script).collect());
        if let Some(id) = self.ids.get(&walked) {
            return Some(*id);
        }
        if self.ids.len() >= MOST_STACKS {
            return None;
        }
        let id = StackId(u32::try_from(self.ids.len() + 1).ok()?);
        let mut frames: Vec<Frame> = counters
            .iter()
            .flat_map(|at| self.name(pid, *at).to_vec())
            .collect();
        if let Some(process) = self.processes.get(&pid) {
            // The script's functions run inside the interpreter's loop, so they are put where it begins.
            let is_loop = |frame: &Frame| frame.symbol.starts_with("_PyEval_EvalFrame");
            let at = frames.iter().position(is_loop).unwrap_or(frames.len());
            frames.splice(
                at..at,
                calls.iter().filter_map(|call| process.python_frame(*call)),
            );
        }
        self.rows.push(Stack { id, pid, frames });
        self.ids.insert(walked, id);
        Some(id)
    }

    /// Takes out the rows of call stacks that were met for the first time since the previous call.
    pub fn take_rows(&mut self) -> Vec<Stack> {
        std::mem::take(&mut self.rows)
    }

    /// Forgets the code of a process that has ended or executes another program.
    pub fn forget(&mut self, pid: Pid) {
        self.processes.remove(&pid);
        self.runtimes.remove(&pid);
    }

    /// How many snapshots gave no stack.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.failures
    }

    /// The program counters of a snapshot, innermost first; `None` when not even the first lies in code.
    fn walk(&mut self, pid: Pid, registers: &UserRegisters, bytes: &[u8]) -> Option<Box<[u64]>> {
        let known = self.processes.get(&pid);
        let walked = known.map(|process| process.walk(registers, bytes, &mut self.rules));
        let lost = |process: &Process, counters: &[u64]| {
            counters.iter().any(|at| process.place(*at).is_none())
        };
        let fresh = match (known, &walked) {
            (Some(process), Some(counters)) => !lost(process, counters) || !process.is_stale(),
            _ => false,
        };
        if !fresh {
            self.open(pid)?;
        }
        let process = self.processes.get(&pid)?;
        let counters = if fresh {
            walked?
        } else {
            process.walk(registers, bytes, &mut self.rules)
        };
        // Walking past the end of a stack gives a number or two that point to no code.
        let code = counters
            .iter()
            .take_while(|at| process.place(**at).is_some())
            .count();
        (code > 0).then(|| counters[..code].into())
    }

    /// Reads the mappings of a process anew.
    fn open(&mut self, pid: Pid) -> Option<()> {
        if self.processes.len() >= MOST_PROCESSES && !self.processes.contains_key(&pid) {
            self.processes.clear();
        }
        if self.images.is_full() {
            let wanted: Vec<_> = self.processes.values().flat_map(Process::images).collect();
            self.images.retain(|id| wanted.contains(&id));
        }
        let process = Process::open(pid, &mut self.images)?;
        self.processes.insert(pid, process);
        Some(())
    }

    /// The functions at a program counter, innermost first.
    fn name(&mut self, pid: Pid, counter: u64) -> Arc<[Frame]> {
        let unknown = || {
            Arc::from([Frame {
                offset: counter,
                ..Frame::default()
            }])
        };
        let Some(process) = self.processes.get_mut(&pid) else {
            return unknown();
        };
        let (place, image, address) = match process.place(counter) {
            Some(Place::Memory(address)) => return Arc::from([process.made_at_run_time(address)]),
            Some(place @ Place::Image(image, address)) => (place, image, address),
            None => return unknown(),
        };
        if let Some(frames) = self.named.get(&place) {
            return Arc::clone(frames);
        }
        if self.named.len() >= MOST_NAMED {
            self.named.clear();
        }
        let frames: Arc<[Frame]> = self.images.frames(image, address).into();
        self.named.insert(place, Arc::clone(&frames));
        frames
    }

    fn keep(&mut self, key: u64, known: Known) {
        if key == 0 {
            return;
        }
        if self.pending.insert(key, known).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > MOST_PENDING {
            if let Some(oldest) = self.order.pop_front() {
                self.pending.remove(&oldest);
            }
        }
    }
}

impl Stacks for Sites {
    fn id(&mut self, key: u64, _pid: Pid, end: Nanos) -> StackId {
        self.pending
            .get(&key)
            .map_or(StackId::NONE, |known| match known.script {
                Some((id, read)) if end > read => id,
                _ => known.native,
            })
    }

    fn snapshot(&mut self, event: &StackEvent, bytes: &[u8]) {
        if self.take(event, bytes).is_none() {
            self.failures += 1;
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn registers(start: &UserRegisters) -> UnwindRegsNative {
    UnwindRegsNative::new(start.ip, start.sp, start.bp)
}

/// The link register is not in the snapshot: the innermost frame, a system call in the C library, is then left by its frame
/// record.
#[cfg(target_arch = "aarch64")]
fn registers(start: &UserRegisters) -> UnwindRegsNative {
    UnwindRegsNative::new(0, start.sp, start.bp)
}

/// Opens a regular file for reading; anything else is left closed, since opening a device or a FIFO can act or wait.
fn open_regular(path: &Path) -> Option<File> {
    path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let file = File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path)
        .ok()?;
    file.metadata().ok()?.is_file().then_some(file)
}
