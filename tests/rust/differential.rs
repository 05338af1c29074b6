//! No reader that others use may see in an allowed From field a mailbox that its sender does not own.
//!
//! The fields stand in `tests/differential/fields.json`, so that the packages for Python and Node ask the readers of their
//! languages about the same ones; `UPDATE=1` makes them again.
#![expect(clippy::expect_used, reason = "a policy that does not compile fails the test")]

use std::path::PathBuf;
use std::{env, fs};

use mail_parser::{Address, MessageParser};
use sendas::policy::Policy;
use sendas::{Channel, EnvelopeSender, HashKey, Header, Options, Request, Snapshot, Timestamp, Verdict};
use sendas_tests::generate::{Choices, OWN, grafted};
use serde_json::{Value, json};

/// How many fields there are.
const FIELDS: u32 = 2000;

/// How many are generated here, and not kept.
const MORE_FIELDS: u32 = 20_000;

#[test]
fn the_fields_for_other_languages_are_those_of_the_generator() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("differential/fields.json");
    let snapshot = snapshot();
    let fields: Vec<Value> = (0..FIELDS)
        .map(|seed| {
            let body = field(seed);
            json!({ "body": body, "allowed": is_allowed(&snapshot, &body) })
        })
        .collect();
    let lines: Vec<String> = fields.iter().map(|field| format!("    {field}")).collect();
    let text = format!(
        "{{\n  \"own\": \"{OWN}\",\n  \"policy\": {},\n  \"fields\": [\n{}\n  ]\n}}\n",
        policy(),
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
    let snapshot = snapshot();
    let mut allowed = 0;
    for seed in 0..MORE_FIELDS {
        let body = field(seed);
        if !is_allowed(&snapshot, &body) {
            continue;
        }
        allowed += 1;
        let read = read(&body);
        assert!(!read.is_empty(), "no address in {body:?}");
        assert!(!read.iter().any(|address| is_others(address)), "{read:?} in {body:?}");
    }
    assert!(allowed > MORE_FIELDS / 20, "only {allowed} fields are allowed");
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

fn snapshot() -> Snapshot {
    let policy = Policy::from_json(policy().to_string()).expect("a policy");
    Snapshot::compile(&policy, &Options::new(HashKey([7; 16]))).expect("a policy without flaws")
}

/// The attacker's account owns one address. The victim is a customer of another server, so that its address in a name
/// does not deny, and only the readers decide.
fn policy() -> Value {
    json!({
        "schema": 1,
        "tenant": [{
            "id": "attacker",
            "header": { "multiple_from": "allow" },
            "account": [{ "id": "mallory", "identity": [{ "address": OWN, "consent": "given" }] }],
        }],
    })
}

fn is_allowed(snapshot: &Snapshot, body: &str) -> bool {
    let mut request = Request::new(Channel::Smtp, Timestamp(1_790_000_000));
    request.account = Some(b"mallory");
    request.smtputf8 = true;
    request.envelope_sender = EnvelopeSender::Path(b"<mallory@attacker.example>");
    let fields: [(&[u8], &[u8]); 2] = [(b"From", body.as_bytes()), (b"Sender", b" mallory@attacker.example")];
    request.header = Header::Fields(&fields);
    snapshot.evaluate(&request).verdict() == Verdict::Allow
}

fn read(body: &str) -> Vec<String> {
    let message = format!("From:{body}\r\n\r\n");
    let parsed = MessageParser::default().parse(&message);
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

/// Whether a reader found a mailbox of someone else. Text without a local part or a domain names nobody: mail-parser
/// loses a quoted local part that stands alone (docs/rfc.md).
fn is_others(address: &str) -> bool {
    let names_somebody =
        address.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    names_somebody && !address.replace(['"', '\\'], "").eq_ignore_ascii_case(OWN)
}
