//! The guarantees, each over generated policies and requests.
#![expect(clippy::expect_used, reason = "a policy that does not compile fails the test")]

use proptest::collection::vec;
use proptest::prelude::*;
use sendas::address::Scope;
use sendas::policy::{Account, CaseRule, Consent, Deny, DomainStatus, Identity, Mode, Policy, Tenant};
use sendas::{
    Address, Channel, ClientIp, CredentialFacts, CredentialKind, DomainName, EnvelopeSender, HashKey, Header,
    MAX_FINDINGS, Options, Snapshot, Stage, Timestamp, Verdict, View,
};
use sendas_tests::agree;
use sendas_tests::change::{change_strangers, pick, renamed, shuffled, weaken, with_a_grant_more};
use sendas_tests::generate::{self, Case, Choices};
use sendas_tests::oracle;
use sendas_tests::request::{
    Body, Envelope, Field, Item, Kind, Mailbox, Name, NameForm, Request, Shown, Spelling, Value,
};
use sendas_tests::written::Written;

/// Octets for the generator.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 400..1200)
}

/// Octets for the choices that a property makes itself.
fn few() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn an_address_that_many_hold_is_decided_as_the_reference_decides(octets in vec(any::<u8>(), 400..1600)) {
        let mut case = generate::crowded(&octets);
        let snapshot = compiled(&case.policy, &case.options);
        let ids = case.policy.tenants.iter().flat_map(|tenant| &tenant.accounts).map(|account| account.id.clone());
        for id in ids.collect::<Vec<_>>() {
            case.request.account = Some(id);
            let written = Written::new(&case.request, &case.options.limits);
            Stage::ALL.into_iter().for_each(|stage| agree::equals_reference(&case, &snapshot, &written, stage));
        }
    }

    #[test]
    fn many_deny_entries_are_found_as_the_reference_finds_them(octets in octets(), few in few()) {
        let (mut case, mut choices) = (generate::case(&octets), Choices::new(&few));
        add_denies(&mut case.policy.provider.denies, &mut choices);
        for tenant in &mut case.policy.tenants {
            add_denies(&mut tenant.denies, &mut choices);
            tenant.accounts.iter_mut().for_each(|account| add_denies(&mut account.denies, &mut choices));
        }
        let written = Written::new(&case.request, &case.options.limits);
        agree::equals_reference(&case, &compiled(&case.policy, &case.options), &written, Stage::Message);
    }
}

/// Adds entries of any kind, and often so many of names that nothing else has that they are not looked through one by one.
fn add_denies(denies: &mut Vec<Deny>, choices: &mut Choices<'_>) {
    let strange =
        |number: usize| Scope::Subdomains(DomainName::parse(&format!("{number}.strange.example")).expect("a domain"));
    let mut scopes: Vec<Scope> = (0..choices.below(3)).map(|_| generate::scope(choices)).collect();
    scopes.extend((0..choices.pick(&[0, 16, 17, 40])).map(strange));
    for scope in scopes {
        if denies.iter().all(|deny| deny.scope != scope) {
            denies.push(Deny { scope, note: String::new() });
        }
    }
}

