//! Each problem that may stand between objects, found where it is.

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use super::build::RecordBuilder;
use super::path::Path;
use crate::policy::{ChannelSet, Mode, Policy, PolicyProblem, ProblemKind, RefusedKind, Tenant};
use crate::request::CredentialKind;
use crate::time::Timestamp;

/// Returns what `check` finds in a policy with these tenants, as `path: kind`.
fn problems(tenants: &str) -> Vec<String> {
    let text = format!(r#"{{"schema":1,"tenant":[{tenants}]}}"#);
    let tree = super::json::read(&text, 0).unwrap();
    let mut builder = RecordBuilder::new(&Path::default());
    let policy = builder.policy(&tree);
    assert!(builder.reports.is_empty(), "{:?}", builder.reports);
    policy.check().iter().map(shown).collect()
}

fn shown(problem: &PolicyProblem) -> String {
    let text = problem.to_string();
    let (path, _) = text.split_once(": ").unwrap();
    let kind = format!("{:?}", problem.kind);
    let end = kind.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(kind.len());
    format!("{path}: {}", &kind[..end])
}

#[test]
fn each_problem_is_found_where_it_is() {
    let long = "x".repeat(129);
    for (tenants, expected) in [
        (r#"{"id":"a"},{"id":"b"},{"id":"a"}"#.to_string(), "tenant[2].id: DuplicateTenant"),
        (r#"{"id":""}"#.to_string(), "tenant[0].id: EmptyId"),
        (format!(r#"{{"id":"{long}"}}"#), "tenant[0].id: IdTooLong"),
        (r#"{"id":"a","parent":"b"}"#.to_string(), "tenant[0].parent: UnknownParent"),
        (r#"{"id":"a","parent":"a"}"#.to_string(), "tenant[0].parent: ParentCycle"),
        (r#"{"id":"a","parent":"b"},{"id":"b","parent":"a"}"#.to_string(), "tenant[0].parent: ParentCycle"),
        (chain(9), "tenant[8].parent: ParentTooDeep"),
        (r#"{"id":"a","sender":{"channels":[]}}"#.to_string(), "tenant[0].sender.channels: EmptyChannels"),
        (
            r#"{"id":"a","credential":{"refuse":[{"kind":"password","channels":[]}]}}"#.to_string(),
            "tenant[0].credential.refuse[0].channels: EmptyChannels",
        ),
        (
            r#"{"id":"a","credential":{"require_scope":""}}"#.to_string(),
            "tenant[0].credential.require_scope: EmptyName",
        ),
        (
            r#"{"id":"a","role":[{"name":"sender","permissions":[]}]}"#.to_string(),
            "tenant[0].role[0].name: RoleRedefined",
        ),
        (
            r#"{"id":"a","role":[{"name":"R","permissions":[]},{"name":"R","permissions":[]}]}"#.to_string(),
            "tenant[0].role[1].name: DuplicateRole",
        ),
        (r#"{"id":"a","role":[{"name":"","permissions":[]}]}"#.to_string(), "tenant[0].role[0].name: EmptyName"),
        (
            r#"{"id":"a","domain":[{"name":"a.example"},{"name":"A.example"}]}"#.to_string(),
            "tenant[0].domain[1].name: DuplicateDomain",
        ),
        (r#"{"id":"a","domain":[{"name":"co.uk"}]}"#.to_string(), "tenant[0].domain[0].name: PublicSuffix"),
        (r#"{"id":"a","domain":[{"name":"github.io"}]}"#.to_string(), "tenant[0].domain[0].name: PublicSuffix"),
        (
            r#"{"id":"a","deny":[{"address":"a@b.example"},{"domain":"com","subdomains":true}]}"#.to_string(),
            "tenant[0].deny[1].domain: PublicSuffix",
        ),
        (
            r#"{"id":"a","domain":[{"name":"a.example","senders":["x"]}]}"#.to_string(),
            "tenant[0].domain[0].senders[0]: UnknownAccount",
        ),
        (
            r#"{"id":"a","account":[{"id":"x"}],"domain":[{"name":"a.example","senders":["x","x"]}]}"#.to_string(),
            "tenant[0].domain[0].senders[1]: DuplicateName",
        ),
        (
            r#"{"id":"a","identity":[{"address":"x@a.example","senders":["x"]}]},{"id":"b","account":[{"id":"x"}]}"#
                .to_string(),
            "tenant[0].identity[0].senders[0]: UnknownAccount",
        ),
        (
            r#"{"id":"a","identity":[{"address":"x@a.example","roles":["R"]}]},
               {"id":"b","role":[{"name":"R","permissions":[]}]}"#
                .to_string(),
            "tenant[0].identity[0].roles[0]: UnknownRole",
        ),
        (
            r#"{"id":"a","identity":[{"address":"x@a.example"},{"address":"X@A.example"}]}"#.to_string(),
            "tenant[0].identity[1].address: DuplicateIdentity",
        ),
        (
            r#"{"id":"a","identity":[{"address":"x@a.example","grandfathered":true}]}"#.to_string(),
            "tenant[0].identity[0].grandfathered: GrandfatheredWithoutEnd",
        ),
        (
            r#"{"id":"a","allowlist":[{"channel":"smtp","entries":[]}]}"#.to_string(),
            "tenant[0].allowlist[0].entries: EmptyAllowlist",
        ),
        (
            r#"{"id":"a","allowlist":[{"channel":"smtp","entries":[{"ip":"192.0.2.1"}]},
                                      {"channel":"smtp","entries":[{"ip":"192.0.2.2"}]}]}"#
                .to_string(),
            "tenant[0].allowlist[1].channel: DuplicateAllowlist",
        ),
        (
            r#"{"id":"a","account":[{"id":"x"}]},{"id":"b","account":[{"id":"x"}]}"#.to_string(),
            "tenant[1].account[0].id: DuplicateAccount",
        ),
        (r#"{"id":"a","account":[{"id":""}]}"#.to_string(), "tenant[0].account[0].id: EmptyId"),
        (
            r#"{"id":"a","account":[{"id":"x","address_assigned":true}]}"#.to_string(),
            "tenant[0].account[0].address_assigned: AddressAssignedWithoutAddress",
        ),
        (
            r#"{"id":"a","account":[{"id":"x","roles":["R"]}]}"#.to_string(),
            "tenant[0].account[0].roles[0]: UnknownRole",
        ),
        (
            r#"{"id":"a","account":[{"id":"x","roles":["Admin","Admin"]}]}"#.to_string(),
            "tenant[0].account[0].roles[1]: DuplicateName",
        ),
        (
            r#"{"id":"a","account":[{"id":"x","exemption":[{"control":"hosted","until":"2026-12-01T00:00:00Z","note":"n"}]}]}"#
                .to_string(),
            "tenant[0].account[0].exemption[0].control: ExemptionOf",
        ),
        (
            r#"{"id":"a","account":[{"id":"x","exemption":[{"control":"sender","until":"2026-12-01T00:00:00Z","note":""}]}]}"#
                .to_string(),
            "tenant[0].account[0].exemption[0].note: EmptyNote",
        ),
        (
            r#"{"id":"a","account":[{"id":"x","identity":[{"address":"y@a.example","senders":["x"]}]}]}"#.to_string(),
            "tenant[0].account[0].identity[0].senders: SendersOfAccountIdentity",
        ),
        (
            r#"{"id":"a","account":[{"id":"x","credential":[{"id":"k","kind":"oauth"}]},
                                    {"id":"y","credential":[{"id":"k","kind":"oauth"}]}]}"#
                .to_string(),
            "tenant[0].account[1].credential[0].id: DuplicateCredential",
        ),
        (
            r#"{"id":"a","account":[{"id":"x","credential":[{"id":"k","kind":"oauth","scopes":["s","s"]}]}]}"#.to_string(),
            "tenant[0].account[0].credential[0].scopes[1]: DuplicateName",
        ),
    ] {
        assert_eq!(problems(&tenants), [expected], "{tenants}");
    }
}

#[test]
fn what_may_stand_is_let_through() {
    for tenants in [
        "",
        r#"{"id":"a"}"#,
        &chain(8),
        // An heir's accounts and roles may be named where the right is inherited all the way.
        r#"{"id":"a","inherited":["domains","identities"],"domain":[{"name":"a.example","senders":["z"]}],
            "identity":[{"address":"n@a.example","senders":["z"],"roles":["R"]}]},
           {"id":"b","parent":"a","inherited":["domains","identities"]},
           {"id":"c","parent":"b","role":[{"name":"R","permissions":[]}],"account":[{"id":"z","role":"R"}]}"#,
        // Two holders may hold one address, and two tenants one domain.
        r#"{"id":"a","identity":[{"address":"x@a.example"}],"domain":[{"name":"a.example"}],
            "account":[{"id":"x","identity":[{"address":"x@a.example"}]}]},
           {"id":"b","identity":[{"address":"x@a.example"}],"domain":[{"name":"a.example"}]}"#,
        // One list for each channel and each holder.
        r#"{"id":"a","allowlist":[{"channel":"smtp","entries":[{"ip":"192.0.2.1"}]},
                                  {"channel":"api","entries":[{"ip":"192.0.2.1"}]}],
            "account":[{"id":"x","allowlist":[{"channel":"smtp","entries":[{"ip":"192.0.2.1"}]}],
              "credential":[{"id":"k","kind":"oauth","allowlist":[{"channel":"smtp","entries":[{"ip":"192.0.2.1"}]}]}]}]}"#,
        r#"{"id":"a","sender":{"grandfathered_until":"2026-12-01T00:00:00Z"},
            "account":[{"id":"x","identity":[{"address":"y@a.example","grandfathered":true}]}]}"#,
    ] {
        assert_eq!(problems(tenants), [""; 0], "{tenants}");
    }
}

#[test]
fn a_right_that_is_not_inherited_all_the_way_names_no_account_below() {
    let tenants = r#"{"id":"a","inherited":["domains"],"domain":[{"name":"a.example","senders":["z"]}]},
        {"id":"b","parent":"a","inherited":["identities"]},
        {"id":"c","parent":"b","account":[{"id":"z"}]}"#;
    assert_eq!(problems(tenants), ["tenant[0].domain[0].senders[0]: UnknownAccount"]);
}

/// docs/semantics.md 1.2, 4.1, 7.5: each pair of own addresses, with the separators of its tenants.
#[test]
fn an_own_address_is_claimed_once_in_widest_form() {
    let entry = |domain: &str, separator: &str| {
        format!(r#"{{"name":"{domain}","status":"verified","separator":"{separator}","subdomains":true}}"#)
    };
    let (plus, hyphen) = (entry("x.example", "+"), entry("x.example", "-"));
    let pending = plus.replace("verified", "pending");
    let inactive = plus.replace("\"subdomains\"", "\"active\":false,\"subdomains\"");
    for (first, first_entry, second, second_entry, clash) in [
        ("joe@x.example", "", "JOE@X.example", "", true),
        ("joe@x.example", "", "joe@y.example", "", false),
        ("joe@x.example", "", "joe+a@x.example", "", false),
        ("joe@x.example", plus.as_str(), "joe+a@x.example", "", true),
        ("joe@x.example", "", "joe+a@x.example", plus.as_str(), true),
        ("joe+b@x.example", "", "joe+a@x.example", plus.as_str(), true),
        ("joe-b@x.example", hyphen.as_str(), "joe+a@x.example", plus.as_str(), true),
        ("joe-b@x.example", "", "joe+a@x.example", plus.as_str(), false),
        ("joe-b+c@x.example", "", "joe-b@x.example", plus.as_str(), true),
        ("+joe@x.example", plus.as_str(), "+ann@x.example", "", false),
        ("joe@x.example", pending.as_str(), "joe+a@x.example", "", false),
        ("joe@x.example", inactive.as_str(), "joe+a@x.example", "", false),
        ("joe@mail.x.example", plus.as_str(), "joe+a@mail.x.example", "", true),
        ("joe@[192.0.2.1]", "", "JOE@[192.0.2.1]", "", true),
    ] {
        let tenant = |id: &str, address: &str, entry: &str| {
            format!(r#"{{"id":"{id}","domain":[{entry}],"account":[{{"id":"{id}","address":"{address}"}}]}}"#)
        };
        let found = problems(&format!("{},{}", tenant("a", first, first_entry), tenant("b", second, second_entry)));
        let expected: &[&str] = if clash { &["tenant[1].account[0].address: AddressClaimedTwice"] } else { &[] };
        assert_eq!(found, expected, "{first} {first_entry} {second} {second_entry}");
    }
}

#[test]
fn the_first_of_several_claims_is_named() {
    let account = |id: &str| format!(r#"{{"id":"{id}","address":"joe@x.example"}}"#);
    let text = format!(
        r#"{{"schema":1,"tenant":[{{"id":"a","account":[{},{},{}]}}]}}"#,
        account("1"),
        account("2"),
        account("3")
    );
    let tree = super::json::read(&text, 0).unwrap();
    let found = RecordBuilder::new(&Path::default()).policy(&tree).check();
    assert_eq!(found.len(), 2);
    for problem in found {
        let ProblemKind::AddressClaimedTwice { account, .. } = &problem.kind else { panic!("{problem}") };
        assert_eq!(account, "1");
    }
}

/// The separators of a domain's claims are few, but an identity's sub-addresses are its holder's.
#[test]
fn identities_of_one_holder_differ_in_widest_form() {
    let with = |separator: &str| {
        format!(
            r#"{{"id":"a","domain":[{{"name":"x.example","status":"vouched"{separator}}}],
                "identity":[{{"address":"joe@x.example"}},{{"address":"joe+a@x.example"}}]}}"#
        )
    };
    assert_eq!(problems(&with("")), [""; 0]);
    assert_eq!(problems(&with(",\"separator\":\"+\"")), ["tenant[0].identity[1].address: DuplicateIdentity"]);
}

/// Text cannot say such an instant, but a program can.
#[test]
fn an_instant_that_no_text_can_say_is_a_problem() {
    let mut policy = Policy::default();
    let mut tenant = Tenant::new("a");
    tenant.controls.header = Mode::EnforceFrom(Timestamp(i64::MAX));
    tenant.sender.grandfathered_until = Some(Timestamp(-62_167_219_201));
    tenant.credential.refuse.push(RefusedKind {
        kind: CredentialKind::Password,
        channels: ChannelSet::ALL,
        from: Some(Timestamp(253_402_300_800)),
    });
    policy.tenants.push(tenant);
    policy.provider.hosted = Mode::EnforceFrom(Timestamp(253_402_300_799));
    let expected = [
        "tenant[0].controls.header.from: InstantOutOfRange",
        "tenant[0].sender.grandfathered_until: InstantOutOfRange",
        "tenant[0].credential.refuse[0].from: InstantOutOfRange",
    ];
    assert_eq!(policy.check().iter().map(shown).collect::<Vec<_>>(), expected);
}

/// A check that compared each with each would take minutes for these.
#[test]
fn the_check_is_near_linear() {
    let accounts: Vec<String> = (0..20_000)
        .map(|at| {
            format!(
                r#"{{"id":"{at}","address":"a{at}@x.example","identity":[{{"address":"i{at}@x.example"}}],
                    "credential":[{{"id":"{at}","kind":"oauth"}}],"role":"R{at}"}}"#
            )
        })
        .collect();
    let roles: Vec<String> = (0..20_000).map(|at| format!(r#"{{"name":"R{at}","permissions":["send"]}}"#)).collect();
    let senders: Vec<String> = (0..20_000).map(|at| format!("\"{at}\"")).collect();
    let tenant = format!(
        r#"{{"id":"a","domain":[{{"name":"x.example","senders":[{}]}}],"role":[{}],"account":[{}]}}"#,
        senders.join(","),
        roles.join(","),
        accounts.join(",")
    );
    assert_eq!(problems(&tenant), [""; 0]);
}

/// A tenant, and below it one after the other.
fn chain(length: usize) -> String {
    let tenants: Vec<String> = (0..length)
        .map(|at| match at {
            0 => r#"{"id":"0"}"#.to_string(),
            _ => format!(r#"{{"id":"{at}","parent":"{}"}}"#, at - 1),
        })
        .collect();
    tenants.join(",")
}
