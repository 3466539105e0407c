//! The secrets that the tests of this process have used, and the search for them in the logs.

use reqwest::RequestBuilder;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

static SECRETS: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// The fields of requests and answers that hold secrets, or who somebody is.
const FIELDS: [&str; 11] = [
    "password",
    "newPassword",
    "accessToken",
    "refreshToken",
    "token",
    "email",
    "newEmail",
    "secret",
    "uri",
    "recoveryCodes",
    "code",
];
/// Shorter ones, such as six digits, stand in a log by chance.
const SHORTEST: usize = 8;

/// `false` when it was known before.
pub fn remember(secret: &str) -> bool {
    secret.len() >= SHORTEST && SECRETS.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.to_lowercase())
}

/// What a JSON document holds in such fields, wherever they stand.
pub fn remember_in(document: &Value) {
    match document {
        Value::Object(fields) => {
            for (name, value) in fields {
                // Errors have a `code` as well, which is a word for everybody.
                if FIELDS.contains(&name.as_str()) && fields.get("message").is_none() {
                    remember_all(value);
                }
                remember_in(value);
            }
        }
        Value::Array(items) => items.iter().for_each(remember_in),
        _ => {}
    }
}

fn remember_all(value: &Value) {
    match value {
        Value::String(text) => drop(remember(text)),
        Value::Array(items) => items.iter().for_each(remember_all),
        _ => {}
    }
}

/// What a request sends in such fields.
pub fn remember_sent(request: &RequestBuilder) {
    let Some(Ok(request)) = request.try_clone().map(RequestBuilder::build) else { return };
    let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
    if let Ok(document) = serde_json::from_slice(body) {
        remember_in(&document);
    }
}

/// Looks for every secret in a log.
pub fn assert_none_in(log: &str) {
    let secrets = SECRETS.lock().unwrap_or_else(PoisonError::into_inner);
    for line in log.lines() {
        if let Some(secret) = secret_in(line, &secrets) {
            panic!("a log line holds {secret:?}: {line}");
        }
    }
}

fn secret_in<'a>(line: &str, secrets: &'a HashSet<String>) -> Option<&'a String> {
    let line = line.to_lowercase();
    secrets.iter().find(|secret| line.contains(*secret))
}

#[test]
fn a_secret_in_a_log_is_found_whatever_its_case() {
    let document = serde_json::json!({ "data": [{ "accessToken": "eyJhbGciOi.abc", "recoveryCodes": ["abcd-efgh"] }] });
    remember_in(&document);
    let secrets = SECRETS.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(secret_in("INFO token=EYJhbGciOi.abc", &secrets).is_some());
    assert!(secret_in("code abcd-efgh used", &secrets).is_some());
    assert!(secret_in("INFO answered", &secrets).is_none());
}
