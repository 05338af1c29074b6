//! `sendas observe`, `preflight`, `coverage` and `admin preregister`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Run, sendas, sendas_with_input};

const NOW: &str = "2026-12-02T00:00:00Z";
const PROVIDER: &str = r#"{"kind":"provider","name":"test"}"#;
const SWITCH: &str = r#"{"command":"switch_sender_auth","tenant":"acme","mode":"enforce"}"#;

const POLICY: &str = r#"
schema = 1
[[tenant]]
id = "acme"
controls = { sender = "monitor", header = "off" }
sender = { grandfathered_until = 2027-01-01T00:00:00Z }
domain = [{ name = "acme.example", status = "verified", senders = ["ann"] }]
account = [{ id = "ann", address = "ann@acme.example" }, { id = "bob", address = "bob@acme.example" }]
[[tenant]]
id = "globex"
domain = [{ name = "globex.example", status = "verified" }]
account = [{ id = "eve", address = "eve@globex.example" }]
"#;

const MAIL_LOG: &str = "\
Dec  1 09:30:00 mx postfix/submission/smtpd[17]: 4F1A2B3C5D: client=a.example[192.0.2.1], sasl_method=PLAIN, sasl_username=ann
Dec  1 09:30:01 mx postfix/qmgr[9]: 4F1A2B3C5D: from=<news@list.example>, size=1234, nrcpt=1 (queue active)
2026-12-01T08:31:00.25Z mx postfix/smtpd[18]: 3ZqVzT4Wf1z2Lk: client=b.example[2001:db8::1], sasl_username=bob
2026-12-01T08:31:01Z mx postfix/qmgr[9]: 3ZqVzT4Wf1z2Lk: from=<eve@globex.example>, size=1234, nrcpt=1 (queue active)
2026-12-01T08:31:02Z mx postfix/smtp[10]: 3ZqVzT4Wf1z2Lk: to=<x@y.example>, status=sent
";

const RECORD: &str = r#"{"now":"2026-12-01T08:00:00Z","channel":"smtp","account":"ann","client_ip":"192.0.2.1","credential":{"kind":"password"},"tls":"starttls","envelope":{"path":"<ann@acme.example>"},"header":{"fields":[["From"," ann@acme.example"]]}}"#;

