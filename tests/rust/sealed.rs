//! Sealed snapshots, sound and damaged.
#![expect(clippy::expect_used, reason = "a policy that does not compile fails the test")]

use proptest::collection::vec;
use proptest::prelude::*;
use sendas::policy::{Account, Consent, Domain, DomainStatus, Identity, Names, Policy, Tenant};
use sendas::{
    Address, Channel, Decision, DomainName, EnvelopeSender, HashKey, Header, OpenError, Options, Reason, Request,
    Snapshot, Stage, Timestamp, Verdict,
};
use sendas_tests::change::shuffled;
use sendas_tests::generate::{self, Choices};
use sendas_tests::written::Written;

proptest! {
    #[test]
    fn what_was_sealed_decides_as_before(octets in vec(any::<u8>(), 400..1200), few in vec(any::<u8>(), 0..200)) {
        let case = generate::case(&octets);
        let compiled = Snapshot::compile(&case.policy, &case.options).expect("a sound policy");
        let sealed = compiled.seal().expect("a compiled snapshot is sealed");
        let opened = Snapshot::open(sealed.clone()).expect("what was sealed is opened");
        prop_assert_eq!(opened.id(), compiled.id());
        prop_assert_eq!(opened.options().limits, case.options.limits);
        prop_assert_eq!(opened.tenants().collect::<Result<Vec<_>, _>>(), compiled.tenants().collect());
        let decide_all = || {
            case.policy.tenants.iter().flat_map(|tenant| &tenant.accounts).try_for_each(|account| {
                let id = Some(account.id.clone());
                let request = sendas_tests::request::Request { account: id, ..case.request.clone() };
                Written::new(&request, &case.options.limits).ask(|asked| {
                    prop_assert_eq!(opened.evaluate(asked), compiled.evaluate(asked));
                    Ok(())
                })
            })
        };
        decide_all()?;
        prop_assert_eq!(opened.verify(), Ok(()));
        decide_all()?;
        prop_assert!(opened.seal().is_ok_and(|again| again == sealed));
        let other = Snapshot::compile(&shuffled(&case.policy, &mut Choices::new(&few)), &case.options);
        prop_assert!(other.expect("a sound policy").seal().is_ok_and(|other| other == sealed), "the order shows");
    }

}

proptest! {
    // Each case opens a file of several blocks.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_octets_never_allow_what_the_sound_ones_do_not(
        flips in vec((any::<prop::sample::Index>(), 1..=255_u8), 1..4),
    ) {
        let sound = large();
        let mut octets = sound.sealed.clone();
        for (at, bits) in flips {
            octets[at.index(sound.sealed.len())] ^= bits;
        }
        if octets != sound.sealed {
            harmless(sound, octets)?;
        }
    }

    #[test]
    fn a_file_that_is_cut_or_longer_is_not_opened(at: prop::sample::Index, more in 1..9_usize) {
        let sound = large();
        let cut = sound.sealed[..at.index(sound.sealed.len())].to_vec();
        let refused = Snapshot::open(cut).map(|snapshot| snapshot.id());
        prop_assert!(matches!(refused, Err(OpenError::Truncated | OpenError::NotSealed)), "{refused:?}");
        let longer = [&sound.sealed[..], &vec![0; more]].concat();
        prop_assert_eq!(Snapshot::open(longer).map(|snapshot| snapshot.id()), Err(OpenError::TooLong));
    }

    #[test]
    fn two_files_spliced_are_one_of_them_or_damaged(at: prop::sample::Index, blocks: bool) {
        let (sound, other) = (large(), &LARGE.1);
        let block = 64 * 1024;
        let mut at = at.index(sound.sealed.len().min(other.len()));
        if blocks {
            at = at / block * block;
        }
        let spliced = [&sound.sealed[..at], &other[at..]].concat();
        if spliced != sound.sealed && spliced != *other {
            harmless(sound, spliced)?;
        }
        let mut exchanged = sound.sealed.clone();
        let (one, two) = (at / block, at / block + 1);
        if (two + 1) * block < exchanged.len() {
            let first = exchanged[one * block..two * block].to_vec();
            exchanged.copy_within(two * block..(two + 1) * block, one * block);
            exchanged[two * block..(two + 1) * block].copy_from_slice(&first);
            harmless(sound, exchanged)?;
        }
    }

    #[test]
    fn any_octets_are_refused(octets in vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(Snapshot::open(octets.clone()).map(|snapshot| snapshot.id()), Err(OpenError::NotSealed));
        let begun = [&large().sealed[..12], &octets].concat();
        prop_assert!(Snapshot::open(begun).is_err());
    }
}

#[test]
fn another_version_is_named() {
    for version in [0_u32, 1, 5, 6, u32::MAX] {
        let mut octets = large().sealed.clone();
        octets[8..12].copy_from_slice(&version.to_le_bytes());
        let refused = Snapshot::open(octets).map(|snapshot| snapshot.id());
        assert_eq!(refused, Err(OpenError::Version { found: version, supported: 11 }));
    }
}

