//! JavaScript functions on the stack of a Node process, read from V8's objects in the process's memory.
//!
//! In: the frame pointers of a walked stack. Out: for those that are frames of scripts their functions, with file and line. A frame of
//! a script holds its function at a fixed place (`StandardFrameConstants`, src/execution/frame-constants.h); where things lie in V8's
//! objects the program itself tells debuggers, by constants that it exports (`v8dbg_...`, tools/gen-postmortem-metadata.py). Builds that do not, or
//! that compress pointers, are not read. Nothing is written and nobody is stopped, so an object may have moved: what does not have the type
//! that it should have is no function. No crate reads this; the profilers that do come as a whole.

use std::collections::HashMap;

use crate::capture::memory::{read, word, word_at};
use crate::row::{Frame, Pid};

/// What the names of the constants begin with.
pub const PREFIX: &str = "v8dbg_";

/// Most functions that are told apart; those that a collection has moved count anew.
const MOST: usize = 20_000;
/// Longest name or path, in characters.
const LONGEST_NAME: usize = 512;
/// How much of a script is read to count its lines, in characters.
const LONGEST_SCRIPT: usize = 2 << 20;
/// Pieces of which a name is put together at most.
const MOST_PIECES: u32 = 16;
/// Words of a `ScopeInfo` behind its variables that are looked through for a name and a position.
const BEHIND: usize = 8;
/// Most variables of a function that are passed over; V8 keeps more in a table of their own (`kScopeInfoMaxInlinedLocalNamesSize`).
const MOST_VARIABLES: usize = 75;

/// Where things lie, in bytes unless it says otherwise; an object's address is a pointer to it less its tag.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// From the frame pointer.
    function: i64,
    context: i64,
    map: u64,
    instance_type: u64,
    shared: u64,
    name_or_scope: u64,
    script: u64,
    script_name: u64,
    source: u64,
    length: u64,
    one_byte: u64,
    two_byte: u64,
    first: u64,
    second: u64,
    actual: u64,
    /// Words of a `ScopeInfo` behind its map.
    variables: usize,
    first_variable: usize,
    /// Values of `instance_type`.
    is_function: u16,
    is_scope: u16,
    is_script: u16,
    no_string: u16,
    representation: u16,
    encoding: u16,
    is_one_byte: u16,
    cons: u16,
    thin: u16,
}

impl Layout {
    /// By the exported constants. `None`: one is missing, or numbers are not held as in an uncompressed heap of 64 bits.
    fn of(constant: &dyn Fn(&str) -> Option<i64>) -> Option<Self> {
        /// Bits that a small number is shifted by.
        const SHIFT: i64 = 32;
        let any = |names: &[&str]| names.iter().find_map(|name| constant(name));
        let at = |names: &[&str]| u64::try_from(any(names)?).ok();
        let word = |name: &str| usize::try_from(constant(name)?).ok();
        let kind = |name: &str| u16::try_from(constant(name)?).ok();
        let shift = constant("SmiValueShift")? + constant("SmiShiftSize")?;
        let sound = shift == SHIFT && constant("HeapObjectTag")? == 1;
        sound.then_some(())?;
        Some(Self {
            function: constant("off_fp_function")?,
            context: constant("off_fp_context")?,
            map: at(&["class_HeapObject__map__Map"])?,
            instance_type: at(&["class_Map__instance_type__uint16_t"])?,
            shared: at(&["class_JSFunction__shared__SharedFunctionInfo"])?,
            name_or_scope: at(&["class_SharedFunctionInfo__name_or_scope_info__Object"])?,
            script: at(&[
                "class_SharedFunctionInfo__script_or_debug_info__HeapObject",
                "class_SharedFunctionInfo__script_or_debug_info__Object",
                "class_SharedFunctionInfo__script__HeapObject",
            ])?,
            script_name: at(&["class_Script__name__Object"])?,
            source: at(&["class_Script__source__Object"])?,
            length: at(&["class_String__length__int32_t"])?,
            one_byte: at(&["class_SeqOneByteString__chars__char"])?,
            two_byte: at(&["class_SeqTwoByteString__chars__char"])?,
            first: at(&["class_ConsString__first__String"])?,
            second: at(&["class_ConsString__second__String"])?,
            actual: at(&["class_ThinString__actual__String"])?,
            variables: word("scopeinfo_idx_ncontextlocals")?,
            first_variable: word("scopeinfo_idx_first_vars")?,
            is_function: kind("type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE")?,
            is_scope: kind("type_ScopeInfo__SCOPE_INFO_TYPE")?,
            is_script: kind("type_Script__SCRIPT_TYPE")?,
            no_string: kind("FirstNonstringType")?,
            representation: kind("StringRepresentationMask")?,
            encoding: kind("StringEncodingMask")?,
            is_one_byte: kind("OneByteStringTag")?,
            cons: kind("ConsStringTag")?,
            thin: kind("ThinStringTag")?,
        })
    }
}

