//! `sendas evaluate`: the decision, and its reply.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::SystemTime;

use sendas::record::RequestRecord;
use sendas::{Decision, Place, Profile, Timestamp, Verdict};

use crate::arguments::Evaluate;
use crate::failure::Failure;
use crate::render::RequestView;
use crate::{bulk, policy, shown};

pub(crate) fn run(arguments: &Evaluate) -> Result<ExitCode, Failure> {
    let snapshot = policy::load(&arguments.policy.file)?;
    let (stage, profile) = (arguments.answer.stage, arguments.answer.profile);
    if let Some(requests) = &arguments.requests {
        return bulk::run(&snapshot, requests, stage, profile);
    }
    let record = arguments.facts.record(clock)?;
    let decision = record.with_request(|request| snapshot.evaluate_stage(request, stage));
    print(&if arguments.json {
        let mut line = record.with_request(|request| decision.to_json(request, profile));
        line.push('\n');
        line.into_bytes()
    } else {
        let mut view = RequestView::new(&record, arguments.facts.message.as_deref());
        show(&mut view, &record, &decision, profile)?;
        view.finish()
    })?;
    Ok(exit_code(decision.verdict()))
}

/// Writes to standard output; a reader that has seen enough is no failure.
pub(crate) fn print(answer: &[u8]) -> Result<(), Failure> {
    let mut out = anstream::stdout();
    match out.write_all(answer).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

pub(crate) fn exit_code(verdict: Verdict) -> ExitCode {
    ExitCode::from(match verdict {
        Verdict::Allow => 0,
        Verdict::Deny => 1,
        Verdict::Defer => 3,
    })
}

/// The present, in whole seconds: the command line is a host and has a clock.
pub(crate) fn clock() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

fn show(view: &mut RequestView, record: &RequestRecord, decision: &Decision, profile: Profile) -> io::Result<()> {
    let (verdict, action, stage) = (decision.verdict().name(), decision.action().name(), decision.stage().name());
    let reply = record.with_request(|request| decision.reply(request, profile));
    let provisional = if decision.provisional() { ", provisionally: the header decides" } else { "" };
    view.write(&format!("{verdict} ({action}) at the {stage} stage{provisional}\n{reply}\n\n"))?;
    for (findings, enforced) in [(decision.reasons(), true), (decision.would_deny(), false)] {
        for finding in findings {
            view.finding(finding.reason, finding.place, enforced)?;
        }
    }
    if decision.omitted() > 0 {
        view.write(&format!("and {} more reason(s)\n", decision.omitted()))?;
    }
    for grant in decision.grants() {
        let (basis, subject) = (grant.basis.name(), grant.place.subject.name());
        view.write(&format!("granted: {} at {subject}, by {basis}\n", address(record, grant.place)))?;
    }
    if decision.omitted_grants() > 0 {
        view.write(&format!("and {} more address(es) granted\n", decision.omitted_grants()))?;
    }
    view.write(&format!("at {}, by snapshot {}\n", record.now, decision.snapshot_id()))
}

/// The addr-spec at a place of the request, safe to show.
fn address(record: &RequestRecord, place: Place) -> String {
    record.with_request(|request| shown::line(&String::from_utf8_lossy(place.octets(request).unwrap_or_default())))
}
