//! `sendas seal` and `sendas delta`, and sealed snapshots in the place of a policy.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::program::{ALICE, root, sendas};

const POLICY: &str = "examples/policy/policy.toml";

/// Seals a policy, and returns the octets.
fn seal(policy: &str, output: &Path, like: &[&str]) -> Vec<u8> {
    let run = sendas(&[&["seal", policy, "-o", output.to_str().unwrap()], like].concat());
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(run.stderr.contains("tenant(s)"), "{run:?}");
    fs::read(output).unwrap()
}

#[test]
fn a_sealed_snapshot_stands_for_its_policy() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("policy.sealed");
    seal(POLICY, &file, &[]);
    let path = file.to_str().unwrap();
    let with = |policy: &str, words: &[&str]| {
        let facts: Vec<&str> = ALICE.iter().map(|&word| if word == POLICY { policy } else { word }).collect();
        let run = sendas(&[words, &facts].concat());
        (run.code, run.stdout)
    };
    for words in [&["evaluate"][..], &["evaluate", "--json"], &["explain"]] {
        assert_eq!(with(path, words), with(POLICY, words));
    }
    let run = sendas(&["check", path]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("a sound sealed snapshot of 3 tenant(s)"), "{run:?}");
    let log = directory.path().join("log");
    let run = sendas(&["admin", "import", "--log", log.to_str().unwrap(), "--policy", path]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("holds no policy text"), "{run:?}");
}

#[test]
fn json_lines_are_sealed_as_they_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    // More text than is read at once, its tenants in another order than that of their ids.
    let line = |number: usize| {
        let account = format!("{{\"id\":\"account-{number}\",\"address\":\"a@d{number}.example\"}}");
        format!("{{\"id\":\"tenant-{number}\",\"account\":[{account}{}]}}", " ".repeat(500))
    };
    let tenants: Vec<String> = (0..2_000).map(|number| line(number * 7 % 2_000)).collect();
    fs::write(at("policy.jsonl"), format!("{{\"schema\":1}}\n{}\n", tenants.join("\n"))).unwrap();
    fs::write(at("policy.json"), format!("{{\"schema\":1,\"tenant\":[{}]}}", tenants.join(","))).unwrap();
    let whole = seal(&at("policy.json"), &directory.path().join("whole"), &[]);
    let lines = seal(&at("policy.jsonl"), &directory.path().join("lines"), &["--like", &at("whole")]);
    assert!(lines == whole);

    fs::write(at("wrong.jsonl"), format!("{{\"schema\":1}}\n{}\n{}\n", tenants.join("\n"), line(7))).unwrap();
    let run = sendas(&["seal", &at("wrong.jsonl"), "-o", &at("none")]);
    assert_eq!(run.code, 2, "{run:?}");
    for shown in
        ["the tenant id `tenant-7` stands twice", "the account id `account-7` stands twice", "wrong.jsonl:2002:7"]
    {
        assert!(run.stderr.contains(shown), "{run:?}");
    }
    assert!(!directory.path().join("none").exists());
}

#[test]
fn a_delta_makes_the_new_file_of_the_old_one() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let text = |name: &str| at(name).to_str().unwrap().to_owned();
    let changed = fs::read_to_string(root().join(POLICY)).unwrap() + "\n[[tenant]]\nid = \"added\"\n";
    fs::write(at("new.toml"), changed).unwrap();
    seal(POLICY, &at("old"), &[]);
    let new = seal(&text("new.toml"), &at("new"), &["--like", &text("old")]);
    let run = sendas(&["delta", &text("old"), &text("new"), "-o", &text("delta")]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(fs::metadata(at("delta")).unwrap().len() < new.len() as u64);
    let run = sendas(&["delta", "--apply", &text("old"), &text("delta"), "-o", &text("applied")]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(fs::read(at("applied")).unwrap(), new);
    for (words, message) in [
        (&["delta", "--apply", &text("new"), &text("delta"), "-o", &text("none")][..], "the delta is for snapshot"),
        (&["delta", "--apply", &text("old"), &text("new"), "-o", &text("none")], "not a delta"),
        (&["delta", &text("new.toml"), &text("new"), "-o", &text("none")], "not a sealed snapshot"),
    ] {
        let run = sendas(words);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(message), "{run:?}");
        assert!(!at("none").exists());
    }
    seal(POLICY, &at("other"), &[]);
    let run = sendas(&["delta", &text("old"), &text("other"), "-o", &text("none")]);
    assert!(run.code == 2 && run.stderr.contains("different hash keys"), "{run:?}");
}

#[test]
fn the_commands_of_the_page_work() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    for name in ["policy.toml", "changed.toml"] {
        fs::copy(root().join(POLICY), at(name)).unwrap();
    }
    let page = fs::read_to_string(root().join("docs/snapshot.md")).unwrap();
    let commands = page.lines().filter_map(|line| line.strip_prefix("sendas ")?.split("  # ").next());
    let mut last = None;
    for command in commands {
        let words: Vec<String> =
            command.split(' ').map(|word| if word.contains('.') { at(word) } else { word.into() }).collect();
        let run = sendas(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(run.code, 0, "{command}: {run:?}");
        last = Some(run);
    }
    assert!(last.is_some_and(|run| run.stdout.contains("a sound sealed snapshot")));
    assert_eq!(fs::read(at("policy.sealed")).unwrap(), fs::read(at("new.sealed")).unwrap());
}

