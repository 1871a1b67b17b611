//! Small files: read with a limit, written whole or not at all.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;

use super::damage::Damage;
use super::error::TraceError;

/// All bytes of `folder/name`, which must be a regular file (a pipe would block for ever) of at most `limit` bytes.
pub(super) fn read_file(folder: &Path, name: &str, limit: u64) -> Result<Vec<u8>, Damage> {
    let path = folder.join(name);
    let file = || name.to_owned();
    let unreadable = |error: std::io::Error| Damage::Unreadable {
        file: file(),
        what: error.to_string(),
    };
    let facts = fs::symlink_metadata(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Damage::FileMissing { file: file() },
        _ => unreadable(error),
    })?;
    if !facts.is_file() {
        return Err(Damage::NotAFile { file: file() });
    }
    let too_large = |found| Damage::TooLarge {
        file: file(),
        what: "length",
        found,
        limit,
    };
    if facts.len() > limit {
        return Err(too_large(facts.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(facts.len()).unwrap_or(0));
    File::open(&path)
        .map_err(unreadable)?
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

/// Puts `bytes` at `folder/name` by one rename, so that a reader sees the old file or the new one.
pub(super) fn replace_file(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), TraceError> {
    let path = folder.join(name);
    let next = folder.join(format!(".{name}.tmp"));
    let written = File::create(&next)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&next, &path));
    written.map_err(|error| {
        // The file that is there stays; a rest of the new one helps nobody.
        let _ = fs::remove_file(&next);
        TraceError::writing(path, error)
    })
}
