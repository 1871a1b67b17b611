//! An epoch in the making: its files grow in a hidden folder, which one rename makes an epoch.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::encode::{Encoder, table_path};
use super::epoch::{EPOCH_FILE, Epoch, TableFile};
use super::error::TraceError;
use super::table::{Table, for_each_table};
use crate::row::{Batch, Nanos};

macro_rules! encoders {
    ($($field:ident: $row:ty,)*) => {
        /// The file of each table that has rows so far.
        #[derive(Default)]
        struct Encoders {
            $($field: Option<Encoder>,)*
        }

        impl Encoders {
            fn write(&mut self, folder: &Path, part: &Batch, since: Nanos) -> Result<(), TraceError> {
                $(
                    let rows = <$row>::of(part);
                    if !rows.is_empty() {
                        let encoder = match &mut self.$field {
                            Some(encoder) => encoder,
                            none => {
                                let path = table_path(folder, <$row>::NAME);
                                none.insert(Encoder::create(path, <$row>::COLUMNS)?)
                            }
                        };
                        encoder.write_rows(rows, |rows| <$row>::encode(rows, since.0))?;
                    }
                )*
                Ok(())
            }

            fn close(self) -> Result<BTreeMap<String, TableFile>, TraceError> {
                let mut tables = BTreeMap::new();
                $(
                    if let Some(encoder) = self.$field {
                        tables.insert(<$row>::NAME.to_owned(), encoder.close()?);
                    }
                )*
                Ok(tables)
            }
        }
    };
}
for_each_table!(encoders);

/// The epoch under way.
pub(super) struct OpenEpoch {
    pub(super) epoch: Epoch,
    /// Its first row, or when rows could have come.
    pub(super) started: Nanos,
    pub(super) staging: PathBuf,
    encoders: Encoders,
    pub(super) rows: usize,
}

impl OpenEpoch {
    pub(super) fn create(
        folder: &Path,
        number: u32,
        from: Nanos,
        started: Nanos,
    ) -> Result<Self, TraceError> {
        let epoch = Epoch {
            first: number,
            last: number,
            from,
            ..Epoch::default()
        };
        let staging = staging(folder, &epoch);
        fs::create_dir(&staging).map_err(|error| TraceError::writing(&staging, error))?;
        Ok(Self {
            epoch,
            started,
            staging,
            encoders: Encoders::default(),
            rows: 0,
        })
    }

    pub(super) fn write(&mut self, part: &Batch, since: Nanos) -> Result<(), TraceError> {
        let frames: usize = part.stacks.iter().map(|stack| stack.frames.len()).sum();
        self.rows += part.len() + frames;
        self.epoch.times.append(part);
        self.encoders.write(&self.staging, part, since)
    }

    pub(super) fn close(self, folder: &Path, watermark: Nanos) -> Result<Epoch, TraceError> {
        let Self {
            mut epoch,
            staging,
            encoders,
            ..
        } = self;
        epoch.tables = encoders.close()?;
        epoch.watermark = watermark;
        publish(folder, &staging, &epoch)?;
        Ok(epoch)
    }
}

/// The hidden folder in which an epoch is made.
pub(super) fn staging(folder: &Path, epoch: &Epoch) -> PathBuf {
    folder.join(format!(".{}.tmp", epoch.folder()))
}

/// Describes the epoch in `staging` and makes it appear.
pub(super) fn publish(folder: &Path, staging: &Path, epoch: &Epoch) -> Result<(), TraceError> {
    let file = staging.join(EPOCH_FILE);
    let text = serde_json::to_vec(epoch).map_err(|error| TraceError::writing(&file, error))?;
    fs::write(&file, text).map_err(|error| TraceError::writing(&file, error))?;
    let path = folder.join(epoch.folder());
    fs::rename(staging, &path).map_err(|error| TraceError::writing(path, error))
}
