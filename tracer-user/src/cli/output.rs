//! Where a report goes: the terminal, a pipe, or a file that appears whole or not at all.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::report::Look;

/// Why a report could not be put where it should go.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// A folder stands there.
    #[error("{path} is a folder; give the name of a file")]
    IsFolder {
        /// Where.
        path: PathBuf,
    },
    /// The folder it should stand in is not there.
    #[error("there is no folder {folder} to write {path} into")]
    NoFolder {
        /// Where.
        path: PathBuf,
        /// What is missing.
        folder: PathBuf,
    },
    /// Writing failed.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Checks before anything starts that `path` can become a file.
///
/// # Errors
/// [`OutputError`].
pub fn check(path: &Path) -> Result<(), OutputError> {
    if path.is_dir() {
        return Err(OutputError::IsFolder {
            path: path.to_owned(),
        });
    }
    let folder = folder_of(path);
    if folder.is_dir() {
        Ok(())
    } else {
        Err(OutputError::NoFolder {
            path: path.to_owned(),
            folder: folder.to_owned(),
        })
    }
}

/// Writes `text` to `path` as a whole, or to standard output.
///
/// # Errors
/// [`OutputError`]. A reader that has had enough (`| head`) is none.
pub fn put(text: &[u8], path: Option<&Path>) -> Result<(), OutputError> {
    let mut sink = Sink::open(path)?;
    match sink.write_all(text) {
        Ok(()) => sink.finish().map(|_| ()),
        Err(error) => sink.failed(error),
    }
}

/// Where something goes that is written piece by piece. A file is there by its name once it is finished.
pub struct Sink {
    to: To,
    path: PathBuf,
    written: u64,
}

enum To {
    Standard(io::BufWriter<io::StdoutLock<'static>>),
    /// A device or a pipe.
    There(io::BufWriter<fs::File>),
    New(Box<io::BufWriter<tempfile::NamedTempFile>>),
}

impl Sink {
    /// Opens `path`, or standard output.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn open(path: Option<&Path>) -> Result<Self, OutputError> {
        let Some(path) = path else {
            return Ok(Self {
                to: To::Standard(io::BufWriter::new(io::stdout().lock())),
                path: "standard output".into(),
                written: 0,
            });
        };
        check(path)?;
        // Links stay links, and devices and pipes are written to, not replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let failed = |source| OutputError::Write {
            path: path.clone(),
            source,
        };
        let to = if fs::metadata(&path).is_ok_and(|data| !data.is_file()) {
            let file = fs::OpenOptions::new().write(true).open(&path);
            To::There(io::BufWriter::new(file.map_err(failed)?))
        } else {
            let mut builder = tempfile::Builder::new();
            builder.prefix(".holdup-");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                builder.permissions(fs::Permissions::from_mode(0o666));
            }
            let file = builder.tempfile_in(folder_of(&path)).map_err(failed)?;
            To::New(Box::new(io::BufWriter::new(file)))
        };
        Ok(Self {
            to,
            path,
            written: 0,
        })
    }

    /// Ends it, and says how many bytes were written.
    ///
    /// # Errors
    /// [`OutputError`]. A reader that has had enough is none.
    pub fn finish(mut self) -> Result<u64, OutputError> {
        if let Err(error) = self.flush() {
            return self.failed(error).map(|()| 0);
        }
        let Self { to, path, written } = self;
        if let To::New(file) = to {
            let file = file.into_inner().map_err(io::IntoInnerError::into_error);
            let kept = file.and_then(|file| file.persist(&path).map_err(|error| error.error));
            kept.map_err(|source| OutputError::Write { path, source })?;
        }
        Ok(written)
    }

    /// What it means that writing to it failed.
    ///
    /// # Errors
    /// [`OutputError`], unless whoever reads standard output has had enough.
    pub fn failed(self, source: io::Error) -> Result<(), OutputError> {
        match self.to {
            To::Standard(_) if source.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            _ => Err(OutputError::Write {
                path: self.path,
                source,
            }),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.to {
            To::Standard(out) => out.write(bytes),
            To::There(out) => out.write(bytes),
            To::New(out) => out.write(bytes),
        }?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Standard(out) => out.flush(),
            To::There(out) => out.flush(),
            To::New(out) => out.flush(),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// How a report is to look where it goes: colours and the terminal's width only on a terminal.
pub fn look(to_file: bool, details: bool) -> Look {
    let terminal = !to_file && io::stdout().is_terminal();
    let width = terminal_size::terminal_size()
        .filter(|_| terminal)
        .map_or(Look::WIDTH, |(width, _)| usize::from(width.0));
    Look {
        width: width.min(MOST_COLUMNS),
        colour: terminal && may_colour(|name| std::env::var_os(name)),
        details,
    }
}

/// Longer lines are hard to read.
const MOST_COLUMNS: usize = 120;

/// `NO_COLOR` (when not empty, <https://no-color.org>) and dumb terminals want none.
fn may_colour(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> bool {
    variable("NO_COLOR").is_none_or(|value| value.is_empty())
        && variable("TERM").is_none_or(|value| value != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("report.md");
        put(b"one", Some(&path)).expect("written");
        put(b"two", Some(&path)).expect("written");
        assert_eq!(fs::read(&path).expect("there"), b"two");
        assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_and_others_may_read() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().expect("folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").expect("written");
        symlink(&file, &link).expect("linked");
        put(b"new", Some(&link)).expect("written");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read(&file).expect("there"), b"new");
        assert_ne!(
            fs::metadata(&file).expect("there").permissions().mode() & 0o044,
            0
        );
        put(b"x", Some(Path::new("/dev/null"))).expect("written");
        assert!(!fs::metadata("/dev/null").expect("there").is_file());
    }

    #[test]
    fn folders_and_missing_folders_are_refused() {
        let folder = tempfile::tempdir().expect("folder");
        assert!(matches!(
            put(b"x", Some(folder.path())),
            Err(OutputError::IsFolder { .. })
        ));
        assert!(matches!(
            check(&folder.path().join("no/report")),
            Err(OutputError::NoFolder { .. })
        ));
        assert!(check(Path::new("report.md")).is_ok());
    }

    #[test]
    fn no_color_and_dumb_terminals() {
        let with = |set: &'static [(&str, &str)]| {
            may_colour(|name| {
                set.iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).into())
            })
        };
        assert!(with(&[]));
        assert!(with(&[("NO_COLOR", ""), ("TERM", "xterm")]));
        assert!(!with(&[("NO_COLOR", "1")]));
        assert!(!with(&[("TERM", "dumb")]));
    }
}
