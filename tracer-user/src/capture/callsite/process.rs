//! The code of one process as it lies in its memory, and walks through its stacks.
//!
//! In: `/proc/PID/maps` and the files it names. Out: for registers and a piece of stack the program counters, innermost
//! first, and for each of them the image it lies in.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use framehop::{
    CacheNative, FrameAddress, MayAllocateDuringUnwind, Module, UnwindRegsNative, Unwinder,
    UnwinderNative,
};
use tracer_common::UserRegisters;

use super::bytes::Bytes;
use super::image::Image;
use super::images::{ImageId, Images};
use super::jit::{self, PerfMap};
use super::pclntab::PcTable;
use super::python::{Call, Python};
use super::v8::{self, Function, V8};
use super::{frame_pointer, registers};
use crate::capture::mappings::{self, Mapping};
use crate::capture::memory::word;
use crate::row::{Frame, Pid};

/// Most mappings with code that are kept; a Java machine has some hundreds.
const MOST_MAPPINGS: usize = 4096;
/// Most frames that are walked.
const DEEPEST: usize = 64;
/// How long code outside all known mappings is believed before the mappings are read again (a library may have been loaded
/// since). Also how often a perf map that has grown is read.
const STALE: Duration = Duration::from_secs(1);

/// Where a program counter lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// At an address, as stated in the file, of an image.
    Image(ImageId, u64),
    /// In code without a file, at an address of the process.
    Memory(u64),
}

/// A mapping and the image it shows.
struct Loaded {
    mapping: Mapping,
    image: Option<(ImageId, u64)>,
}

/// The mappings of one process, and what is known of code without a file.
pub struct Process {
    pid: Pid,
    loaded: Vec<Loaded>,
    unwinder: UnwinderNative<Bytes, MayAllocateDuringUnwind>,
    read: Instant,
    perf_map: Option<(Instant, u64, PerfMap)>,
    python: Option<Python>,
    v8: Option<V8>,
    program: Option<(ImageId, u64)>,
    /// Where the code of a Go program lies, and its table.
    go: Option<(ImageId, PcTable)>,
}

/// One frame of a walked stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walked {
    /// The program counter; of all but the innermost frame one byte before the return address, into the call.
    pub counter: u64,
    /// The frame pointer, or whatever the program keeps there.
    pub frame_pointer: u64,
}

impl Process {
    /// Reads the mappings of a process and opens the files behind them; what was known `before` of its runtime stays. `None` when it
    /// is gone.
    #[must_use]
    pub fn open(pid: Pid, images: &mut Images, before: Option<Self>) -> Option<Self> {
        let mappings = mappings::read(pid)?
            .into_iter()
            .filter(|mapping| mapping.executable);
        let mut unwinder = UnwinderNative::new();
        let mut load = |mapping: Mapping| {
            let image = images.get(pid, &mapping).and_then(|(id, image)| {
                let bias = image.bias(mapping.range.start, mapping.offset)?;
                unwinder.add_module(Module::new(
                    String::new(),
                    mapping.range.clone(),
                    bias,
                    image.sections(),
                ));
                Some((id, bias))
            });
            Loaded { mapping, image }
        };
        let loaded: Vec<Loaded> = mappings.take(MOST_MAPPINGS).map(&mut load).collect();
        // A function of a script is known by its number among those that were met.
        let (python, v8) = before.map_or((None, None), |before| (before.python, before.v8));
        let python = python.or_else(|| interpreter(pid, &loaded, images));
        let v8 = v8.or_else(|| v8_of(pid, &loaded, images));
        let program = program(pid, &loaded);
        (!loaded.is_empty()).then(|| Self {
            pid,
            loaded,
            unwinder,
            read: Instant::now(),
            perf_map: None,
            python,
            v8,
            program,
            go: program.and_then(|(id, _)| Some((id, images.go_table(id)?.clone()))),
        })
    }

    /// The frames of a stack, innermost first. What is walked before the walk fails is given.
    pub fn walk(
        &self,
        start: &UserRegisters,
        stack: &[u8],
        cache: &mut CacheNative<MayAllocateDuringUnwind>,
    ) -> Vec<Walked> {
        let mut on_stack = |address| word_of(start, stack, address).ok_or(());
        let mut registers = registers(start);
        let mut at = Some(FrameAddress::from_instruction_pointer(start.ip));
        let mut frames = Vec::new();
        while let Some(address) = at
            && frames.len() < DEEPEST
        {
            frames.push(Walked {
                counter: address.address_for_lookup(),
                frame_pointer: frame_pointer(&registers),
            });
            let counter = address.address_for_lookup();
            let next = match self.leave_go(counter, &mut registers, &mut on_stack) {
                Some(next) => Some(next),
                None => self
                    .unwinder
                    .unwind_frame(address, &mut registers, cache, &mut on_stack)
                    .ok()
                    .flatten(),
            };
            at = next.and_then(FrameAddress::from_return_address);
        }
        frames
    }

