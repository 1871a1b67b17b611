//! asyncio's tasks, read from the memory of CPython 3.11, 3.12 or 3.13: what each does, and where in its coroutines.
//!
//! In: the interpreter's structs, and the set of all tasks that the module `asyncio.tasks` keeps. Out: tasks that do the same, counted.
//! Each step into the interpreter's memory is checked by the name of the type it leads to, so that what changes meanwhile, or lies
//! elsewhere in an unknown build, gives nothing rather than something false.

use std::collections::HashMap;

use crate::capture::callsite::python::{Call, Python};
use crate::capture::memory::{read, read_many, word, word_at};
use crate::row::{Pid, TaskSeen, TaskState};

/// Most entries of a table that are looked through.
const MOST: u64 = 400_000;
/// Most modules.
const MOST_MODULES: u64 = 16_384;
/// Most coroutines that await each other.
const DEEPEST: usize = 24;
/// Longest name of a type, bytes.
const LONGEST: usize = 64;
/// Bytes of a coroutine that are read, with some tens of its local variables.
const COROUTINE: usize = 512;
/// Bytes of a weak reference up to what it leads to.
const REFERENCE: usize = 24;
/// Bytes of a `str` up to its length, and where that is.
const TEXT_HEAD: usize = 24;
const TEXT_LENGTH: usize = 16;
/// `futureiterobject.future`
const FUTURE: usize = 16;
/// Most types and functions whose names are kept.
const MOST_TYPES: usize = 1024;
/// `FutureObj.fut_callback0`
const CALLBACK: usize = 24;
/// `PyFunctionObject.func_name`, and the bytes up to its end.
const NAME: usize = 32;
const FUNCTION: usize = NAME + 8;
/// What `asyncio.futures.wrap_future` has called first when the future is done that stands for one of an executor.
const OF_EXECUTOR: &str = "_call_check_cancel";

/// Where things lie in one minor version, as read off live objects of 3.11.7, 3.12.1 and 3.13.0.
#[derive(Debug)]
struct Offsets {
    /// `PyInterpreterState.modules` (`.imports.modules`)
    modules: u64,
    /// Name of the set of tasks in `asyncio.tasks`.
    all: &'static str,
    /// How the attributes of a plain object lie beside it.
    attributes: Attributes,
    /// `TaskObj.task_fut_waiter`, `.task_coro`
    waiter: usize,
    coroutine: usize,
    /// `PyCoroObject.cr_iframe`, and `.cr_frame_state`
    frame: usize,
    frame_state: usize,
}

/// Where the values of an object's attributes begin.
#[derive(Clone, Copy, Debug)]
enum Attributes {
    /// Behind a pointer before the object.
    Before {
        /// How far before it.
        by: u64,
        /// What to add to the pointer.
        plus: u64,
    },
    /// In the object.
    Inside(u64),
}

const VERSIONS: [(u64, Offsets); 3] = [
    (
        11,
        Offsets {
            modules: 888,
            all: "_all_tasks",
            attributes: Attributes::Before { by: 32, plus: 0 },
            waiter: 128,
            coroutine: 136,
            frame: 80,
            frame_state: 75,
        },
    ),
    (
        12,
        Offsets {
            modules: 944,
            all: "_scheduled_tasks",
            attributes: Attributes::Before { by: 24, plus: 1 },
            waiter: 128,
            coroutine: 136,
            frame: 72,
            frame_state: 67,
        },
    ),
    (
        13,
        Offsets {
            modules: 7656,
            all: "_scheduled_tasks",
            attributes: Attributes::Inside(24),
            waiter: 112,
            coroutine: 120,
            frame: 72,
            frame_state: 67,
        },
    ),
];

/// `_PyInterpreterFrame.stacktop` and `.localsplus`, in the frame.
const STACK_TOP: usize = 64;
const LOCALS: usize = 72;
/// `FRAME_EXECUTING`; suspended frames have negative states.
const EXECUTING: i8 = 0;

/// The tasks of one interpreter.
pub struct Asyncio {
    pid: Pid,
    offsets: &'static Offsets,
    /// Address of the `set` behind the `WeakSet` of all tasks.
    all: u64,
    /// Names of types, by address.
    types: HashMap<u64, Box<str>>,
    /// Whether a name of a function is that of an executor's, by address.
    names: HashMap<u64, bool>,
}

