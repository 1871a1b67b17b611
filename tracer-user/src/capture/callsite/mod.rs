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
mod kernel_spins;
mod lines;
mod linetable;
mod pclntab;
mod process;
mod python;
mod runtimes;
mod spin_loops;
mod symbols;
mod v8;

#[cfg(test)]
mod tests;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use framehop::{CacheNative, MayAllocateDuringUnwind, UnwindRegsNative};
use tracer_common::{StackEvent, UserRegisters};

use self::images::Images;
use self::kernel_spins::KernelSpins;
use self::process::{Place, Process, Walked};
use self::python::Call;
use self::runtimes::Runtime;
use self::spin_loops::SpinLoops;
use self::v8::Function;
use super::clock;
use super::decode::{Found, Stacks};
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

/// One step of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A program counter.
    Native(u64),
    /// A function of a script, which the interpreter's code or code made at run time stands for.
    Script(Function),
}

/// Walks, names and numbers the stacks of one session.
pub struct Sites {
    processes: HashMap<Pid, Process>,
    images: Images,
    rules: CacheNative<MayAllocateDuringUnwind>,
    named: HashMap<Place, Arc<[Frame]>>,
    ids: HashMap<(Pid, Box<[u64]>), StackId>,
    /// Stacks of threads that were found running, by their functions.
    functions: HashMap<(Pid, Vec<Frame>), StackId>,
    loops: SpinLoops,
    kernel_spins: KernelSpins,
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
            functions: HashMap::new(),
            loops: SpinLoops::default(),
            kernel_spins: KernelSpins::default(),
            pending: HashMap::new(),
            order: VecDeque::new(),
            rows: Vec::new(),
            failures: 0,
            runtimes: HashMap::new(),
            notes: Vec::new(),
        }
    }

    /// Opens the program of a process, so that its stacks can be named without delay.
    pub fn prepare(&mut self, pid: Pid) {
        if !self.processes.contains_key(&pid) && self.open(pid).is_none() {
            return;
        }
        let program = self.processes.get(&pid).and_then(Process::program);
        if let Some((image, _)) = program {
            self.images.frames(image, 0);
        }
    }

    /// Takes one snapshot: walks it, gives it the id of its call stack, and makes a row if that is new. `None`: a failure.
    fn take(&mut self, event: &StackEvent, bytes: &[u8]) -> Option<()> {
        let pid = Pid(event.pid);
        let steps = self.walk(pid, (&event.registers, bytes))?;
        let native = self.number(pid, &steps, &[])?;
        let calls = self.processes.get_mut(&pid)?.python_calls(event.tid);
        let script = if calls.is_empty() {
            None
        } else {
            self.number(pid, &steps, &calls)
        };
        let script = script.map(|id| (id, clock::monotonic()));
        self.keep(event.stack, Known { native, script });
        Some(())
    }

    /// The id of the stack of a thread that was found running; `None`: a failure.
    fn take_sample(&mut self, event: &StackEvent, bytes: &[u8]) -> Option<StackId> {
        let pid = Pid(event.pid);
        let steps = self.walk(pid, (&event.registers, bytes))?;
        let process = self.processes.get_mut(&pid)?;
        // What it has come to since stands for what it was at: both are samples. Once it waits, they no longer are.
        let calls = process.python_calls(event.tid);
        let calls = if calls.is_empty() || is_running(pid, event.tid) {
            calls
        } else {
            Vec::new()
        };
        let mut frames = self.frames(pid, &steps, &calls);
        // Where in a function it was differs from sample to sample.
        for frame in frames.iter_mut().filter(|frame| !frame.symbol.is_empty()) {
            frame.offset = 0;
            if !frame.module.is_empty() || !calls.is_empty() {
                frame.line = 0;
            }
        }
        let next = self.next_id();
        match self.functions.entry((pid, frames)) {
            Entry::Occupied(known) => Some(*known.get()),
            Entry::Vacant(new) => {
                let (id, frames) = (next?, new.key().1.clone());
                self.rows.push(Stack { id, pid, frames });
                Some(*new.insert(id))
            }
        }
    }

    /// The id of the next stack that is new; `None`: there are too many.
    fn next_id(&self) -> Option<StackId> {
        let known = self.ids.len() + self.functions.len();
        let next = u32::try_from(known + 1).ok()?;
        (known < MOST_STACKS).then_some(StackId(next))
    }

    /// The id of a call stack, and its row where it is new.
    fn number(&mut self, pid: Pid, steps: &[Step], calls: &[Call]) -> Option<StackId> {
        // The largest numbers are no program counters, so they tell what else there is.
        let script = calls.iter().flat_map(|call| [u64::MAX, call.code, call.at]);
        let mut walked: Vec<u64> = Vec::with_capacity(steps.len());
        for step in steps {
            match step {
                Step::Native(counter) => walked.push(*counter),
                Step::Script(of) => walked.extend([u64::MAX - 1, of.shared, of.name]),
            }
        }
        walked.extend(script);
        let walked = (pid, walked.into_boxed_slice());
        if let Some(id) = self.ids.get(&walked) {
            return Some(*id);
        }
        let id = self.next_id()?;
        let frames = self.frames(pid, steps, calls);
        self.rows.push(Stack { id, pid, frames });
        self.ids.insert(walked, id);
        Some(id)
    }

    /// What a stack is of, innermost first.
    fn frames(&mut self, pid: Pid, steps: &[Step], calls: &[Call]) -> Vec<Frame> {
        let mut frames: Vec<Frame> = Vec::with_capacity(steps.len());
        for step in steps {
            match step {
                Step::Native(counter) => {
                    frames.extend_from_slice(&self.name(pid, *counter));
                }
                Step::Script(function) => {
                    let process = self.processes.get(&pid);
                    let frame = process.and_then(|process| process.script_frame(*function));
                    frames.extend(frame.cloned());
                }
            }
        }
        if let Some(process) = self.processes.get(&pid) {
            // The script's functions run inside the interpreter's loop, so they are put where it begins.
            let is_loop = |frame: &Frame| frame.symbol.starts_with("_PyEval_EvalFrame");
            let at = frames.iter().position(is_loop).unwrap_or(frames.len());
            frames.splice(
                at..at,
                calls.iter().filter_map(|call| process.python_frame(*call)),
            );
        }
        frames
    }

    /// Takes out the rows of call stacks that were met for the first time since the previous call.
    pub fn take_rows(&mut self) -> Vec<Stack> {
        std::mem::take(&mut self.rows)
    }

    /// Forgets the code of a process that has ended or executes another program.
    pub fn forget(&mut self, pid: Pid) {
        self.processes.remove(&pid);
        self.runtimes.remove(&pid);
        self.loops.forget(pid);
    }

    /// How many snapshots gave no stack.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.failures
    }

    /// The frames of a snapshot, innermost first; `None` when not even the first lies in code.
    fn walk(&mut self, pid: Pid, (registers, bytes): (&UserRegisters, &[u8])) -> Option<Vec<Step>> {
        let known = self.processes.get(&pid);
        let walked = known.map(|process| process.walk(registers, bytes, &mut self.rules));
        let lost = |process: &Process, frames: &[Walked]| {
            frames.iter().any(|at| process.place(at.counter).is_none())
        };
        let fresh = match (known, &walked) {
            (Some(process), Some(frames)) => !lost(process, frames) || !process.is_stale(),
            _ => false,
        };
        if !fresh {
            self.open(pid)?;
        }
        let process = self.processes.get(&pid)?;
        let mut frames = if fresh {
            walked?
        } else {
            process.walk(registers, bytes, &mut self.rules)
        };
        // Walking past the end of a stack gives a number or two that point to no code.
        let code = frames
            .iter()
            .take_while(|at| process.place(at.counter).is_some())
            .count();
        frames.truncate(code);
        let has_scripts = process.has_v8();
        let mut steps: Vec<Step> = Vec::with_capacity(code);
        for frame in frames {
            let script = has_scripts
                .then(|| self.script_function(pid, frame, (registers, bytes)))
                .flatten();
            let step = script.map_or(Step::Native(frame.counter), Step::Script);
            // What the function calls to do a step of it has no frame of its own.
            if script.is_none() || steps.last() != Some(&step) {
                steps.push(step);
            }
        }
        (code > 0).then_some(steps)
    }

    /// The function of a script that a frame is of: it lies in code that was made at run time, or in that which runs what was not.
    fn script_function(
        &mut self,
        pid: Pid,
        frame: Walked,
        stack: (&UserRegisters, &[u8]),
    ) -> Option<Function> {
        /// Names of what V8 generates when it is built begin so.
        const BUILTINS: &str = "Builtins_";
        let runs_a_script = match self.processes.get(&pid)?.place(frame.counter)? {
            Place::Memory(_) => true,
            Place::Image(..) => {
                let names = self.name(pid, frame.counter);
                names.iter().any(|frame| frame.symbol.starts_with(BUILTINS))
            }
        };
        if !runs_a_script {
            return None;
        }
        self.processes.get_mut(&pid)?.script_function(frame, stack)
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
        let before = self.processes.remove(&pid);
        let process = Process::open(pid, &mut self.images, before)?;
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

    fn sample(&mut self, event: &StackEvent, bytes: &[u8]) -> Found {
        let id = self.take_sample(event, bytes);
        self.failures += u64::from(id.is_none());
        Found {
            stack: id.unwrap_or(StackId::NONE),
            spins: self.loops.is_in_one(Pid(event.pid), event.registers.ip),
            kernel_spins: self.kernel_spins.is_in_one(event.stack),
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn frame_pointer(registers: &UnwindRegsNative) -> u64 {
    registers.bp()
}

#[cfg(target_arch = "aarch64")]
fn frame_pointer(registers: &UnwindRegsNative) -> u64 {
    registers.fp()
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

/// Whether a thread has a CPU, or waits for one.
fn is_running(pid: Pid, tid: u32) -> bool {
    let state = || {
        let process = procfs::process::Process::new(i32::try_from(pid.0).ok()?).ok()?;
        let thread = process.task_from_tid(i32::try_from(tid).ok()?).ok()?;
        Some(thread.stat().ok()?.state)
    };
    state() == Some('R')
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