/// A folder with a policy, a mail log, its observations, and a log of records.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::write(folder.at("policy.toml"), POLICY).unwrap();
        fs::write(folder.at("mail.log"), MAIL_LOG).unwrap();
        let run = folder.observe(&["--into", "observations.jsonl", "mail.log"]);
        assert_eq!(run.code, 0, "{run:?}");
        let (log, policy) = (folder.text("events.jsonl"), folder.text("policy.toml"));
        assert_eq!(sendas(&["admin", "import", "--log", &log, "--policy", &policy, "--now", NOW]).code, 0);
        folder
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    /// Names that end as files do are of this folder.
    fn run(&self, words: &[&str]) -> Run {
        let is_file = |word: &str| Path::new(word).extension().is_some() && !word.starts_with('{');
        let words: Vec<String> =
            words.iter().map(|word| if is_file(word) { self.text(word) } else { (*word).to_owned() }).collect();
        sendas(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn observe(&self, words: &[&str]) -> Run {
        self.run(&[&["observe", "--year", "2026", "--zone", "+01:00"], words].concat())
    }

    fn preflight(&self, words: &[&str]) -> Run {
        let state = ["--log", "events.jsonl", "--observations", "observations.jsonl", "--now", NOW];
        self.run(&[&["preflight"], &state[..], words].concat())
    }
}

#[test]
fn records_and_mail_logs_are_reduced_to_the_same_tallies() {
    let folder = Folder::new();
    let text = fs::read_to_string(folder.at("observations.jsonl")).unwrap();
    let head: Value = text.lines().next().unwrap().parse().unwrap();
    assert_eq!((&head["schema"], &head["requests"], &head["most"]), (&1.into(), &2.into(), &200_000.into()));
    for line in text.lines().skip(1) {
        let line: Value = line.parse().unwrap();
        assert_eq!(
            line["count"],
            line["tallies"].as_array().unwrap().iter().map(|one| one["count"].as_u64().unwrap()).sum::<u64>()
        );
    }
    // The same log as records, read from standard input among others.
    let records = [
        r#"{"now":"2026-12-01T08:30:01Z","channel":"smtp","account":"ann","client_ip":"192.0.2.1","envelope":{"unquoted":"news@list.example"}}"#,
        r#"{"now":"2026-12-01T08:31:01Z","channel":"smtp","account":"bob","client_ip":"2001:db8::ff","envelope":{"path":"<eve@globex.example>"}}"#,
    ];
    let run = sendas_with_input(&["observe", "-"], records.join("\n").as_bytes());
    assert_eq!((run.code, run.stdout.as_str()), (0, text.as_str()));
    assert!(run.stderr.starts_with("observed 2 message(s) in 2 line(s);"), "{run:?}");
}

#[test]
fn observations_are_added_to_a_file_whole_or_not_at_all() {
    let folder = Folder::new();
    fs::write(folder.at("records.jsonl"), RECORD).unwrap();
    let run = folder.observe(&["--into", "observations.jsonl", "records.jsonl"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("observed 1 message(s)") && run.stderr.contains("of 3 message(s) are kept"), "{run:?}");
    // One log after another, and both at once, come to the same.
    let together = folder.observe(&["records.jsonl", "mail.log"]);
    assert_eq!(together.stdout, fs::read_to_string(folder.at("observations.jsonl")).unwrap());

    fs::write(folder.at("damaged.jsonl"), "{\"schema\":1}\n").unwrap();
    let run = folder.observe(&["--into", "damaged.jsonl", "mail.log"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("1:1: the required key `most` is missing"), "{run:?}");
    assert_eq!(fs::read_to_string(folder.at("damaged.jsonl")).unwrap(), "{\"schema\":1}\n");
}

#[test]
fn observations_that_others_add_meanwhile_are_kept() {
    let folder = Folder::new();
    let (file, records) = (folder.text("observations.jsonl"), folder.text("records.jsonl"));
    fs::write(&records, RECORD).unwrap();
    let add = || {
        let mut observe = Command::new(env!("CARGO_BIN_EXE_sendas"));
        observe.args(["observe", "--into", &file, &records]).stderr(Stdio::null()).spawn().unwrap()
    };
    let lock = fs::File::create(folder.at("observations.jsonl.lock")).unwrap();
    fs4::FileExt::lock(&lock).unwrap();
    let mut adding: Vec<Child> = (0..8).map(|_| add()).collect();
    thread::sleep(Duration::from_millis(200));
    assert!(adding.iter_mut().all(|child| child.try_wait().unwrap().is_none()), "each waits for the lock");
    let more = folder.observe(&["mail.log"]).stdout;
    fs::write(&file, more).unwrap();
    drop(lock);
    assert!(adding.iter_mut().all(|child| child.wait().unwrap().success()));
    let sum = folder.observe(&["--into", "observations.jsonl", "records.jsonl"]);
    assert!(sum.stderr.contains("of 11 message(s) are kept"), "{sum:?}");

    for into in ["/dev/null", "-"] {
        let run = folder.run(&["observe", "--into", into, "records.jsonl"]);
        assert_eq!(run.code, 2);
        assert!(
            run.stderr.contains(&format!("{into}: not a regular file; right would be a file on a disk")),
            "{run:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_observations_waits_for_the_lock_of_the_file() {
    let folder = Folder::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link");
    std::os::unix::fs::symlink(folder.at("observations.jsonl"), &link).unwrap();
    let lock = fs::File::create(folder.at("observations.jsonl.lock")).unwrap();
    fs4::FileExt::lock(&lock).unwrap();
    fs::write(folder.at("records.jsonl"), RECORD).unwrap();
    let mut observe = Command::new(env!("CARGO_BIN_EXE_sendas"));
    observe.args(["observe", "--into"]).args([&link, &folder.at("records.jsonl")]).stderr(Stdio::null());
    let mut adding = observe.spawn().unwrap();
    thread::sleep(Duration::from_millis(200));
    assert!(adding.try_wait().unwrap().is_none(), "it waits for the lock");
    drop(lock);
    assert!(adding.wait().unwrap().success());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1, "no lock stands beside the link");
}

#[cfg(unix)]
#[test]
fn each_line_on_standard_error_is_written_in_one_piece() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixDatagram;

    const END: &[u8] = b"the program has ended";
    let folder = Folder::new();
    let events = fs::read_to_string(folder.at("events.jsonl")).unwrap();
    fs::write(folder.at("torn.jsonl"), events + "{\"torn").unwrap();
    fs::write(folder.at("records.jsonl"), format!("{RECORD}\nno record\n")).unwrap();
    let at = |name: &str| folder.text(name);
    for words in [
        &["evaluate", "--policy", &at("policy.toml"), "--requests", &at("records.jsonl")][..],
        &["observe", "--most", "0", "--year", "2026", &at("records.jsonl"), &at("mail.log")],
        &["admin", "preregister", "--log", &at("torn.jsonl"), "--observations", &at("observations.jsonl")],
    ] {
        // Each write is a datagram.
        let (write, read) = UnixDatagram::pair().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sendas"));
        command.args(words).stdout(Stdio::null()).stderr(OwnedFd::from(write.try_clone().unwrap()));
        let mut running = command.spawn().unwrap();
        let ended = thread::spawn(move || (running.wait(), write.send(END)));
        let (mut piece, mut lines) = ([0; 4096], 0);
        loop {
            let octets = read.recv(&mut piece).unwrap();
            if &piece[..octets] == END {
                break;
            }
            let piece = String::from_utf8_lossy(&piece[..octets]);
            assert!(piece.ends_with('\n') && piece.lines().count() == 1, "{words:?}: {piece:?}");
            lines += 1;
        }
        let (_code, sent) = ended.join().unwrap();
        assert_eq!(sent.unwrap(), END.len());
        assert!(lines >= 2, "{words:?}");
    }
}

#[test]
fn lines_that_are_not_understood_are_shown_and_counted() {
    let folder = Folder::new();
    let long = "x".repeat(10_000_000);
    let hostile = [
        MAIL_LOG.as_bytes(),
        b"\0\xff\xfe\x1b[31m\n",
        long.as_bytes(),
        b"\n{\"now\":1}\n",
        RECORD.as_bytes(),
        b"\ncut",
    ]
    .concat();
    fs::write(folder.at("hostile.log"), hostile).unwrap();
    let run = folder.observe(&["hostile.log"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let said: Vec<&str> = run.stderr.lines().collect();
    assert!(
        said[0].contains("hostile.log:6: no line of syslog") && said[0].ends_with(": \\0\\xff\\xfe\\u{1b}[31m"),
        "{said:?}"
    );
    assert!(said[1].contains("hostile.log:7: the line is too long; right would be at most 8388608 octets"), "{said:?}");
    assert!(said[2].contains("hostile.log:8: column 1: the member `channel` is missing; it is required"), "{said:?}");
    assert!(said[3].contains("hostile.log:10: no line of syslog"), "{said:?}");
    assert_eq!(
        said[4],
        "observed 3 message(s) in 10 line(s); 1 line(s) say nothing of a message, 4 are not understood"
    );
    assert!(run.stdout.starts_with(r#"{"schema":1,"most":200000,"requests":3,"#));

    let many = "garbage\n".repeat(1000);
    let run = sendas_with_input(&["observe", "-"], many.as_bytes());
    assert_eq!(run.stderr.lines().filter(|line| line.contains("no line of syslog")).count(), 10);
    assert!(run.stderr.contains("1000 are not understood"), "{run:?}");
}

#[test]
fn a_year_is_asked_for_where_it_is_needed() {
    let run = sendas_with_input(&["observe", "-"], MAIL_LOG.as_bytes());
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("-: line 1: a timestamp without a year; right would be `--year`"), "{run:?}");
    for words in [
        &["observe"][..],
        &["observe", "--year", "99", "-"],
        &["observe", "--zone", "CET", "-"],
        &["observe", "none/such"],
    ] {
        assert_eq!(sendas(words).code, 2, "{words:?}");
    }
}

#[test]
fn no_more_is_kept_than_asked_for_and_that_is_said() {
    let folder = Folder::new();
    let run = folder.observe(&["--most", "3", "mail.log"]);
    assert_eq!(run.code, 0);
    assert_eq!(run.stdout.lines().count(), 4);
    assert!(run.stderr.contains("warning: 3 fact(s) of the senders are in no tally; 3 are kept"), "{run:?}");
}

#[test]
fn a_command_is_foreseen_and_nothing_is_written() {
    let folder = Folder::new();
    let log = fs::read(folder.at("events.jsonl")).unwrap();
    let run = folder.preflight(&[SWITCH]);
    assert_eq!(run.code, 1, "{run:?}");
    let shown: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(shown[0], "begins to be denied: 1 fact(s)");
    let cells: Vec<&str> = shown[2].split_whitespace().collect();
    assert_eq!(
        cells,
        ["ann", "smtp", "envelope_sender", "news@list.example", "1", "2026-12-01T08:30:01Z", NOW, "address_not_owned"]
    );
    assert_eq!(shown.last(), Some(&"not clear"));
    let json = folder.preflight(&["--json", SWITCH]);
    assert_eq!((json.code, &json.json()["changes"][0]["turn"]), (1, &"denied".into()));
    assert_eq!(fs::read(folder.at("events.jsonl")).unwrap(), log);

    let clear = folder.preflight(&[r#"{"command":"set_recheck","after":0}"#]);
    assert_eq!(clear.code, 0, "{clear:?}");
    assert!(clear.stdout.ends_with("clear: nothing that was seen begins to be denied\n"), "{clear:?}");

    let member = r#"{"kind":"member","account":"ann"}"#;
    let refused = folder.preflight(&["--actor", member, SWITCH]);
    assert_eq!(refused.code, 3);
    assert!(refused.stdout.starts_with("refused: "), "{refused:?}");
    assert_eq!(folder.preflight(&["--actor", member, "--json", SWITCH]).json()["refusal"], "permission_missing");
}

#[test]
fn policies_are_compared_and_deadlines_looked_out_for() {
    let folder = Folder::new();
    fs::write(folder.at("candidate.toml"), POLICY.replace("monitor", "enforce")).unwrap();
    let state = ["preflight", "--observations", "observations.jsonl", "--now", NOW, "--json", "--policy"];
    let run = folder.run(&[&state[..], &["policy.toml", "--candidate", "candidate.toml"]].concat());
    assert_eq!((run.code, &run.json()["changes"][0]["fact"]["address"]), (1, &"news@list.example".into()), "{run:?}");

    let deadline = r#"{ mode = "enforce", from = 2026-12-24T00:00:00Z }"#;
    fs::write(folder.at("deadline.toml"), POLICY.replace("\"monitor\"", deadline)).unwrap();
    let run = folder.run(&[&state[..], &["deadline.toml", "--outlook"]].concat());
    assert_eq!((run.code, &run.json()["changes"][0]["from"]), (1, &"2026-12-24T00:00:00Z".into()), "{run:?}");

    for wrong in [
        &["policy.toml"][..],
        &["policy.toml", "--outlook", SWITCH],
        &["policy.toml", "--log", "events.jsonl", SWITCH],
        &["policy.toml", "{}"],
    ] {
        let run = folder.run(&[&state[..], wrong].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{wrong:?}: {run:?}");
    }
}

#[test]
fn what_is_in_use_is_preregistered_by_commands_that_can_be_given() {
    let folder = Folder::new();
    let words = ["admin", "preregister", "--log", "events.jsonl", "--observations", "observations.jsonl", "--now", NOW];
    let log = fs::read(folder.at("events.jsonl")).unwrap();
    let dry = folder.run(&words);
    assert_eq!(dry.code, 0, "{dry:?}");
    let commands: Vec<Value> = dry.stdout.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(commands[0]["command"], "preregister");
    assert_eq!((&commands[1]["command"], &commands[1]["address"]), (&"alert".into(), &"eve@globex.example".into()));
    assert!(dry.stderr.starts_with("left out: bob as eve@globex.example: "), "{dry:?}");
    assert!(dry.stderr.ends_with(": 1 to pre-register, 1 left out, 1 to alert\n"), "{dry:?}");
    assert_eq!(fs::read(folder.at("events.jsonl")).unwrap(), log);
    assert_eq!(folder.run(&[&words[..], &["--least", "2"]].concat()).stdout, "");
    assert_eq!(folder.run(&[&words[..], &["--tenant", "globex"]].concat()).stdout, "");

    let give = ["admin", "give", "--actor", PROVIDER, "--now", NOW, "--lines", "--log", &folder.text("events.jsonl")];
    let unread = sendas_with_input(&give, [dry.stdout.as_bytes(), b"{}\n"].concat().as_slice());
    assert_eq!(unread.code, 2);
    assert!(unread.stderr.contains("line 3, 1:1: the required key `command` is missing"), "{unread:?}");
    assert_eq!(fs::read(folder.at("events.jsonl")).unwrap(), log);
    let given = sendas_with_input(&give, dry.stdout.as_bytes());
    assert_eq!(given.code, 0, "{given:?}");
    assert_eq!(given.stdout.lines().filter(|line| line.starts_with(r#"{"outcome":"changed""#)).count(), 2);
    let refused = sendas_with_input(
        &give,
        format!("{SWITCH}\n{}\n{SWITCH}\n", r#"{"command":"remove_role","tenant":"acme","name":"x"}"#).as_bytes(),
    );
    assert_eq!(refused.code, 1);
    assert_eq!(refused.stdout.lines().count(), 3);

    // Everything was done, so that nothing is left to give.
    assert_eq!(folder.run(&words).stdout, "");
    let other = Folder::new();
    let given = other.run(&[&words[..], &["--give", "--name", "night shift"]].concat());
    assert_eq!(given.code, 0, "{given:?}");
    assert!(given.stdout.contains(r#""by":{"kind":"provider","name":"night shift"}"#), "{given:?}");
    let foreseen = other.preflight(&["--json", SWITCH]);
    assert_eq!(foreseen.json()["changes"][0]["from"], "2027-01-01T00:00:00Z");
}

#[test]
fn coverage_names_who_was_never_seen() {
    let folder = Folder::new();
    let words = ["coverage", "--log", "events.jsonl", "--observations", "observations.jsonl", "--now", NOW];
    let run = folder.run(&words);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("\nnever seen of globex: eve\n"), "{run:?}");
    let all = run.stdout.lines().find(|line| line.starts_with("  all tenants")).unwrap();
    assert!(all.contains("2 of 3") && all.contains("2 (100.0%)"), "{all}");
    let json = folder.run(&[&words[..], &["--json"]].concat()).json();
    assert_eq!(json["total"]["envelope_sender"]["unauthorised"], 2);
    assert_eq!(json["tenants"][1]["never_seen"][0], "eve");
}
