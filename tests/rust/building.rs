//! A snapshot whose tenants came one after the other is the one that the policy compiles to.

use std::num::NonZeroUsize;
use std::thread;

use proptest::collection::vec;
use proptest::prelude::*;
use sendas::policy::{PolicyProblem, ProblemKind, Tenant};
use sendas::{CompileError, HashKey, LinesError, Options, Policy, PolicyError, PolicyLines, Snapshot, SnapshotLines};
use sendas_tests::generate;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_tenants_does_not_show(
        octets in vec(any::<u8>(), 400..1600),
        turn in 0_usize..8,
        turned in any::<bool>(),
    ) {
        let mut case = generate::case(&octets);
        let sealed = |snapshot: Snapshot| snapshot.seal().expect("a sound snapshot");
        let expected = sealed(Snapshot::compile(&case.policy, &case.options).expect("a sound policy"));
        let tenants = &mut case.policy.tenants;
        if turned {
            tenants.reverse();
        }
        let turn = turn % tenants.len().max(1);
        tenants.rotate_left(turn);

        let mut builder = Snapshot::builder(&case.policy.provider, &case.options);
        tenants.iter().for_each(|tenant| builder.tenant(tenant));
        prop_assert!(sealed(builder.finish().expect("a sound policy")) == expected);

        let mut builder = Snapshot::builder(&case.policy.provider, &case.options);
        let pages: Vec<_> = thread::scope(|scope| {
            let compiler = builder.compiler();
            let running: Vec<_> = tenants.iter().map(|tenant| scope.spawn(move || compiler.compile(tenant))).collect();
            running.into_iter().map(|thread| thread.join().expect("a thread that ends")).collect()
        });
        pages.into_iter().for_each(|page| builder.page(page));
        prop_assert!(sealed(builder.finish().expect("a sound policy")) == expected);

        let threads = NonZeroUsize::MIN.saturating_add(turn);
        let compiled = Snapshot::compile_on(threads, &case.policy, &case.options);
        prop_assert!(sealed(compiled.expect("a sound policy")) == expected);
    }

    #[test]
    fn lines_are_compiled_as_they_are_read(
        octets in vec(any::<u8>(), 400..1600),
        length in 1_usize..3_000,
        threads in 1_usize..4,
        wrong in vec((any::<prop::sample::Index>(), prop::sample::select(WRONG)), 0..3),
    ) {
        let case = generate::case(&octets);
        let mut lines: Vec<String> = case.policy.to_json_lines().lines().map(str::to_owned).collect();
        for (at, line) in &wrong {
            lines.insert(at.index(lines.len() + 1), (*line).to_owned());
        }
        let text = lines.join("\n");
        let read = read(&text).map(|policy| Snapshot::compile(&policy, &case.options).expect("a sound policy"));
        let expected = read.map(|snapshot| snapshot.seal().expect("a sound snapshot"));
        prop_assert!(expected.is_ok() || !wrong.is_empty());

        let sealed = |built: Result<Snapshot, LinesError>| match built {
            Ok(snapshot) => Ok(snapshot.seal().expect("a sound snapshot")),
            Err(LinesError::Text(error)) => Err(error),
            Err(error) => panic!("{error}"),
        };
        let mut by_pieces = SnapshotLines::new(&case.options);
        text.as_bytes().chunks(length).for_each(|piece| by_pieces.push(piece));
        prop_assert!(sealed(by_pieces.finish()) == expected);
        let threads = NonZeroUsize::new(threads).expect("one or more");
        let on_threads = SnapshotLines::compile_on(threads, text.as_bytes().chunks(length), &case.options);
        prop_assert!(sealed(on_threads) == expected);
    }
}

/// Lines that are no tenant, or none that may stand beside others.
const WRONG: &[&str] =
    &["", "{", "{\"id\":7}", "{\"id\":\"\"}", "{\"id\":\"orphan\",\"parent\":\"nobody\"}", "{\"idd\":\"typo\"}"];

fn read(text: &str) -> Result<Policy, PolicyError> {
    let mut reader = PolicyLines::new();
    text.split_inclusive('\n').for_each(|line| reader.push(line.as_bytes()));
    reader.finish()
}

/// More text than is compiled at once, so that lines are cut from several pieces.
#[test]
fn long_texts_are_cut_at_lines() {
    let mut text = String::from("{\"schema\":1}\n");
    for number in 0..3_000 {
        let id = number * 7_919 % 3_000;
        let account =
            format!("{{\"id\":\"account-{id}\",\"address\":\"a{id}@example.org\",\"address_assigned\":true}}");
        text += &format!("{{\"id\":\"tenant-{id}\",\"account\":[{account}{}]}}\n", " ".repeat(200));
    }
    let options = Options::new(HashKey([3; 16]));
    let expected = Snapshot::compile(&Policy::from_json_lines(&text).expect("a policy"), &options).expect("sound");
    for (threads, length) in [(1, 100_000), (2, 7), (3, 1_000_000)] {
        let threads = NonZeroUsize::new(threads).expect("one or more");
        let compiled = SnapshotLines::compile_on(threads, text.as_bytes().chunks(length), &options).expect("a policy");
        assert!(compiled.seal().expect("sound") == expected.seal().expect("sound"));
    }
    text += "{\"id\":\"tenant-5\"}\n{\"id\":\"tenant-6\"";
    let error = SnapshotLines::compile_on(NonZeroUsize::MIN, [&text], &options).expect_err("two wrong lines");
    let LinesError::Text(error) = error else { panic!("{error}") };
    let places: Vec<(usize, usize)> = error.diagnostics().iter().map(|found| (found.line, found.span.start)).collect();
    let second = text.rfind("{\"id\":\"tenant-5\"}").expect("the line is there");
    assert_eq!(places, [(3_002, second), (3_003, text.len())]);
}

#[test]
fn problems_name_the_tenants_as_they_came() {
    let mut builder = Snapshot::builder(&Default::default(), &Options::new(HashKey([1; 16])));
    ["b", "a", "b", ""].into_iter().for_each(|id| builder.tenant(&Tenant::new(id)));
    let Err(CompileError::Policy(problems)) = builder.finish() else { panic!("a problem was expected") };
    let found: Vec<(String, &ProblemKind)> =
        problems.iter().map(|problem: &PolicyProblem| (problem.path_text(), &problem.kind)).collect();
    let twice = ProblemKind::DuplicateTenant("b".to_owned());
    assert_eq!(found, [("tenant[2].id".to_owned(), &twice), ("tenant[3].id".to_owned(), &ProblemKind::EmptyId)]);
}

#[test]
fn a_page_for_another_snapshot_is_refused() {
    let [mut builder, other] =
        [1, 2].map(|key| Snapshot::builder(&Default::default(), &Options::new(HashKey([key; 16]))));
    builder.page(other.compiler().compile(&Tenant::new("acme")));
    builder.tenant(&Tenant::new("zebra"));
    assert!(matches!(builder.finish(), Err(CompileError::OtherKey(id)) if !id.is_empty()));
}