#[test]
fn a_damaged_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("policy.sealed");
    let mut octets = seal(POLICY, &file, &[]);
    let path = file.to_str().unwrap();
    let last = octets.len() - 20;
    octets[last] ^= 1;
    fs::write(&file, &octets).unwrap();
    let run = sendas(&["check", path]);
    assert!(run.code == 2 && run.stderr.contains("damaged"), "{run:?}");
    fs::write(&file, &octets[..last]).unwrap();
    let run = sendas(&["check", path]);
    assert!(run.code == 2 && run.stderr.contains("cut short"), "{run:?}");
}

#[test]
fn of_two_snapshots_the_damaged_one_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let text = |name: &str| at(name).to_str().unwrap().to_owned();
    let tenant =
        |number: usize| format!("{{\"id\":\"tenant-{number}\",\"account\":[{{\"id\":\"account-{number}\"}}]}}");
    let tenants: Vec<String> = (0..2_000).map(tenant).collect();
    fs::write(at("policy.json"), format!("{{\"schema\":1,\"tenant\":[{}]}}", tenants.join(","))).unwrap();
    let mut octets = seal(&text("policy.json"), &at("sound"), &[]);
    assert_eq!(sendas(&["delta", &text("sound"), &text("sound"), "-o", &text("delta")]).code, 0);
    // The middle is of a page, which opening does not read.
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    fs::write(at("damaged"), &octets).unwrap();
    for words in [
        &["delta", &text("damaged"), &text("sound")][..],
        &["delta", &text("sound"), &text("damaged")],
        &["delta", "--apply", &text("damaged"), &text("delta")],
    ] {
        let run = sendas(&[words, &["-o", &text("none")]].concat());
        let named = format!("error: {}: ", at("damaged").display());
        assert!(
            run.code == 2 && run.stderr.starts_with(&named) && run.stderr.contains("the snapshot is damaged"),
            "{run:?}"
        );
        assert!(!at("none").exists());
    }
}

#[test]
fn of_several_that_write_one_file_each_succeeds() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("policy.sealed");
    for _ in 0..8 {
        let seal = || {
            let mut seal = Command::new(env!("CARGO_BIN_EXE_sendas"));
            seal.args(["seal", POLICY, "-o"]).arg(&file).current_dir(root()).stderr(Stdio::null());
            seal.spawn().unwrap()
        };
        let mut sealing: Vec<Child> = (0..4).map(|_| seal()).collect();
        assert!(sealing.iter_mut().all(|child| child.wait().unwrap().success()));
        let run = sendas(&["check", file.to_str().unwrap()]);
        assert_eq!(run.code, 0, "{run:?}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing else is left");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_keeps_its_mode_and_its_links() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let directory = tempfile::tempdir().unwrap();
    let (file, link) = (directory.path().join("policy.sealed"), directory.path().join("link"));
    let old = seal(POLICY, &file, &[]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    symlink("policy.sealed", &link).unwrap();
    let new = seal(POLICY, &link, &[]);
    assert_ne!(new, old, "each has a key of its own");
    assert_eq!(fs::read(&file).unwrap(), new);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn a_file_whose_group_cannot_be_given_is_for_no_group() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    use std::os::unix::process::CommandExt as _;

    const NOBODY: u32 = 65_534;
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let old = seal(POLICY, &at("policy.sealed"), &[]);
    if fs::metadata(at("policy.sealed")).unwrap().uid() != 0 {
        // Only root can make a file of a group that somebody else cannot give.
        return;
    }
    fs::set_permissions(at("policy.sealed"), fs::Permissions::from_mode(0o640)).unwrap();
    chown(directory.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    // Where the project stands, others may not be able to read. What this process has open to write, one of its children may have, too,
    // and then it cannot be run: another process copies it.
    assert!(
        Command::new("cp")
            .args([env!("CARGO_BIN_EXE_sendas").as_ref(), at("sendas").as_path()])
            .status()
            .unwrap()
            .success()
    );
    fs::copy(root().join(POLICY), at("policy.toml")).unwrap();
    let mut command = Command::new(at("sendas"));
    command.args(["seal", "policy.toml", "-o", "policy.sealed"]).current_dir(directory.path());
    let sealed = command.uid(NOBODY).gid(NOBODY).output().unwrap();
    assert!(sealed.status.success(), "{sealed:?}");
    assert_ne!(fs::read(at("policy.sealed")).unwrap(), old);
    let new = fs::metadata(at("policy.sealed")).unwrap();
    assert_eq!((new.uid(), new.gid(), new.mode() & 0o777), (NOBODY, NOBODY, 0o600));
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("link");
    std::os::unix::fs::symlink("none", &link).unwrap();
    let run = sendas(&["seal", POLICY, "-o", link.to_str().unwrap()]);
    assert!(run.code == 2 && run.stderr.starts_with(&format!("error: {}: ", link.display())), "{run:?}");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing else is left");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("socket");
    let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for output in [socket.as_path(), directory.path()] {
        let run = sendas(&["seal", POLICY, "-o", output.to_str().unwrap()]);
        let refused = format!("{}: not a regular file; right would be a file on a disk", output.display());
        assert!(run.code == 2 && run.stderr.contains(&refused), "{run:?}");
        assert!(!output.is_file());
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing else is left");
}