#[test]
fn a_damaged_block_defers_what_needs_it_and_nothing_else() {
    let sound = large();
    let mut octets = sound.sealed.clone();
    // Within the pages: the head and the tables stand elsewhere.
    let at = octets.len() / 4;
    octets[at] ^= 1;
    let damaged = Snapshot::open(octets).expect("the head is sound");
    let decide_all = || {
        let (mut deferred, mut decided) = (0, 0);
        for (number, before) in sound.decisions.iter().enumerate() {
            let after = sound.decide(&damaged, number);
            if after.verdict() == Verdict::Defer {
                assert_eq!(after.reasons()[0].reason, Reason::SnapshotDamaged);
                deferred += 1;
            } else {
                assert_eq!(after, *before);
                decided += 1;
            }
        }
        (deferred, decided)
    };
    let (deferred, decided) = decide_all();
    assert!(deferred > 0 && decided > 0, "{deferred} deferred, {decided} decided");
    assert!(damaged.verify().is_err() && damaged.seal().is_err());
    // What was not found sound is asked about again.
    assert_eq!(decide_all(), (deferred, decided));
}

/// Asserts that octets which are not those that were sealed give an error, or decide as the sound ones do or not at all.
fn harmless(sound: &Large, octets: Vec<u8>) -> Result<(), TestCaseError> {
    let Ok(damaged) = Snapshot::open(octets) else { return Ok(()) };
    for (number, before) in sound.decisions.iter().enumerate().step_by(61) {
        let after = sound.decide(&damaged, number);
        prop_assert!(after.verdict() == Verdict::Defer || after == *before, "{:?} is {:?}", before, after);
    }
    prop_assert!(damaged.verify().is_err());
    Ok(())
}

/// A snapshot of several blocks, and what it decides.
struct Large {
    sealed: Vec<u8>,
    accounts: Vec<String>,
    decisions: Vec<Decision>,
}

static LARGE: std::sync::LazyLock<(Large, Vec<u8>)> = std::sync::LazyLock::new(|| {
    let (policy, other) = (policy("a"), policy("b"));
    let options = Options::new(HashKey([3; 16]));
    let snapshot = Snapshot::compile(&policy, &options).expect("a sound policy");
    let accounts =
        policy.tenants.iter().flat_map(|tenant| &tenant.accounts).map(|account| account.id.clone()).collect();
    let sealed = snapshot.seal().expect("a compiled snapshot is sealed");
    assert!(sealed.len() > 5 * 64 * 1024, "{} octets", sealed.len());
    let mut large = Large { sealed, accounts, decisions: Vec::new() };
    large.decisions = (0..large.accounts.len()).map(|number| large.decide(&snapshot, number)).collect();
    let other = Snapshot::compile(&other, &options).expect("a sound policy").seal().expect("it is sealed");
    (large, other)
});

fn large() -> &'static Large {
    &LARGE.0
}

impl Large {
    /// Decides a request of an account, which is allowed for two of three.
    fn decide(&self, snapshot: &Snapshot, number: usize) -> Decision {
        let account = &self.accounts[number];
        let sender = match number % 3 {
            0 => account.clone(),
            1 => format!("{}@elsewhere.test", account.split_once('@').map_or("", |(local, _)| local)),
            _ => self.accounts[(number + 1) % self.accounts.len()].clone(),
        };
        let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
        request.account = Some(account.as_bytes());
        request.envelope_sender = EnvelopeSender::Path(sender.as_bytes());
        let fields: [(&[u8], &[u8]); 1] = [(b"From", sender.as_bytes())];
        request.header = Header::Fields(&fields);
        snapshot.evaluate_stage(&request, Stage::Message)
    }
}

/// Tenants of very different sizes: pages within a block, and pages over several.
fn policy(prefix: &str) -> Policy {
    let mut policy = Policy::default();
    for (number, accounts) in [3, 900, 40, 1, 3_000, 7].into_iter().enumerate() {
        let mut tenant = Tenant::new(format!("{prefix}-{number}"));
        let name = format!("{prefix}{number}.example");
        let mut domain = Domain::new(DomainName::parse(&name).expect("a domain"));
        (domain.status, domain.senders) = (DomainStatus::Verified, Names::Only(Vec::new()));
        tenant.domains.push(domain);
        for seat in 0..accounts {
            let address = format!("account-{seat}@{name}");
            let mut account = Account::new(address.clone());
            account.address = Some(Address::parse(&address).expect("an address"));
            let elsewhere = Address::parse(&format!("account-{seat}@elsewhere.test")).expect("an address");
            let mut identity = Identity::new(elsewhere);
            identity.consent = Some(Consent::Given);
            account.identities.push(identity);
            tenant.accounts.push(account);
        }
        policy.tenants.push(tenant);
    }
    policy
}