proptest! {
    #[test]
    fn the_engine_equals_the_reference(octets in vec(any::<u8>(), 0..1200)) {
        agree::check(&octets);
    }

    #[test]
    fn the_order_of_entries_is_irrelevant(octets in octets(), few in few()) {
        let case = generate::case(&octets);
        let other = shuffled(&case.policy, &mut Choices::new(&few));
        agree::are_one(&compiled(&case.policy, &case.options), &compiled(&other, &case.options), &case);
    }

    #[test]
    fn the_hash_key_changes_no_answer(octets in octets(), key: [u8; 16]) {
        let case = generate::case(&octets);
        let mut options = case.options;
        options.hash_key = HashKey(key);
        let (one, other) = (compiled(&case.policy, &case.options), compiled(&case.policy, &options));
        Written::new(&case.request, &case.options.limits).ask(|request| {
            let (a, b) = (one.evaluate(request), other.evaluate(request));
            prop_assert_eq!(a.reasons(), b.reasons());
            prop_assert_eq!(a.would_deny(), b.would_deny());
            prop_assert_eq!(a.grants(), b.grants());
            Ok(())
        })?;
    }

    #[test]
    fn many_requests_are_decided_as_one_by_one(octets in octets(), others in vec((0..4_usize, 0..3_usize), 0..40)) {
        let case = generate::case(&octets);
        let snapshot = compiled(&case.policy, &case.options);
        Written::new(&case.request, &case.options.limits).ask(|request| {
            let requests: Vec<_> = others
                .iter()
                .map(|&(part, stage)| {
                    let mut request = *request;
                    match part {
                        0 => request.account = None,
                        1 => request.account = Some(b"nobody"),
                        2 => request.envelope_sender = EnvelopeSender::Path(b"<a@b.example>"),
                        _ => {}
                    }
                    (request, Stage::ALL[stage])
                })
                .collect();
            agree::many_equal_one_by_one(&snapshot, &requests);
        });
    }

    #[test]
    fn a_grant_more_never_denies_more(octets in octets(), few in few()) {
        let (case, mut choices) = (generate::case(&octets), Choices::new(&few));
        let address = asked_for(&case.request).unwrap_or_else(|| generate::address(&mut choices));
        if let Some(more) = with_a_grant_more(&case.policy, &address, &mut choices) {
            what_is_allowed_stays_so(&case, &case.policy, &more)?;
        }
    }

    #[test]
    fn a_deny_entry_more_never_allows_more(octets in octets(), few in few()) {
        let (case, mut choices) = (generate::case(&octets), Choices::new(&few));
        let mut more = case.policy.clone();
        let deny = Deny { scope: generate::scope(&mut choices), note: String::new() };
        match choices.below(3) {
            0 => more.provider.denies.push(deny),
            1 => pick(&mut choices, &mut more.tenants).denies.push(deny),
            _ => {
                let tenant = pick(&mut choices, &mut more.tenants);
                pick(&mut choices, &mut tenant.accounts).denies.push(deny);
            }
        }
        what_is_allowed_stays_so(&case, &more, &case.policy)?;
    }

    #[test]
    fn what_is_pending_never_permits(octets in octets(), few in few()) {
        let (case, mut choices) = (generate::case(&octets), Choices::new(&few));
        let mut more = case.policy.clone();
        let tenant = pick(&mut choices, &mut more.tenants);
        if choices.chance(8) {
            let name = choices.pick(&generate::DOMAINS);
            let mut entry = generate::domain_entry(&mut choices, name, &[]);
            entry.status = DomainStatus::Pending;
            tenant.domains.push(entry);
        } else {
            let address = asked_for(&case.request).unwrap_or_else(|| generate::address(&mut choices));
            let mut identity = Identity::new(address);
            identity.consent = choices.pick(&[None, Some(Consent::Pending)]);
            pick(&mut choices, &mut tenant.accounts).identities.push(identity);
        }
        if more.check().is_empty() {
            what_is_allowed_stays_so(&case, &more, &case.policy)?;
        }
    }

    #[test]
    fn another_tenant_changes_nothing_but_what_protects_it(octets in octets(), others in octets()) {
        let case = generate::case(&octets);
        let Some(id) = &case.request.account else { return Ok(()) };
        let Some((tenant, _)) = oracle::find_account(&case.policy, id) else { return Ok(()) };
        let mut changed = case.policy.clone();
        change_strangers(&mut changed, &tenant.id, generate::case(&others).policy.tenants.swap_remove(0));
        let (before, after) = (compiled(&case.policy, &case.options), compiled(&changed, &case.options));
        for account in &tenant.accounts {
            let request = Request { account: Some(account.id.clone()), ..case.request.clone() };
            Written::new(&request, &case.options.limits).ask(|asked| {
                let (before, after) = (before.evaluate(asked), after.evaluate(asked));
                prop_assert_eq!(before.reasons(), after.reasons());
                prop_assert_eq!(before.would_deny(), after.would_deny());
                prop_assert_eq!(before.grants(), after.grants());
                Ok(())
            })?;
        }
    }

    #[test]
    fn no_setting_of_a_tenant_lets_it_send_as_another(octets in octets(), few in few()) {
        let (mut case, mut choices) = (generate::case(&octets), Choices::new(&few));
        case.policy.provider.hosted = Mode::Enforce;
        weaken(&mut case.policy);
        let snapshot = compiled(&case.policy, &case.options);
        let Some(victim) = victim(&case.policy, &mut choices) else { return Ok(()) };
        if !oracle::is_of_another_tenant(&case.policy, &case.options.limits, &case.request, &victim) {
            return Ok(());
        }
        for request in attacks(&case.request, &victim) {
            Written::new(&request, &case.options.limits).ask(|asked| {
                prop_assert_eq!(snapshot.evaluate(asked).verdict(), Verdict::Deny, "{:#?}\n{:#?}", request, case.policy);
                Ok(())
            })?;
        }
    }

    #[test]
    fn a_replaced_or_removed_tenant_is_a_fresh_compilation(octets in octets(), others in octets(), few in few()) {
        let case = generate::case(&octets);
        let snapshot = compiled(&case.policy, &case.options);
        let number = Choices::new(&few).below(case.policy.tenants.len());
        let mut changed = case.policy.clone();
        let mut tenant = renamed(generate::case(&others).policy.tenants.swap_remove(0), "new-");
        tenant.id.clone_from(&changed.tenants[number].id);
        tenant.parent.clone_from(&changed.tenants[number].parent);
        let replaced = snapshot.replace_tenant(&tenant);
        changed.tenants[number] = tenant;
        equally(replaced, Snapshot::compile(&changed, &case.options), &case)?;
        let removed = changed.tenants.remove(number);
        equally(snapshot.remove_tenant(&removed.id), Snapshot::compile(&changed, &case.options), &case)?;
    }

    #[test]
    fn a_session_decides_each_of_its_transactions_as_one_call_does(
        octets in octets(),
        transactions in vec((vec(any::<u8>(), 40..200), 0_usize..4, -2_i64..3), 1..12),
    ) {
        let case = generate::case(&octets);
        let mut weak = case.policy.clone();
        weaken(&mut weak);
        // The second is another snapshot of the same policy.
        let [one, again, other] = [&case.policy, &case.policy, &weak].map(|policy| compiled(policy, &case.options));
        let mut session = Written::new(&case.request, &case.options.limits).ask(|asked| {
            one.session(&asked_at(asked, asked.now))
        });
        for (octets, number, seconds) in &transactions {
            let snapshot = [&one, &one, &again, &other][*number];
            let new = generate::request(&mut Choices::new(octets), &case.policy, &case.options.limits);
            let (smtputf8, envelope, header) = (new.smtputf8, new.envelope, new.header);
            let request = Request { smtputf8, envelope, header, ..case.request.clone() };
            Written::new(&request, &case.options.limits).ask(|asked| {
                let asked = asked_at(asked, Timestamp(asked.now.0 + seconds));
                // Most clients send from one address again and again, and what it came to is kept.
                for smtputf8 in [asked.smtputf8, asked.smtputf8, !asked.smtputf8, asked.smtputf8] {
                    let mut asked = asked;
                    asked.smtputf8 = smtputf8;
                    let envelope = *session.mail_from(snapshot, asked.envelope_sender, smtputf8, asked.now);
                    prop_assert_eq!(envelope, snapshot.evaluate_stage(&asked, Stage::Envelope));
                    prop_assert_eq!(*session.message(asked.header), snapshot.evaluate(&asked));
                    // A host may ask about a header more than once.
                    prop_assert_eq!(*session.message(asked.header), snapshot.evaluate(&asked));
                }
                Ok(())
            })?;
        }
    }

    #[test]
    fn a_session_knows_each_of_many_senders_again(mails in vec((0_usize..9, 0_usize..9, 0_usize..5, any::<bool>()), 1..60)) {
        let mut tenant = Tenant::new("acme");
        let mut account = Account::new("alice");
        let long = format!("{}@{}example.org", "a".repeat(64), "sub.".repeat(20));
        // What is sent as, and which identity gives it. The second and the third are as long as the first, which gives the third too.
        let senders = [
            ("a0@example.org", Some("a0@example.org")),
            ("b0@example.org", None),
            ("A0@example.org", None),
            ("a@0.example.org", Some("a@0.example.org")),
            ("a b@example.org", Some("\"a b\"@example.org")),
            ("\"a b\"@example.org", Some("\"a b\"@example.org")),
            (&long, Some(&long)),
            ("", None),
            ("c@example.net", Some("c@example.net")),
        ];
        for address in senders.iter().filter_map(|(_, address)| *address) {
            let mut identity = Identity::new(Address::parse(address).expect("an address"));
            identity.consent = Some(Consent::Given);
            if account.identities.iter().all(|before| before.address != identity.address) {
                account.identities.push(identity);
            }
        }
        tenant.accounts.push(account);
        let mut policy = Policy::default();
        policy.tenants.push(tenant);
        let snapshot = compiled(&policy, &Options::new(HashKey([6; 16])));
        let mut client = sendas::Request::new(Channel::Smtp, Timestamp(1_796_083_200));
        client.account = Some(b"alice");
        let mut session = snapshot.session(&client);
        let mut allowed = 0;
        // The last one is allowed.
        for (sender, from, kind, is_twice) in mails.into_iter().chain([(0, 0, 3, true)]) {
            let (sender, shown) = (senders[sender].0, senders[from].0);
            let path = format!("<{sender}>");
            let envelope_sender = match kind {
                0 => EnvelopeSender::Null,
                1 => EnvelopeSender::Unquoted(sender.as_bytes()),
                2 => EnvelopeSender::Path(sender.as_bytes()),
                _ => EnvelopeSender::Path(path.as_bytes()),
            };
            let own = [sender.to_owned(), format!("Alice <{shown}>"), shown.to_owned()];
            let fields = [(b"From".as_slice(), own[kind % 3].as_bytes())];
            let mut request = client;
            (request.envelope_sender, request.header) = (envelope_sender, Header::Fields(&fields));
            let envelope = *session.mail_from(&snapshot, envelope_sender, false, client.now);
            prop_assert_eq!(envelope, snapshot.evaluate_stage(&request, Stage::Envelope));
            for _ in 0..=usize::from(is_twice) {
                let message = *session.message(request.header);
                prop_assert_eq!(message, snapshot.evaluate(&request));
                allowed += usize::from(message.verdict() == Verdict::Allow);
                let known = session.with_request(request.header, |known| known.envelope_sender == envelope_sender);
                prop_assert!(known, "{:?}", envelope_sender);
            }
        }
        prop_assert!(allowed != 0);
    }

    #[test]
    fn what_is_known_of_an_address_is_reused_only_where_case_tells_nothing(octets in octets(), few in few()) {
        let (mut case, mut choices) = (generate::case(&octets), Choices::new(&few));
        for entry in case.policy.tenants.iter_mut().flat_map(|tenant| &mut tenant.domains) {
            entry.case = choices.pick(&[CaseRule::Exact, CaseRule::Fold]);
        }
        let Some((account, value)) = held(&case.policy, &mut choices) else { return Ok(()) };
        if !case.policy.check().is_empty() {
            return Ok(());
        }
        case.request.account = Some(account);
        let snapshot = compiled(&case.policy, &case.options);
        let swapped = Value { local: with_case_swapped(&value.local), domain: value.domain.clone() };
        let mut session = Written::new(&case.request, &case.options.limits).ask(|asked| snapshot.session(asked));
        // A From field that repeats the sender is kept too.
        for (envelope, from) in [
            (&value, &swapped),
            (&swapped, &value),
            (&swapped, &swapped),
            (&value, &swapped),
            (&value, &value),
            (&value, &value),
            (&value, &swapped),
            (&swapped, &value),
            (&swapped, &swapped),
        ] {
            case.request.envelope = Envelope::Path { address: Spelling::plain(envelope.clone()), brackets: true };
            case.request.header = sendas_tests::request::Header::Fields(vec![from_one(from.clone())]);
            let written = Written::new(&case.request, &case.options.limits);
            agree::equals_reference(&case, &snapshot, &written, Stage::Envelope);
            agree::equals_reference(&case, &snapshot, &written, Stage::Message);
            written.ask(|asked| {
                let at_envelope = *session.mail_from(&snapshot, asked.envelope_sender, asked.smtputf8, asked.now);
                prop_assert_eq!(at_envelope, snapshot.evaluate_stage(asked, Stage::Envelope));
                prop_assert_eq!(*session.message(asked.header), snapshot.evaluate(asked));
                Ok(())
            })?;
        }
    }

    #[test]
    fn any_octets_are_decided(octets in octets(), noise in vec(vec(any::<u8>(), 0..60), 9), own in any::<[bool; 9]>()) {
        let case = generate::case(&octets);
        let snapshot = compiled(&case.policy, &case.options);
        let [account, role, client, id, scope, path, name, from, block] = noise.as_slice() else { return Ok(()) };
        let scopes = [scope.as_slice()];
        let fields = [(b"From".as_slice(), from.as_slice()), (name.as_slice(), from.as_slice()), (b"Sender", from)];
        Written::new(&case.request, &case.options.limits).ask(|asked| {
            let mut request = *asked;
            request.account = if own[0] { request.account } else { Some(account) };
            request.role = if own[1] { request.role } else { Some(role) };
            request.client_ip = if own[2] { request.client_ip } else { ClientIp::Text(client) };
            if !own[3] {
                let mut facts = CredentialFacts::new(CredentialKind::ApiKey);
                facts.id = Some(id);
                facts.scopes = Some(&scopes);
                request.credential = Some(facts);
            }
            match (own[4], own[5]) {
                (true, true) => {}
                (true, false) => request.envelope_sender = EnvelopeSender::Path(path),
                (false, _) => request.envelope_sender = EnvelopeSender::Unquoted(path),
            }
            match (own[6], own[7]) {
                (true, true) => {}
                (true, false) => request.header = Header::Block(block),
                (false, _) => request.header = Header::Fields(&fields),
            }
            for stage in Stage::ALL {
                let decision = snapshot.evaluate_stage(&request, stage);
                prop_assert_eq!(&decision, &snapshot.evaluate_stage(&request, stage));
                let explained = snapshot.explain_stage(&request, stage, View::Tenant);
                prop_assert_eq!(explained.decision(), &decision);
                prop_assert_eq!(decision.verdict() == Verdict::Allow, decision.reasons().is_empty());
                prop_assert!(decision.reasons().len() + decision.would_deny().len() <= MAX_FINDINGS);
                for findings in [decision.reasons(), decision.would_deny()] {
                    let order = |pair: &[sendas::Finding]| {
                        let key = |finding: &sendas::Finding| (finding.place.subject.stage(), finding.reason, finding.place);
                        key(&pair[0]) < key(&pair[1])
                    };
                    prop_assert!(findings.windows(2).all(order), "{:?}", findings);
                }
            }
            Ok(())
        })?;
    }
}

