//! How long reading a From field takes, beside the mail parser that the peer uses.

#![expect(
    clippy::expect_used,
    missing_docs,
    reason = "a bench stops where its data is bad; criterion's macro makes a public function"
)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use mail_parser::parsers::MessageStream;
use sendas::Limits;
use sendas::address::header::{names, read_field};
use sendas::address::name::addresses;

fn parse(criterion: &mut Criterion) {
    let limits = Limits::default();
    let mut group = criterion.benchmark_group("parse");
    for (name, field) in [
        ("bare", "alice@customer.example"),
        ("named", "\"Customer Service\" <alice@customer.example>"),
        ("encoded", "=?UTF-8?Q?K=C3=A4se_und_Brot?= <alice@customer.example>"),
        ("three", "a@customer.example, \"B\" <b@customer.example>, Team: c@customer.example;"),
    ] {
        group.bench_function(BenchmarkId::new("sendas", name), |bencher| {
            bencher.iter(|| {
                let body = black_box(field.as_bytes());
                let summary = read_field(body, &limits).expect("a good field");
                // As the engine does: names are decoded where one could show an address.
                if !summary.plain {
                    for name in names(body) {
                        addresses(body, &name, &mut |address| assert!(!black_box(address).is_literal()))
                            .expect("decoded");
                    }
                }
                black_box(summary.first.addr_spec.span)
            });
        });
        let line = format!("{field}\r\n");
        group.bench_function(BenchmarkId::new("mail-parser", name), |bencher| {
            bencher.iter(|| black_box(MessageStream::new(black_box(line.as_bytes())).parse_address()));
        });
    }
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
