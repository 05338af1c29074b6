//! Files that were sealed once: those of this version of the format are what this program seals still, and open; those of older
//! versions are refused by name. Neither features nor platforms change an octet.
//!
//! `tests/sealed` has a folder for each version. A file of another build must never be opened as one of this one, so whatever
//! moves an octet needs the next version, and a folder of its own, which `UPDATE=1` writes. It writes no file that is there: where a
//! policy of the vectors, the public suffix list or Unicode has changed, and the format has not, the files are deleted first. Of a
//! version that is past, the smallest snapshot and its delta stay.
#![expect(clippy::expect_used, reason = "a file that cannot be read fails the test")]

#[path = "vectors/read.rs"]
mod read;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use sendas::address::Scope;
use sendas::policy::{
    Account, Consent, Deny, Domain, DomainStatus, Identity, IdentityStatus, Names, Policy, Separator, Tenant,
};
use sendas::{Address, DeltaError, DomainName, HashKey, OpenError, Options, Snapshot, Stage, Timestamp};
use sendas_tests::generate::numbered;
use sendas_tests::vector_files::{members, root};
use serde_json::{Value, json};

/// The version of the format that this program writes.
const VERSION: u32 = 11;

/// The policies of vectors, by file and name, that together have every record of a page.
const POLICIES: [(&str, &str); 16] = [
    ("allowlist", "office"),
    ("canonical", "forms"),
    ("credential", "keys"),
    ("credential", "switched"),
    ("deny", "denies"),
    ("domain", "approval"),
    ("domain", "domains"),
    ("hosted_attacks", "dated"),
    ("hosted_attacks", "relay"),
    ("identity", "identities"),
    ("modes", "actions"),
    ("modes", "modes"),
    ("protection", "boxes"),
    ("session", "offices"),
    ("subusers", "family"),
    ("subusers", "modes"),
];

#[test]
fn the_octets_are_those_of_this_version() {
    let differing: Vec<&str> =
        TODAY.iter().filter(|(name, octets)| stored(VERSION, name) != *octets).map(|(name, _)| name.as_str()).collect();
    assert!(
        differing.is_empty(),
        "{differing:?} in `tests/sealed/version-{VERSION}` differ from what is sealed now: what moves an octet needs the next \
         version of the format; the head of this test says when it does not"
    );
}

#[test]
fn an_opened_file_decides_as_the_vectors_say() {
    let mut decided = 0;
    for (theme, name) in POLICIES {
        let opened = Snapshot::open(stored(VERSION, &format!("{theme}.{name}.snapshot"))).expect("it is opened");
        assert_eq!(opened.verify(), Ok(()));
        decided += decides_as_the_vectors_say(&opened, theme, name);
    }
    let family = Snapshot::open(stored(VERSION, "subusers.family.snapshot")).expect("it is opened");
    let modes = family.apply_delta(&stored(VERSION, "subusers.delta")).expect("the delta is of this snapshot");
    assert_eq!(modes.seal(), Ok(stored(VERSION, "subusers.modes.snapshot")));
    decided += decides_as_the_vectors_say(&modes, "subusers", "modes");
    assert!(decided > 400, "{decided} vectors");
}

#[test]
fn a_file_of_another_version_is_refused_by_name() {
    let mut refused = BTreeSet::new();
    for version in versions() {
        let snapshot = Snapshot::open(stored(version, "subusers.family.snapshot")).map(|snapshot| snapshot.id());
        let base = compile(&policy("subusers", "family"));
        let delta = base.apply_delta(&stored(version, "subusers.delta")).map(|snapshot| snapshot.id());
        if version == VERSION {
            assert_eq!(snapshot, Ok(base.id()));
            assert_eq!(delta, Ok(compile(&policy("subusers", "modes")).id()));
            continue;
        }
        assert_eq!(snapshot, Err(OpenError::Version { found: version, supported: VERSION }));
        assert_eq!(delta, Err(DeltaError::Version { found: version, supported: VERSION }));
        assert_eq!(
            snapshot.expect_err("it is refused").to_string(),
            format!(
                "sealed in version {version} of the format, and this program reads version {VERSION}; seal the policy again \
                 with it"
            )
        );
        refused.insert(version);
    }
    assert!(refused.is_superset(&BTreeSet::from([5, 6, 7, 8, 9, 10])), "{refused:?}");
}