/// A function of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// Its place in the list of those that are known.
    index: usize,
    /// Address of what functions of one source text share, and the word there that leads to the name: both tell it from others.
    pub shared: u64,
    /// See `shared`.
    pub name: u64,
}

/// V8 in one process.
pub struct V8 {
    pid: Pid,
    layout: Layout,
    /// By address of what functions of one source text share: the words that tell whether it is still the same.
    known: HashMap<u64, ([u64; 2], Option<Function>)>,
    functions: Vec<Frame>,
}

impl V8 {
    /// V8 whose exported constants lie at these addresses of a process, by name without [`PREFIX`].
    #[must_use]
    pub fn open(pid: Pid, constants: &HashMap<String, u64>) -> Option<Self> {
        let value = |name: &str| {
            let mut bytes = [0; 4];
            read(pid, *constants.get(name)?, &mut bytes)?;
            Some(i64::from(i32::from_ne_bytes(bytes)))
        };
        Some(Self {
            pid,
            layout: Layout::of(&value)?,
            known: HashMap::new(),
            functions: Vec::new(),
        })
    }

    /// The function of a frame; `on_stack` gives the word at an address of the stack. `None`: it is no frame of a script, or not to be
    /// read.
    pub fn function(
        &mut self,
        frame_pointer: u64,
        on_stack: impl Fn(u64) -> Option<u64>,
    ) -> Option<Function> {
        let part = |offset| object(on_stack(frame_pointer.checked_add_signed(offset)?)?);
        // Frames of other sorts have a number there.
        part(self.layout.context)?;
        let function = part(self.layout.function)?;
        let shared = self.pointer(function + self.layout.shared)?;
        self.is(shared, self.layout.is_function)?;
        let words = [
            word_at(self.pid, shared + self.layout.name_or_scope)?,
            word_at(self.pid, shared + self.layout.script)?,
        ];
        if let Some((_, known)) = self.known.get(&shared).filter(|(was, _)| *was == words) {
            return *known;
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        let frame = self.describe(words);
        let known = frame.and_then(|frame| {
            (self.functions.len() < MOST).then(|| {
                self.functions.push(frame);
                Function {
                    index: self.functions.len() - 1,
                    shared,
                    name: words[0],
                }
            })
        });
        self.known.insert(shared, (words, known));
        known
    }

    /// What a function is: name, file, and the line where it begins.
    #[must_use]
    pub fn frame(&self, function: Function) -> Option<&Frame> {
        self.functions.get(function.index)
    }

    /// `None`: it is of no script, but one of V8's own.
    fn describe(&self, [name_or_scope, script]: [u64; 2]) -> Option<Frame> {
        let script = object(script)?;
        self.is(script, self.layout.is_script)?;
        let file = self.text(self.pointer(script + self.layout.script_name)?)?;
        let source = self.pointer(script + self.layout.source);
        let (name, positions) = match object(name_or_scope) {
            Some(scope) if self.is(scope, self.layout.is_scope).is_some() => self.scope(scope)?,
            Some(name) => (self.text(name).unwrap_or_default(), Vec::new()),
            None => (String::new(), Vec::new()),
        };
        let line = source.and_then(|source| self.line(source, &positions));
        Some(Frame {
            symbol: if name.is_empty() {
                "(anonymous)".to_owned()
            } else {
                name
            },
            file: file.strip_prefix("file://").unwrap_or(&file).to_owned(),
            line: line.unwrap_or(0),
            ..Frame::default()
        })
    }

    /// The name that a `ScopeInfo` holds, and what may be the position in the script where its function begins: small numbers before a
    /// larger one. Which of its parts it has lies in bits that differ between versions; each part is told by what it is.
    fn scope(&self, scope: u64) -> Option<(String, Vec<usize>)> {
        let layout = &self.layout;
        let head = scope + layout.map + 8;
        let number = |index: usize| small(word_at(self.pid, head + 8 * index as u64)?);
        let variables = usize::try_from(number(layout.variables)?).ok()?;
        // A name and a word for each; of many there is one table in place of the names.
        let names = if variables < MOST_VARIABLES {
            variables
        } else {
            1
        };
        let from = layout.first_variable + names + variables;
        let mut bytes = vec![0; 8 * BEHIND];
        read(self.pid, head + 8 * from as u64, &mut bytes)?;
        // Later versions hold the position before the variables.
        let mut words: Vec<u64> = (layout.variables + 1..layout.first_variable)
            .filter_map(|index| word_at(self.pid, head + 8 * index as u64))
            .collect();
        let fixed = words.len();
        words.extend((0..BEHIND).filter_map(|index| word(&bytes, 8 * index)));
        let strings = words
            .iter()
            .skip(fixed)
            .filter_map(|word| self.text(object(*word)?));
        let name = strings.take(2).find(|name| !name.is_empty());
        let pairs = words
            .windows(2)
            .filter_map(|pair| Some((small(pair[0])?, small(pair[1])?)));
        let positions = pairs
            .filter(|(from, to)| from < to)
            .filter_map(|(from, _)| usize::try_from(from).ok())
            .collect();
        Some((name.unwrap_or_default(), positions))
    }

    /// The line of the first of these positions at which the parameters of a function begin.
    fn line(&self, source: u64, positions: &[usize]) -> Option<u32> {
        let furthest = positions.iter().copied().max()?;
        let text = self.characters(source, furthest.checked_add(1)?.min(LONGEST_SCRIPT))?;
        let begins = |at: &&usize| match text.get(**at) {
            Some(character) => {
                let character = char::from_u32(u32::from(*character)).unwrap_or_default();
                character == '(' || character.is_alphabetic() || matches!(character, '_' | '$')
            }
            None => false,
        };
        let brackets = positions
            .iter()
            .find(|at| text.get(**at) == Some(&u16::from(b'(')));
        let at = brackets.or_else(|| positions.iter().rev().find(begins))?;
        let lines = text[..*at]
            .iter()
            .filter(|character| **character == u16::from(b'\n'));
        u32::try_from(lines.count() + 1).ok()
    }

    /// A string, cut after [`LONGEST_NAME`] characters; `None`: it is none, or one whose text lies elsewhere.
    fn text(&self, address: u64) -> Option<String> {
        let mut text = Vec::new();
        self.collect(address, LONGEST_NAME, &mut text, MOST_PIECES)?;
        Some(String::from_utf16_lossy(&text))
    }

    fn characters(&self, address: u64, most: usize) -> Option<Vec<u16>> {
        let mut text = Vec::new();
        self.collect(address, most, &mut text, MOST_PIECES)?;
        Some(text)
    }

    fn collect(&self, address: u64, most: usize, to: &mut Vec<u16>, pieces: u32) -> Option<()> {
        /// Text that lies with the object.
        const SEQUENTIAL: u16 = 0;
        let layout = &self.layout;
        let kind = self.instance_type(address)?;
        if kind >= layout.no_string || pieces == 0 {
            return None;
        }
        let representation = kind & layout.representation;
        if representation == layout.thin {
            return self.collect(self.pointer(address + layout.actual)?, most, to, pieces - 1);
        }
        if representation == layout.cons {
            let first = self.pointer(address + layout.first)?;
            self.collect(first, most, to, pieces / 2)?;
            let second = self.pointer(address + layout.second)?;
            return self.collect(second, most, to, pieces / 2);
        }
        if representation != SEQUENTIAL {
            return None;
        }
        let mut length = [0; 4];
        read(self.pid, address + layout.length, &mut length)?;
        let length = usize::try_from(u32::from_ne_bytes(length)).ok()?;
        let length = length.min(most.saturating_sub(to.len()));
        if kind & layout.encoding == layout.is_one_byte {
            let mut bytes = vec![0; length];
            read(self.pid, address + layout.one_byte, &mut bytes)?;
            to.extend(bytes.into_iter().map(u16::from));
        } else {
            let mut bytes = vec![0; 2 * length];
            read(self.pid, address + layout.two_byte, &mut bytes)?;
            let wide = bytes
                .chunks_exact(2)
                .map(|pair| u16::from_ne_bytes([pair[0], pair[1]]));
            to.extend(wide);
        }
        Some(())
    }

    /// The object that a pointer at an address leads to.
    fn pointer(&self, at: u64) -> Option<u64> {
        object(word_at(self.pid, at)?)
    }

    fn is(&self, object: u64, kind: u16) -> Option<()> {
        (self.instance_type(object)? == kind).then_some(())
    }

    fn instance_type(&self, object: u64) -> Option<u16> {
        let map = self.pointer(object + self.layout.map)?;
        let mut bytes = [0; 2];
        read(self.pid, map + self.layout.instance_type, &mut bytes)?;
        Some(u16::from_ne_bytes(bytes))
    }
}

/// The address of an object, by a pointer to it: numbers and weak pointers have other bits at their end (`HeapObjectTag`).
fn object(word: u64) -> Option<u64> {
    (word & 3 == 1).then(|| word - 1)
}

/// A small number: the upper half of a word.
fn small(word: u64) -> Option<i64> {
    (word & 0xffff_ffff == 0).then(|| word.cast_signed() >> 32)
}
