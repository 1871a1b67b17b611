//! All rows between two watermarks, and the two ways they travel.

use super::{
    Call, KernelSpan, Meta, Nanos, OpenRequest, Resource, Sample, Stack, Statement, Task, TaskSeen,
    Wait,
};

/// Rows whose `end` lies in `(previous watermark, watermark]`, each table sorted by `end`. Resources, stacks and
/// statements come in the batch in which they are first named, or earlier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Nothing older than this comes later.
    pub watermark: Nanos,
    /// Off-CPU periods.
    pub waits: Vec<Wait>,
    /// Calls.
    pub calls: Vec<Call>,
    /// Facts about threads.
    pub tasks: Vec<Task>,
    /// Resources met or better known.
    pub resources: Vec<Resource>,
    /// Stacks met.
    pub stacks: Vec<Stack>,
    /// Statements met.
    pub statements: Vec<Statement>,
    /// Requests that were under way when a window opened.
    pub requests: Vec<OpenRequest>,
    /// Tasks of runtimes.
    pub tasks_seen: Vec<TaskSeen>,
    /// On-CPU samples.
    pub samples: Vec<Sample>,
    /// Kernel spans.
    pub kernel: Vec<KernelSpan>,
    /// Where windows join, see [`Meta::joins`]. A join comes no later than the first row behind it.
    pub joins: Vec<Nanos>,
    /// Times in which waits were lost (from, to): what threads did then is not known. They may reach back over rows that came
    /// before, since a loss is noticed when it has happened.
    pub gaps: Vec<(Nanos, Nanos)>,
}

impl Batch {
    /// Rows of all tables.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waits.len()
            + self.calls.len()
            + self.tasks.len()
            + self.resources.len()
            + self.stacks.len()
            + self.statements.len()
            + self.requests.len()
            + self.tasks_seen.len()
            + self.samples.len()
            + self.kernel.len()
    }

    /// Takes the rows of a later batch after its own.
    pub fn append(&mut self, mut later: Self) {
        self.watermark = self.watermark.max(later.watermark);
        self.waits.append(&mut later.waits);
        self.calls.append(&mut later.calls);
        self.tasks.append(&mut later.tasks);
        self.resources.append(&mut later.resources);
        self.stacks.append(&mut later.stacks);
        self.statements.append(&mut later.statements);
        self.requests.append(&mut later.requests);
        self.tasks_seen.append(&mut later.tasks_seen);
        self.samples.append(&mut later.samples);
        self.kernel.append(&mut later.kernel);
        self.joins.append(&mut later.joins);
        self.gaps.append(&mut later.gaps);
    }

    /// Without the rows that ended up to `watermark`. What other rows name stays.
    #[must_use]
    pub fn after(mut self, watermark: Nanos) -> Self {
        if watermark > Nanos::ZERO {
            self.waits.retain(|row| row.end > watermark);
            self.calls.retain(|row| row.end > watermark);
            self.tasks.retain(|row| row.end > watermark);
            self.requests.retain(|row| row.end > watermark);
            self.tasks_seen.retain(|row| row.end > watermark);
            self.samples.retain(|row| row.end > watermark);
            self.kernel.retain(|row| row.end > watermark);
        }
        self
    }

    /// No rows, and nothing to say of the time either.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.joins.is_empty() && self.gaps.is_empty()
    }
}

/// Why rows could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The disk is full; what was written before is sound.
    #[error("the disk holding {path} is full")]
    DiskFull {
        /// Where.
        path: String,
    },
    /// Writing failed otherwise.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Where.
        path: String,
        /// What the system or the format library said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Takes rows as they are released: the trace writer, or a test's collector.
pub trait RowSink {
    /// Takes one batch; batches come in order of their watermarks.
    ///
    /// # Errors
    /// [`SinkError`] when it cannot be kept. The caller goes on recording or ends, but must count the rows as unwritten.
    fn accept(&mut self, batch: Batch) -> Result<(), SinkError>;
}

/// Why rows could not be read. The text says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {what}")]
pub struct SourceError {
    /// Where.
    pub path: String,
    /// What is wrong with it, and what still can be done.
    pub what: String,
}

/// Gives the same rows as often as asked: a trace on disk, or a test's list.
pub trait RowSource {
    /// What the trace says of itself.
    fn meta(&self) -> &Meta;

    /// All batches in order of their watermarks. May be called again: the analysis makes several passes so that its memory
    /// is bounded by one batch and not by the trace.
    fn batches(&self) -> Box<dyn Iterator<Item = Result<Batch, SourceError>> + '_>;
}
