use std::fs;
use std::path::PathBuf;

use crate::repository;

/// Returns every Markdown file in a folder.
fn documents(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository::root().unwrap().join(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

#[test]
fn links_between_documents_lead_somewhere() {
    let documents = [documents("."), documents("docs")].concat();
    assert!(documents.len() > 10);
    for path in documents {
        let text = fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("https://") {
                continue;
            }
            let file = target.split('#').next().unwrap_or_default();
            assert!(path.parent().unwrap().join(file).exists(), "{} links to `{target}`", path.display());
        }
    }
}