/// Tasks that do the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Doing {
    /// What they do.
    pub state: TaskState,
    /// Type of what they await, empty: nothing.
    pub reason: String,
    /// The coroutines, innermost first: the outermost is what the task runs.
    pub calls: Vec<Call>,
}

/// A task that is being read.
#[derive(Debug)]
struct Task {
    at: u64,
    /// Its first bytes.
    bytes: Vec<u8>,
    waits: bool,
    is_running: bool,
    reason: String,
    /// What is called first when the future that it awaits is done, 0: nothing, or it awaits none.
    callback: u64,
    /// Outermost first.
    calls: Vec<Call>,
    /// What is to be read next, 0: nothing.
    next: u64,
}

impl Task {
    fn of(at: u64, bytes: Vec<u8>, offsets: &Offsets) -> Option<Self> {
        Some(Self {
            at,
            waits: word(&bytes, offsets.waiter)? != 0,
            is_running: false,
            reason: String::new(),
            callback: 0,
            calls: Vec::new(),
            next: word(&bytes, offsets.coroutine)?,
            bytes,
        })
    }

    /// Whether it is still there, by its bytes now. Where it has gone on, all but what it runs is forgotten.
    fn is_still(&mut self, bytes: &[u8], offsets: &Offsets) -> bool {
        let same = |at| word(bytes, at).is_some() && word(bytes, at) == word(&self.bytes, at);
        if !same(offsets.waiter) {
            self.calls.truncate(1);
            (self.waits, self.is_running) = (false, false);
        }
        same(offsets.coroutine)
    }

    /// `None`: it has not begun, or changed under the read. The one that runs is in what its coroutine has called, which the thread that
    /// is in these functions knows.
    fn doing(mut self, current: &[Call]) -> Option<Doing> {
        let runs = self.calls.first().map(|call| call.code);
        self.calls.reverse();
        let within = current.iter().position(|call| Some(call.code) == runs);
        if let Some(outermost) = within.filter(|_| self.is_running) {
            self.calls = current[..=outermost].to_vec();
        }
        let state = match (self.waits, self.is_running) {
            (_, true) => TaskState::Running,
            (false, false) => TaskState::Ready,
            (true, false) => TaskState::Waiting,
        };
        if state != TaskState::Waiting {
            self.reason.clear();
        }
        (!self.calls.is_empty()).then_some(Doing {
            state,
            reason: self.reason,
            calls: self.calls,
        })
    }
}

/// Where things lie in this version; `None`: it is not known.
fn offsets(python: &Python) -> Option<&'static Offsets> {
    let known = VERSIONS.iter().find(|(minor, _)| *minor == python.minor());
    known.map(|(_, offsets)| offsets)
}

/// The `dict` of all modules.
fn modules(pid: Pid, python: &Python) -> Option<u64> {
    let at = python.interpreter()?.wrapping_add(offsets(python)?.modules);
    word_at(pid, at)
}

impl Asyncio {
    /// The tasks of a process with this interpreter; `None`: it has not imported asyncio, or is of a version that is not known.
    #[must_use]
    pub fn open(pid: Pid, python: &Python) -> Option<Self> {
        let mut found = Self {
            pid,
            offsets: offsets(python)?,
            all: 0,
            types: HashMap::new(),
            names: HashMap::new(),
        };
        let modules = modules(pid, python)?;
        let module = found.item(python, modules, "asyncio.tasks")?;
        let names = word_at(pid, module.wrapping_add(16)).filter(|_| found.is(module, "module"))?;
        let weak = found.item(python, names, found.offsets.all)?;
        let values = match found.offsets.attributes {
            Attributes::Before { by, plus } => {
                word_at(pid, weak.checked_sub(by)?)?.wrapping_add(plus)
            }
            Attributes::Inside(at) => weak.wrapping_add(at),
        };
        // The first attribute that a `WeakSet` is given.
        let set = word_at(pid, values)?;
        if !found.is(weak, "WeakSet") || !found.is(set, "set") {
            return None;
        }
        found.all = set;
        Some(found)
    }

    /// How many modules a process has imported; `None`: its version is not known. Until that changes, looking for asyncio again is in
    /// vain.
    #[must_use]
    pub fn imported(pid: Pid, python: &Python) -> Option<u64> {
        // `PyDictObject.ma_used`
        word_at(pid, modules(pid, python)?.wrapping_add(16))
    }

