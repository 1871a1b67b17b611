//! Which frame of a stack a person should read.
//!
//! In: a [`Stack`]. Out: the innermost frame of the program's own code, or its printed form. Frames of the C library, of
//! language runtimes and of their locks are passed over by the table [`RULES`]; where nothing but system libraries is
//! left, the innermost of those (`libsqlite3`, say) is the answer; where nothing but runtime is left, there is none.

use std::fmt;

use super::{Frame, Stack};

/// What a frame is to somebody who looks for his own code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    /// Locks, C library, language runtime: never a call site.
    Runtime,
    /// Somebody else's library: a call site only where no own code is seen.
    Library,
}

/// How a rule knows a frame.
#[derive(Clone, Copy, Debug)]
enum Sign {
    /// The module's file name is this.
    Program(&'static str),
    /// The module's file name starts so.
    Module(&'static str),
    /// The module's path starts so.
    Folder(&'static str),
    /// The module's path has this in it.
    Within(&'static str),
    /// The first component of the symbol's path is this (`std` in `<std::sync::Mutex<T>>::lock`, `java` in
    /// `java.lang.Thread.run`).
    Root(&'static str),
    /// The symbol is this.
    Exact(&'static str),
    /// The symbol starts so.
    Symbol(&'static str),
    /// The source file's path contains this.
    Source(&'static str),
}
use Layer::{Library, Runtime};
use Sign::{Exact, Folder, Module, Program, Root, Source, Symbol, Within};

/// The first rule that fits decides; a frame that none fits is the program's own.
const RULES: &[(Sign, Layer)] = &[
    // C library and loader, by file.
    (Module("libc.so"), Runtime),
    (Module("libc-2."), Runtime),
    (Module("libpthread"), Runtime),
    (Module("ld-linux"), Runtime),
    (Module("ld-musl"), Runtime),
    (Module("libstdc++"), Runtime),
    (Module("libc++"), Runtime),
    (Module("libgcc_s"), Runtime),
    (Module("libgomp"), Runtime),
    (Module("[vdso]"), Runtime),
    (Module("linux-vdso"), Runtime),
    // The same where it is linked into the program.
    (Symbol("pthread_"), Runtime),
    (Symbol("__pthread_"), Runtime),
    (Symbol("___pthread_"), Runtime),
    (Symbol("__lll_"), Runtime),
    (Symbol("lll_"), Runtime),
    (Symbol("__futex_"), Runtime),
    (Symbol("futex_"), Runtime),
    (Symbol("__timedwait"), Runtime),
    (Exact("__wait"), Runtime),
    (Exact("__clone"), Runtime),
    (Exact("__clone3"), Runtime),
    (Exact("clone3"), Runtime),
    (Symbol("__gthread_"), Runtime),
    (Symbol("__new_sem_"), Runtime),
    (Symbol("__libc_"), Runtime),
    (Exact("_start"), Runtime),
    (Exact("start_thread"), Runtime),
    (Exact("sem_wait"), Runtime),
    (Symbol("sem_timedwait"), Runtime),
    (Exact("mtx_lock"), Runtime),
    (Symbol("cnd_wait"), Runtime),
    (Exact("syscall"), Runtime),
    // By the source file, for inlined functions, of which line tables give the bare name (`lock`) only.
    (Source("/rustc/"), Runtime),
    (Source("/library/std/src/"), Runtime),
    (Source("/library/core/src/"), Runtime),
    (Source("/library/alloc/src/"), Runtime),
    (Source("/c++/"), Runtime),
    (Source("/lock_api-"), Runtime),
    (Source("/parking_lot"), Runtime),
    (Source("/crossbeam-"), Runtime),
    (Source("/once_cell-"), Runtime),
    (Source("/rayon-"), Runtime),
    (Source("/tokio-"), Runtime),
    (Source("/registry/src/"), Library),
    (Source("/usr/local/go/src/"), Runtime),
    (Source("/usr/lib/go-"), Runtime),
    (Source("/pkg/mod/"), Library),
    // Rust and C++: the standard library and what only wraps its locks.
    (Root("std"), Runtime),
    (Root("core"), Runtime),
    (Root("alloc"), Runtime),
    (Root("__gnu_cxx"), Runtime),
    (Root("parking_lot"), Runtime),
    (Root("parking_lot_core"), Runtime),
    (Root("lock_api"), Runtime),
    (Root("crossbeam_utils"), Runtime),
    (Root("crossbeam_channel"), Runtime),
    (Root("once_cell"), Runtime),
    (Root("tokio"), Runtime),
    (Root("rayon"), Runtime),
    (Root("rayon_core"), Runtime),
    (Root("boost"), Runtime),
    (Root("absl"), Runtime),
    (Symbol("__rust_"), Runtime),
    (Symbol("__rustc"), Runtime),
    (Symbol("rust_begin_unwind"), Runtime),
    // CPython: the interpreter itself, then its standard library, then installed packages.
    (Module("python"), Runtime),
    (Module("libpython"), Runtime),
    // Its own modules in C: `multiprocessing.Lock` waits in one.
    (Within("/lib-dynload/"), Runtime),
    (Symbol("PyThread_"), Runtime),
    (Symbol("_PyEval_"), Runtime),
    (Symbol("take_gil"), Runtime),
    (Source("site-packages/"), Library),
    (Source("dist-packages/"), Library),
    (Source("/lib/python3"), Runtime),
    (Source("<frozen "), Runtime),
    // Node, Bun, Deno: engine and event loop, then built-in modules, then packages.
    (Source("node:"), Runtime),
    (Source("node_modules/"), Library),
    (Program("node"), Runtime),
    (Program("bun"), Runtime),
    (Program("deno"), Runtime),
    // Code made at run time that nobody named: its address says nothing to a reader.
    (Program("[jit]"), Runtime),
    (Module("libnode"), Runtime),
    (Module("libuv"), Runtime),
    (Root("v8"), Runtime),
    (Symbol("uv_"), Runtime),
    (Symbol("uv__"), Runtime),
    (Symbol("Builtin:"), Runtime),
    (Symbol("BytecodeHandler:"), Runtime),
    (Symbol("Stub:"), Runtime),
    // Java: the machine, its stubs, its class library.
    (Module("libjvm"), Runtime),
    (Folder("/usr/lib/jvm/"), Runtime),
    (Root("java"), Runtime),
    (Root("jdk"), Runtime),
    (Root("sun"), Runtime),
    (Exact("Interpreter"), Runtime),
    (Symbol("StubRoutines"), Runtime),
    (Symbol("call_stub"), Runtime),
    (Symbol("vtable stub"), Runtime),
    (Symbol("itable stub"), Runtime),
    (Symbol("I2C/C2I"), Runtime),
    // Go: scheduler and locks.
    (Root("runtime"), Runtime),
    (Root("sync"), Runtime),
    (Root("internal"), Runtime),
    // Whatever else came with the system.
    (Folder("/lib/"), Library),
    (Folder("/lib64/"), Library),
    (Folder("/usr/lib/"), Library),
    (Folder("/usr/lib64/"), Library),
];

impl Sign {
    fn fits(self, frame: &Frame) -> bool {
        match self {
            Program(name) => file_name(&frame.module) == name,
            Module(start) => file_name(&frame.module).starts_with(start),
            Folder(start) => frame.module.starts_with(start),
            Within(part) => frame.module.contains(part),
            Root(name) => root(&frame.symbol) == name,
            Exact(name) => frame.symbol == name,
            Symbol(start) => frame.symbol.starts_with(start),
            Source(part) => frame.file.contains(part),
        }
    }
}

/// The part of a path behind its last slash.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The first component of a symbol's path: without a return type before it, without what wraps it (`<`, `&`, `*`).
/// Components end at `::`, `.` or `/`, which serves Rust, C++, Java and Go alike.
fn root(symbol: &str) -> &str {
    let mut depth = 0_u32;
    let mut name = 0;
    for (at, character) in symbol.char_indices() {
        match character {
            // `<T as Trait>::f` of Rust opens with the type itself: what is inside counts.
            '<' | '(' | '[' | '{' if at > name => {
                if character == '(' && depth == 0 {
                    break;
                }
                depth += 1;
            }
            '>' | ')' | ']' | '}' if depth > 0 => depth -= 1,
            // A blank outside brackets ends a return type (C++), but ` as ` belongs to Rust's type.
            ' ' if depth == 0 => {
                if symbol[at..].starts_with(" as ") || symbol[at..].starts_with(" [") {
                    break;
                }
                name = at + 1;
            }
            _ => {}
        }
    }
    let bare = symbol[name..].trim_start_matches(['<', '&', '*', '(', '[']);
    let bare = bare
        .strip_prefix("mut ")
        .or_else(|| bare.strip_prefix("dyn "))
        .unwrap_or(bare);
    let end = bare
        .find([':', '.', '/', '<', '(', ' ', '>'])
        .unwrap_or(bare.len());
    &bare[..end]
}

impl Stack {
    /// The frame a person should read: the innermost of the program's own code. `None` where only locks and runtime are
    /// seen, or nothing at all.
    #[must_use]
    pub fn call_site(&self) -> Option<&Frame> {
        let mut library = None;
        for frame in &self.frames {
            match frame.layer() {
                Some(Runtime) => {}
                Some(Library) => library = library.or(Some(frame)),
                None => return Some(frame),
            }
        }
        library
    }
}

impl Frame {
    /// What is known of it, or `None` for the program's own code. A frame of which nothing is known is nobody's.
    fn layer(&self) -> Option<Layer> {
        if self.module.is_empty() && self.symbol.is_empty() && self.file.is_empty() {
            return Some(Runtime);
        }
        RULES
            .iter()
            .find(|(sign, _)| sign.fits(self))
            .map(|(_, layer)| *layer)
    }
}

/// `flush_batch (writer.rs:88)`; without a line `flush_batch (app)`; without a symbol `app+0x1a2b`. Control characters,
/// which a symbol of a strange program may hold, are shown as `?`.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.file.is_empty() {
            file_name(&self.module)
        } else {
            file_name(&self.file)
        };
        if self.symbol.is_empty() {
            return write!(f, "{}+{:#x}", Shown(place), self.offset);
        }
        write!(f, "{}", Shown(&self.symbol))?;
        match (place.is_empty(), self.line) {
            (true, _) => Ok(()),
            (false, 0) => write!(f, " ({})", Shown(place)),
            (false, line) => write!(f, " ({}:{line})", Shown(place)),
        }
    }
}

/// A name from outside, without control characters.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .chars()
            .try_for_each(|c| fmt::Write::write_char(f, if c.is_control() { '?' } else { c }))
    }
}

#[cfg(test)]
mod tests;
