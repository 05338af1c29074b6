//! Octets that are opened as a sealed snapshot.

use std::sync::LazyLock;

use sendas::{
    Channel, EnvelopeSender, HashKey, Header, OpenError, Options, Policy, Request, Snapshot, Stage, Timestamp, Verdict,
    View,
};
use twox_hash::XxHash3_64;

/// Octets that are no snapshot are refused; a snapshot that was changed is refused, or decides as before or defers; one whose
/// checksums were made to fit the change decides anything, but decides.
///
/// The input is changes to a sealed snapshot, three octets for each: the place, and the bits that change. An input that begins as
/// a sealed snapshot does is one.
pub fn open(input: &[u8]) {
    if input.starts_with(b"\x93SENDAS\n") {
        let _either = Snapshot::open(input.to_vec()).map(|snapshot| use_it(&snapshot));
        return;
    }
    if let Ok(snapshot) = Snapshot::open(input.to_vec()) {
        panic!("{snapshot:?} of octets that do not begin as one");
    }
    let (sound, sealed) = &*SOUND;
    let mut changed = sealed.clone();
    for change in input.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % changed.len();
        changed[at] ^= change[2];
    }
    match Snapshot::open(changed.clone()) {
        Ok(opened) => {
            assert_eq!(opened.verify().is_ok(), changed == *sealed, "a change that no checksum shows");
            for (one, other) in decisions(&opened).zip(decisions(sound)) {
                assert!(one.verdict() == Verdict::Defer || one == other);
            }
        }
        Err(error) => assert_ne!(changed, *sealed, "{error}"),
    }
    forge(&mut changed);
    match Snapshot::open(changed) {
        Ok(forged) => use_it(&forged),
        Err(OpenError::Damaged(_)) if input.len() < 3 => panic!("the checksums are not those that are documented"),
        Err(_) => {}
    }
}

/// The example policy, compiled and sealed.
static SOUND: LazyLock<(Snapshot, Vec<u8>)> = LazyLock::new(|| {
    let snapshot = Snapshot::compile(policy(), &Options::new(HashKey([9; 16]))).expect("a sound policy");
    let sealed = snapshot.seal().expect("a compiled snapshot is sealed");
    (snapshot, sealed)
});

fn policy() -> &'static Policy {
    static POLICY: LazyLock<Policy> = LazyLock::new(|| {
        Policy::from_toml(include_str!("../../../examples/policy/policy.toml")).expect("the example is a policy")
    });
    &POLICY
}

/// What every account is answered when it sends as itself, as each other account, or as anybody at an address of the policy.
fn decisions(snapshot: &Snapshot) -> impl Iterator<Item = sendas::Decision> + '_ {
    senders().into_iter().flat_map(move |sender| {
        let accounts = policy().tenants.iter().flat_map(|tenant| &tenant.accounts);
        accounts.map(move |account| with_request(&account.id, &sender, |request| snapshot.evaluate(request)))
    })
}

fn senders() -> Vec<String> {
    let mut senders = Vec::new();
    for tenant in &policy().tenants {
        senders.extend(tenant.domains.iter().map(|domain| format!("x@{}", domain.name.as_str())));
        let of_accounts = tenant.accounts.iter().flat_map(|account| &account.identities);
        senders.extend(tenant.identities.iter().chain(of_accounts).map(|identity| identity.address.to_string()));
        senders.extend(tenant.accounts.iter().filter_map(|account| account.address.as_ref()).map(ToString::to_string));
    }
    senders
}

fn with_request<T>(account: &str, sender: &str, ask: impl FnOnce(&Request<'_>) -> T) -> T {
    let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
    request.account = Some(account.as_bytes());
    request.envelope_sender = EnvelopeSender::Path(sender.as_bytes());
    let fields: [(&[u8], &[u8]); 1] = [(b"From", sender.as_bytes())];
    request.header = Header::Fields(&fields);
    ask(&request)
}

/// Does with a snapshot whatever can be done with one.
fn use_it(snapshot: &Snapshot) {
    let _sound = snapshot.verify();
    let ids: Vec<_> = snapshot.tenants().flatten().map(str::to_owned).collect();
    let _either = snapshot.seal().map(|sealed| Snapshot::open(sealed).map(|again| again.delta(snapshot)));
    for id in ids {
        let _either = snapshot.remove_tenant(&id).and_then(|removed| removed.seal());
    }
    for tenant in &policy().tenants {
        let _either = snapshot.replace_tenant(tenant).and_then(|replaced| replaced.seal());
    }
    let _decided = decisions(snapshot).count();
    for account in policy().tenants.iter().flat_map(|tenant| &tenant.accounts) {
        for sender in senders() {
            with_request(&account.id, &sender, |request| {
                snapshot.explain_stage(request, Stage::Message, View::Provider)
            });
        }
    }
}

/// Writes the checksums anew, as `docs/snapshot.md` describes them, where the head says that they stand.
fn forge(octets: &mut [u8]) {
    let word = |octets: &[u8], at: usize| octets[at..at + 4].try_into().map(u32::from_le_bytes).expect("four octets");
    let end = word(octets, 128) as usize * 4;
    if end > octets.len() || (octets.len() - end) / 8 < end.div_ceil(BLOCK) {
        return;
    }
    let (content, sums) = octets.split_at_mut(end);
    for (number, sum) in sums.chunks_exact_mut(8).enumerate().take(end.div_ceil(BLOCK)) {
        let block = content.get((number * BLOCK).max(HEAD)..end.min((number + 1) * BLOCK)).unwrap_or_default();
        sum.copy_from_slice(&XxHash3_64::oneshot_with_seed(number as u64, block).to_le_bytes());
    }
    let sum = XxHash3_64::oneshot_with_seed(u64::MAX - 1, sums);
    content[208..216].copy_from_slice(&sum.to_le_bytes());
    let check = XxHash3_64::oneshot_with_seed(u64::MAX, &content[..216]);
    content[216..224].copy_from_slice(&check.to_le_bytes());
}

/// The octets of a block, and of the head.
const BLOCK: usize = 64 * 1024;
const HEAD: usize = 224;
