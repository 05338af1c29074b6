//! Reads a request of a vector: a record, in which a text may also be said in parts.

use sendas::record::RequestRecord;
use serde_json::Value;

/// Reads the `request` member of a vector that the schema permits.
pub(crate) fn read(request: &Value) -> Option<RequestRecord> {
    RequestRecord::from_json(joined(request)?.to_string()).ok()
}

/// Joins every `{"parts": […]}` to the text that it stands for.
fn joined(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Array(elements) => elements.iter().map(joined).collect::<Option<_>>()?,
        Value::Object(members) => match members.get("parts").and_then(Value::as_array) {
            Some(parts) => parts.iter().map(part).collect::<Option<String>>()?.into(),
            None => {
                let members = members.iter().map(|(name, value)| Some((name.clone(), joined(value)?)));
                Value::Object(members.collect::<Option<_>>()?)
            }
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    })
}

fn part(part: &Value) -> Option<String> {
    match part.as_str() {
        Some(text) => Some(text.to_owned()),
        None => Some(part["repeat"].as_str()?.repeat(usize::try_from(part["times"].as_u64()?).ok()?)),
    }
}
