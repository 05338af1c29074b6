//! `sendas schema`, `completions` and `man`, and the README's commands.

use std::fs;

use crate::program::{root, sendas};

#[test]
fn the_schema_is_the_committed_one() {
    let run = sendas(&["schema"]);
    assert_eq!(run.code, 0);
    assert_eq!(run.stdout, fs::read_to_string(root().join("tests/schema/policy.schema.json")).unwrap());
}

#[test]
fn each_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = sendas(&["completions", shell]);
        assert_eq!(run.code, 0);
        for option in ["unquoted-sender", "observations", "candidate", "zone", "least"] {
            assert!(run.stdout.contains(option), "{shell}: {option}: {}", run.stdout);
        }
    }
}

#[test]
fn each_command_has_a_page() {
    assert!(sendas(&["man"]).stdout.contains(".TH sendas 1"));
    let directory = tempfile::tempdir().unwrap();
    let run = sendas(&["man", directory.path().to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    let commands = [
        "evaluate",
        "explain",
        "check",
        "seal",
        "delta",
        "schema",
        "admin",
        "admin-preregister",
        "observe",
        "preflight",
        "coverage",
    ];
    for page in ["sendas".to_owned()].into_iter().chain(commands.map(|command| format!("sendas-{command}"))) {
        let page = fs::read_to_string(directory.path().join(page).with_extension("1")).unwrap();
        assert!(page.contains(".SH NAME"), "{page}");
    }
    assert_eq!(sendas(&["man", "none/such"]).code, 2);
}

#[test]
fn the_commands_of_the_readme_work() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap().replace("\\\n", " ");
    let commands: Vec<&str> = readme.lines().filter_map(|line| line.trim().strip_prefix("cargo run -- ")).collect();
    assert!(!commands.is_empty());
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches(['\'', '"'])).collect();
        let run = sendas(&words);
        assert_eq!(run.code, 0, "{command}: {run:?}");
    }
}

#[test]
fn bad_words_exit_with_2() {
    for words in [&["decide"][..], &[], &["evaluate"], &["completions", "sh"]] {
        assert_eq!(sendas(words).code, 2, "{words:?}");
    }
}
