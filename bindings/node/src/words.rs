//! The names that stand for core's enumerations.

use napi_derive::napi;
use sendas::{Action, Channel, Control, CredentialKind, Profile, Reason, Stage, Subject, Tls, Verdict, View};

/// An enumeration whose values have names.
pub(crate) trait Word: Copy + 'static {
    /// Every value.
    const ALL: &'static [Self];

    fn word(self) -> &'static str;
}

macro_rules! words {
    ($($name:ident),+) => { $(
        impl Word for $name {
            const ALL: &'static [Self] = &Self::ALL;

            fn word(self) -> &'static str {
                self.name()
            }
        }
    )+ };
}

words!(Channel, CredentialKind, Profile, Stage, Subject, Tls, View);

/// The words for which its scripts and this package hand each other their places: stages, verdicts, actions, channels, kinds of
/// credentials, states of the transport.
#[napi(skip_typescript)]
#[must_use]
pub fn words() -> Vec<Vec<&'static str>> {
    vec![
        Stage::ALL.map(Stage::name).to_vec(),
        Verdict::ALL.map(Verdict::name).to_vec(),
        Action::ALL.map(Action::name).to_vec(),
        Channel::ALL.map(Channel::name).to_vec(),
        CredentialKind::ALL.map(CredentialKind::name).to_vec(),
        Tls::ALL.map(Tls::name).to_vec(),
    ]
}

/// A row of the reason table.
#[napi(object, object_from_js = false, use_nullable = true)]
#[non_exhaustive]
pub struct ReasonRow {
    /// The stable name of the reason.
    #[napi(ts_type = "Reason")]
    pub reason: &'static str,
    /// The control that can switch it off, or null if it is always enforced.
    #[napi(ts_type = "Control")]
    pub control: Option<&'static str>,
    /// The earliest stage at which it can be found.
    #[napi(ts_type = "Stage")]
    pub stage: &'static str,
    /// The verdict that it leads to where it is enforced.
    #[napi(ts_type = "Verdict")]
    pub verdict: &'static str,
    /// What it means, in Markdown.
    pub doc: String,
}

/// Lists the reason table, in reporting order.
#[napi(skip_typescript)]
#[must_use]
pub fn reasons() -> Vec<ReasonRow> {
    let row = |&reason: &Reason| ReasonRow {
        reason: reason.slug(),
        control: reason.control().map(Control::name),
        stage: reason.stage().name(),
        verdict: reason.verdict().name(),
        doc: reason.doc().split_whitespace().collect::<Vec<_>>().join(" "),
    };
    Reason::ALL.iter().map(row).collect()
}
