//! The Parquet schema of a table: how each type of a column is stored, and whether a file has the columns it must have.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};

use super::column::{Column, Kind};

impl Kind {
    /// The type of its values in a file.
    const fn physical(self) -> Physical {
        match self {
            Self::U16 | Self::U32 => Physical::INT32,
            Self::U64 | Self::I64 => Physical::INT64,
            Self::Bool => Physical::BOOLEAN,
            Self::Text | Self::Name => Physical::BYTE_ARRAY,
        }
    }

    /// What its values mean, beyond their type.
    fn logical(self) -> Option<LogicalType> {
        match self {
            Self::U16 => Some(LogicalType::integer(16, false)),
            Self::U32 => Some(LogicalType::integer(32, false)),
            Self::U64 => Some(LogicalType::integer(64, false)),
            Self::I64 | Self::Bool => None,
            Self::Text | Self::Name => Some(LogicalType::String),
        }
    }
}

/// The schema of a file with `columns`.
pub(super) fn schema(columns: &[Column]) -> Result<TypePtr, ParquetError> {
    let mut fields = Vec::with_capacity(columns.len());
    for column in columns {
        let field = Type::primitive_type_builder(column.name, column.kind.physical())
            .with_repetition(Repetition::REQUIRED)
            .with_logical_type(column.kind.logical())
            .build()?;
        fields.push(Arc::new(field));
    }
    let root = Type::group_type_builder("schema")
        .with_fields(fields)
        .build()?;
    Ok(Arc::new(root))
}

/// Where each of `columns` is in a file that has `found`. `None`: the file is of an older version, which had no such column.
/// Columns nobody knows are passed over.
pub(super) fn positions(
    found: &SchemaDescriptor,
    columns: &[Column],
    minor: u32,
) -> Result<Vec<Option<usize>>, String> {
    columns
        .iter()
        .map(|column| position(found, column, minor))
        .collect()
}

fn position(
    found: &SchemaDescriptor,
    column: &Column,
    minor: u32,
) -> Result<Option<usize>, String> {
    let name = column.name;
    let mut leaves = found.columns().iter();
    let Some(position) = leaves.position(|leaf| leaf.name() == name) else {
        return if column.since > minor {
            Ok(None)
        } else {
            Err(format!("the column {name} is missing"))
        };
    };
    let leaf = found.column(position);
    if leaf.max_def_level() > 0 || leaf.max_rep_level() > 0 {
        return Err(format!("the column {name} may have nulls or lists"));
    }
    let (physical, logical) = (leaf.physical_type(), leaf.logical_type_ref());
    if physical != column.kind.physical() || logical != column.kind.logical().as_ref() {
        return Err(format!(
            "the column {name} is {physical} {logical:?}, not {} {:?}",
            column.kind.physical(),
            column.kind.logical()
        ));
    }
    Ok(Some(position))
}
