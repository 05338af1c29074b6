//! Holds the sources to `docs/architecture.md`, and the documents to the files they name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::repository;

fn root() -> PathBuf {
    repository::root().unwrap()
}

/// Returns every file below a folder with this extension, sorted, with its text.
fn files(folder: &Path, extension: &str) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.append(&mut files(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            let text = fs::read_to_string(&path).unwrap();
            found.insert(path, text);
        }
    }
    found
}

/// Reads the rows `| 0 vocabulary | `time` `net` … |` into module and layer.
fn layers() -> BTreeMap<String, u32> {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let mut layers = BTreeMap::new();
    for row in text.lines() {
        let mut cells = row.split('|').map(str::trim).skip(1);
        let layer = cells.next().and_then(|cell| cell.split(' ').next()?.parse().ok());
        let (Some(layer), Some(modules)) = (layer, cells.next()) else { continue };
        for module in modules.split('`').skip(1).step_by(2) {
            assert_eq!(layers.insert(module.to_owned(), layer), None, "`{module}` stands in two layers");
        }
    }
    layers
}

/// Returns the module below `core/src` that a file belongs to: `policy` for `policy/tenant.rs`.
fn module(path: &Path) -> String {
    let inner = path.strip_prefix(root().join("core/src")).unwrap();
    Path::new(inner.components().next().unwrap().as_os_str()).file_stem().unwrap().to_string_lossy().into_owned()
}

/// Returns the code of a file: without comments, and without the tests at its end.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_module_of_core_has_a_layer_and_every_layer_its_modules() {
    let mut modules: Vec<_> = files(&root().join("core/src"), "rs").keys().map(|path| module(path)).collect();
    modules.retain(|name| name != "lib");
    modules.dedup();
    assert_eq!(modules, layers().into_keys().collect::<Vec<_>>());
}

#[test]
fn no_module_of_core_uses_a_layer_above_its_own() {
    let layers = layers();
    for (path, text) in files(&root().join("core/src"), "rs") {
        let Some(own) = layers.get(&module(&path)) else { continue };
        for rest in code(&text).split("crate::").skip(1) {
            let used: String =
                rest.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect();
            if let Some(layer) = layers.get(&used) {
                assert!(layer <= own, "{} (layer {own}) uses `{used}` (layer {layer})", path.display());
            }
        }
    }
}

#[test]
fn serde_stands_in_wire_only() {
    for (path, text) in files(&root().join("core/src"), "rs") {
        assert!(module(&path) == "wire" || !code(&text).contains("serde"), "{}", path.display());
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let root = root();
    let mut documents = files(&root.join("docs"), "md");
    for entry in fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            documents.insert(path.clone(), fs::read_to_string(&path).unwrap());
        }
    }
    assert!(documents.len() > 5);
    for (path, text) in documents {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("https://") {
                continue;
            }
            let file = target.split('#').next().unwrap_or_default();
            assert!(path.parent().unwrap().join(file).exists(), "{} links to `{target}`", path.display());
        }
    }
}
