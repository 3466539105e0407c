//! Whether the shop answers as docs/openapi.json says: every answer that a test gets is looked at.

use super::Answer;
use reqwest::{Method, Url};
use serde_json::Value;
use std::path::Path;
use std::sync::LazyLock;

/// Headers that clients are told of.
const HEADERS: [&str; 8] = [
    "etag",
    "idempotent-replayed",
    "location",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "retry-after",
    "x-request-id",
];

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
});

/// The operation that a request is for; `None` for a page, or for a route or a method that is not there.
fn operation(method: &Method, url: &Url) -> Option<&'static Value> {
    let fits = |path: &str| {
        let (asked, described) = (url.path().split('/'), path.split('/'));
        asked.clone().count() == described.clone().count()
            && asked.zip(described).all(|(asked, described)| asked == described || described.starts_with('{'))
    };
    let method = method.as_str().to_lowercase();
    let paths = DOCUMENT["paths"].as_object().unwrap().iter().filter(|(path, _)| fits(path));
    // A path that is there word by word goes before one with a place for a value.
    paths.min_by_key(|(path, _)| path.matches('{').count()).and_then(|(_, item)| item.get(&method))
}

/// Fails when the document does not know the status, a code or a header of the answer.
pub(super) fn check(method: &Method, url: &Url, answer: &Answer) {
    let Some(operation) = operation(method, url) else { return };
    let id = operation["operationId"].as_str().unwrap();
    let response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{id} is not described to answer {}: {}", answer.status, answer.text);
    for error in answer.errors.as_array().into_iter().flatten() {
        let code = error["code"].as_str().unwrap();
        let known = &response["content"]["application/json"]["examples"][code];
        assert!(known.is_object(), "{id} is not described to answer {} {code}", answer.status);
    }
    for name in HEADERS.into_iter().filter(|name| answer.headers.contains_key(*name)) {
        let known = response["headers"].as_object().into_iter().flatten();
        let mut known = known.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        assert!(known.next().is_some(), "{id} is not described to answer {} with {name}", answer.status);
    }
}
