//! Compares the engine with the reference, and the engine's ways of asking with each other.

use std::collections::BTreeSet;

use sendas::record::RequestRecord;
use sendas::{
    Decision, EnvelopeSender, Finding, MAX_FINDINGS, MAX_GRANTS, Reason, Session, Snapshot, Stage, Subject, View,
};

use crate::generate::{self, Case};
use crate::oracle::{self, Answer, At, Found, Granted};
use crate::request::Request;
use crate::written::Written;

/// Makes a case of octets, and asserts everything below about it: what a fuzzer calls.
///
/// # Panics
///
/// If the engine is wrong, or disagrees with itself.
pub fn check(octets: &[u8]) {
    let case = generate::case(octets);
    let snapshot = compiled(&case);
    let written = Written::new(&case.request, &case.options.limits);
    for stage in Stage::ALL {
        equals_reference(&case, &snapshot, &written, stage);
    }
    written.ask(|request| staged_equals_one_call(&snapshot, request));
    written.ask(|request| together_equals_alone(&snapshot, request));
    recorded_equals_asked(&snapshot, &written);
    explained_equals_evaluated(&snapshot, &written);
}

/// Compiles the policy of a case.
///
/// # Panics
///
/// If the policy, in which nothing is wrong, does not compile.
#[must_use]
#[expect(clippy::panic, reason = "this is an assertion")]
pub fn compiled(case: &Case) -> Snapshot {
    match Snapshot::compile(&case.policy, &case.options) {
        Ok(snapshot) => snapshot,
        Err(error) => panic!("{error}\n{:#?}", case.policy),
    }
}

/// Asserts that two snapshots are one: each account of a case's policy is answered alike by both.
///
/// # Panics
///
/// If they are not.
pub fn are_one(one: &Snapshot, other: &Snapshot, case: &Case) {
    assert_eq!(one.id(), other.id());
    for account in case.policy.tenants.iter().flat_map(|tenant| &tenant.accounts) {
        let request = Request { account: Some(account.id.clone()), ..case.request.clone() };
        Written::new(&request, &case.options.limits)
            .ask(|asked| assert_eq!(one.evaluate(asked), other.evaluate(asked)));
    }
}

/// Asserts that the engine decides as the reference does.
///
/// # Panics
///
/// If it does not.
pub fn equals_reference(case: &Case, snapshot: &Snapshot, written: &Written, stage: Stage) {
    let expected = oracle::decide(&case.policy, &case.options.limits, &case.request, stage);
    let decision = written.ask(|request| {
        many_equal_one_by_one(snapshot, &[(without_account(request), stage), (*request, stage)]);
        snapshot.evaluate_stage(request, stage)
    });
    if let Some(difference) = difference(&expected, &decision, written) {
        #[expect(clippy::panic, reason = "this is an assertion")]
        {
            panic!("{} stage: {difference}\n{:#?}\n{:#?}", stage.name(), case.request, case.policy);
        }
    }
}

/// Tells in what a decision differs from what is expected.
#[must_use]
pub fn difference(expected: &Answer, decision: &Decision, written: &Written) -> Option<String> {
    let mut differences = Vec::new();
    if (decision.verdict(), decision.action()) != (expected.verdict, expected.action) {
        let (found, wanted) = ((decision.verdict(), decision.action()), (expected.verdict, expected.action));
        differences.push(format!("{found:?} instead of {wanted:?}"));
    }
    if decision.provisional() != expected.provisional {
        differences.push(format!("provisional is {}", decision.provisional()));
    }
    let enforced = decision.reasons().iter().map(|finding| found(finding, true, written));
    let monitored = decision.would_deny().iter().map(|finding| found(finding, false, written));
    let findings: BTreeSet<Found> = enforced.chain(monitored).collect();
    let omitted = expected.findings.len().saturating_sub(MAX_FINDINGS);
    for extra in findings.difference(&expected.findings) {
        differences.push(format!("found too much: {extra:?}"));
    }
    if decision.omitted() as usize != omitted {
        differences.push(format!("{} findings omitted instead of {omitted}", decision.omitted()));
    }
    if omitted == 0 {
        for missing in expected.findings.difference(&findings) {
            differences.push(format!("not found: {missing:?}"));
        }
    }
    let mut grants: Vec<Granted> = decision
        .grants()
        .iter()
        .filter_map(|grant| {
            let field = grant.place.field as usize;
            match written.at(grant.place.subject, field, grant.place.span) {
                At::Mailbox(mailbox) => {
                    Some(Granted { subject: grant.place.subject, field, mailbox, basis: grant.basis })
                }
                At::Whole | At::Name(_) => {
                    differences.push(format!("a grant at no address: {grant:?}"));
                    None
                }
            }
        })
        .collect();
    grants.sort_unstable();
    let all = expected.grants.len() <= MAX_GRANTS;
    if if all { grants != expected.grants } else { !grants.iter().all(|grant| expected.grants.contains(grant)) } {
        differences.push(format!("granted {grants:#?} instead of {:#?}", expected.grants));
    }
    (!differences.is_empty()).then(|| differences.join("\n"))
}