/// Decides every vector of a policy, and returns how many there are.
fn decides_as_the_vectors_say(opened: &Snapshot, theme: &str, name: &str) -> usize {
    let file = vectors(theme);
    let vectors = file["vectors"].as_array().into_iter().flatten().filter(|vector| vector["policy"] == name);
    let decided = vectors.map(|vector| {
        let stage = Stage::ALL.into_iter().find(|stage| vector["stage"] == stage.name()).expect("a stage");
        let request = read::read(&vector["request"]).expect("a request");
        let decision = request.with_request(|request| opened.evaluate_stage(request, stage));
        let findings = decision.reasons().iter();
        let reasons: Vec<Value> = findings
            .map(|finding| json!({ "reason": finding.reason.slug(), "subject": finding.place.subject.name() }))
            .collect();
        assert_eq!(decision.verdict().name(), vector["expect"]["verdict"], "{}", vector["id"]);
        assert_eq!(json!(reasons), vector["expect"]["reasons"], "{}", vector["id"]);
    });
    decided.count()
}

/// What is sealed now, by the names of its files; with `UPDATE=1`, those that are not there are written.
static TODAY: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let sealed = |policy: &Policy| compile(policy).seal().expect("a compiled snapshot is sealed");
    let of_vectors =
        POLICIES.iter().map(|(theme, name)| (format!("{theme}.{name}.snapshot"), sealed(&policy(theme, name))));
    let mut files: Vec<(String, Vec<u8>)> = of_vectors.collect();
    let (family, modes) = (compile(&policy("subusers", "family")), compile(&policy("subusers", "modes")));
    files.push(("subusers.delta".to_owned(), family.delta(&modes).expect("two snapshots of one key")));
    // A large file by its head, which has the checksum of the checksums of all its blocks.
    for (name, policy) in [("long", long()), ("wide", wide()), ("crowded", crowded())] {
        let sealed = sealed(&policy);
        assert!(sealed.len() > 512 * 1024, "{name}: {} octets", sealed.len());
        files.push((format!("{name}.head"), sealed[..HEAD].to_vec()));
    }
    let folder = folder().join(format!("version-{VERSION}"));
    if env::var_os("UPDATE").is_some() {
        fs::create_dir_all(&folder).expect("the folder can be made");
        for (name, octets) in files.iter().filter(|(name, _)| !folder.join(name).exists()) {
            fs::write(folder.join(name), octets).expect("the file can be written");
        }
    }
    files
});

fn stored(version: u32, name: &str) -> Vec<u8> {
    LazyLock::force(&TODAY);
    fs::read(folder().join(format!("version-{version}")).join(name)).expect("a file that `UPDATE=1` writes")
}

/// The versions of which there are files.
fn versions() -> Vec<u32> {
    let entries = fs::read_dir(folder()).expect("the folder of sealed files is there");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names
        .map(|name| name.strip_prefix("version-").and_then(|version| version.parse().ok()).expect("a version"))
        .collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sealed")
}

fn vectors(theme: &str) -> Value {
    let path = root().join(format!("tests/vectors/{theme}.json"));
    fs::read_to_string(path).expect("the vectors are there").parse().expect("they are JSON")
}

fn policy(theme: &str, name: &str) -> Policy {
    let file = vectors(theme);
    assert!(members(&file["policies"]).any(|member| member == name), "`{theme}` has no policy `{name}`");
    Policy::from_json(file["policies"][name].to_string()).expect("a policy")
}

fn compile(policy: &Policy) -> Snapshot {
    Snapshot::compile(policy, &Options::new(HashKey([7; 16]))).expect("a sound policy")
}

