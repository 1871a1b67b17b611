//! Where threads were found running.
//!
//! In: rows of samples. Out: for any choice of threads, how many samples there are of them, and in which function each was. Samples are
//! taken at a steady rate, so numbers of them are shares of CPU time.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashSet};

use super::seen::users;
use crate::row::{Frame, Sample, Stack, StackId, Tid};

/// Most functions of threads that are told apart; what is beyond them counts as not known.
const MOST: usize = 200_000;

/// A function, by its place in the list of those that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FunctionIndex(usize);

/// How often a thread was found in a function.
#[derive(Clone, Debug, Default)]
pub struct Sampled {
    functions: Vec<Frame>,
    /// By symbol, file and line.
    index: HashMap<(String, String, u32), FunctionIndex>,
    /// What each stack is in; `None`: not known.
    of_stack: HashMap<StackId, Option<FunctionIndex>>,
    /// Stacks of a thread that gives its CPU away and comes back at once.
    yields: HashSet<StackId>,
    /// Stacks whose innermost function of a script is the program's own, or a library's.
    scripts: HashMap<StackId, Author>,
    counts: BTreeMap<(Tid, Option<FunctionIndex>), Count>,
}

/// How many samples, how many of them in code that waits in a loop, the program's or the kernel's, and how many while memory is taken back.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    all: u64,
    spins: u64,
    kernel_spins: u64,
    memory_stalls: u64,
    own_script: u64,
    library_script: u64,
}

/// Who wrote the script's function that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Author {
    User,
    Library,
}

/// Functions that threads were found in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SampledFunctions {
    /// Samples of these threads.
    pub samples: u64,
    /// The functions, with how many of the samples were in each; the most first. They may be fewer than all, where the function is
    /// not known.
    pub functions: Vec<(Frame, u64)>,
}

impl Sampled {
    /// Takes a sample; its stack is known.
    pub(super) fn learn(&mut self, sample: &Sample, stacks: &HashMap<StackId, Stack>) {
        let function = match self.of_stack.get(&sample.stack) {
            Some(function) => *function,
            None => {
                let found = stacks.get(&sample.stack).and_then(own);
                let function = found.map(|frame| self.function(frame));
                self.of_stack.insert(sample.stack, function);
                if stacks.get(&sample.stack).is_some_and(is_yield) {
                    self.yields.insert(sample.stack);
                }
                if let Some(author) = stacks.get(&sample.stack).and_then(author) {
                    self.scripts.insert(sample.stack, author);
                }
                function
            }
        };
        let mut key = (sample.tid, function);
        if self.counts.len() >= MOST && !self.counts.contains_key(&key) {
            key.1 = None;
        }
        let spins = sample.spins || self.yields.contains(&sample.stack);
        let count = self.counts.entry(key).or_default();
        count.all += 1;
        count.spins += u64::from(spins);
        count.kernel_spins += u64::from(sample.kernel_spins);
        count.memory_stalls += u64::from(sample.memory_stall);
        match self.scripts.get(&sample.stack) {
            Some(Author::User) => count.own_script += 1,
            Some(Author::Library) => count.library_script += 1,
            None => {}
        }
    }

    /// Lines of one function are one function.
    fn function(&mut self, frame: &Frame) -> FunctionIndex {
        let key = (frame.symbol.clone(), frame.file.clone(), line(frame));
        *self.index.entry(key).or_insert_with(|| {
            self.functions.push(frame.clone());
            FunctionIndex(self.functions.len() - 1)
        })
    }

    /// What the threads compute that `is_one` chooses.
    #[must_use]
    pub fn functions(&self, is_one: impl Fn(Tid) -> bool) -> SampledFunctions {
        self.sum(is_one, |count| count.all)
    }

    /// Where those threads wait in loops.
    #[must_use]
    pub fn spinning(&self, is_one: impl Fn(Tid) -> bool) -> SampledFunctions {
        self.sum(is_one, |count| count.spins)
    }

    /// Where those threads wait for locks of the kernel without letting go of their CPUs.
    #[must_use]
    pub fn spinning_in_kernel(&self, is_one: impl Fn(Tid) -> bool) -> SampledFunctions {
        self.sum(is_one, |count| count.kernel_spins)
    }