    /// Leaves a function of a Go program by its own table, which is right in the middle of code that uses the frame pointer for
    /// something else. `None`: it is no such function. Gives the return address.
    #[cfg(target_arch = "x86_64")]
    fn leave_go(
        &self,
        counter: u64,
        registers: &mut UnwindRegsNative,
        on_stack: &mut impl FnMut(u64) -> Result<u64, ()>,
    ) -> Option<u64> {
        const WORD: u64 = 8;
        let (image, table) = self.go.as_ref()?;
        let Some(Place::Image(of, address)) = self.place(counter) else {
            return None;
        };
        let size = table.frame_size(address).filter(|_| of == *image)?;
        let at = registers.sp().checked_add(size)?;
        let back = on_stack(at).ok()?;
        // A function with a frame has saved the frame pointer of its caller right below.
        if size >= WORD {
            registers.set_bp(on_stack(at - WORD).ok()?);
        }
        registers.set_sp(at.checked_add(WORD)?);
        registers.set_ip(back);
        Some(back)
    }

    #[cfg(target_arch = "aarch64")]
    #[expect(clippy::unused_self, reason = "the same on both")]
    fn leave_go(
        &self,
        _: u64,
        _: &mut UnwindRegsNative,
        _: &mut impl FnMut(u64) -> Result<u64, ()>,
    ) -> Option<u64> {
        None
    }

    /// Where an address lies; `None`: in no mapping that has code.
    #[must_use]
    pub fn place(&self, address: u64) -> Option<Place> {
        let next = self
            .loaded
            .partition_point(|loaded| loaded.mapping.range.start <= address);
        let loaded = self.loaded[..next]
            .last()
            .filter(|loaded| loaded.mapping.range.contains(&address))?;
        Some(match loaded.image {
            Some((id, bias)) => Place::Image(id, address.wrapping_sub(bias)),
            None => Place::Memory(address),
        })
    }

    /// Whether the mappings are old enough to be read again.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.read.elapsed() >= STALE
    }

    /// The Python functions a thread is in, innermost first; empty where there are none.
    pub fn python_calls(&mut self, tid: u32) -> Vec<Call> {
        self.python
            .as_mut()
            .map(|python| python.calls(tid))
            .unwrap_or_default()
    }

    /// The Python interpreter it runs, of a version that is known.
    #[must_use]
    pub const fn python(&self) -> Option<&Python> {
        self.python.as_ref()
    }

    /// The image of the program itself, and what to add to the addresses in it.
    #[must_use]
    pub const fn program(&self) -> Option<(ImageId, u64)> {
        self.program
    }

    /// The function of a script that a frame is of; `None`: it is none of V8's, or not to be read.
    pub fn script_function(
        &mut self,
        frame: Walked,
        (start, stack): (&UserRegisters, &[u8]),
    ) -> Option<Function> {
        let on_stack = |address| word_of(start, stack, address);
        self.v8.as_mut()?.function(frame.frame_pointer, on_stack)
    }

    /// Whether it runs scripts by V8, as far as that can be read.
    #[must_use]
    pub const fn has_v8(&self) -> bool {
        self.v8.is_some()
    }

    /// What a function of a script is.
    #[must_use]
    pub fn script_frame(&self, function: Function) -> Option<&Frame> {
        self.v8.as_ref()?.frame(function)
    }

    /// What a Python call is.
    #[must_use]
    pub fn python_frame(&self, call: Call) -> Option<Frame> {
        self.python.as_ref()?.frame(call)
    }

    /// Images this process shows.
    pub fn images(&self) -> impl Iterator<Item = ImageId> + '_ {
        self.loaded
            .iter()
            .filter_map(|loaded| Some(loaded.image?.0))
    }

    /// What lies at an address without a file, by the process's perf map.
    pub fn made_at_run_time(&mut self, address: u64) -> Frame {
        let known = self
            .perf_map
            .as_ref()
            .and_then(|(_, _, map)| map.frame(address));
        let known = known.or_else(|| {
            self.read_perf_map();
            self.perf_map
                .as_ref()
                .and_then(|(_, _, map)| map.frame(address))
        });
        known.unwrap_or_else(|| Frame {
            module: "[jit]".into(),
            offset: address,
            ..Frame::default()
        })
    }

    /// Reads the perf map if it has grown, once a second at most. It lies in the process's own file system, under the number
    /// the process has in its own PID namespace.
    fn read_perf_map(&mut self) {
        if self
            .perf_map
            .as_ref()
            .is_some_and(|(read, ..)| read.elapsed() < STALE)
        {
            return;
        }
        let known = self.perf_map.as_ref().map_or(0, |(_, len, _)| *len);
        let path = format!(
            "/proc/{}/root/tmp/perf-{}.map",
            self.pid,
            inner_id(self.pid, self.pid.0)
        );
        let file = super::open_regular(&PathBuf::from(path));
        let len = file
            .as_ref()
            .and_then(|file| Some(file.metadata().ok()?.len()))
            .unwrap_or(0);
        let map = match file {
            Some(file) if len != known => PerfMap::parse(&text(&file)),
            _ => self
                .perf_map
                .take()
                .map(|(.., map)| map)
                .unwrap_or_default(),
        };
        self.perf_map = Some((Instant::now(), len, map));
    }
}

