//! The From fields of outside test cases, for the tests in three languages that compare with other readers.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::repository;
use crate::step::Failure;

use super::row;

/// Writes the From fields of the folder that `SENDAS_CORPORA` names; `None`, and says so, if there is none.
pub(crate) fn outside_fields(root: &Path) -> Result<Option<PathBuf>, Failure> {
    let folder = env::var_os("SENDAS_CORPORA").map_or_else(|| root.join("../shared/corpora/open"), PathBuf::from);
    if !folder.is_dir() {
        println!("\nSKIPPED outside From fields: there is no folder {}; set SENDAS_CORPORA", folder.display());
        return Ok(None);
    }
    let file = repository::target()?.join("outside-fields.json");
    let count = write(&folder, &file)?;
    println!("\noutside From fields: {count}, of {}", folder.display());
    Ok(Some(file))
}

/// Writes each From field of a folder once, as a header, alone and among the other lines of its row; returns how many.
///
/// The file is a JSON list of texts. A character stands for an octet (ISO 8859-1), since not all are UTF-8.
pub(super) fn write(folder: &Path, file: &Path) -> Result<usize, Failure> {
    let mut blocks = BTreeSet::new();
    for (_, rows) in row::read(folder)? {
        for row in rows.iter().filter(|row| row.kind() == "header_from") {
            blocks.insert(row.lines());
            blocks.insert(row.lines_among_others());
        }
    }
    let texts: Vec<String> = blocks.iter().map(|block| block.iter().copied().map(char::from).collect()).collect();
    fs::write(file, serde_json::json!(texts).to_string()).map_err(Failure::file(file))?;
    Ok(texts.len())
}