    /// Where the kernel takes memory back for those threads.
    #[must_use]
    pub fn short_of_memory(&self, is_one: impl Fn(Tid) -> bool) -> SampledFunctions {
        self.sum(is_one, |count| count.memory_stalls)
    }

    /// How many of those threads were found to.
    #[must_use]
    pub fn spinners(&self, is_one: impl Fn(Tid) -> bool) -> usize {
        let spinning = self.counts.iter().filter(|(_, count)| count.spins > 0);
        let tids: BTreeSet<Tid> = spinning.map(|((tid, _), _)| *tid).collect();
        tids.into_iter().filter(|tid| is_one(*tid)).count()
    }

    /// Which share of the time in which these threads run scripts is that of libraries, 0 to 1. `None`: too few samples tell.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    pub fn in_libraries(&self, is_one: impl Fn(Tid) -> bool) -> Option<f64> {
        /// With so many a share is known to a fifth.
        const LEAST: u64 = 8;
        let counts = self.counts.iter().filter(|((tid, _), _)| is_one(*tid));
        let (own, library) = counts.fold((0, 0), |(own, library), (_, count)| {
            (own + count.own_script, library + count.library_script)
        });
        (own + library >= LEAST).then(|| library as f64 / (own + library) as f64)
    }

    fn sum(&self, is_one: impl Fn(Tid) -> bool, of: impl Fn(Count) -> u64) -> SampledFunctions {
        let mut found = SampledFunctions::default();
        let mut by_function: BTreeMap<FunctionIndex, u64> = BTreeMap::new();
        for ((tid, function), count) in &self.counts {
            let count = of(*count);
            if count == 0 || !is_one(*tid) {
                continue;
            }
            found.samples += count;
            if let Some(function) = function {
                *by_function.entry(*function).or_default() += count;
            }
        }
        found.functions = by_function
            .into_iter()
            .filter_map(|(index, count)| Some((self.functions.get(index.0)?.clone(), count)))
            .collect();
        // Equal counts stay in the order in which the functions were met.
        found
            .functions
            .sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        found
    }
}

/// Anonymous functions of a file are told apart by their lines.
fn line(frame: &Frame) -> u32 {
    if frame.symbol.starts_with('(') {
        frame.line
    } else {
        0
    }
}

/// The function whose time it is: the innermost of the program's own code, which answers for what it calls; where there is none, as in
/// a thread of the runtime, the innermost that has a name. `None`: a script is running, and its functions were not seen.
fn own(stack: &Stack) -> Option<&Frame> {
    let frames = &stack.frames;
    let is_go =
        |frame: &Frame| frame.symbol.starts_with("runtime.") && frame.file.contains("/runtime/");
    if frames.iter().any(is_go)
        && let Some(frame) = users(frames).next()
    {
        return Some(frame);
    }
    let named = || frames.iter().find(|frame| !frame.symbol.is_empty());
    match stack.call_site() {
        None if frames.iter().any(runs_a_script) => None,
        found => found
            .filter(|frame| !frame.symbol.is_empty())
            .or_else(named),
    }
}

/// The thread is in `sched_yield`.
fn is_yield(stack: &Stack) -> bool {
    let innermost = stack.frames.first();
    innermost.is_some_and(|frame| {
        frame
            .symbol
            .trim_start_matches('_')
            .starts_with("sched_yield")
    })
}

/// Who wrote the innermost function of a script on this stack; the interpreter's own code works for whichever that is.
fn author(stack: &Stack) -> Option<Author> {
    let is_script = |frame: &&Frame| frame.module.is_empty() && !frame.file.is_empty();
    let innermost = stack.frames.iter().find(is_script)?;
    let is_users = users(std::slice::from_ref(innermost)).next().is_some();
    Some(if is_users {
        Author::User
    } else {
        Author::Library
    })
}

