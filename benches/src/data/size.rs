//! How large a policy is, and which accounts send.

use fastrand::Rng;

/// How many identities a policy has, and how many of them a tenant has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    identities: usize,
    per_tenant: usize,
}

impl Size {
    /// Identities of a tenant where nothing else is said.
    pub const PER_TENANT: usize = 100;

    /// Creates the size of a policy with about this many identities, 100 a tenant.
    #[must_use]
    pub fn new(identities: usize) -> Self {
        Self::with_tenants_of(Self::PER_TENANT, identities)
    }

    /// Creates the size of a policy with about this many identities, in at least two tenants of at most `per_tenant`, and at
    /// least five.
    #[must_use]
    pub fn with_tenants_of(per_tenant: usize, identities: usize) -> Self {
        let per_tenant = per_tenant.min(identities / 2).max(5);
        Self { identities, per_tenant }
    }

    /// The number of tenants.
    #[must_use]
    pub fn tenants(self) -> usize {
        self.identities.div_ceil(self.per_tenant).max(2)
    }

    /// The identities of one tenant.
    #[must_use]
    pub fn per_tenant(self) -> usize {
        self.per_tenant
    }

    /// The identities of all tenants.
    #[must_use]
    pub fn identities(self) -> usize {
        self.tenants() * self.per_tenant
    }

    /// The accounts of one tenant that have identities: one for ten, and at least two.
    #[must_use]
    pub fn accounts(self) -> usize {
        (self.per_tenant / 10).max(2)
    }
}

/// Whose turn it is to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the measurements' own data")]
pub enum Accounts {
    /// Tenants by Zipf's law with exponent 1: few send much.
    Zipf,
    /// Every tenant equally often.
    Uniform,
}

impl Accounts {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Zipf, Self::Uniform];

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zipf => "zipf",
            Self::Uniform => "uniform",
        }
    }

    /// Draws the number of a tenant below `tenants`.
    pub(super) fn draw(self, rng: &mut Rng, tenants: usize) -> usize {
        match self {
            Self::Uniform => rng.usize(..tenants),
            Self::Zipf => scatter(rank(rng, tenants), tenants),
        }
    }
}

/// A rank below `count`, by Zipf's law with exponent 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "ranks are small"
)]
fn rank(rng: &mut Rng, count: usize) -> usize {
    let rank = (((count + 1) as f64).ln() * rng.f64()).exp() as usize;
    rank.clamp(1, count) - 1
}

/// Spreads ranks over all tenants, so that those that send much do not stand side by side.
fn scatter(rank: usize, tenants: usize) -> usize {
    const STEP: usize = 7_919;
    if tenants % STEP == 0 { rank } else { rank * STEP % tenants }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_kept_to_whole_tenants() {
        assert_eq!((Size::new(10).tenants(), Size::new(10).per_tenant()), (2, 5));
        assert_eq!((Size::new(1_000).tenants(), Size::new(1_000).identities()), (10, 1_000));
        assert_eq!(Size::with_tenants_of(1_000, 100_000).tenants(), 100);
        assert_eq!(Size::with_tenants_of(10, 100_000).tenants(), 10_000);
    }

    #[test]
    fn the_first_of_many_sends_as_zipf_says() {
        let mut rng = Rng::with_seed(1);
        let drawn: Vec<_> = (0..20_000).map(|_| Accounts::Zipf.draw(&mut rng, 1_000)).collect();
        let first = drawn.iter().filter(|&&tenant| tenant == 0).count();
        // ln 2 / ln 1001 of all.
        assert!((1_800..2_200).contains(&first), "{first}");
        assert!(drawn.iter().all(|&tenant| tenant < 1_000));
    }

    #[test]
    fn scattering_meets_every_tenant_once() {
        for tenants in [2, 10, 1_000, 7_919, 15_838] {
            let mut all: Vec<_> = (0..tenants).map(|rank| scatter(rank, tenants)).collect();
            all.sort_unstable();
            assert_eq!(all, (0..tenants).collect::<Vec<_>>());
        }
    }
}
