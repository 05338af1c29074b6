//! Columns of text, aligned.

use crate::shown;

/// Writes rows below a head, indented, each column as wide as its widest cell; the last is not padded.
pub(crate) fn write<const N: usize>(text: &mut String, head: [&str; N], rows: &[[String; N]]) {
    let mut cells: Vec<[String; N]> = vec![head.map(str::to_owned)];
    cells.extend(rows.iter().map(|row| row.each_ref().map(|cell| shown::line(cell))));
    let mut widths = [0; N];
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in &cells {
        let padded: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(&format!("  {}\n", padded.join("  ").trim_end()));
    }
}