fn compiled(policy: &Policy, options: &Options) -> Snapshot {
    Snapshot::compile(policy, options).expect("a policy in which nothing is wrong compiles")
}

/// The same request at another instant.
fn asked_at<'r>(request: &sendas::Request<'r>, now: Timestamp) -> sendas::Request<'r> {
    let mut request = *request;
    request.now = now;
    request
}

/// An account, and an address that it or its tenant holds.
fn held(policy: &Policy, choices: &mut Choices<'_>) -> Option<(String, Value)> {
    let tenant = choices.pick(&policy.tenants);
    let account = choices.pick(&tenant.accounts);
    let identities = account.identities.iter().chain(&tenant.identities).map(|identity| &identity.address);
    let held: Vec<Value> = account.address.iter().chain(identities).map(Value::of).collect();
    (!held.is_empty()).then(|| (account.id.clone(), choices.pick(&held)))
}

/// The text with its ASCII capitals small and its small letters capital.
fn with_case_swapped(text: &str) -> String {
    let swap = |letter: char| {
        if letter.is_ascii_uppercase() { letter.to_ascii_lowercase() } else { letter.to_ascii_uppercase() }
    };
    text.chars().map(swap).collect()
}

/// A From field with one mailbox, which is this address alone.
fn from_one(value: Value) -> Field {
    let mailbox = Mailbox { name: None, address: Spelling::plain(value), comment: None };
    Field { kind: Kind::From, odd_case: false, body: Body::List(vec![Item::Mailbox(mailbox)]) }
}

