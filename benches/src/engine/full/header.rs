//! What the header says, and who may say it.

use sendas::policy::{Alignment, NameCheck, Strength};

use super::address::{Address, Asked};
use super::read::{Field, Kind, List, Mailbox, Names, Reader, is_ambiguous};
use super::session::Strengths;
use crate::data::Attempt;

/// A message whose header is judged.
pub(super) struct Message<'m, 'a> {
    pub(super) asked: &'m Asked<'a>,
    pub(super) strengths: &'m Strengths,
    pub(super) sender: Option<Address<'m>>,
}

impl<'m> Message<'m, '_> {
    pub(super) fn is_allowed(&self, reader: &Reader, attempt: &'m Attempt) -> bool {
        let strengths = self.strengths;
        if strengths.reading == Strength::Off && strengths.hosted == Strength::Off {
            return true;
        }
        if attempt.header.lines().any(|(name, _)| is_ambiguous(name)) && self.denies_unread(strengths.reading) {
            return false;
        }
        let fields = reader.read(attempt);
        let Ok(resent) = self.resent(&fields) else { return false };
        self.from(&fields, resent.is_some())
            && self.sender_field(&fields)
            && (resent.is_some() || strengths.header == Strength::Enforce || self.resent_is_nobody_elses(&fields))
            && self.is_aligned(&fields, resent)
    }

    /// Whether what cannot be read denies: for its own control, or as it may name another tenant's address.
    fn denies_unread(&self, control: Strength) -> bool {
        control == Strength::Enforce || self.strengths.hosted == Strength::Enforce
    }

    fn from(&self, fields: &[Field<'_>], resent: bool) -> bool {
        let (strengths, tenant) = (self.strengths, self.asked.tenant);
        let enforced = strengths.reading == Strength::Enforce;
        let mut froms = fields.iter().filter(|field| field.kind == Kind::From);
        let Some(field) = froms.next() else { return !enforced };
        if froms.next().is_some() {
            let all = fields.iter().filter(|field| field.kind == Kind::From);
            return !enforced && all.into_iter().all(|field| self.is_nobody_elses(field));
        }
        let (all, names) = match &field.list {
            List::Nobody => return !enforced,
            List::Unreadable => return !self.denies_unread(strengths.reading),
            List::Mailboxes { all, names, .. } => (all, names),
        };
        if strengths.reading == Strength::Off {
            return self.is_nobody_elses(field);
        }
        if all.len() > 1 {
            if !tenant.multiple_from && enforced {
                return false;
            }
            let alone = !fields.iter().any(|field| field.kind == Kind::Sender);
            if tenant.multiple_from && alone && strengths.header == Strength::Enforce {
                return false;
            }
        }
        let judged = all.iter().all(|mailbox| match &mailbox.address {
            Some(address) if resent => {
                (!strengths.sender || !self.asked.is_denied(address)) && self.asked.is_nobody_elses(address, strengths)
            }
            _ => self.may_send_as(mailbox),
        });
        judged && self.names_are_good(all, names)
    }

    fn may_send_as(&self, mailbox: &Mailbox<'_>) -> bool {
        match &mailbox.address {
            Some(address) => self.asked.may_send_as(address, self.strengths),
            None => !self.strengths.sender && self.strengths.hosted != Strength::Enforce,
        }
    }

    /// Whether a field that only the `hosted` control looks at is good.
    fn is_nobody_elses(&self, field: &Field<'_>) -> bool {
        if self.strengths.hosted != Strength::Enforce {
            return true;
        }
        match &field.list {
            List::Nobody => true,
            List::Unreadable => false,
            List::Mailboxes { all, .. } => all.iter().all(|mailbox| {
                mailbox.address.as_ref().is_some_and(|address| self.asked.is_nobody_elses(address, self.strengths))
            }),
        }
    }

    fn resent_is_nobody_elses(&self, fields: &[Field<'_>]) -> bool {
        let resent = |field: &&Field<'_>| matches!(field.kind, Kind::ResentFrom | Kind::ResentSender);
        fields.iter().filter(resent).all(|field| self.is_nobody_elses(field))
    }

    fn sender_field(&self, fields: &[Field<'_>]) -> bool {
        let strengths = self.strengths;
        let mut senders = fields.iter().filter(|field| field.kind == Kind::Sender);
        if strengths.header == Strength::Off || self.asked.tenant.ignore_sender {
            return senders.all(|field| self.is_nobody_elses(field));
        }
        let enforced = strengths.header == Strength::Enforce;
        let Some(field) = senders.next() else { return true };
        if senders.next().is_some() {
            let all = fields.iter().filter(|field| field.kind == Kind::Sender);
            return !enforced && all.into_iter().all(|field| self.is_nobody_elses(field));
        }
        match &field.list {
            List::Nobody => !enforced,
            List::Unreadable => !self.denies_unread(strengths.header),
            List::Mailboxes { all, names, group } => {
                !(enforced && (*group || all.len() > 1))
                    && all.iter().all(|mailbox| self.may_send_as(mailbox))
                    && self.names_are_good(all, names)
            }
        }
    }

    fn names_are_good(&self, mailboxes: &[Mailbox<'_>], names: &Names) -> bool {
        let check = self.asked.tenant.names;
        if self.strengths.header != Strength::Enforce || check == NameCheck::Off {
            return true;
        }
        !names.undecodable
            && names.addresses.iter().filter_map(|text| Address::read(text).ok()).all(|address| {
                let own =
                    |mailbox: &Mailbox<'_>| mailbox.address.as_ref().is_some_and(|one| one.folded == address.folded);
                mailboxes.iter().any(own)
                    || check == NameCheck::Hosted && !self.asked.is_known(&address)
                    || self.asked.permits(&address)
            })
    }

    /// The Resent-From field that takes From's place, if one does.
    fn resent<'f>(&self, fields: &'f [Field<'m>]) -> Result<Option<&'f Field<'m>>, ()> {
        let header = self.strengths.header;
        let first = fields.iter().position(|field| field.kind.is_resent());
        let Some(first) = first.filter(|_| header != Strength::Off) else { return Ok(None) };
        let otherwise = if header == Strength::Enforce { Err(()) } else { Ok(None) };
        if !self.asked.account.resend {
            return otherwise;
        }
        let block = || fields.iter().skip(first).take_while(|field| field.kind.is_resent());
        let only = |kind| {
            let mut found = block().filter(move |field| field.kind == kind);
            (found.next(), found.count())
        };
        let (date, from, sender) = (only(Kind::ResentDate), only(Kind::ResentFrom), only(Kind::ResentSender));
        let ((Some(_), 0), (Some(from), 0), 0) = (date, from, sender.1) else { return otherwise };
        let List::Mailboxes { all, .. } = &from.list else { return otherwise };
        let sender = match sender.0.map(|field| &field.list) {
            None if all.len() == 1 => None,
            Some(List::Mailboxes { all, group: false, .. }) if all.len() == 1 => all.first(),
            _ => return otherwise,
        };
        if all.len() > 1 && !self.asked.tenant.multiple_from && header == Strength::Enforce {
            return Err(());
        }
        let good = all.iter().chain(sender).all(|mailbox| self.may_send_as(mailbox));
        if good { Ok(Some(from)) } else { Err(()) }
    }

    fn is_aligned(&self, fields: &[Field<'_>], resent: Option<&Field<'_>>) -> bool {
        let alignment = self.asked.tenant.alignment;
        let (Some(sender), true) = (&self.sender, self.strengths.header == Strength::Enforce) else { return true };
        let mut from = fields.iter().filter(|field| field.kind == Kind::From);
        let Some(List::Mailboxes { all, .. }) = resent.or_else(|| from.next()).map(|field| &field.list) else {
            return true;
        };
        all.iter().filter_map(|mailbox| mailbox.address.as_ref()).all(|author| match alignment {
            Alignment::None => true,
            Alignment::Organizational => organization(&sender.domain) == organization(&author.domain),
            Alignment::Domain => sender.domain == author.domain,
            Alignment::Address => sender.folded == author.folded,
        })
    }
}

fn organization(domain: &str) -> &str {
    psl::domain_str(domain).unwrap_or(domain)
}
