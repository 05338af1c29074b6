//! What the packages for Python and Node must say of the crates that are compiled into them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::step::{Failure, answer};

/// Returns the notices of a package, below `mark`: each crate with its licence, and behind them every text once.
pub(crate) fn notices(root: &Path, package: &str, mark: &str) -> Result<String, Failure> {
    let crates = compiled_in(root, package)?;
    let own = fs::read_to_string(root.join("LICENSE-MIT")).map_err(Failure::file(root.join("LICENSE-MIT")))?;
    let (_, permission) =
        own.split_once("\n\nPermission").ok_or_else(|| Failure::Unmet("`LICENSE-MIT` has no permission".to_owned()))?;
    let mit = |holders: &str| format!("MIT License\n\nCopyright (c) {holders}\n\nPermission{permission}");
    let mut texts = Texts::default();
    let mut notices = format!("{mark}\n\n{HEAD}\n");
    for compiled in &crates {
        writeln!(notices, "{} {}: {}", compiled.name, compiled.version, compiled.licence).map_err(unwritable)?;
        let mut files = compiled.texts()?;
        if files.is_empty() {
            files.push(match &compiled.licence {
                licence if licence.contains("MIT") => mit(&compiled.authors),
                licence if licence.contains("Apache-2.0") => {
                    let path = root.join("LICENSE-APACHE");
                    fs::read_to_string(&path).map_err(Failure::file(path))?
                }
                licence => {
                    let problem = format!("`{}` comes without the text of its licence, {licence}", compiled.name);
                    return Err(Failure::Unmet(problem));
                }
            });
        }
        files.into_iter().for_each(|text| texts.add(&compiled.name, text));
    }
    texts.add("Rust's standard library", mit("The Rust Project Contributors"));
    for (text, of) in texts.in_order() {
        let of: Vec<&str> = of.iter().map(String::as_str).collect();
        write!(notices, "\n{RULE}\n{}\n{RULE}\n\n{}\n", of.join(", "), text.trim_matches('\n')).map_err(unwritable)?;
    }
    Ok(notices)
}

/// A crate that is compiled into a package.
struct Compiled {
    name: String,
    version: String,
    licence: String,
    authors: String,
    folder: PathBuf,
}

impl Compiled {
    /// The texts that the crate comes with, by the names of their files.
    fn texts(&self) -> Result<Vec<String>, Failure> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(Failure::file(&self.folder))? {
            let path = entry.map_err(Failure::file(&self.folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_uppercase();
            if path.is_file() && NAMES.iter().any(|begins| name.starts_with(begins)) {
                paths.push(path);
            }
        }
        paths.sort();
        let read = |path: PathBuf| {
            let octets = fs::read(&path).map_err(Failure::file(path))?;
            Ok(String::from_utf8_lossy(&octets).replace("\r\n", "\n"))
        };
        paths.into_iter().map(read).collect()
    }
}

/// Texts, each once, however its words are spread over lines, with the names of those that have it.
#[derive(Default)]
struct Texts(BTreeMap<String, (String, BTreeSet<String>)>);

impl Texts {
    fn add(&mut self, name: &str, text: String) {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.0.entry(words).or_insert_with(|| (text, BTreeSet::new())).1.insert(name.to_owned());
    }

    /// All of them, by the names of the first that have them.
    fn in_order(&self) -> Vec<&(String, BTreeSet<String>)> {
        let mut all: Vec<_> = self.0.values().collect();
        all.sort_by(|(_, one), (_, other)| one.cmp(other));
        all
    }
}

/// The crates of others that are compiled into a package on some platform, by name.
fn compiled_in(root: &Path, package: &str) -> Result<Vec<Compiled>, Failure> {
    let cargo = |arguments: &[&str]| {
        let answer = answer(Command::new("cargo").args(arguments).arg("--locked").current_dir(root));
        answer.ok_or_else(|| Failure::Unmet(format!("`cargo {}` failed", arguments.join(" "))))
    };
    let metadata: Value = cargo(&["metadata", "--format-version", "1"])?
        .parse()
        .map_err(|error| Failure::Unmet(format!("`cargo metadata` wrote no JSON: {error}")))?;
    let mut arguments = vec!["tree", "--package", package, "--edges", "normal,no-proc-macro", "--prefix", "none"];
    arguments.extend(PLATFORMS.iter().flat_map(|platform| ["--target", platform]));
    // Such as `ahash v0.8.12`, with a folder behind it where the crate is ours.
    let tree = cargo(&arguments)?;
    let names: BTreeSet<(&str, &str)> =
        tree.lines().map(|line| line.trim_end_matches(" (*)")).filter_map(|line| line.split_once(" v")).collect();
    let mut crates = Vec::new();
    for (name, version) in names.into_iter().filter(|(_, version)| !version.contains(' ')) {
        let mut packages = metadata["packages"].as_array().into_iter().flatten();
        let found = packages.find(|package| package["name"] == name && package["version"] == version);
        let found = found.ok_or_else(|| Failure::Unmet(format!("`cargo metadata` has no `{name}` {version}")))?;
        let text = |member: &str| found[member].as_str().unwrap_or_default().to_owned();
        let authors = found["authors"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let folder = PathBuf::from(text("manifest_path")).parent().map(PathBuf::from).unwrap_or_default();
        crates.push(Compiled {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: text("license"),
            authors: authors.collect::<Vec<_>>().join(", "),
            folder,
        });
    }
    if crates.is_empty() {
        Err(Failure::Unmet(format!("`cargo tree` names no crate in `{package}`")))
    } else {
        Ok(crates)
    }
}

fn unwritable(error: std::fmt::Error) -> Failure {
    Failure::Unmet(error.to_string())
}

const HEAD: &str = "\
This package has these libraries in it, compiled, and Rust's standard library (MIT OR Apache-2.0). Beside each stands its licence, where OR leaves
the choice; the texts follow. The public suffix list, from which psl is made, is under the Mozilla Public License 2.0 (https://mozilla.org/MPL/2.0/)
and to be had at https://publicsuffix.org/list/public_suffix_list.dat.
";

/// Stands above and below the names of those that have a text.
const RULE: &str = "--------------------------------------------------------------------------------";

/// How the names of files begin that a licence asks to be handed on.
const NAMES: [&str; 6] = ["COPYING", "COPYRIGHT", "LICENCE", "LICENSE", "NOTICE", "UNLICENSE"];

/// One of each kind of platform that packages are built for: what is compiled in on others, one of these has too.
const PLATFORMS: [&str; 4] =
    ["aarch64-apple-darwin", "aarch64-unknown-linux-musl", "x86_64-pc-windows-msvc", "x86_64-unknown-linux-gnu"];