/// The address of the envelope sender, as a policy has it.
fn asked_for(request: &Request) -> Option<Address> {
    let (Envelope::Path { address, .. } | Envelope::Unquoted(address)) = &request.envelope else { return None };
    Address::parse(&format!("\"{}\"@{}", address.value.local, address.value.domain)).ok()
}

/// Asserts that whatever one policy allows, to any account, the other allows too.
fn what_is_allowed_stays_so(case: &Case, before: &Policy, after: &Policy) -> Result<(), TestCaseError> {
    let (before, after) = (compiled(before, &case.options), compiled(after, &case.options));
    for account in case.policy.tenants.iter().flat_map(|tenant| &tenant.accounts) {
        let request = Request { account: Some(account.id.clone()), ..case.request.clone() };
        Written::new(&request, &case.options.limits).ask(|asked| {
            let (before, after) = (before.evaluate(asked), after.evaluate(asked));
            let lost = before.verdict() == Verdict::Allow && after.verdict() != Verdict::Allow;
            prop_assert!(!lost, "{:#?}\n{:#?}\n{:#?}", after, request, case.policy);
            Ok(())
        })?;
    }
    Ok(())
}

/// Asserts that two ways to a snapshot end in the same one, or both in an error.
fn equally<E: std::fmt::Debug, F: std::fmt::Debug>(
    one: Result<Snapshot, E>,
    other: Result<Snapshot, F>,
    case: &Case,
) -> Result<(), TestCaseError> {
    match (one, other) {
        (Ok(one), Ok(other)) => agree::are_one(&one, &other, case),
        (Err(_), Err(_)) => {}
        (one, other) => {
            prop_assert!(false, "{:?} but {:?}", one.map(|one| one.id()), other.map(|other| other.id()));
        }
    }
    Ok(())
}

