//! Python frames of a waiting thread, read from the interpreter's own structs in the process's memory.
//!
//! In: a process in which CPython 3.11, 3.12 or 3.13 is mapped, and a thread. Out: the functions the thread is in, innermost
//! first. Nothing is written and nobody is stopped, so frames may change while they are read: the caller uses them only when
//! the thread's wait is seen to have ended later. A thread state is believed only when it holds the id of the thread, so wrong
//! offsets of an unknown build give no frames rather than false ones. The crate py-spy reads the same structs, but looks for the
//! interpreter by itself each time, and comes with the dependencies of a whole profiler.

use std::collections::HashMap;

use super::linetable;
use crate::capture::memory::{read, word, word_at};
use crate::row::{Frame, Pid};

/// Most frames that are read.
const DEEPEST: usize = 32;
/// Most thread states that are looked through.
const MOST_THREADS: usize = 4096;
/// Longest name, in characters.
const LONGEST_NAME: usize = 256;
/// Longest location table.
const LONGEST_TABLE: usize = 64 << 10;
/// `FRAME_OWNED_BY_CSTACK` (3.12, 3.13): an entry from C, no Python function.
const OWNED_BY_C: u8 = 3;

/// Where things lie in one minor version (`offsetof` with the headers of 3.11.7, 3.12.1 and 3.13.0; the layouts do not change
/// within a minor version).
#[derive(Debug)]
struct Offsets {
    /// `_PyRuntimeState.interpreters.head`
    interpreters: u64,
    /// `PyInterpreterState.threads.head`
    threads: u64,
    /// `PyThreadState.native_thread_id`; `next` is at 8 in all of them.
    native_id: usize,
    /// `PyThreadState.cframe`, or `.current_frame` where `indirect` is none.
    frame: usize,
    /// `_PyCFrame.current_frame`
    indirect: Option<u64>,
    /// `_PyInterpreterFrame.f_code` (`.f_executable`)
    code: usize,
    /// `_PyInterpreterFrame.previous`
    previous: usize,
    /// `_PyInterpreterFrame.owner`
    owner: usize,
    /// `PyCodeObject.co_firstlineno`
    first_line: usize,
    /// `PyCodeObject.co_code_adaptive`
    instructions: u64,
    /// `sizeof(PyASCIIObject)` and `sizeof(PyCompactUnicodeObject)`
    text: [u64; 2],
}

const NEXT: usize = 8;
/// `_PyInterpreterFrame.prev_instr` (`.instr_ptr`)
const INSTRUCTION: usize = 56;
/// `PyCodeObject.co_filename`, `.co_qualname`, `.co_linetable`
const FILE: usize = 112;
const NAME: usize = 128;
const TABLE: usize = 136;

const VERSIONS: [(u64, Offsets); 3] = [
    (
        11,
        Offsets {
            interpreters: 40,
            threads: 16,
            native_id: 160,
            frame: 56,
            indirect: Some(8),
            code: 32,
            previous: 48,
            owner: 69,
            first_line: 72,
            instructions: 184,
            text: [48, 72],
        },
    ),
    (
        12,
        Offsets {
            interpreters: 40,
            threads: 72,
            native_id: 144,
            frame: 56,
            indirect: Some(0),
            code: 0,
            previous: 8,
            owner: 70,
            first_line: 68,
            instructions: 192,
            text: [40, 56],
        },
    ),
    (
        13,
        Offsets {
            interpreters: 632,
            threads: 7344,
            native_id: 160,
            frame: 72,
            indirect: None,
            code: 0,
            previous: 8,
            owner: 70,
            first_line: 68,
            instructions: 200,
            text: [40, 56],
        },
    ),
];

/// The interpreter in one process.
pub struct Python {
    pid: Pid,
    minor: u64,
    offsets: &'static Offsets,
    runtime: u64,
    /// By the kernel's thread id: the id the thread has in its own PID namespace, and its state.
    states: HashMap<u32, (u64, u64)>,
}

/// A place in a function: the code object, and the byte of its instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// Address of the code object.
    pub code: u64,
    /// Offset in its instructions, bytes.
    pub at: u64,
}

impl Python {
    /// The interpreter whose `_PyRuntime` and `Py_Version` lie at these addresses; `None` for a version that is not known.
    #[must_use]
    pub fn open(pid: Pid, runtime: u64, version: u64) -> Option<Self> {
        // 0x030b07f0 is 3.11.7.
        let version = word_at(pid, version)?;
        let known = VERSIONS
            .iter()
            .find(|(minor, _)| version >> 16 & 0xffff == 0x300 | *minor);
        let (minor, offsets) = known?;
        Some(Self {
            pid,
            minor: *minor,
            offsets,
            runtime,
            states: HashMap::new(),
        })
    }