/// One tenant whose page is longer than half a word can say, so that identities refer further than that, with more accounts than
/// the lowest bits of a number hold, and addresses that many accounts have.
fn long() -> Policy {
    let mut tenant = Tenant::new("long");
    tenant.domains.push(verified("long.example"));
    for number in 0..4_500 {
        let mut account = Account::new(format!("account-{number}"));
        account.address = Some(address(&format!("account-{number}@long.example")));
        for at in
            [format!("account-{number}@elsewhere-{}.test", number % 300), format!("team-{}@all.test", number % 50)]
        {
            let mut identity = Identity::new(address(&at));
            identity.consent = Some(if number % 7 == 0 { Consent::Pending } else { Consent::Given });
            account.identities.push(identity);
        }
        tenant.accounts.push(account);
    }
    let mut policy = Policy::default();
    policy.tenants.push(tenant);
    policy
}

/// Tenants of many sizes: without a table of their own, with one of domains, and with many deny entries, at whose own addresses
/// other tenants have identities.
fn wide() -> Policy {
    let mut policy = Policy::default();
    for number in 0..900 {
        let name = format!("wide-{number}.example");
        let mut tenant = Tenant::new(format!("wide-{number}"));
        tenant.domains.push(verified(&name));
        tenant.domains.extend((0..number % 9).map(|domain| verified(&format!("d{domain}.{name}"))));
        for seat in 0..number % 17 {
            let mut account = Account::new(format!("seat-{seat}@{name}"));
            account.address = Some(address(&account.id));
            tenant.accounts.push(account);
            let mut identity = Identity::new(address(&format!("seat-{seat}@wide-{}.example", (number + 1) % 900)));
            identity.status = IdentityStatus::Verified;
            identity.since = (seat % 3 == 0).then_some(SINCE);
            tenant.identities.push(identity);
        }
        let denied = (0..number % 40).map(|entry| Deny {
            scope: Scope::Domain(DomainName::parse(&format!("denied-{entry}.test")).expect("a domain")),
            note: String::new(),
        });
        tenant.denies.extend(denied);
        policy.tenants.push(tenant);
    }
    policy
}

/// Many records under one key: own addresses of one base, counted and not, tenants with one parent, domains of one name, verified and
/// suspended, and own addresses that an entry above would prove, some of which another tenant stops.
fn crowded() -> Policy {
    let mut policy = Policy::default();
    for (id, entry) in [("counted", Some("counted.example")), ("uncounted", None)] {
        let mut tenant = Tenant::new(id);
        tenant.domains.extend(entry.map(verified));
        for number in 0..5_000 {
            let (local, domain) = (format!("team-{}", number % 3), format!("{id}.example"));
            tenant.accounts.push(numbered(id, (&local, &domain), number));
        }
        policy.tenants.push(tenant);
    }
    for number in 0..1_000 {
        let mut tenant = Tenant::new(format!("heir-{number}"));
        tenant.parent = Some("counted".to_owned());
        if number < 30 {
            tenant.domains.push(verified(&format!("of{number}.kept.example")));
            if number % 3 == 0 {
                tenant.domains.push(verified("sub.shared.example"));
            }
        }
        let mut shared = verified("shared.example");
        (shared.subdomains, shared.separator) = (number % 2 == 0, (number % 5 == 0).then_some(Separator::Plus));
        tenant.domains.push(shared);
        let mut suspended = verified("suspended.example");
        suspended.status = if number % 100 == 7 { DomainStatus::Vouched } else { DomainStatus::Suspended };
        tenant.domains.push(suspended);
        if number % 2 == 0 && number % 5 != 0 {
            tenant.accounts.push(numbered("heir", ("team", "sub.shared.example"), number));
        }
        policy.tenants.push(tenant);
    }
    let mut keeping = Tenant::new("keeping");
    keeping.domains.push(verified("kept.example"));
    keeping.domains[0].subdomains = true;
    for number in 0..30 {
        keeping.accounts.push(numbered("kept", ("joe", &format!("of{number}.kept.example")), number));
    }
    policy.tenants.push(keeping);
    policy
}

fn verified(name: &str) -> Domain {
    let mut domain = Domain::new(DomainName::parse(name).expect("a domain"));
    domain.status = DomainStatus::Verified;
    domain.senders = Names::Any;
    domain.since = Some(SINCE);
    domain
}

fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

/// When entries came into their state, of those that say so.
const SINCE: Timestamp = Timestamp(1_796_083_200);
/// The octets of the head of a snapshot.
const HEAD: usize = 224;
