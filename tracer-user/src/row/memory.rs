//! Rows kept in memory: what a test gives to the analysis, or collects from the capture.

use super::{Batch, Meta, RowSink, RowSource, SinkError, SourceError};

/// A whole trace in memory. As a sink it keeps what it is given, as a source it gives it back as often as asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemorySource {
    /// What the trace says of itself.
    pub meta: Meta,
    /// All batches in order of their watermarks.
    pub batches: Vec<Batch>,
}

impl MemorySource {
    /// A trace of these batches.
    #[must_use]
    pub const fn new(meta: Meta, batches: Vec<Batch>) -> Self {
        Self { meta, batches }
    }

    /// All rows as one batch, table after table in their order.
    #[must_use]
    pub fn joined(&self) -> Batch {
        let mut all = Batch::default();
        for batch in &self.batches {
            all.append(batch.clone());
        }
        all
    }
}

impl RowSource for MemorySource {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn batches(&self) -> Box<dyn Iterator<Item = Result<Batch, SourceError>> + '_> {
        Box::new(self.batches.iter().cloned().map(Ok))
    }
}

impl RowSink for MemorySource {
    fn accept(&mut self, batch: Batch) -> Result<(), SinkError> {
        self.batches.push(batch);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Nanos, Wait};

    #[test]
    fn gives_back_what_it_took_as_often_as_asked() {
        let wait = |end| Wait {
            end: Nanos(end),
            ..Wait::default()
        };
        let mut source = MemorySource::default();
        for (watermark, ends) in [(10, vec![3, 9]), (20, vec![]), (30, vec![21])] {
            let batch = Batch {
                watermark: Nanos(watermark),
                waits: ends.into_iter().map(wait).collect(),
                ..Batch::default()
            };
            source.accept(batch).expect("memory takes all");
        }
        for _ in 0..2 {
            let batches: Vec<Batch> = source
                .batches()
                .map(|b| b.expect("memory gives all"))
                .collect();
            assert_eq!(batches, source.batches);
        }
        let all = source.joined();
        assert_eq!(all.watermark, Nanos(30));
        assert_eq!(
            all.waits.iter().map(|w| w.end.0).collect::<Vec<_>>(),
            [3, 9, 21]
        );
    }
}
