//! Names of a script to resources and call stacks, made when they are first named.

use std::collections::BTreeMap;

use super::plan::{LockWords, Peer};
use crate::row::{
    FileKind, Frame, Pid, Resource, ResourceId, ResourceKind, SocketRole, Stack, StackId,
    Statement, StatementId, Tid,
};

/// A futex word of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word {
    /// Number of the lock or queue it belongs to.
    pub of: u64,
    /// The thread that has it for itself, or which half of a condition it is.
    pub part: u64,
    /// It lies in shared memory.
    pub is_shared: bool,
}

/// What stands for a resource among the names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Timer,
    Word(Word),
    File(String),
    Pipe(String),
    Client(String, String),
    Server(String, String),
}

/// All resources and call stacks so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    ids: BTreeMap<Key, ResourceId>,
    /// The rows of the resources.
    pub resources: Vec<Resource>,
    /// The rows of the call stacks.
    pub stacks: Vec<Stack>,
    /// The rows of the statements.
    pub statements: Vec<Statement>,
    sites: BTreeMap<String, StackId>,
    made_up: usize,
}

impl Names {
    fn id(&mut self, key: Key, make: impl FnOnce() -> Resource) -> ResourceId {
        if let Some(id) = self.ids.get(&key) {
            return *id;
        }
        let id = ResourceId(u32::try_from(self.resources.len() + 1).expect("few resources"));
        self.resources.push(Resource { id, ..make() });
        self.ids.insert(key, id);
        id
    }

    /// Passing time.
    pub(super) fn timer(&mut self) -> ResourceId {
        self.id(Key::Timer, || Resource {
            kind: ResourceKind::Timer,
            ..Resource::default()
        })
    }

    /// A futex word of a process.
    pub(super) fn word(&mut self, word: Word, pid: Pid) -> ResourceId {
        /// Words of one lock lie side by side, and those of two locks far apart.
        const APART: u64 = 0x10_0000;
        self.id(Key::Word(word), || Resource {
            kind: if word.is_shared {
                ResourceKind::FutexShared
            } else {
                ResourceKind::FutexPrivate
            },
            pid,
            address: APART * (word.of + 1) + 4 * word.part,
            ..Resource::default()
        })
    }

    /// A regular file; a name without a folder lies in `/data`.
    pub(super) fn file(&mut self, name: &str) -> ResourceId {
        let path = if name.starts_with('/') {
            name.to_owned()
        } else {
            format!("/data/{name}")
        };
        let inode = 1_000 + self.resources.len() as u64;
        self.id(Key::File(path.clone()), || Resource {
            kind: ResourceKind::File,
            file: FileKind::Regular,
            device: 8 << 20,
            inode,
            path,
            ..Resource::default()
        })
    }

    /// A pipe.
    pub(super) fn pipe(&mut self, name: &str) -> ResourceId {
        let inode = 9_000 + self.resources.len() as u64;
        self.id(Key::Pipe(name.to_owned()), || Resource {
            kind: ResourceKind::File,
            file: FileKind::Pipe,
            inode,
            ..Resource::default()
        })
    }

    /// The socket of a client, one for each `connection`.
    pub(super) fn client(
        &mut self,
        peer: (usize, &Peer),
        connection: &str,
        pid: Pid,
    ) -> ResourceId {
        let (index, peer) = peer;
        let key = Key::Client(peer.name.clone(), connection.to_owned());
        self.id(key, || Resource {
            kind: ResourceKind::Socket,
            role: SocketRole::Client,
            family: "tcp".to_owned(),
            pid,
            local: "127.0.0.1:40000".to_owned(),
            remote: address(index, peer),
            peer_pid: if peer.is_local {
                server_pid(index)
            } else {
                Pid(0)
            },
            peer_name: if peer.is_local {
                peer.name.clone()
            } else {
                String::new()
            },
            ..Resource::default()
        })
    }

    /// The socket at the other end of a client's.
    pub(super) fn server(&mut self, peer: (usize, &Peer), connection: &str) -> ResourceId {
        let (index, peer) = peer;
        let key = Key::Server(peer.name.clone(), connection.to_owned());
        self.id(key, || Resource {
            kind: ResourceKind::Socket,
            role: SocketRole::Server,
            family: "tcp".to_owned(),
            pid: server_pid(index),
            local: address(index, peer),
            remote: "127.0.0.1:40000".to_owned(),
            ..Resource::default()
        })
    }

    /// A statement of this name; `*` in it is another word each time.
    pub(super) fn statement(&mut self, name: &str) -> StatementId {
        /// A program that makes up statements makes up to so many.
        const MADE_UP: usize = 300;
        let mut text = name.to_owned();
        if name.contains('*') {
            // Comes by every number before one comes again.
            self.made_up = (self.made_up * 61 + 7) % MADE_UP;
            let letter = |of: usize| char::from(b'a' + u8::try_from(of % 26).expect("a letter"));
            let word: String = [self.made_up / 26, self.made_up]
                .map(letter)
                .iter()
                .collect();
            text = name.replace('*', &word);
        }
        let known = self.statements.iter().position(|row| row.text == text);
        let place = known.unwrap_or(self.statements.len());
        let id = StatementId(u32::try_from(place + 1).expect("few statements"));
        if known.is_none() {
            self.statements.push(Statement { id, text });
        }
        id
    }

    /// The call stack of whoever waits for a lock: one frame of the program's own below the library's.
    pub(super) fn site(&mut self, lock: &str, pid: Pid) -> StackId {
        if let Some(id) = self.sites.get(lock) {
            return *id;
        }
        let number = u32::try_from(self.stacks.len() + 1).expect("few call stacks");
        let frame = |module: &str, symbol: String, file: &str, line| Frame {
            module: module.to_owned(),
            symbol,
            file: file.to_owned(),
            line,
            offset: u64::from(number) * 0x40,
        };
        self.stacks.push(Stack {
            id: StackId(number),
            pid,
            frames: vec![
                frame("/usr/lib/libc.so.6", "pthread_mutex_lock".to_owned(), "", 0),
                frame(
                    "/usr/bin/app",
                    format!("take_{lock}"),
                    "app.rs",
                    10 * number,
                ),
            ],
        });
        self.sites.insert(lock.to_owned(), StackId(number));
        StackId(number)
    }
}

/// The process of a peer whose threads are in the trace.
pub(super) fn server_pid(index: usize) -> Pid {
    Pid(5_000 + 200 * u32::try_from(index).expect("few peers"))
}

/// A peer that is called by its address has that one.
fn address(index: usize, peer: &Peer) -> String {
    match peer.is_local {
        _ if peer.name.contains(':') => peer.name.clone(),
        true => format!("127.0.0.1:{}", 8_000 + index),
        false => format!("10.0.0.{}:{}", index + 1, 8_000 + index),
    }
}

/// The word that a thread sleeps on when it waits for lock `of` as the `turn`th.
pub(super) fn word_of(words: LockWords, of: u64, tid: Tid, turn: u64) -> Word {
    Word {
        of,
        part: match words {
            LockWords::One => 0,
            LockWords::Condition => turn % 2,
            // Far from those of others, as in a structure of each thread.
            LockWords::Parked => 64 * u64::from(tid.0),
        },
        is_shared: false,
    }
}
