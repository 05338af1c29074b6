//! Events of the mailbox owner's consent.

use alloc::vec::Vec;

use crate::policy::Consent;
use crate::time::Timestamp;

use super::super::index::{Effect, Index};
use super::super::{Answer, Desk, Event, Machine, Purpose, UnfitKind};
use super::step;

impl Desk {
    pub(super) fn apply_consent(
        &mut self,
        event: &Event,
        at: Timestamp,
        index: &Index,
        effects: &mut Vec<Effect>,
    ) -> Result<(), UnfitKind> {
        match event {
            Event::ConsentRequested { pair, token, expires } => {
                step(Machine::Consent, self.consent_state(pair), event.name())?;
                if self.identities(&pair.holder).is_none() {
                    return Err(UnfitKind::unknown("holder", pair.holder.id()));
                }
                self.issue(*token, *expires, Purpose::Question(pair.clone()), index, effects)?;
                let identity = self.identity_or_new(&pair.holder, &pair.address, effects)?;
                identity.consent = Some(Consent::Pending);
                identity.since = Some(at);
            }
            Event::ConsentAnswered { pair, answer } => {
                let (name, consent) = match answer {
                    Answer::Given => ("consent_answered given", Consent::Given),
                    Answer::Refused => ("consent_answered refused", Consent::Refused),
                    Answer::Withdrawn => ("consent_answered withdrawn", Consent::Withdrawn),
                };
                step(Machine::Consent, self.consent_state(pair), name)?;
                let identity = self.known_identity(&pair.holder, &pair.address)?;
                identity.consent = Some(consent);
                identity.since = Some(at);
                self.tokens.spend_question(pair);
            }
            _ => return Err(UnfitKind::WrongScope(event.name())),
        }
        Ok(())
    }
}
