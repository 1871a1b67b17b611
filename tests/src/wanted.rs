//! What must be named, by what tells it from everything else.

use holdup::cause::Cause;
use holdup::diagnose::{Culprit as Named, CulpritKind};
use serde::{Deserialize, Serialize};

/// What must be named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// Nothing in particular.
    Any,
    /// A lock taken in this function.
    CallSite(String),
    /// A file whose path has this in it; one that is open for a moment only may be known by its name alone.
    File(String),
    /// The server at this address, with its process; of a pool the connections to it.
    Server(String),
    /// A process of this host that serves the workers, by the name of its program.
    Process(String),
    /// Something of this kind.
    Kind(String),
    /// Threads or CPUs, with this function as what keeps them busy.
    Runs(String),
    /// The same of a function that its runtime may inline into another one, which then has its time.
    RunsInlined {
        /// The function.
        function: String,
        /// The one that calls it.
        into: String,
    },
}

/// Whether `named` is this cause. Where `or` cannot be told apart from it from outside, it may be that one, as long as this one stands
/// beside it.
#[must_use]
pub fn is_cause(cause: Cause, or: Option<Cause>, named: Cause, beside: &[Cause]) -> bool {
    named == cause || (or == Some(named) && beside.contains(&cause))
}

impl Wanted {
    /// Whether `named` is it.
    #[must_use]
    pub fn is(&self, named: &Named) -> bool {
        match self {
            Self::Any => true,
            Self::CallSite(function) => {
                named.call_site.contains(function) || named.name.contains(function)
            }
            Self::File(part) => {
                let last = part.rsplit('/').next().unwrap_or(part);
                named.name.contains(part) || named.name == last
            }
            Self::Kind(kind) => named.kind.id() == kind,
            Self::Runs(function) => named.call_site.contains(function),
            Self::RunsInlined { function, into } => {
                // Its name alone: the file may be called like the caller.
                let name = named.call_site.split(" (").next().unwrap_or_default();
                name == function || name == into
            }
            Self::Process(name) => is_called(&named.process, name),
            Self::Server(address) => {
                let there = !address.is_empty()
                    && (named.address.contains(address) || named.name.contains(address));
                // A pool is the program's own; a server on this host has a process.
                there && (named.kind != CulpritKind::Peer || !named.process.is_empty())
            }
        }
    }

    /// Of what kind it must be, by the id of the kind; `None`: any will do.
    #[must_use]
    pub fn kind(&self, cause: Cause) -> Option<String> {
        let kind = match self {
            Self::Any => return None,
            Self::CallSite(_) => CulpritKind::Lock,
            Self::File(_) => CulpritKind::File,
            Self::Server(_) if cause == Cause::Pool => CulpritKind::Queue,
            Self::Server(_) | Self::Process(_) => CulpritKind::Peer,
            Self::Kind(kind) => return Some(kind.clone()),
            Self::Runs(_) | Self::RunsInlined { .. } if cause == Cause::Cpu => CulpritKind::Cpu,
            Self::Runs(_) | Self::RunsInlined { .. } => CulpritKind::Thread,
        };
        Some(kind.id().to_owned())
    }
}

/// One of the words of `text` is `name`: a process may stand there with its id.
fn is_called(text: &str, name: &str) -> bool {
    let mut words = text.split(|it: char| !it.is_alphanumeric() && it != '_');
    words.any(|word| word == name)
}

/// The culprit in words: kind, name, call site, process.
#[must_use]
pub fn describe(named: &Named) -> String {
    let parts = [
        named.kind.id(),
        &named.name,
        &named.call_site,
        &named.process,
    ];
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_cannot_be_told_apart_is_named_with_the_other() {
        use Cause::{Pool, RemoteSerial, UserLock};
        let is = |named, beside: &[Cause]| is_cause(UserLock, Some(Pool), named, beside);
        assert!(is(UserLock, &[]) && is(Pool, &[UserLock]));
        assert!(!is(Pool, &[]) && !is(Pool, &[RemoteSerial]) && !is(RemoteSerial, &[UserLock]));
        assert!(!is_cause(UserLock, None, Pool, &[UserLock]));
    }

    #[test]
    fn a_file_is_named_by_its_path_or_by_its_name_alone() {
        let is = |name: &str| {
            Wanted::File("/data/state".to_owned()).is(&Named {
                name: name.to_owned(),
                ..Named::default()
            })
        };
        assert!(is("/var/tmp/w/data/state") && is("/var/tmp/w/data/state.new") && is("state"));
        assert!(!is("estate") && !is("/var/tmp/state") && !is(""));
    }

    #[test]
    fn a_process_is_named_by_a_whole_word_with_or_without_its_id() {
        let is = |process: &str| {
            Wanted::Process("lines".to_owned()).is(&Named {
                process: process.to_owned(),
                ..Named::default()
            })
        };
        assert!(is("lines") && is("lines (4242)"));
        assert!(!is("headlines") && !is("python3") && !is(""));
    }

    #[test]
    fn a_function_that_is_inlined_has_the_name_of_its_caller() {
        let wanted = Wanted::RunsInlined {
            function: "digest".to_owned(),
            into: "work".to_owned(),
        };
        let is = |call_site: &str| {
            wanted.is(&Named {
                call_site: call_site.to_owned(),
                ..Named::default()
            })
        };
        assert!(is("digest (worker.js:70)") && is("work (worker.js:145)"));
        assert!(!is("ask (worker.js:56)") && !is(""));
    }
}
