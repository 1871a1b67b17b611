//! From Arrow arrays back to values. Whatever a stranger's file holds, the answer is a value or a [`Damage`].

use std::borrow::Cow;
use std::cell::Cell;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Int32Type, Int64Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray};

use super::column::MAX_TEXT;
use super::damage::Damage;
use super::names::Word;

/// Decoded columns of some rows of one table. A column that the file lacks reads as zeros, falses or empty texts; whether it
/// may lack it was decided when the file was opened.
pub(super) struct Columns<'a> {
    file: &'a str,
    batch: &'a RecordBatch,
    text: Cell<usize>,
}

impl<'a> Columns<'a> {
    pub(super) fn new(file: &'a str, batch: &'a RecordBatch) -> Self {
        Self {
            file,
            batch,
            text: Cell::new(0),
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// Bytes of all texts that were got.
    pub(super) fn text(&self) -> usize {
        self.text.get()
    }

    pub(super) fn invalid(&self, what: impl ToString) -> Damage {
        Damage::invalid(self.file, what)
    }

    fn array(&self, name: &str) -> Result<Option<&'a ArrayRef>, Damage> {
        let Some(array) = self.batch.column_by_name(name) else {
            return Ok(None);
        };
        if array.null_count() > 0 {
            return Err(self.invalid(format!("nulls in {name}")));
        }
        Ok(Some(array))
    }

    fn numbers<T: ArrowPrimitiveType>(&self, name: &str) -> Result<Cow<'a, [T::Native]>, Damage> {
        let Some(array) = self.array(name)? else {
            return Ok(Cow::Owned(vec![T::Native::default(); self.rows()]));
        };
        let array = array
            .as_primitive_opt::<T>()
            .ok_or_else(|| self.invalid(format!("type of {name}")))?;
        Ok(Cow::Borrowed(array.values()))
    }

    pub(super) fn u16(&self, name: &str) -> Result<Cow<'a, [u16]>, Damage> {
        self.numbers::<UInt16Type>(name)
    }

    pub(super) fn u32(&self, name: &str) -> Result<Cow<'a, [u32]>, Damage> {
        self.numbers::<UInt32Type>(name)
    }

    pub(super) fn u64(&self, name: &str) -> Result<Cow<'a, [u64]>, Damage> {
        self.numbers::<UInt64Type>(name)
    }

    pub(super) fn i64(&self, name: &str) -> Result<Cow<'a, [i64]>, Damage> {
        self.numbers::<Int64Type>(name)
    }

    pub(super) fn bools(&self, name: &str) -> Result<Bools<'a>, Damage> {
        let Some(array) = self.array(name)? else {
            return Ok(Bools(None));
        };
        let array = array
            .as_boolean_opt()
            .ok_or_else(|| self.invalid(format!("type of {name}")))?;
        Ok(Bools(Some(array)))
    }

    /// Positions in a dictionary, and the dictionary.
    fn dictionary(&self, name: &str) -> Result<Option<(&'a [i32], &'a StringArray)>, Damage> {
        let Some(array) = self.array(name)? else {
            return Ok(None);
        };
        let wrong = || self.invalid(format!("type of {name}"));
        let array = array.as_dictionary_opt::<Int32Type>().ok_or_else(wrong)?;
        let values = array.values().as_string_opt::<i32>().ok_or_else(wrong)?;
        if values.null_count() > 0 {
            return Err(self.invalid(format!("nulls in {name}")));
        }
        Ok(Some((array.keys().values(), values)))
    }

    pub(super) fn texts(&self, name: &'static str) -> Result<Texts<'_>, Damage> {
        Ok(Texts {
            columns: self,
            name,
            dictionary: self.dictionary(name)?,
        })
    }

    /// The values of a column of names. A name of a later release reads as `unknown`; without one the file is not valid.
    pub(super) fn words<W: Word + Default>(
        &self,
        name: &str,
        unknown: Option<W>,
    ) -> Result<Vec<W>, Damage> {
        let Some((keys, names)) = self.dictionary(name)? else {
            return Ok(vec![W::default(); self.rows()]);
        };
        let mut known = Vec::with_capacity(names.len().min(256));
        for word in names.iter().flatten() {
            known.push(W::named(word).or(unknown));
        }
        let value = |key: &i32| {
            usize::try_from(*key)
                .ok()
                .and_then(|key| known.get(key).copied().flatten())
        };
        let values = keys.iter().map(value).collect::<Option<Vec<W>>>();
        values.ok_or_else(|| {
            self.invalid(format!("a name in {name} that this version does not know"))
        })
    }
}

/// A column of booleans.
pub(super) struct Bools<'a>(Option<&'a BooleanArray>);

impl Bools<'_> {
    pub(super) fn get(&self, row: usize) -> bool {
        self.0
            .is_some_and(|array| row < array.len() && array.value(row))
    }
}

/// A column of texts.
pub(super) struct Texts<'a> {
    columns: &'a Columns<'a>,
    name: &'static str,
    dictionary: Option<(&'a [i32], &'a StringArray)>,
}

impl Texts<'_> {
    pub(super) fn get(&self, row: usize) -> Result<String, Damage> {
        let Some((keys, values)) = self.dictionary else {
            return Ok(String::new());
        };
        let key = keys
            .get(row)
            .and_then(|key| usize::try_from(*key).ok())
            .filter(|key| *key < values.len());
        let text = key
            .map(|key| values.value(key))
            .ok_or_else(|| self.columns.invalid(self.name))?;
        if text.len() > MAX_TEXT {
            return Err(Damage::TooLarge {
                file: self.columns.file.to_owned(),
                what: "length of a text",
                found: text.len() as u64,
                limit: MAX_TEXT as u64,
            });
        }
        self.columns.text.set(self.columns.text.get() + text.len());
        Ok(text.to_owned())
    }
}
