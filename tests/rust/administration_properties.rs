//! What holds of every sequence of commands.

use proptest::collection::vec;
use proptest::prelude::*;
use sendas::admin::{Desk, Directory, Outcome, Record};
use sendas::policy::{Consent, IdentityStatus};
use sendas::{Address, Basis, Channel, EnvelopeSender, HashKey, Options, Request, Snapshot, Stage, Timestamp};
use sendas_tests::walk::{start, start_log, walk, walks};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_log_folds_to_the_state_and_no_retry_doubles(attempts in walks()) {
        let mut log = start_log(&attempts).to_owned();
        let end = walk(&attempts, |_, _| true, |before, step, after| {
            log.push_str(&step.record.to_json());
            log.push('\n');
            let read_back = Record::from_json(step.record.to_json());
            prop_assert_eq!(read_back.as_ref(), Ok(&step.record));
            let again = after.decide(&step.actor, &step.command, &step.order);
            let sequence = step.record.sequence;
            prop_assert_eq!(again, Ok(Outcome::Repeated { sequence }));
            let mut twice = after.clone();
            prop_assert!(twice.apply(&step.record).is_err());
            prop_assert_eq!(&twice, after);
            prop_assert_eq!(after.sequence(), before.sequence() + 1);
            Ok(())
        })?;
        prop_assert_eq!(Directory::from_log(&log), Ok(end));
    }

    #[test]
    fn a_snapshot_that_follows_is_the_one_that_is_compiled(attempts in walks()) {
        let options = Options::new(HashKey([5; 16]));
        walk(&attempts, |_, _| true, |_, step, after| {
            let compiled = Snapshot::compile(&after.policy(), &options).expect("a sound policy");
            prop_assert_eq!(step.snapshot.id(), compiled.id());
            prop_assert_eq!(after.check(), Ok(()));
            Ok(())
        })?;
    }

    #[test]
    fn pending_never_permits(attempts in walks()) {
        walk(&attempts, |_, _| true, |_, step, after| {
            for desk in after.desks() {
                for account in &desk.tenant.accounts {
                    let held = desk.tenant.identities.iter().chain(&account.identities);
                    for address in held.map(|identity| &identity.address) {
                        let granted = granted(&step.snapshot, &account.id, address, step.order.now);
                        prop_assert!(!granted || counts(after, desk, &account.id, address));
                    }
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_does_not_fit_leaves_everything_as_it_was(attempts in walks(), order in vec(any::<usize>(), 0..60)) {
        let mut records: Vec<Record> = Vec::new();
        walk(&attempts, |_, _| true, |_, step, _| {
            records.push(step.record.clone());
            Ok(())
        })?;
        let mut directory = start(&attempts);
        for (index, at) in order.into_iter().enumerate() {
            let Some(record) = records.get(at.checked_rem(records.len()).unwrap_or_default()) else { continue };
            // Numbered so that what is refused is refused for its events.
            let mut record = record.clone();
            record.sequence = directory.sequence() + 1;
            record.id = format!("mixed-{index}");
            record.version = 1 + match &record.tenant {
                None => directory.house().version,
                Some(tenant) => directory.desk(tenant).map_or(0, |desk| desk.version),
            };
            let events = record.events.len();
            record.events.rotate_left(index % events);
            let before = directory.clone();
            if directory.apply(&record).is_err() {
                prop_assert_eq!(&directory, &before);
            }
        }
    }
}

/// Whether an identity lets the account send as the address.
fn granted(snapshot: &Snapshot, account: &str, address: &Address, now: Timestamp) -> bool {
    let mut request = Request::new(Channel::Api, now);
    request.account = Some(account.as_bytes());
    let path = format!("<{address}>");
    request.envelope_sender = EnvelopeSender::Path(path.as_bytes());
    let decision = snapshot.evaluate_stage(&request, Stage::Envelope);
    decision.grants().iter().any(|grant| grant.basis == Basis::Identity)
}

/// Whether an identity that gives the address counts by someone's word: the owner's, an Admin's, or observed traffic until its end.
fn counts(directory: &Directory, desk: &Desk, account: &str, address: &Address) -> bool {
    let of_account = desk.account(account).into_iter().flat_map(|account| &account.identities);
    let above = std::iter::successors(desk.tenant.parent.as_deref(), |id| directory.desk(id)?.tenant.parent.as_deref());
    let of_ancestors = above.filter_map(|id| directory.desk(id)).flat_map(|desk| &desk.tenant.identities);
    // A sub-address is given by its base, by whatever separator.
    let base = |local: &str| local.split(['+', '-', '=', '#']).next().unwrap_or_default().to_ascii_lowercase();
    desk.tenant.identities.iter().chain(of_account).chain(of_ancestors).any(|identity| {
        identity.address.domain() == address.domain()
            && base(identity.address.local()) == base(address.local())
            && (identity.consent == Some(Consent::Given)
                || identity.status == IdentityStatus::Verified
                || identity.grandfathered)
    })
}
