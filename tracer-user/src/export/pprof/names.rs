//! The tables of a profile: each text, file, function and frame once.

use std::collections::HashMap;

use super::proto::{Function, Line, Location, Mapping, Profile};
use crate::row::{Frame, printable};

/// Tables under way.
#[derive(Debug)]
pub(super) struct Names {
    texts: HashMap<String, i64>,
    mappings: HashMap<i64, u64>,
    functions: HashMap<(i64, i64), u64>,
    locations: HashMap<(u64, u64, u64, i64), u64>,
    profile: Profile,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Self {
            texts: HashMap::new(),
            mappings: HashMap::new(),
            functions: HashMap::new(),
            locations: HashMap::new(),
            profile: Profile::default(),
        };
        names.text("");
        names
    }
}

/// The number of what comes next in a list, from 1.
fn next<T>(list: &[T]) -> u64 {
    list.len() as u64 + 1
}

impl Names {
    /// The number of a text. What a terminal obeys is written out.
    pub(super) fn text(&mut self, text: &str) -> i64 {
        if let Some(number) = self.texts.get(text) {
            return *number;
        }
        let number = i64::try_from(self.texts.len()).unwrap_or(i64::MAX);
        self.texts.insert(text.to_owned(), number);
        self.profile.string_table.push(printable(text).into_owned());
        number
    }

    /// The number of a frame.
    pub(super) fn frame(&mut self, frame: &Frame) -> u64 {
        let module = self.text(&frame.module);
        let mapping = if frame.module.is_empty() {
            0
        } else {
            self.mapping(module)
        };
        let name = match frame.symbol.as_str() {
            "" => {
                let module = frame.module.rsplit('/').next().unwrap_or_default();
                self.text(&format!("{module}+{:#x}", frame.offset))
            }
            symbol => self.text(symbol),
        };
        let file = self.text(&frame.file);
        let function = self.function(name, file);
        self.location(mapping, frame.offset, function, i64::from(frame.line))
    }

    /// The number of the frame that stands for a call, and for what it is about.
    pub(super) fn call(&mut self, call: &str, of: &str) -> u64 {
        let name = match of {
            "" => self.text(&format!("[{call}]")),
            of => self.text(&format!("[{call} {of}]")),
        };
        let function = self.function(name, 0);
        self.location(0, 0, function, 0)
    }

    fn mapping(&mut self, filename: i64) -> u64 {
        let list = &mut self.profile.mapping;
        *self.mappings.entry(filename).or_insert_with(|| {
            let id = next(list);
            list.push(Mapping {
                id,
                filename,
                has_functions: true,
                has_filenames: true,
                has_line_numbers: true,
            });
            id
        })
    }

    fn function(&mut self, name: i64, filename: i64) -> u64 {
        let list = &mut self.profile.function;
        *self.functions.entry((name, filename)).or_insert_with(|| {
            let id = next(list);
            list.push(Function {
                id,
                name,
                system_name: name,
                filename,
            });
            id
        })
    }

    fn location(&mut self, mapping_id: u64, address: u64, function_id: u64, line: i64) -> u64 {
        let list = &mut self.profile.location;
        let key = (mapping_id, address, function_id, line);
        *self.locations.entry(key).or_insert_with(|| {
            let id = next(list);
            list.push(Location {
                id,
                mapping_id,
                address,
                line: vec![Line { function_id, line }],
            });
            id
        })
    }

    /// The tables as a profile that has nothing else.
    pub(super) fn into_profile(self) -> Profile {
        self.profile
    }
}
