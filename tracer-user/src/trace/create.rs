//! Where a trace may be put: never over anything that is not a trace.

use std::fs;
use std::path::Path;

use super::epoch::Epoch;
use super::error::TraceError;
use super::meta_file::{META_FILE, MetaFile};
use super::write::Writer;
use crate::row::{Meta, SCHEMA};

/// Room kept for the last `meta.json` on a disk that fills up, bytes.
const RESERVE: usize = 256 * 1024;
/// Name of the file that keeps it.
pub(super) const RESERVE_FILE: &str = ".reserve";

/// How a trace is created.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    overwrite: bool,
    join: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            overwrite: false,
            join: true,
        }
    }
}

impl Options {
    /// A trace that is there already is replaced. Nothing but a trace ever is.
    #[must_use]
    pub const fn overwrite(self, overwrite: bool) -> Self {
        Self { overwrite, ..self }
    }

    /// Small epochs are joined when the trace is finished (the default). Not worth it for a spool that is soon deleted.
    #[must_use]
    pub const fn join(self, join: bool) -> Self {
        Self { join, ..self }
    }

    /// Starts a trace in the folder `path`.
    ///
    /// # Errors
    /// [`TraceError`] when something else is there, or it cannot be written.
    pub fn create(self, path: &Path, meta: &Meta) -> Result<Writer, TraceError> {
        make_room(path, self.overwrite)?;
        let meta = Meta {
            schema: SCHEMA,
            complete: false,
            ..meta.clone()
        };
        MetaFile {
            meta,
            last_epoch: None,
        }
        .write(path)?;
        let reserve = path.join(RESERVE_FILE);
        fs::write(&reserve, vec![0; RESERVE])
            .map_err(|error| TraceError::writing(reserve, error))?;
        Ok(Writer::new(path.to_path_buf(), self.join))
    }
}

/// Makes an empty folder at `path`.
fn make_room(path: &Path, overwrite: bool) -> Result<(), TraceError> {
    let Ok(facts) = fs::symlink_metadata(path) else {
        return fs::create_dir(path).map_err(|error| TraceError::writing(path, error));
    };
    let occupied = || TraceError::Occupied {
        path: path.to_path_buf(),
    };
    if !facts.is_dir() {
        return Err(occupied());
    }
    let names = fs::read_dir(path).map_err(|error| TraceError::reading(path, error))?;
    let names: Vec<_> = names
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    if !names.iter().any(|name| name == META_FILE) || !names.iter().all(|name| is_ours(name)) {
        return Err(occupied());
    }
    if !overwrite {
        return Err(TraceError::Exists {
            path: path.to_path_buf(),
        });
    }
    for name in names {
        let path = path.join(name);
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.map_err(|error| TraceError::writing(path, error))?;
    }
    Ok(())
}

/// A name that only a trace has in its folder.
fn is_ours(name: &str) -> bool {
    let hidden = name
        .strip_prefix('.')
        .and_then(|name| name.strip_suffix(".tmp"));
    name == META_FILE
        || name == RESERVE_FILE
        || hidden == Some(META_FILE)
        || Epoch::numbers(hidden.unwrap_or(name)).is_some()
}
