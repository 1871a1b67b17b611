//! Why a trace could not be created, finished or opened. Each text says what to do.

use std::io;
use std::path::PathBuf;

/// Why a trace could not be created, finished or opened.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// Nothing there.
    #[error("{path}: there is no such folder; a trace is the folder that `holdup record -o` made")]
    Missing {
        /// Where.
        path: PathBuf,
    },
    /// A file where the folder should be.
    #[error(
        "{path} is a file; a trace is a folder (give the folder itself, or unpack the archive first)"
    )]
    NotAFolder {
        /// Where.
        path: PathBuf,
    },
    /// A folder with nothing in it.
    #[error("{path} is an empty folder: nothing was recorded here; record again")]
    Empty {
        /// Where.
        path: PathBuf,
    },
    /// A folder of something else.
    #[error(
        "{path} is not a trace: it has no meta.json; give the folder that `holdup record -o` made"
    )]
    NotATrace {
        /// Where.
        path: PathBuf,
    },
    /// `meta.json` cannot be understood.
    #[error(
        "{path}: meta.json is damaged ({what}); copy the trace again from where it was recorded, or record again"
    )]
    MetaDamaged {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Made by a later release with another schema.
    #[error(
        "{path} has trace schema {}.{}, this holdup reads up to {}.x; read it with a newer holdup",
        found.0, found.1, known
    )]
    NewerSchema {
        /// Where.
        path: PathBuf,
        /// Schema of the trace.
        found: (u32, u32),
        /// Major version this release knows.
        known: u32,
    },
    /// Calls are missing from a part of it: its counts and rates would be taken for those of the whole.
    #[error(
        "{path} lacks calls that an earlier holdup left out to cost less; read it with that holdup, or record again"
    )]
    CallsLeftOut {
        /// Where.
        path: PathBuf,
    },
    /// More epochs than the limit.
    #[error(
        "{path} has {found} epochs, more than the {limit} that are read; cut the recording into shorter ones"
    )]
    TooManyEpochs {
        /// Where.
        path: PathBuf,
        /// How many.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The system would not let it be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is something else where the trace should go.
    #[error("{path} exists and is not a trace: it is left as it is; give another name")]
    Occupied {
        /// Where.
        path: PathBuf,
    },
    /// There is a trace already.
    #[error("{path} is a trace already: give another name, or allow it to be overwritten")]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("the disk holding {path} is full; what was written before is sound and can be read")]
    DiskFull {
        /// Where.
        path: PathBuf,
    },
    /// The system would not let it be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system or the format library said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl TraceError {
    /// What `source` means for `path`, while writing.
    pub(super) fn writing(
        path: impl Into<PathBuf>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let (path, source) = (path.into(), source.into());
        if is_full(source.as_ref()) {
            Self::DiskFull { path }
        } else {
            Self::Write { path, source }
        }
    }

    /// What `source` means for `path`, while reading.
    pub(super) fn reading(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Read {
            path: path.into(),
            source,
        }
    }
}

/// No room: on the disk, in the quota, or in the file size that is allowed.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
            return matches!(io.kind(), StorageFull | QuotaExceeded | FileTooLarge)
                || io.get_ref().is_some_and(|inner| is_full(inner));
        }
        next = error.source();
    }
    false
}
