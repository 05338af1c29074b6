//! Policies as text, and what is wrong with them.

use std::result;

use napi::Env;
use napi::bindgen_prelude::{Either, Result, Unknown};
use napi_derive::napi;
use sendas::{CompileError, PolicyError};

use crate::given::Given;

/// What the provider and its tenants have laid down.
#[napi]
pub struct Policy {
    pub(crate) policy: sendas::Policy,
}

#[napi]
impl Policy {
    /// Reads a policy from TOML. Throws a `PolicyError` that names every problem of the text.
    #[napi(configurable = true, ts_args_type = "text: Text", ts_return_type = "Policy")]
    pub fn from_toml(env: Env, text: Unknown<'_>) -> Result<Either<Self, Refusal>> {
        read(env, text, |octets| sendas::Policy::from_toml(octets))
    }

    /// Reads a policy from JSON (RFC 8259). Throws a `PolicyError` that names every problem of the text.
    #[napi(configurable = true, ts_args_type = "text: Text", ts_return_type = "Policy")]
    pub fn from_json(env: Env, text: Unknown<'_>) -> Result<Either<Self, Refusal>> {
        read(env, text, |octets| sendas::Policy::from_json(octets))
    }

    /// Reads a policy from JSON Lines: first the schema and the provider, then a tenant a line.
    ///
    /// Throws a `PolicyError` that names every problem of the text.
    #[napi(configurable = true, ts_args_type = "text: Text", ts_return_type = "Policy")]
    pub fn from_json_lines(env: Env, text: Unknown<'_>) -> Result<Either<Self, Refusal>> {
        read(env, text, |octets| sendas::Policy::from_json_lines(octets))
    }

    /// Returns the policy as JSON that `fromJson` reads back as an equal policy.
    #[napi]
    #[must_use]
    pub fn to_json(&self) -> String {
        self.policy.to_json()
    }

    /// Returns the policy as JSON Lines that `fromJsonLines` reads back as an equal policy.
    #[napi]
    #[must_use]
    pub fn to_json_lines(&self) -> String {
        self.policy.to_json_lines()
    }
}

/// Returns the JSON Schema (draft 2020-12) of policies, as one JSON text.
#[napi]
#[must_use]
pub fn policy_schema() -> String {
    sendas::policy_schema()
}

/// One problem of a policy or a record.
#[napi(object, object_from_js = false, use_nullable = true)]
#[non_exhaustive]
pub struct Diagnostic {
    /// The line, 1-based; null where the problem is not one of a text, as when a tenant is removed.
    pub line: Option<i64>,
    /// The column, 1-based, in Unicode code points; null as `line`.
    pub column: Option<i64>,
    /// Where in the policy, such as `tenant[2].account[0].address`; empty for the text as a whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What would be right, or null where that cannot be said.
    pub help: Option<String>,
}

/// The message and the diagnostics of a `PolicyError` or a `RecordError`, which `index.js` throws, or of a `SnapshotError`,
/// which has none.
pub(crate) type Refusal = (String, Option<Vec<Diagnostic>>);

pub(crate) fn not_compiled(error: &CompileError) -> Refusal {
    let diagnostics = match error {
        CompileError::Damaged(damaged) => return not_opened(damaged),
        CompileError::Policy(problems) => problems
            .iter()
            .map(|problem| Diagnostic {
                line: None,
                column: None,
                path: problem.path_text(),
                message: problem.kind.to_string(),
                help: Some(problem.kind.help()),
            })
            .collect(),
        other => {
            let message = other.to_string();
            vec![Diagnostic { line: None, column: None, path: String::new(), message, help: None }]
        }
    };
    (error.to_string(), Some(diagnostics))
}

/// Says why a sealed snapshot cannot be used.
pub(crate) fn not_opened(error: &impl ToString) -> Refusal {
    (error.to_string(), None)
}

pub(crate) fn not_read(error: &impl ToString, diagnostics: &[sendas::Diagnostic]) -> Refusal {
    let diagnostics = diagnostics.iter().map(|found| Diagnostic {
        line: i64::try_from(found.line).ok(),
        column: i64::try_from(found.column).ok(),
        path: found.path.clone(),
        message: found.message.clone(),
        help: found.help.clone(),
    });
    (error.to_string(), Some(diagnostics.collect()))
}

fn read(
    env: Env,
    text: Unknown<'_>,
    read: impl FnOnce(&[u8]) -> result::Result<sendas::Policy, PolicyError>,
) -> Result<Either<Policy, Refusal>> {
    Ok(match read(&Given::new(env, "text", text).text()?) {
        Ok(policy) => Either::A(Policy { policy }),
        Err(error) => Either::B(not_read(&error, error.diagnostics())),
    })
}