    /// What all tasks do now, and how many do each; `None`: the process is gone, or its memory makes no sense. `current` are the
    /// functions that the thread of the loop is in. All of one kind are read at once, since a call of the kernel costs more than what it
    /// copies.
    pub fn look(&mut self, python: &Python, current: &[Call]) -> Option<HashMap<Doing, u32>> {
        let (mask, table) = (self.word(self.all, 32)?, self.word(self.all, 40)?);
        if !self.is(self.all, "set") || mask >= MOST {
            return None;
        }
        let mut entries = vec![0; 16 * usize::try_from(mask + 1).ok()?];
        read(self.pid, table, &mut entries)?;
        // Free places hold nothing, or an object that is no reference.
        let references = entries.chunks_exact(16).filter_map(|entry| word(entry, 0));
        let references: Vec<u64> = references.filter(|at| *at != 0).collect();
        let mut tasks = Vec::new();
        for bytes in self.objects(&references, REFERENCE) {
            if self.has_type(&bytes, "weakref.ReferenceType") {
                tasks.extend(word(&bytes, 16).filter(|at| *at != 0));
            }
        }
        let mut all: Vec<Task> = Vec::new();
        let len = self.offsets.coroutine + 8;
        for (at, bytes) in tasks.iter().zip(self.objects(&tasks, len)) {
            if self.has_type(&bytes, "_asyncio.Task") {
                all.extend(Task::of(*at, bytes, self.offsets));
            }
        }
        for _ in 0..DEEPEST {
            let mut open: Vec<&mut Task> = all.iter_mut().filter(|task| task.next != 0).collect();
            if open.is_empty() {
                break;
            }
            let next: Vec<u64> = open.iter().map(|task| task.next).collect();
            for (task, bytes) in open.iter_mut().zip(self.objects(&next, COROUTINE)) {
                task.next = self.await_on(task, &bytes, python).unwrap_or(0);
            }
        }
        self.find_executors(&mut all, python);
        // What has gone on meanwhile was read in parts that do not belong together: it is there, and what it runs is known.
        let tasks: Vec<u64> = all.iter().map(|task| task.at).collect();
        let again = self.objects(&tasks, len);
        let mut again = again.iter();
        all.retain_mut(|task| {
            let bytes = again.next().map_or(&[][..], Vec::as_slice);
            task.is_still(bytes, self.offsets)
        });
        let mut counts = HashMap::new();
        for doing in all.into_iter().filter_map(|task| task.doing(current)) {
            *counts.entry(doing).or_default() += 1;
        }
        Some(counts)
    }

    /// Tells the tasks that await what a thread of an executor does.
    fn find_executors(&mut self, all: &mut [Task], python: &Python) {
        let mut waiting: Vec<&mut Task> = all.iter_mut().filter(|of| of.callback != 0).collect();
        let callbacks: Vec<u64> = waiting.iter().map(|task| task.callback).collect();
        for (task, bytes) in waiting.iter_mut().zip(self.objects(&callbacks, FUNCTION)) {
            if self.is_of_executor(&bytes, python) == Some(true) {
                TaskSeen::EXECUTOR.clone_into(&mut task.reason);
            }
        }
    }

    /// Whether a function is what an executor's future has called; `None`: it is no function.
    fn is_of_executor(&mut self, function: &[u8], python: &Python) -> Option<bool> {
        if !self.has_type(function, "function") {
            return None;
        }
        let name = word(function, NAME)?;
        if let Some(known) = self.names.get(&name) {
            return Some(*known);
        }
        let is_one = python.text(name)? == OF_EXECUTOR;
        if self.names.len() >= MOST_TYPES {
            self.names.clear();
        }
        self.names.insert(name, is_one);
        Some(is_one)
    }

    /// The first bytes of objects; of one that cannot be read so far, none.
    fn objects(&self, at: &[u64], len: usize) -> Vec<Vec<u8>> {
        let pieces: Vec<(u64, usize)> = at.iter().map(|at| (*at, len)).collect();
        read_many(self.pid, &pieces)
    }

