//! No reader that others use may see in an allowed From field a mailbox that its sender does not own.
//!
//! Asked about are fields of the generator, what the fuzzer saved, and what other projects test, if
//! `SENDAS_OUTSIDE_FIELDS` names a file of it. The packages for Python and Node ask the readers of their languages about
//! the same; generated fields stand for them in `tests/differential/fields.json`, which `UPDATE=1` makes again.
#![expect(clippy::expect_used, reason = "a policy that does not compile fails the test")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use mail_parser::{Address, MessageParser};
use sendas::policy::Policy;
use sendas::{
    Channel, Decision, EnvelopeSender, HashKey, Header, Options, Reason, Request, Snapshot, Timestamp, Verdict,
};
use sendas_tests::generate::{Choices, OWN, grafted};
use sendas_tests::vector_files::root;
use serde_json::{Value, json};

/// How many fields there are.
const FIELDS: u32 = 2000;

/// How many are generated here, and not kept.
const MORE_FIELDS: u32 = 20_000;

#[test]
fn the_fields_for_other_languages_are_those_of_the_generator() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("differential/fields.json");
    let snapshot = snapshot(&own());
    let fields: Vec<Value> = (0..FIELDS)
        .map(|seed| {
            let body = field(seed);
            let allowed = decide(&snapshot, &header(&body)).verdict() == Verdict::Allow;
            json!({ "body": body, "allowed": allowed })
        })
        .collect();
    let lines: Vec<String> = fields.iter().map(|field| format!("    {field}")).collect();
    let text = format!(
        "{{\n  \"own\": \"{OWN}\",\n  \"policy\": {},\n  \"fields\": [\n{}\n  ]\n}}\n",
        policy(&own()),
        lines.join(",\n")
    );
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).expect("written");
    }
    let stored = fs::read_to_string(&path).expect("the fields");
    assert!(stored == text, "`{}` is not what the generator makes; run this with UPDATE=1", path.display());
}

#[test]
fn mail_parser_reads_no_other_mailbox_in_an_allowed_field() {
    let snapshot = snapshot(&own());
    let mut allowed = 0;
    for seed in 0..MORE_FIELDS {
        let block = header(&field(seed));
        if decide(&snapshot, &block).verdict() == Verdict::Allow {
            allowed += 1;
            check(&block, &own());
        }
    }
    assert!(allowed > MORE_FIELDS / 20, "only {allowed} fields are allowed");
}

#[test]
fn mail_parser_reads_no_other_mailbox_in_what_the_fuzzer_saved() {
    let allowed = check_all(&saved());
    assert!(allowed >= 20, "only {allowed} are allowed");
}

#[test]
fn mail_parser_reads_no_other_mailbox_in_what_other_projects_test() {
    let Some(path) = env::var_os("SENDAS_OUTSIDE_FIELDS") else {
        // Written past the test harness, which shows what a passing test prints only when asked.
        let reason = "SENDAS_OUTSIDE_FIELDS names no file; `cargo xtask corpora FOLDER --fields FILE` writes one";
        writeln!(std::io::stdout(), "SKIPPED outside From fields: {reason}").expect("standard output is open");
        return;
    };
    let texts: Vec<String> = serde_json::from_slice(&fs::read(path).expect("the file")).expect("a list of texts");
    let octets = |text: &String| text.chars().map(|octet| u8::try_from(octet).expect("an octet")).collect();
    let blocks: Vec<Vec<u8>> = texts.iter().map(octets).collect();
    let allowed = check_all(&blocks);
    assert!(allowed > blocks.len() / 4, "only {allowed} are allowed");
}

/// The inputs of the fuzz targets that read a header or a From field, as headers.
fn saved() -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    for target in ["names", "read_block", "read_field"] {
        for kind in ["corpus", "regressions"] {
            let Ok(entries) = fs::read_dir(root().join("fuzz").join(kind).join(target)) else { continue };
            for entry in entries {
                let octets = fs::read(entry.expect("the folder can be read").path()).expect("an input");
                let is_header = target == "read_block";
                blocks.push(if is_header { octets } else { [b"From:", &*octets, b"\r\n"].concat() });
            }
        }
    }
    blocks
}

