//! Statements.

use super::super::column::{Column, Kind, Packing, Values, column, texts, u32s, u64s};
use super::super::damage::Damage;
use super::super::decode::Columns;
use super::{Rows, Table};
use crate::row::{Batch, Statement, StatementId};

impl Table for Statement {
    const NAME: &'static str = "statements";
    const ORDERED_BY_END: bool = false;
    const COLUMNS: &'static [Column] = &[
        column("since_ns", Kind::U64, Packing::Delta),
        column("statement_id", Kind::U32, Packing::Delta),
        column("text", Kind::Text, Packing::Few),
    ];

    fn of(batch: &Batch) -> &Vec<Self> {
        &batch.statements
    }

    fn end(&self) -> u64 {
        0
    }

    fn encode(rows: &[Self], since: u64) -> Vec<Values> {
        vec![
            u64s(rows, |_| since),
            u32s(rows, |row| row.id.0),
            texts(rows, |row| &row.text),
        ]
    }

    fn decode(columns: &Columns<'_>, rows: &mut Rows<Self>) -> Result<(), Damage> {
        let since = columns.u64("since_ns")?;
        let id = columns.u32("statement_id")?;
        let text = columns.texts("text")?;
        rows.keys.extend_from_slice(&since);
        for (row, id) in id.iter().enumerate() {
            rows.rows.push(Self {
                id: StatementId(*id),
                text: text.get(row)?,
            });
        }
        Ok(())
    }
}