    /// Takes in what a task awaits next, of which these are the first bytes; gives what that awaits in turn, 0: nothing.
    fn await_on(&mut self, task: &mut Task, bytes: &[u8], python: &Python) -> Option<u64> {
        // A task runs a coroutine; what that awaits may be a generator too.
        let is_one = self.has_type(bytes, "coroutine")
            || (!task.calls.is_empty() && self.has_type(bytes, "generator"));
        if !is_one {
            self.type_of(bytes)?.clone_into(&mut task.reason);
            if self.has_type(bytes, "_asyncio.Future") {
                task.callback = word(bytes, CALLBACK)?;
            }
            // What is awaited in turn is the future it iterates: a task is waited for through one, and several are.
            let is_of_future = self.has_type(bytes, "_asyncio.FutureIter");
            return word(bytes, FUTURE).filter(|_| is_of_future);
        }
        let frame = bytes.get(self.offsets.frame..)?;
        task.calls.push(python.call_in(frame)?);
        let state = i8::from_ne_bytes([*bytes.get(self.offsets.frame_state)?]);
        task.is_running |= state == EXECUTING;
        if state >= EXECUTING {
            return None;
        }
        let top = word(frame, STACK_TOP)? & u64::from(u32::MAX);
        let top = usize::try_from(top).ok()?.checked_sub(1)?;
        let at = self.offsets.frame + LOCALS + 8 * top;
        match word(bytes, at) {
            Some(next) => Some(next),
            // It has more local variables than were read.
            None => self.word(task.next, at),
        }
    }

    fn word(&self, object: u64, offset: usize) -> Option<u64> {
        word_at(self.pid, object.wrapping_add(u64::try_from(offset).ok()?))
    }

    /// Whether the type of an object has this name.
    fn is(&mut self, object: u64, name: &str) -> bool {
        let mut head = [0; 16];
        read(self.pid, object, &mut head).is_some() && self.has_type(&head, name)
    }

    /// The same by its first bytes.
    fn has_type(&mut self, object: &[u8], name: &str) -> bool {
        self.type_of(object) == Some(name)
    }

    /// Name of an object's type: `ob_type` at 8, `tp_name` at 24 in it.
    fn type_of(&mut self, object: &[u8]) -> Option<&str> {
        let of = word(object, 8)?;
        if !self.types.contains_key(&of) {
            let mut bytes = [0; LONGEST];
            read(self.pid, self.word(of, 24)?, &mut bytes)?;
            let end = memchr::memchr(0, &bytes)?;
            let name = std::str::from_utf8(&bytes[..end]).ok()?;
            if self.types.len() >= MOST_TYPES {
                self.types.clear();
            }
            self.types.insert(of, name.into());
        }
        self.types.get(&of).map(|name| &**name)
    }

    /// The value in a `dict` whose keys are strings: `ma_keys` at 32, `ma_values` at 40; in the keys the width of the index at 9, the
    /// kind at 10, the number of entries at 24, the index at 32 and then the entries.
    fn item(&mut self, python: &Python, dict: u64, name: &str) -> Option<u64> {
        if !self.is(dict, "dict") || self.word(dict, 40)? != 0 {
            return None;
        }
        let keys = self.word(dict, 32)?;
        let mut head = [0; 32];
        read(self.pid, keys, &mut head)?;
        let count = word(&head, 24)?.min(MOST_MODULES);
        let index = 1_u64.checked_shl(u32::from(head[9]))?;
        let first = keys.checked_add(32)?.checked_add(index)?;
        // General entries begin with the hash.
        let (width, key) = if head[10] == 0 { (24, 8) } else { (16, 0) };
        let mut entries = vec![0; width * usize::try_from(count).ok()?];
        read(self.pid, first, &mut entries)?;
        let entries: Vec<(u64, u64)> = entries
            .chunks_exact(width)
            .filter_map(|entry| Some((word(entry, key)?, word(entry, key + 8)?)))
            .filter(|(at, _)| *at != 0)
            .collect();
        // All keys at once: a call of the kernel for each costs more than what it copies.
        let keys: Vec<u64> = entries.iter().map(|(at, _)| *at).collect();
        let heads = self.objects(&keys, TEXT_HEAD);
        let as_long = |bytes: &Vec<u8>| word(bytes, TEXT_LENGTH) == u64::try_from(name.len()).ok();
        let mut found = entries.iter().zip(&heads).filter(|(_, head)| as_long(head));
        let (_, value) = found
            .find(|((at, _), _)| python.text(*at).as_deref() == Some(name))?
            .0;
        Some(*value)
    }
}
