//! Commands of the mailbox owner's consent.

use alloc::vec::Vec;

use crate::policy::Consent;
use crate::time::Timestamp;

use super::super::transition::next;
use super::super::{Answer, Command, Desk, Digest, Event, Machine, Pair, Purpose, Refusal, Token};
use super::Context;

impl Context<'_> {
    pub(super) fn consent(&mut self, command: &Command, desk: &Desk) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::RequestConsent { pair, token, expires } => self.request_consent(desk, pair, token, *expires),
            Command::AnswerQuestion { answer } => match self.bearer().and_then(|token| desk.question(&token)) {
                Some(pair) => answered(desk, pair, *answer),
                None => Ok(Vec::new()),
            },
            Command::AnswerForOwnAddress { pair, answer } => answered(desk, pair, *answer),
            Command::WithdrawConsent { pair } => answered(desk, pair, Answer::Withdrawn),
            _ => Ok(Vec::new()),
        }
    }

    fn request_consent(
        &mut self,
        desk: &Desk,
        pair: &Pair,
        token: &Token,
        expires: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        match desk.identity(&pair.holder, &pair.address).and_then(|identity| identity.consent) {
            Some(Consent::Given) => return Ok(Vec::new()),
            Some(Consent::Refused | Consent::Withdrawn) => {
                return Err(Refusal::OwnerRefused { address: pair.address.clone() });
            }
            Some(Consent::Pending) | None => {}
        }
        // Whoever could ask as often as they like, by removing the identity meanwhile or in another case, could flood a stranger's
        // mailbox.
        let asked = desk.tokens.asked_until(pair).filter(|&until| self.now < until);
        if let Some(until) = asked.filter(|_| !self.is_provider()) {
            return Err(Refusal::QuestionOpen { address: pair.address.clone(), until });
        }
        self.in_future(expires)?;
        self.foreign(desk, &pair.address)?;
        Ok([Event::ConsentRequested { pair: pair.clone(), token: token.digest(), expires }].into())
    }
}

impl Desk {
    fn question(&self, token: &Digest) -> Option<&Pair> {
        match &self.tokens.get(token)?.purpose {
            Purpose::Question(pair) => Some(pair),
            Purpose::Batch { .. } => None,
        }
    }
}

fn answered(desk: &Desk, pair: &Pair, answer: Answer) -> Result<Vec<Event>, Refusal> {
    let state = desk.consent_state(pair);
    if state == answer.name() {
        return Ok(Vec::new());
    }
    let event = alloc::format!("consent_answered {}", answer.name());
    if next(Machine::Consent, state, &event).is_none() {
        return Err(Refusal::ConsentState { address: pair.address.clone(), state });
    }
    Ok([Event::ConsentAnswered { pair: pair.clone(), answer }].into())
}