    /// The functions a thread is in, innermost first; empty: none, or not to be read.
    pub fn calls(&mut self, tid: u32) -> Vec<Call> {
        let mut calls = Vec::new();
        let Some(mut frame) = self.current_frame(tid) else {
            return calls;
        };
        for _ in 0..DEEPEST {
            let mut bytes = [0; 80];
            if frame == 0 || read(self.pid, frame, &mut bytes).is_none() {
                break;
            }
            if bytes[self.offsets.owner] != OWNED_BY_C {
                calls.extend(self.call_in(&bytes));
            }
            frame = word(&bytes, self.offsets.previous).unwrap_or(0);
        }
        calls
    }

    /// The minor version: 11 of 3.11.
    #[must_use]
    pub const fn minor(&self) -> u64 {
        self.minor
    }

    /// Address of the state of the first interpreter.
    #[must_use]
    pub fn interpreter(&self) -> Option<u64> {
        let head = self.runtime.wrapping_add(self.offsets.interpreters);
        word_at(self.pid, head)
    }

    /// The place in its function of a frame, given by its bytes.
    #[must_use]
    pub fn call_in(&self, frame: &[u8]) -> Option<Call> {
        let code = word(frame, self.offsets.code)?;
        let start = code.wrapping_add(self.offsets.instructions);
        let at = word(frame, INSTRUCTION)?.wrapping_sub(start);
        Some(Call { code, at })
    }

    /// What a call is: function, file and line.
    #[must_use]
    pub fn frame(&self, call: Call) -> Option<Frame> {
        let mut bytes = [0; 144];
        read(self.pid, call.code, &mut bytes)?;
        let first = word(&bytes, self.offsets.first_line)?;
        let first = u32::try_from(first & u64::from(u32::MAX)).ok()?;
        let table = self.bytes(word(&bytes, TABLE)?)?;
        Some(Frame {
            module: String::new(),
            symbol: self.text(word(&bytes, NAME)?)?,
            file: self.text(word(&bytes, FILE)?)?,
            line: linetable::line(&table, first, call.at).unwrap_or(first),
            offset: call.at,
        })
    }

    /// The frame a thread is in; 0 where it is in none.
    fn current_frame(&mut self, tid: u32) -> Option<u64> {
        let known = self.states.get(&tid).copied();
        let known =
            known.filter(|(inner, state)| self.thread(*state).is_some_and(|(id, ..)| id == *inner));
        let state = match known {
            Some((_, state)) => state,
            None => {
                let inner = super::process::inner_id(self.pid, tid).into();
                let state = self.find(inner)?;
                if self.states.len() >= MOST_THREADS {
                    self.states.clear();
                }
                self.states.insert(tid, (inner, state));
                state
            }
        };
        let (_, _, frame) = self.thread(state)?;
        match self.offsets.indirect {
            Some(offset) => word_at(self.pid, frame.wrapping_add(offset)),
            None => Some(frame),
        }
    }

    /// The state of the thread with this id, among those of the first interpreter.
    fn find(&self, inner: u64) -> Option<u64> {
        let threads = self.interpreter()?.wrapping_add(self.offsets.threads);
        let mut state = word_at(self.pid, threads)?;
        for _ in 0..MOST_THREADS {
            let (id, next, _) = self.thread(state)?;
            if id == inner {
                return Some(state);
            }
            state = next;
        }
        None
    }

    /// Id, next and frame of a thread state.
    fn thread(&self, state: u64) -> Option<(u64, u64, u64)> {
        let mut bytes = [0; 168];
        read(self.pid, state, &mut bytes)?;
        let part = |offset| word(&bytes, offset);
        Some((
            part(self.offsets.native_id)?,
            part(NEXT)?,
            part(self.offsets.frame)?,
        ))
    }

    /// A `str`: length at 16, flags at 32 (kind in three bits from the third, `compact`, `ascii`), then the characters.
    #[must_use]
    pub fn text(&self, address: u64) -> Option<String> {
        let mut head = [0; 40];
        read(self.pid, address, &mut head)?;
        let len = usize::try_from(word(&head, 16)?).ok()?.min(LONGEST_NAME);
        let flags = word(&head, 32)?;
        let (kind, is_compact, is_ascii) =
            (flags >> 2 & 7, flags >> 5 & 1 == 1, flags >> 6 & 1 == 1);
        if !is_compact {
            return None;
        }
        let width = usize::try_from(kind)
            .ok()
            .filter(|width| matches!(width, 1 | 2 | 4))?;
        let mut bytes = vec![0; len * width];
        read(
            self.pid,
            address.wrapping_add(self.offsets.text[usize::from(!is_ascii)]),
            &mut bytes,
        )?;
        let wide = |part: &[u8]| {
            part.iter()
                .rev()
                .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
        };
        let character =
            |part: &[u8]| char::from_u32(wide(part)).unwrap_or(char::REPLACEMENT_CHARACTER);
        Some(bytes.chunks_exact(width).map(character).collect())
    }

    /// A `bytes`: length at 16, contents at 32.
    fn bytes(&self, address: u64) -> Option<Vec<u8>> {
        let len = usize::try_from(word_at(self.pid, address.wrapping_add(16))?).ok()?;
        let mut bytes = vec![0; len.min(LONGEST_TABLE)];
        read(self.pid, address.wrapping_add(32), &mut bytes)?;
        Some(bytes)
    }
}
