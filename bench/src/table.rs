//! Tables as Markdown.

use comfy_table::{CellAlignment, Table, presets};

/// A table with these headings; all columns but the first are numbers.
pub fn new(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_MARKDOWN)
        .set_header(headings.to_vec());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// The word of a goal.
pub fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}