/// A finding of the engine in the terms of the reference.
fn found(finding: &Finding, enforced: bool, written: &Written) -> Found {
    let Finding { reason, place } = *finding;
    let in_a_field = matches!(place.subject, Subject::From | Subject::Sender | Subject::Resent);
    let field = if in_a_field { place.field as usize } else { 0 };
    let at = if has_a_place(reason) { written.at(place.subject, field, place.span) } else { At::Whole };
    Found { enforced, reason, subject: place.subject, field, at }
}

/// Whether the reason is one of an address or a name, and not of a part of the request as a whole.
fn has_a_place(reason: Reason) -> bool {
    use Reason::{
        AccountNotListed, AddressDenied, AddressNotOwned, AddressOfAnotherTenant, AddressProtected, AlignmentFailed,
        DisplayNameAddress, DisplayNameUndecodable, DomainInactive, DomainNotApproved, DomainPending, DomainSuspended,
        IdentityPending, IdentityRefused, IdentityUnproved, IdentityWithdrawn, NotCanonical, OwnAddressUnproved,
        RoleNotPermitted, SubdomainNotCovered,
    };
    matches!(
        reason,
        AccountNotListed
            | AddressDenied
            | AddressNotOwned
            | AddressOfAnotherTenant
            | AddressProtected
            | AlignmentFailed
            | DisplayNameAddress
            | DisplayNameUndecodable
            | DomainInactive
            | DomainNotApproved
            | DomainPending
            | DomainSuspended
            | IdentityPending
            | IdentityRefused
            | IdentityUnproved
            | IdentityWithdrawn
            | NotCanonical
            | OwnAddressUnproved
            | RoleNotPermitted
            | SubdomainNotCovered
    )
}

/// Asserts that a session, a MAIL FROM and a header decide and are explained as one call is.
///
/// # Panics
///
/// If they do not.
pub fn staged_equals_one_call(snapshot: &Snapshot, request: &sendas::Request<'_>) {
    let mut client = *request;
    client.envelope_sender = EnvelopeSender::Unknown;
    client.header = sendas::Header::NotGiven;
    let mut session = snapshot.session(&client);
    let explained = |session: &Session, header, stage| {
        assert_eq!(session.decision(), &snapshot.evaluate_stage(request, stage));
        for view in View::ALL {
            assert_eq!(session.explain(header, view), snapshot.explain_stage(request, stage, view));
        }
    };
    explained(&session, sendas::Header::NotGiven, Stage::Session);
    let envelope = *session.mail_from(snapshot, request.envelope_sender, request.smtputf8, request.now);
    assert_eq!(&envelope, session.decision());
    explained(&session, sendas::Header::NotGiven, Stage::Envelope);
    assert_eq!(*session.message(request.header), snapshot.evaluate(request));
    explained(&session, request.header, Stage::Message);
}

/// Asserts that a request is decided beside others as by itself, at each stage: they are more than fit into a window.
///
/// # Panics
///
/// If it is not.
pub fn together_equals_alone(snapshot: &Snapshot, request: &sendas::Request<'_>) {
    let mut of_nobody = *request;
    of_nobody.account = Some(b"nobody");
    let requests = [*request, without_account(request), of_nobody];
    let requests = Stage::ALL.iter().flat_map(|stage| requests.map(|request| (request, *stage)));
    many_equal_one_by_one(snapshot, &requests.collect::<Vec<_>>());
}

/// Asserts that requests are decided in one call as one by one, be it in windows or not.
///
/// # Panics
///
/// If they are not.
pub fn many_equal_one_by_one(snapshot: &Snapshot, requests: &[(sendas::Request<'_>, Stage)]) {
    let lent = || requests.iter().map(|(request, stage)| (request, *stage));
    let single: Vec<_> = lent().map(|(request, stage)| snapshot.evaluate_stage(request, stage)).collect();
    let (mut many, mut in_windows) = (Vec::new(), Vec::new());
    snapshot.evaluate_many(lent(), |decision| many.push(*decision));
    assert_eq!(many, single);
    snapshot.evaluate_in_windows(lent(), |decision| in_windows.push(*decision));
    assert_eq!(in_windows, single);
}

fn without_account<'r>(request: &sendas::Request<'r>) -> sendas::Request<'r> {
    let mut request = *request;
    request.account = None;
    request
}

/// Asserts that a request is decided as its record is, and as what the record reads back from JSON.
///
/// # Panics
///
/// If it is not.
pub fn recorded_equals_asked(snapshot: &Snapshot, written: &Written) {
    written.ask(|request| {
        let record = RequestRecord::from(request);
        assert_eq!(RequestRecord::from_json(record.to_json()).as_ref(), Ok(&record));
        assert_eq!(record.with_request(|recorded| snapshot.evaluate(recorded)), snapshot.evaluate(request));
    });
}

/// Asserts that an explanation comes to the decision that it explains.
///
/// # Panics
///
/// If it does not.
pub fn explained_equals_evaluated(snapshot: &Snapshot, written: &Written) {
    written.ask(|request| {
        for view in View::ALL {
            assert_eq!(snapshot.explain(request, view).decision(), &snapshot.evaluate(request));
            for stage in Stage::ALL {
                let explained = snapshot.explain_stage(request, stage, view);
                assert_eq!(explained.decision(), &snapshot.evaluate_stage(request, stage));
            }
        }
    });
}