/// Checks every header that some account may send, and returns how many there are.
fn check_all(blocks: &[Vec<u8>]) -> usize {
    let mut count = 0;
    for block in blocks {
        let has_sender = [b"\n", &**block].concat().to_ascii_lowercase().windows(7).any(|name| name == b"\nsender");
        // Several mailboxes need a Sender field; one that stands there already is left alone.
        let block = if has_sender { block.clone() } else { [SENDER, block].concat() };
        if let Some(own) = needed(&block) {
            check(&block, &own);
            count += 1;
        }
    }
    count
}

fn check(block: &[u8], own: &BTreeSet<String>) {
    let read = read(block);
    let own: BTreeSet<String> = own.iter().map(|address| value(address)).collect();
    // It finds nothing where an IPv6 literal stands without angle brackets (docs/rfc.md).
    let has_literal = block.windows(6).any(|start| start == b"[IPv6:");
    assert!(!read.is_empty() || has_literal, "no address in {}", block.escape_ascii());
    let others: Vec<_> =
        read.iter().filter(|address| names_somebody(address) && !own.contains(&value(address))).collect();
    assert!(others.is_empty(), "{others:?} in {}", block.escape_ascii());
}

/// The addresses that an account must own to send this, as they are spelled; `None` if none suffice.
fn needed(block: &[u8]) -> Option<BTreeSet<String>> {
    let mut own = own();
    loop {
        let decision = decide(&snapshot(&own), block);
        if decision.verdict() == Verdict::Allow {
            return Some(own);
        }
        let before = own.len();
        let lacking = decision.reasons().iter().filter(|finding| finding.reason == Reason::AddressNotOwned);
        own.extend(lacking.filter_map(|finding| {
            let octets = finding.place.octets(&request(block))?;
            Some(String::from_utf8(octets.to_vec()).expect("an address is UTF-8"))
        }));
        if own.len() == before {
            return None;
        }
    }
}

fn field(seed: u32) -> String {
    // xorshift, from a state that differs in many bits for seeds that differ in few.
    let mut state = u64::from(seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let octets: Vec<u8> = (0..64)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[0]
        })
        .collect();
    grafted(&mut Choices::new(&octets))
}

fn header(body: &str) -> Vec<u8> {
    [SENDER, b"From:", body.as_bytes(), b"\r\n"].concat()
}

fn own() -> BTreeSet<String> {
    BTreeSet::from([OWN.to_owned()])
}

fn snapshot(own: &BTreeSet<String>) -> Snapshot {
    let policy = Policy::from_json(policy(own).to_string()).expect("a policy");
    Snapshot::compile(&policy, &Options::new(HashKey([7; 16]))).expect("a policy without flaws")
}

/// The attacker's account owns these addresses. The victim is a customer of another server, so that its address in a
/// name does not deny, and only the readers decide.
fn policy(own: &BTreeSet<String>) -> Value {
    let identities: Vec<Value> = own.iter().map(|address| json!({ "address": address, "consent": "given" })).collect();
    json!({
        "schema": 1,
        "tenant": [{
            "id": "attacker",
            "header": { "multiple_from": "allow" },
            "account": [{ "id": "mallory", "identity": identities }],
        }],
    })
}

fn decide(snapshot: &Snapshot, block: &[u8]) -> Decision {
    snapshot.evaluate(&request(block))
}

fn request(block: &[u8]) -> Request<'_> {
    let mut request = Request::new(Channel::Smtp, Timestamp(1_790_000_000));
    request.account = Some(b"mallory");
    request.smtputf8 = true;
    request.envelope_sender = EnvelopeSender::Path(b"<mallory@attacker.example>");
    request.header = Header::Block(block);
    request
}

fn read(block: &[u8]) -> Vec<String> {
    let parsed = MessageParser::default().parse(block);
    let from = parsed.as_ref().and_then(|message| message.from());
    from.map_or_else(Vec::new, |from| match from {
        Address::List(list) => list.iter().filter_map(|one| one.address.as_deref()).map(str::to_owned).collect(),
        Address::Group(groups) => groups
            .iter()
            .flat_map(|group| &group.addresses)
            .filter_map(|one| one.address.as_deref())
            .map(str::to_owned)
            .collect(),
    })
}

/// Text without a local part or a domain names nobody: mail-parser loses a quoted local part that stands alone
/// (docs/rfc.md).
fn names_somebody(address: &str) -> bool {
    address.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

/// An address as it compares, however it is quoted.
fn value(address: &str) -> String {
    address.replace(['"', '\\'], "").to_lowercase()
}

const SENDER: &[u8] = b"Sender: mallory@attacker.example\r\n";
