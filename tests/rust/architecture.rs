//! Holds the layers of core, and what may be named where.
#![expect(clippy::expect_used, reason = "a file that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of `core/src`, lowest layer first. A module may name its own layer and lower ones, never a higher one.
const LAYERS: [(&str, &[&str]); 6] = [
    ("vocabulary", &["time", "system_time", "net", "distinct", "options", "address", "reason", "decision"]),
    ("model", &["policy", "request", "record", "reply", "admin"]),
    ("compiled", &["snapshot", "compile"]),
    ("verbs", &["observer", "ledger", "locate", "gather", "judge", "evaluate", "session", "explain"]),
    ("analysis", &["analysis"]),
    ("edge", &["wire", "threads"]),
];

/// Where feature `std` converts a type of the standard library, and where it uses threads; nothing is read from the system there.
const STD: [&str; 2] = ["core/src/system_time.rs", "core/src/threads.rs"];

/// Above this, its unit tests not counted, a file is two files.
const MOST_LINES: usize = 600;

#[test]
fn no_module_names_a_higher_layer() {
    let layers: BTreeMap<&str, usize> = LAYERS
        .iter()
        .enumerate()
        .flat_map(|(height, (_, modules))| modules.iter().map(move |module| (*module, height)))
        .collect();
    let mut wrong = Vec::new();
    for file in core_files() {
        let module = module(&file);
        let Some(height) = layers.get(module.as_str()) else {
            wrong.push(format!("{}: `{module}` is in no layer of the table", file.display()));
            continue;
        };
        for name in named_after_crate(&code(&file)) {
            match layers.get(name.as_str()) {
                Some(other) if other > height => {
                    wrong.push(format!("{}: `{module}` is below `{name}` and names it", file.display()));
                }
                Some(_) => {}
                None => wrong.push(format!("{}: `crate::{name}` is no module of the table", file.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_shows_these_layers_and_no_module_that_is_gone() {
    let page = fs::read_to_string(root().join("docs/architecture.md")).expect("there is a page");
    let found: BTreeSet<String> = core_files().iter().map(|file| module(file)).collect();
    for (layer, modules) in LAYERS {
        let row = page.lines().find(|line| line.starts_with(&format!("| {layer} |"))).expect("the page has the layer");
        let shown: BTreeSet<&str> = row.split('`').skip(1).step_by(2).collect();
        assert_eq!(shown, modules.iter().copied().collect(), "{layer}");
        for module in modules {
            assert!(found.contains(*module), "`{module}` is no module");
        }
    }
}

#[test]
fn only_the_wire_names_serde() {
    let wrong: Vec<PathBuf> = core_files()
        .into_iter()
        .filter(|file| module(file) != "wire" && words(&code(file)).contains("serde"))
        .collect();
    assert!(wrong.is_empty(), "serde is named outside of core/src/wire: {wrong:?}");
}

#[test]
fn core_is_without_std() {
    let root = fs::read_to_string(root().join("core/src/lib.rs")).expect("core has a root");
    assert!(root.contains("#![no_std]") && root.contains("#![forbid(unsafe_code)]"));
    let wrong: Vec<PathBuf> = core_files()
        .into_iter()
        .filter(|file| !STD.iter().any(|std| file.ends_with(std)) && words(&code(file)).contains("std"))
        .collect();
    assert!(wrong.is_empty(), "std is named in {wrong:?}");
}

#[test]
fn no_file_is_two_files() {
    let mut files = Vec::new();
    for folder in ["benches", "bindings", "cli", "core", "examples", "fuzz", "tests", "xtask"] {
        rust_files(&root().join(folder), &mut files);
    }
    assert!(files.len() > 50, "only {} files were found", files.len());
    let mut long = Vec::new();
    for file in files {
        let lines = before_tests(&file).lines().count();
        if lines > MOST_LINES {
            long.push(format!("{} has {lines} lines", file.display()));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_names_after_crate_are_found() {
    let code = "use crate::policy::{Tenant, Role};\nuse crate::{address::Span, wire::{a, b}, time};\n\
                fn f() -> crate::reply::Reply {}";
    let found: Vec<String> = named_after_crate(code).into_iter().collect();
    assert_eq!(found, ["address", "policy", "reply", "time", "wire"]);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file of core but the root, which re-exports from everywhere, and those that are only for its tests.
fn core_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    rust_files(&root().join("core/src"), &mut files);
    let tests: Vec<PathBuf> = files.iter().flat_map(|file| test_modules(file)).collect();
    files.retain(|file| !file.ends_with("core/src/lib.rs") && !tests.contains(file));
    assert!(files.len() > 20, "only {} files of core were found", files.len());
    files
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["target", "node_modules"].contains(&name.as_str()) && !name.starts_with('.') {
                rust_files(&path, files);
            }
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
}

/// The files of the modules that this one declares for its tests alone.
fn test_modules(file: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(file).expect("a Rust file is text");
    let mut modules = Vec::new();
    for declared in text.split("#[cfg(test)]\nmod ").skip(1) {
        let name: String = declared.chars().take_while(|character| *character != ';').collect();
        modules.push(file.with_file_name(format!("{}.rs", name.trim())));
    }
    modules
}

/// The name right below `core/src`.
fn module(file: &Path) -> String {
    let source = root().join("core/src");
    let inside = file.strip_prefix(source).expect("a file of core");
    let first = inside.components().next().expect("a file has a name");
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// The file up to its unit tests.
fn before_tests(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("a Rust file is text");
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

/// The file without its comments and without its unit tests, which may look upwards.
fn code(file: &Path) -> String {
    let text = before_tests(file);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    lines.join("\n")
}

fn words(code: &str) -> BTreeSet<&str> {
    code.split(|character: char| !character.is_alphanumeric() && character != '_').collect()
}

/// The modules that follow `crate::`, alone or as the first names in braces.
fn named_after_crate(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            names.extend(first_word(rest));
            continue;
        };
        let mut depth = 0;
        let mut item = String::new();
        for character in group.chars() {
            match character {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    names.extend(first_word(&item));
                    item.clear();
                    continue;
                }
                _ => {}
            }
            item.push(character);
        }
        names.extend(first_word(&item));
    }
    names
}

fn first_word(text: &str) -> Option<String> {
    let word: String =
        text.trim_start().chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
    (!word.is_empty()).then_some(word)
}
