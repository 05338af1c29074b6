//! A sealed snapshot has no more octets for an identity than is promised, texts and everything else included.

use sendas_benches::data::{Size, plain};
use sendas_benches::engine::Sendas;

#[test]
fn an_identity_takes_few_octets() {
    for (per_tenant, most) in [(1_000, 56), (100, 56), (10, 72)] {
        let size = Size::with_tenants_of(per_tenant, 20_000);
        let sealed = Sendas::new(&plain::policy(size)).unwrap().0.seal().unwrap();
        let octets = sealed.len().div_ceil(size.identities());
        println!("{octets} octets for each of {per_tenant} identities of a tenant");
        assert!(octets <= most, "{octets} octets, with {per_tenant} identities a tenant");
    }
}