/// An own address of some account, or an address at some tenant's domain.
fn victim(policy: &Policy, choices: &mut Choices<'_>) -> Option<Value> {
    let mut victims = Vec::new();
    for tenant in &policy.tenants {
        victims.extend(tenant.accounts.iter().filter_map(|account| account.address.as_ref()).map(Value::of));
        victims.extend(
            tenant.domains.iter().map(|entry| Value { local: "eve".to_owned(), domain: entry.name.to_string() }),
        );
    }
    (!victims.is_empty()).then(|| choices.pick(&victims))
}

/// The request with the victim's address in every place where a reader would look for the author.
fn attacks(request: &Request, victim: &Value) -> Vec<Request> {
    let mailbox = || Mailbox { name: None, address: Spelling::plain(victim.clone()), comment: None };
    let field = |kind, items| Field { kind, odd_case: false, body: Body::List(items) };
    let text = |kind, text| Field { kind, odd_case: false, body: Body::Text(text) };
    let one = || vec![Item::Mailbox(mailbox())];
    let harmless = || {
        let value = Value { local: "nobody".to_owned(), domain: "unknown.test".to_owned() };
        Mailbox { name: None, address: Spelling::plain(value), comment: None }
    };
    let team = Name { shown: Shown::Words("Team"), form: NameForm::Quoted };
    let headers = [
        vec![field(Kind::From, one())],
        vec![field(Kind::From, vec![Item::Mailbox(harmless()), Item::Mailbox(mailbox())])],
        vec![field(Kind::From, vec![Item::Group(team, vec![harmless(), mailbox()])])],
        vec![field(Kind::From, vec![Item::Mailbox(harmless())]), field(Kind::From, one())],
        vec![
            text(Kind::ResentDate, "Sat, 21 Nov 2026 10:00:00 +0000"),
            field(Kind::ResentFrom, vec![Item::Mailbox(harmless())]),
            field(Kind::From, one()),
        ],
    ];
    let mut attacks: Vec<Request> = headers
        .into_iter()
        .flat_map(|fields| {
            [sendas_tests::request::Header::Fields(fields.clone()), sendas_tests::request::Header::Block(fields, None)]
        })
        .map(|header| Request { header, ..request.clone() })
        .collect();
    let envelope = Envelope::Path { address: Spelling::plain(victim.clone()), brackets: true };
    attacks.push(Request { envelope, smtputf8: true, ..request.clone() });
    attacks
}
