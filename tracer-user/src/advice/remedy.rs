//! A remedy: a title, a reason, and code before and after in each language, with blanks to fill in.

use serde::{Deserialize, Serialize};

use super::Language;
use crate::cause::Cause;
use crate::diagnose::{Culprit, CulpritKind};
use crate::row::printable;
use crate::work::StageName;

/// What to change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    /// In a line.
    pub title: String,
    /// Why it helps, one or two sentences about this case.
    #[serde(default)]
    pub why: String,
    /// Code as it probably is.
    pub before: String,
    /// Code as it should be.
    pub after: String,
    /// `python`, `typescript`, `java`, `go`, `rust`, `c`, `sql`.
    pub language: String,
}

/// What is known of the case to be mended.
#[derive(Clone, Copy, Debug)]
pub struct FixInput<'a> {
    /// What was named.
    pub cause: Cause,
    /// In what form.
    pub variant: Variant,
    /// Stage it is in.
    pub stage: StageName,
    /// The thing to look at.
    pub culprit: &'a Culprit,
    /// The statement of a database that is waited for most, empty: not known.
    pub statement: &'a str,
    /// Language of the target as the report has it, empty: not known.
    pub language: &'a str,
    /// Workers there are.
    pub workers: u32,
    /// Workers beyond which more gain nothing, 0: not known.
    pub best_workers: u32,
    /// CPUs of the host, 0: not known.
    pub cpus: u32,
    /// Items per second now.
    pub rate_per_s: f64,
}

/// In what form a cause shows, where that asks for another change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variant {
    /// As it mostly does.
    #[default]
    Usual,
    /// Of a lock: tasks wait for it, and not threads.
    AmongTasks,
    /// Of what one thread at a time has, or of a thread that carries tasks: it sleeps in calls.
    InCalls,
    /// Of a pool: it is one of threads.
    OfThreads,
    /// Of one that does everybody's work: a task does, and no thread.
    HandedOver,
    /// Of a limit: reads or writes of files wait for it, and no syncs.
    OfAccesses,
    /// Of a lock: who waits asks for it again and again, and sleeps on while it is free.
    Polled,
    /// Of a database: one transaction has what the others wait for.
    HeldByTransaction,
    /// Of a lock of the kernel: it guards an address space.
    OfAddressSpace,
    /// Of a lock of the kernel: it guards a file.
    OfFile,
    /// Of the network: the way is what is shared.
    OfWay,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Usual,
        Self::AmongTasks,
        Self::InCalls,
        Self::OfThreads,
        Self::HandedOver,
        Self::OfAccesses,
        Self::Polled,
        Self::HeldByTransaction,
        Self::OfAddressSpace,
        Self::OfFile,
        Self::OfWay,
    ];
}

/// Before and after, in one language.
pub struct Code {
    pub language: Language,
    pub before: &'static str,
    pub after: &'static str,
}

/// What can be done about a kind of cause.
pub struct Remedy {
    /// In a line.
    pub title: &'static str,
    /// Why it helps in this very case.
    pub why: fn(&FixInput<'_>) -> String,
    /// One for each of [`Language::ALL`], or the only one it can be written in.
    pub code: &'static [Code],
}

/// Lines with a name in their comment are made no longer than this, characters, so that before and after fit side by side,
const LINE_LENGTH: usize = 42;
/// and this much of the name is kept in any case.
const LEAST_NAME: usize = 16;

impl Remedy {
    /// The remedy for this case.
    pub fn fill(&self, input: &FixInput<'_>) -> Fix {
        let language = Language::nearest(input.language);
        let of_language = self.code.iter().find(|code| code.language == language);
        let code = of_language.or(self.code.first());
        let (before, after) = code.map_or(("", ""), |code| (code.before, code.after));
        let language = code.map_or(language, |code| code.language);
        Fix {
            title: self.title.to_owned(),
            why: (self.why)(input),
            before: fill(before, input),
            after: fill(after, input),
            language: language.id().to_owned(),
        }
    }
}

/// Blanks: `CULPRIT` a name for a comment, `WORKERS` how many there are, `TWICE` twice that, `BEST` how many there should be, `CPUS` of the
/// host, `CAPACITY` how many the culprit serves at once, `RATE` what it completes a second.
fn fill(code: &str, input: &FixInput<'_>) -> String {
    let culprit = input.culprit;
    let capacity = if culprit.capacity.is_finite() && culprit.capacity >= 1.0 {
        format!("{:.0}", culprit.capacity)
    } else {
        "POOL_SIZE".to_owned()
    };
    let rate = [culprit.rate_per_s, input.rate_per_s]
        .into_iter()
        .find(|rate| rate.is_finite() && *rate > 0.0)
        .map_or_else(|| "10".to_owned(), per_second);
    let filled = code
        .trim()
        .replace("$WORKERS", &input.workers.max(1).to_string())
        .replace(
            "$TWICE",
            &input.workers.max(1).saturating_mul(2).to_string(),
        )
        .replace("$BEST", &best(input).to_string())
        .replace("$CPUS", &input.cpus.max(1).to_string())
        .replace("$CAPACITY", &capacity)
        .replace("$RATE", &rate);
    // Last, so that a name with a blank's word in it is not filled.
    let lines = filled
        .lines()
        .map(|line| match line.split_once("$CULPRIT") {
            None => line.to_owned(),
            Some((before, after)) => {
                let taken = before.chars().count() + after.chars().count();
                let room = LINE_LENGTH.saturating_sub(taken).max(LEAST_NAME);
                format!("{before}{}{after}", name(culprit, room))
            }
        });
    lines.collect::<Vec<_>>().join("\n")
}

/// A literal all languages read as a number.
fn per_second(rate: f64) -> String {
    if rate >= 10.0 {
        format!("{rate:.0}")
    } else {
        format!("{rate:.2}")
    }
}

/// Workers to advise: never none.
pub fn best(input: &FixInput<'_>) -> u32 {
    if input.best_workers > 0 {
        input.best_workers
    } else {
        input.cpus.max(1)
    }
}

/// The culprit on one line, at most `room` characters: where it is taken in the workers' own code, else its name.
fn name(culprit: &Culprit, room: usize) -> String {
    let own = Some(culprit.call_site.as_str()).filter(|_| culprit.kind != CulpritKind::Peer);
    let name = [own.unwrap_or_default(), &culprit.name]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or(culprit.kind.id());
    let name = printable(name);
    // Nothing may end or continue the comment it stands in.
    let name: String = name.replace("*/", "* /").replace('\\', "/");
    if name.chars().count() <= room {
        return name;
    }
    let from = name.chars().count() - (room - 3);
    format!("...{}", name.chars().skip(from).collect::<String>())
}

/// What can be changed in a peer instead, where the place in its code is known that its requests queue for; else nothing.
pub fn or_inside(culprit: &Culprit) -> String {
    match culprit.call_site.as_str() {
        "" => String::new(),
        site => format!(
            " Where that peer is yours: its requests queue for what is taken in {site}; hold it shorter there.",
            site = printable(site)
        ),
    }
}

/// What a sentence calls the culprit.
pub fn called(culprit: &Culprit) -> String {
    match (culprit.name.as_str(), culprit.process.as_str()) {
        ("", _) => "it".to_owned(),
        (name, process) if process.is_empty() || name.contains(process) => name.to_owned(),
        (name, process) => format!("{name} ({process})"),
    }
}
