//! Gives the statements of databases their ids, by their text without constants.
//!
//! In: what a client sends ([`Asked`]), by socket. Out: a [`StatementId`] and the verb, and the row of a statement that is met for the
//! first time. A prepared statement has the text it was prepared with where that was seen, else its name. Beyond [`MOST`] texts,
//! and in doubt, there is no id. The bytes of messages end here.

mod plain;
mod string;
mod token;

use foldhash::HashMap;

pub(super) use plain::{Dialect, Text};
use plain::{Plain, plain};

use crate::row::{ResourceId, Statement, StatementId, Verb};

/// Most statements of a trace: more are texts that a program makes up as it goes.
const MOST: usize = 512;
/// Most texts that are remembered to be one of them.
const MOST_ALIASES: usize = 4096;
/// Most prepared statements that are remembered, on all sockets.
const MOST_PREPARED: usize = 16_384;
/// A beginning shorter than this says too little to be taken for that of another text.
const SHORTEST_BEGINNING: usize = 12;
/// Longest name of a prepared statement that is shown (`NAMEDATALEN` of `PostgreSQL` less one).
const LONGEST_NAME: usize = 63;

/// What a message asks of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked<'a> {
    /// To run a statement.
    Run(Text<'a>),
    /// To prepare one under a name.
    Prepare(Name<'a>, Text<'a>),
    /// To run a prepared one.
    Execute(Name<'a>),
    /// To run a command of this name.
    Command(&'static str),
}

/// The name of a prepared statement on its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// Chosen by the client; may be empty.
    Chosen(&'a [u8]),
    /// Given by the server.
    Given(u32),
    /// To be given by the server's next message.
    Awaited,
}

/// As [`Name`], kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Chosen(Box<[u8]>),
    Given(u32),
    Awaited,
}

impl From<Name<'_>> for Key {
    fn from(name: Name<'_>) -> Self {
        match name {
            Name::Chosen(name) => Self::Chosen(name.into()),
            Name::Given(number) => Self::Given(number),
            Name::Awaited => Self::Awaited,
        }
    }
}

/// What a message was found to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) verb: Verb,
    pub(super) statement: StatementId,
}

/// The statements of a trace.
#[derive(Debug, Default)]
pub struct Statements {
    list: Vec<Plain>,
    ids: HashMap<Plain, StatementId>,
    prepared: HashMap<(ResourceId, Key), Known>,
}

impl Statements {
    /// The id of what is asked on `socket`, and what it is by its `verb` or by what was prepared. New statements are added to `rows`.
    pub(super) fn know(
        &mut self,
        asked: Asked<'_>,
        verb: Verb,
        socket: ResourceId,
        rows: &mut Vec<Statement>,
    ) -> Known {
        match asked {
            Asked::Run(text) => Known {
                verb,
                statement: self.id(plain(text), rows),
            },
            Asked::Command(name) => {
                let text = name.to_owned();
                Known {
                    verb,
                    statement: self.id(Plain { text, whole: true }, rows),
                }
            }
            Asked::Prepare(name, text) => {
                let statement = self.id(plain(text), rows);
                let known = Known { verb, statement };
                let key = (socket, name.into());
                if self.prepared.len() < MOST_PREPARED || self.prepared.contains_key(&key) {
                    self.prepared.insert(key, known);
                }
                known
            }
            Asked::Execute(name) => match self.prepared.get(&(socket, name.into())) {
                Some(known) => *known,
                None => Known {
                    verb,
                    statement: match label(name) {
                        Some(text) => self.id(Plain { text, whole: true }, rows),
                        None => StatementId::NONE,
                    },
                },
            },
        }
    }

    /// A statement is being prepared on `socket` whose number the server has not told yet.
    pub(super) fn is_awaited(&self, socket: ResourceId) -> bool {
        !self.prepared.is_empty() && self.prepared.contains_key(&(socket, Key::Awaited))
    }

    /// The server has told the number of the statement that is being prepared, or has refused.
    pub(super) fn prepared(&mut self, socket: ResourceId, number: Option<u32>) {
        let known = self.prepared.remove(&(socket, Key::Awaited));
        if let (Some(known), Some(number)) = (known, number) {
            self.prepared.insert((socket, Key::Given(number)), known);
        }
    }

    fn id(&mut self, text: Plain, rows: &mut Vec<Statement>) -> StatementId {
        if text.text.is_empty() {
            return StatementId::NONE;
        }
        if let Some(id) = self.ids.get(&text) {
            return *id;
        }
        if self.ids.len() >= MOST_ALIASES {
            return StatementId::NONE;
        }
        let known = self.list.iter().position(|known| is_one(known, &text));
        let place = known.or_else(|| {
            (self.list.len() < MOST).then(|| {
                self.list.push(text.clone());
                self.list.len() - 1
            })
        });
        let id = place
            .and_then(|place| u32::try_from(place + 1).ok())
            .map_or(StatementId::NONE, StatementId);
        if known.is_none() && id != StatementId::NONE {
            let mut shown = text.text.clone();
            if !text.whole {
                shown.push_str(" ...");
            }
            rows.push(Statement { id, text: shown });
        }
        self.ids.insert(text, id);
        id
    }
}

/// Whether two texts are taken for one statement: the constants in it decide how much of it is seen, so of one that is cut the other
/// may show more, or less.
fn is_one(one: &Plain, other: &Plain) -> bool {
    let begins = |short: &Plain, long: &Plain| {
        !short.whole
            && short.text.len() >= SHORTEST_BEGINNING
            && long.text.starts_with(short.text.as_str())
    };
    one.text == other.text || begins(one, other) || begins(other, one)
}

/// What stands for a prepared statement whose text was not seen. A name that is more than a name is not shown.
fn label(name: Name<'_>) -> Option<String> {
    match name {
        Name::Chosen([]) | Name::Awaited => None,
        Name::Given(number) => Some(format!("{}{number}", Statement::PREPARED)),
        Name::Chosen(name) => {
            let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:$".contains(byte);
            let fits = name.len() <= LONGEST_NAME && name.iter().all(is_plain);
            let text = str::from_utf8(name).ok().filter(|_| fits)?;
            Some(format!("{}{text}", Statement::PREPARED))
        }
    }
}

#[cfg(test)]
mod tests;
