//! What a tenant sets for all it has.

use alloc::vec::Vec;

use crate::policy::{CaseRule, CredentialSettings, Domain, Mode, SenderSettings, Tenant};
use crate::snapshot::layout::{Run, Word, small};
use crate::snapshot::rows::{account, tenant};

use super::lists::mode_kind;
use super::page::{PageWriter, flag};

impl PageWriter<'_, '_> {
    /// The flags, the settings and the controls of the head.
    pub(super) fn settings(&self) -> [u32; 3] {
        let tenant = self.tenant;
        let asks = !tenant.credential.refuse.is_empty() || tenant.credential.require_scope.is_some();
        let flags = flag(tenant.suspended, tenant::SUSPENDED)
            | flag(tenant.admin_vouches, tenant::ADMIN_VOUCHES)
            | flag(tenant.approval_required, tenant::APPROVAL_REQUIRED)
            | flag(tenant.inherited.identities, tenant::INHERIT_IDENTITIES)
            | flag(tenant.inherited.domains, tenant::INHERIT_DOMAINS)
            | flag(tenant.sender.refuse_null, tenant::REFUSE_NULL)
            | flag(tenant.header.multiple_from, tenant::MULTIPLE_FROM)
            | flag(tenant.header.ignore_sender, tenant::IGNORE_SENDER)
            | flag(tenant.credential.require_tls, tenant::REQUIRE_TLS)
            | flag(tenant.domains.iter().any(|domain| domain.subdomains), tenant::HAS_SUBDOMAINS)
            | flag(tenant.parent.is_some(), tenant::HAS_PARENT)
            | flag(!tenant.allowlists.is_empty(), tenant::HAS_ALLOWLISTS)
            | flag(!tenant.denies.is_empty(), tenant::HAS_DENIES)
            | flag(asks, tenant::ASKS_CREDENTIALS)
            | flag(self.names_heirs, tenant::NAMES_HEIRS)
            | flag(self.is_undisputed(), tenant::UNDISPUTED);
        let settings = u32::from_le_bytes([
            tenant.sender.proof as u8,
            tenant.header.alignment as u8,
            tenant.header.names as u8,
            tenant.sender.on_deny as u8,
        ]);
        let kinds =
            self.modes().iter().zip(0..).fold(0, |word, (mode, number)| word | mode_kind(*mode) << (8 + 2 * number));
        [flags, settings, u32::from(tenant.sender.channels.bits()) | kinds | small(tenant.id.len()) << 24]
    }

    /// Whether nothing of the tenant speaks against an address: see [`tenant::UNDISPUTED`].
    fn is_undisputed(&self) -> bool {
        let is_plain = |domain: &Domain| {
            domain.active && !domain.subdomains && domain.case != CaseRule::Exact && domain.separator.is_none()
        };
        self.tenant.parent.is_none() && self.tenant.domains.iter().all(is_plain)
    }

    /// What of a session can fail, or is not simply enforced, by what its tenant has: see [`account::WATCHED`].
    pub(super) fn watch_of_tenant(&self) -> u32 {
        let Tenant { suspended, parent, allowlists, credential, sender, .. } = self.tenant;
        let has_parent = parent.is_some();
        let varies = self.modes().iter().any(|mode| *mode != Mode::Enforce)
            || sender.channels != SenderSettings::default().channels;
        flag(has_parent || varies || *suspended, account::WATCH_STANDING)
            | flag(*credential != CredentialSettings::default(), account::WATCH_CREDENTIAL)
            | flag(has_parent || !allowlists.is_empty(), account::WATCH_CLIENT)
    }

    pub(super) fn modes(&self) -> [Mode; 4] {
        let controls = &self.tenant.controls;
        [controls.sender, controls.header, controls.allowlist, controls.credential]
    }

    pub(super) fn roles(&mut self) -> Run {
        let mut roles: Vec<_> = self.tenant.roles.iter().collect();
        roles.sort_by(|a, b| a.name.cmp(&b.name));
        let names: Vec<Word> = roles.iter().map(|role| self.writer.octets(&[role.name.as_bytes()])).collect();
        let start = self.writer.here();
        for (role, name) in roles.iter().zip(names) {
            self.writer.run(Run { start: name, count: small(role.name.len()) });
            self.writer.word(role.permissions.iter().fold(0, |bits, permission| bits | 1 << *permission as u32));
        }
        Run { start, count: small(roles.len()) }
    }

    pub(super) fn refused(&mut self) -> Run {
        let mut rows: Vec<(u32, u32, i64)> = self
            .tenant
            .credential
            .refuse
            .iter()
            .map(|refused| {
                (refused.kind as u32, u32::from(refused.channels.bits()), refused.from.map_or(i64::MIN, |from| from.0))
            })
            .collect();
        rows.sort_unstable();
        let start = self.writer.here();
        for &(kind, channels, from) in &rows {
            self.writer.word(kind);
            self.writer.word(channels);
            self.writer.seconds(from);
        }
        Run { start, count: small(rows.len()) }
    }
}
