//! What every runner of vectors reads: their files, and the clauses that they show.
#![expect(clippy::expect_used, reason = "a file that cannot be read fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The JSON files of a folder of the repository, sorted; at least one.
#[must_use]
pub fn vector_files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder of the vectors is there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    assert!(!files.is_empty(), "no vectors in `{folder}`");
    files
}

/// The numbered clauses of a document, such as `semantics` in `docs`, as vectors name them: `semantics 4.1`.
pub fn clauses(document: &str, is_ours: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(format!("docs/{document}.md"))).expect("the clauses are there");
    let numbers = text.lines().filter_map(|line| Some(line.strip_prefix("- **")?.split_once("**")?.0));
    numbers.filter(|number| is_ours(number)).map(|number| format!("{document} {number}")).collect()
}

/// The names of an object's members; none of what is no object.
pub fn members(value: &Value) -> impl Iterator<Item = &str> {
    value.as_object().into_iter().flatten().map(|(name, _)| name.as_str())
}

/// The texts of a list; none of what is no list.
pub fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}
