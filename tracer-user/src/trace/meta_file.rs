//! `meta.json`: what the trace says of itself, and how many epochs it was closed with.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::damage::{Damage, printable};
use super::disk::{read_file, replace_file};
use super::error::TraceError;
use crate::row::{Meta, SCHEMA};

/// Name of the file.
pub(super) const META_FILE: &str = "meta.json";
/// Longest one that is read, bytes.
const MAX_META_FILE: u64 = 4 * 1024 * 1024;

/// `meta.json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct MetaFile {
    /// What is said.
    #[serde(flatten)]
    pub(super) meta: Meta,
    /// Number of the last epoch, once the trace is complete.
    #[serde(default)]
    pub(super) last_epoch: Option<u32>,
}

/// The part of `meta.json` that every schema has.
#[derive(Deserialize)]
struct SchemaOnly {
    schema: (u32, u32),
}

/// What is refused where it is said, and never written.
#[derive(Deserialize)]
struct Refused {
    /// Calls that did not block are missing from a part of the trace.
    #[serde(default)]
    thinned: bool,
}

impl MetaFile {
    /// Writes it to `folder` in one step.
    pub(super) fn write(&self, folder: &Path) -> Result<(), TraceError> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| TraceError::writing(folder.join(META_FILE), error))?;
        replace_file(folder, META_FILE, &text)
    }

    /// Reads that of `folder`.
    pub(super) fn read(folder: &Path) -> Result<Self, TraceError> {
        let path = folder.to_path_buf();
        let damaged = |what: String| TraceError::MetaDamaged {
            path: folder.to_path_buf(),
            what: printable(&what),
        };
        let text = match read_file(folder, META_FILE, MAX_META_FILE) {
            Ok(text) => text,
            Err(Damage::FileMissing { .. }) => return Err(TraceError::NotATrace { path }),
            Err(damage) => return Err(damaged(damage.to_string())),
        };
        let SchemaOnly { schema } =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if schema.0 > SCHEMA.0 {
            return Err(TraceError::NewerSchema {
                path,
                found: schema,
                known: SCHEMA.0,
            });
        }
        if schema.0 == 0 {
            return Err(damaged(format!(
                "schema {}.{} was never given out",
                schema.0, schema.1
            )));
        }
        let Refused { thinned } =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if thinned {
            return Err(TraceError::CallsLeftOut { path });
        }
        serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))
    }
}
