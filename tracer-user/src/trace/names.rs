//! The names that stand for the row's enumerations in the tables, so that a query reads `reason = 'blocked'`.
//!
//! Append-only like the numbers behind them: position in a list = number.

use crate::row::{
    FileKind, KernelSpanKind, Reason, ResourceKind, SocketRole, Syscall, TaskFact, TaskRole,
    TaskState, Verb,
};

/// An enumeration stored by name.
pub(super) trait DictionaryName: Copy {
    /// Name of each number; `-` where no number was given out.
    fn names() -> impl Iterator<Item = &'static str>;
    /// Its number.
    fn number(self) -> u8;
    /// The value of a number.
    fn of(number: u8) -> Option<Self>;

    /// The value of a name.
    fn named(name: &str) -> Option<Self> {
        let number = Self::names().position(|known| known == name)?;
        Self::of(u8::try_from(number).ok()?)
    }
}

macro_rules! dictionary_names {
    ($($type:ty: $($name:literal)*;)*) => {$(
        impl DictionaryName for $type {
            fn names() -> impl Iterator<Item = &'static str> {
                [$($name),*].into_iter()
            }
            fn number(self) -> u8 {
                self as u8
            }
            fn of(number: u8) -> Option<Self> {
                Self::from_raw(number)
            }
        }
    )*};
}

dictionary_names! {
    Reason: "" "blocked" "preempted" "yielded" "stopped" "traced" "frozen";
    Verb: "" "http-read" "http-post" "http-write" "http-reply" "sql-read" "sql-write" "redis-read" "redis-write" "tls" "sql-other";
    TaskRole: "" "target" "peer" "bystander";
    TaskState: "" "running" "ready" "waiting" "in-call";
    TaskFact: "" "seen" "born" "exec" "named" "exited" "books-opened" "books-closed";
    ResourceKind: "" "futex-private" "futex-shared" "file" "socket" "timer" "kernel-lock" "address-space";
    FileKind: "" "regular" "directory" "pipe" "character" "block" "epoll" "event" "anonymous" "virtual";
    SocketRole: "" "client" "server" "listener";
    KernelSpanKind: "" "lock-contention" "journal-commit";
}

impl DictionaryName for Syscall {
    fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().map(|(_, name)| *name)
    }
    fn number(self) -> u8 {
        self as u8
    }
    fn of(number: u8) -> Option<Self> {
        Self::from_raw(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every number that a type gives out has a name, the name leads back to it, and there is no name too many.
    fn check<N: DictionaryName + PartialEq + std::fmt::Debug>() {
        for number in 0..=u8::MAX {
            let name = N::names().nth(usize::from(number));
            match N::of(number) {
                Some(value) => {
                    assert_eq!(value.number(), number);
                    assert_eq!(N::named(name.expect("has a name")), Some(value), "{number}");
                }
                None => assert!(
                    matches!(name, None | Some("")),
                    "{number} has the name {name:?}"
                ),
            }
        }
    }

    #[test]
    fn names_and_numbers_agree() {
        check::<Reason>();
        check::<Verb>();
        check::<TaskRole>();
        check::<TaskFact>();
        check::<ResourceKind>();
        check::<FileKind>();
        check::<SocketRole>();
        check::<KernelSpanKind>();
        check::<TaskState>();
        check::<Syscall>();
    }
}