/// Code of an interpreter that runs a script's function, or code that was made of one.
fn runs_a_script(frame: &Frame) -> bool {
    frame.module == "[jit]"
        || frame.symbol.starts_with("_PyEval_EvalFrame")
        || frame.symbol.starts_with("Builtins_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Nanos, Pid};

    /// `module symbol file line`, `-` for none; innermost first.
    fn stack(id: u32, text: &[&str]) -> Stack {
        let frame = |text: &&str| {
            let words: Vec<&str> = text.split(' ').collect();
            let word = |at: usize| words[at].trim_start_matches('-').to_owned();
            Frame {
                module: word(0),
                symbol: word(1),
                file: word(2),
                line: words[3].parse().expect("a line"),
                offset: 0,
            }
        };
        Stack {
            id: StackId(id),
            pid: Pid(7),
            frames: text.iter().map(frame).collect(),
        }
    }

    /// The functions of samples of one thread, so many at each stack.
    fn check(stacks: &[(u64, &[&str])], expect: &[(&str, u64)]) {
        let mut sampled = Sampled::default();
        let mut known = HashMap::default();
        for (id, (count, text)) in (1..).zip(stacks) {
            known.insert(StackId(id), stack(id, text));
            for end in 0..*count {
                let sample = Sample {
                    end: Nanos(end),
                    tid: Tid(9),
                    pid: Pid(7),
                    stack: StackId(id),
                    ..Sample::default()
                };
                sampled.learn(&sample, &known);
            }
        }
        let found = sampled.functions(|tid| tid == Tid(9));
        let names: Vec<(&str, u64)> = found
            .functions
            .iter()
            .map(|(frame, count)| (frame.symbol.as_str(), *count))
            .collect();
        assert_eq!(names, expect);
        assert_eq!(
            found.samples,
            stacks.iter().map(|(count, _)| count).sum::<u64>()
        );
        assert_eq!(sampled.functions(|_| false), SampledFunctions::default());
    }

    #[test]
    fn a_script_s_function_is_whose_time_its_library_and_its_interpreter_take() {
        check(
            &[
                (
                    6,
                    &[
                        "/usr/bin/node v8::internal::JsonStringify - 0",
                        "- handle /srv/a.js 3",
                        "- (anonymous) /srv/a.js 9",
                    ],
                ),
                (2, &["- handle /srv/a.js 3", "- run node:internal/timers 5"]),
                (
                    3,
                    &["- parse /srv/node_modules/x/i.js 3", "- load /srv/a.js 40"],
                ),
                (
                    1,
                    &[
                        "/usr/bin/node v8::internal::Scavenger - 0",
                        "/lib/libc.so.6 start_thread - 0",
                    ],
                ),
            ],
            &[("handle", 8), ("load", 3), ("v8::internal::Scavenger", 1)],
        );
    }

    #[test]
    fn where_the_script_is_not_seen_nobody_is_named() {
        let eval = "/usr/bin/python3.11 _PyEval_EvalFrameDefault - 0";
        check(
            &[
                (4, &[eval, "/usr/bin/python3.11 Py_Main - 0"]),
                (
                    3,
                    &[
                        "/usr/bin/python3.11 sha256_update - 0",
                        "- digest /srv/w.py 7",
                        eval,
                    ],
                ),
                (
                    2,
                    &[
                        "- dumps /usr/lib/python3.11/json/__init__.py 183",
                        "- encode /srv/w.py 12",
                        eval,
                    ],
                ),
            ],
            &[("digest", 3), ("encode", 2)],
        );
    }

    #[test]
    fn native_code_is_named_by_the_program_and_else_by_its_library() {
        check(
            &[
                (
                    5,
                    &[
                        "/lib/libc.so.6 __memcpy_avx - 0",
                        "/srv/tool pack::rows /src/pack.rs 8",
                        "/srv/tool main - 0",
                    ],
                ),
                (1, &["/lib/libz.so.1 deflate - 0"]),
                (2, &["/lib/libz.so.1 - - 0"]),
            ],
            &[("pack::rows", 5), ("deflate", 1)],
        );
    }

    #[test]
    fn a_goroutine_s_time_is_the_user_s_function_s() {
        check(
            &[(
                3,
                &[
                    "/srv/app crypto/sha256.block /usr/lib/go-1.19/src/crypto/sha256/sha256block_amd64.s 14",
                    "/srv/app main.digest /src/app/main.go 31",
                    "/srv/app runtime.goexit /usr/lib/go-1.19/src/runtime/asm_amd64.s 1594",
                ],
            )],
            &[("main.digest", 3)],
        );
    }
}
