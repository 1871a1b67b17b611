//! From columns back to rows' values. Whatever a stranger's file holds, the answer is a value or a [`Damage`].

use std::borrow::Cow;
use std::cell::Cell;

use parquet::data_type::ByteArray;

use super::column::{Column, MAX_TEXT, Names, Values};
use super::damage::Damage;
use super::names::DictionaryName;

/// Some rows of a table as columns.
pub(super) struct Piece {
    pub(super) rows: usize,
    /// In the order of the table's columns; `None` where the file lacks one.
    pub(super) columns: Vec<Option<Values>>,
}

impl Piece {
    /// The columns that the file has.
    pub(super) fn into_columns(self) -> Vec<Values> {
        self.columns.into_iter().flatten().collect()
    }
}

/// The columns of a [`Piece`] by name. One that the file lacks reads as zeros, falses or empty texts; whether it may lack it
/// was decided when the file was opened.
pub(super) struct Columns<'a> {
    file: &'a str,
    columns: &'a [Column],
    piece: &'a Piece,
    text: Cell<usize>,
}

impl<'a> Columns<'a> {
    pub(super) fn new(file: &'a str, columns: &'a [Column], piece: &'a Piece) -> Self {
        Self {
            file,
            columns,
            piece,
            text: Cell::new(0),
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.piece.rows
    }

    /// Bytes of all texts that were got.
    pub(super) fn text(&self) -> usize {
        self.text.get()
    }

    pub(super) fn invalid(&self, what: impl ToString) -> Damage {
        Damage::invalid(self.file, what)
    }

    /// What `pick` takes out of the column; `None` where the file lacks it.
    fn values<T>(
        &self,
        name: &str,
        pick: impl Fn(&'a Values) -> Option<T>,
    ) -> Result<Option<T>, Damage> {
        let position = self.columns.iter().position(|column| column.name == name);
        let Some(values) = position.and_then(|position| self.piece.columns.get(position)?.as_ref())
        else {
            return Ok(None);
        };
        pick(values)
            .filter(|_| values.len() == self.rows())
            .map(Some)
            .ok_or_else(|| self.invalid(format!("type of {name}")))
    }

    fn numbers<T: Copy + Default>(
        &self,
        name: &str,
        pick: impl Fn(&'a Values) -> Option<&'a Vec<T>>,
    ) -> Result<Cow<'a, [T]>, Damage> {
        Ok(match self.values(name, pick)? {
            Some(values) => Cow::Borrowed(values),
            None => Cow::Owned(vec![T::default(); self.rows()]),
        })
    }

    pub(super) fn u16(&self, name: &str) -> Result<Cow<'a, [u16]>, Damage> {
        self.numbers(name, |values| match values {
            Values::U16(values) => Some(values),
            _ => None,
        })
    }

    pub(super) fn u32(&self, name: &str) -> Result<Cow<'a, [u32]>, Damage> {
        self.numbers(name, |values| match values {
            Values::U32(values) => Some(values),
            _ => None,
        })
    }

    pub(super) fn u64(&self, name: &str) -> Result<Cow<'a, [u64]>, Damage> {
        self.numbers(name, |values| match values {
            Values::U64(values) => Some(values),
            _ => None,
        })
    }

    pub(super) fn i64(&self, name: &str) -> Result<Cow<'a, [i64]>, Damage> {
        self.numbers(name, |values| match values {
            Values::I64(values) => Some(values),
            _ => None,
        })
    }

    pub(super) fn bools(&self, name: &str) -> Result<Cow<'a, [bool]>, Damage> {
        self.numbers(name, |values| match values {
            Values::Bool(values) => Some(values),
            _ => None,
        })
    }

    pub(super) fn texts(&self, name: &'static str) -> Result<Texts<'_>, Damage> {
        let texts = self.values(name, |values| match values {
            Values::Text(texts) => Some(&texts[..]),
            _ => None,
        })?;
        Ok(Texts {
            columns: self,
            name,
            texts,
        })
    }

    /// The values of a column of names. A name of a later release reads as `unknown`; without one the file is not valid.
    pub(super) fn names<N: DictionaryName + Default>(
        &self,
        name: &str,
        unknown: Option<N>,
    ) -> Result<Vec<N>, Damage> {
        let column = self.values(name, |values| match values {
            Values::Name(column) => Some(column),
            _ => None,
        })?;
        let Some(Names { positions, names }) = column else {
            return Ok(vec![N::default(); self.rows()]);
        };
        let known = |name: &ByteArray| {
            let name = str::from_utf8(name.data()).ok()?;
            N::named(name).or(unknown)
        };
        let known: Vec<Option<N>> = names.iter().map(known).collect();
        let value = |position: &i32| {
            let position = usize::try_from(*position).ok()?;
            known.get(position).copied().flatten()
        };
        let values = positions.iter().map(value).collect::<Option<Vec<N>>>();
        values.ok_or_else(|| {
            self.invalid(format!("a name in {name} that this version does not know"))
        })
    }
}

/// A column of texts.
pub(super) struct Texts<'a> {
    columns: &'a Columns<'a>,
    name: &'static str,
    texts: Option<&'a [ByteArray]>,
}

impl Texts<'_> {
    pub(super) fn get(&self, row: usize) -> Result<String, Damage> {
        let Some(texts) = self.texts else {
            return Ok(String::new());
        };
        let invalid = || self.columns.invalid(self.name);
        let text = texts.get(row).ok_or_else(invalid)?.data();
        if text.len() > MAX_TEXT {
            return Err(Damage::TooLarge {
                file: self.columns.file.to_owned(),
                what: "length of a text",
                found: text.len() as u64,
                limit: MAX_TEXT as u64,
            });
        }
        self.columns.text.set(self.columns.text.get() + text.len());
        let text = str::from_utf8(text).map_err(|_| invalid())?;
        Ok(text.to_owned())
    }
}