fn text(file: &File) -> String {
    let mut bytes = Vec::new();
    // What was read before an error is used.
    let _ = file.take(jit::LONGEST).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The number a thread has in its innermost PID namespace: the last of `NSpid`.
pub fn inner_id(pid: Pid, tid: u32) -> u32 {
    let status =
        std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    line.and_then(|line| line.split_ascii_whitespace().last()?.parse().ok())
        .unwrap_or(tid)
}

/// The image of a process's program.
fn program(pid: Pid, loaded: &[Loaded]) -> Option<(ImageId, u64)> {
    let link = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let path = link.to_string_lossy();
    let path = path.strip_suffix(" (deleted)").unwrap_or(&path);
    let mut own = loaded.iter().filter(|loaded| loaded.mapping.path == path);
    own.find_map(|loaded| loaded.image)
}

/// The CPython interpreter a process has mapped, as its program or as a library.
fn interpreter(pid: Pid, loaded: &[Loaded], images: &Images) -> Option<Python> {
    loaded.iter().find_map(|loaded| {
        let name = loaded.mapping.path.rsplit('/').next()?;
        let (id, bias) = loaded
            .image
            .filter(|_| name.starts_with("python") || name.starts_with("libpython"))?;
        let address = |variable| Some(images.variable(id, variable)?.wrapping_add(bias));
        Python::open(pid, address("_PyRuntime")?, address("Py_Version")?)
    })
}

/// V8 in a process that has it as its program or as a library, and says where things lie.
fn v8_of(pid: Pid, loaded: &[Loaded], images: &Images) -> Option<V8> {
    loaded.iter().find_map(|loaded| {
        let name = loaded.mapping.path.rsplit('/').next()?;
        let (id, bias) = loaded
            .image
            .filter(|_| name.starts_with("node") || name.starts_with("libnode"))?;
        let mut constants = images.variables(id, v8::PREFIX);
        for address in constants.values_mut() {
            *address = address.wrapping_add(bias);
        }
        V8::open(pid, &constants)
    })
}

/// The word at an address of a stack whose bytes begin at the stack pointer.
fn word_of(start: &UserRegisters, stack: &[u8], address: u64) -> Option<u64> {
    word(stack, usize::try_from(address.checked_sub(start.sp)?).ok()?)
}

impl Image {
    /// Opens the image behind a mapping of a process: through `/proc/PID/map_files`, which also gives deleted files, else by
    /// its path in the process's file system if the inode there is still the same.
    #[must_use]
    pub fn of_mapping(pid: Pid, mapping: &Mapping) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let root = PathBuf::from(format!("/proc/{pid}/root"));
        let range = &mapping.range;
        let mapped = format!("/proc/{pid}/map_files/{:x}-{:x}", range.start, range.end);
        let by_path = || {
            let file = super::open_regular(&root.join(mapping.path.trim_start_matches('/')))?;
            (file.metadata().ok()?.ino() == mapping.inode).then_some(file)
        };
        let file = super::open_regular(&PathBuf::from(mapped)).or_else(by_path)?;
        Self::open(
            Bytes::map(&file)?,
            &mapping.path,
            &[root, PathBuf::from("/")],
        )
    }
}
