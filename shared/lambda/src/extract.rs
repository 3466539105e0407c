//! What a request holds, parsed once, at the edge.

use crate::{Access, ApiError, MaybeCaller, RequestContext};
use axum::body::{Body, Bytes};
use axum::extract::{FromRef, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::{CONTENT_TYPE, IF_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use souk_domain::{Cause, Claim, Version, Violation};
use std::borrow::Cow;
use std::str::FromStr;

/// Largest JSON body, in bytes: an order of 2,000 lines needs a quarter of it.
const JSON_LIMIT: usize = 1 << 20;
/// Largest upload, in bytes: a synchronous invocation carries 6 MB, and what is not text travels in base64.
const UPLOAD_LIMIT: usize = 4 << 20;

/// A command: its body and what set it going. Honours `Idempotency-Key`.
#[derive(Debug)]
pub struct Command<T>(pub T, pub Cause);

/// A command that needs no body: what set it going. Honours `Idempotency-Key`; whatever else is sent is ignored.
#[derive(Debug)]
pub struct NoBody(pub Cause);

/// A command that carries a file: its media type and bytes.
#[derive(Debug)]
pub struct Upload {
    /// Without parameters, in lower case.
    pub media_type: String,
    /// The file.
    pub bytes: Bytes,
    /// What set the command going.
    pub cause: Cause,
}

/// A body as it was sent, for whoever checks a signature of it.
#[derive(Debug)]
pub struct Raw(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = ApiError;
    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        read(request.into_body(), JSON_LIMIT).await.map(Raw)
    }
}

impl<S, T> FromRequest<S> for Command<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
    Access: FromRef<S>,
{
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let caller = MaybeCaller::from_request_parts(&mut parts, state).await?.id();
        let media_type = media_type(&parts.headers);
        if media_type != "application/json" && !media_type.ends_with("+json") {
            return Err(unsupported("application/json"));
        }
        let bytes = read(body, JSON_LIMIT).await?;
        let cause = cause(&parts, caller.map(|id| id.to_string()), &bytes)?;
        Ok(Command(parse_json(&bytes)?, cause))
    }
}

impl<S> FromRequest<S> for NoBody
where
    S: Send + Sync,
    Access: FromRef<S>,
{
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (mut parts, _) = request.into_parts();
        let caller = MaybeCaller::from_request_parts(&mut parts, state).await?.id();
        Ok(NoBody(cause(&parts, caller.map(|id| id.to_string()), &[])?))
    }
}

impl<S> FromRequest<S> for Upload
where
    S: Send + Sync,
    Access: FromRef<S>,
{
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let caller = MaybeCaller::from_request_parts(&mut parts, state).await?.id();
        let bytes = read(body, UPLOAD_LIMIT).await?;
        let cause = cause(&parts, caller.map(|id| id.to_string()), &bytes)?;
        Ok(Upload { media_type: media_type(&parts.headers), bytes, cause })
    }
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// 415, naming what is understood.
pub(crate) fn unsupported(expected: &str) -> ApiError {
    let text = format!("the Content-Type must be {expected}");
    ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", text)
}

impl Upload {
    /// 415, naming what is understood.
    pub fn unsupported(expected: &str) -> ApiError {
        unsupported(expected)
    }
}

/// What is read of a body that is too large after the limit, and thrown away.
const THROWN_AWAY: usize = 32 << 20;

async fn read(mut body: Body, limit: usize) -> Result<Bytes, ApiError> {
    match Limited::new(&mut body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            // A client that is still sending would find the connection closed and never read the answer.
            let mut thrown_away = 0;
            while let Some(Ok(frame)) = body.frame().await
                && thrown_away < THROWN_AWAY
            {
                thrown_away += frame.data_ref().map_or(0, Bytes::len);
            }
            let text = format!("the body is larger than {limit} bytes");
            Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", text))
        }
        Err(_) => Err(ApiError::malformed("malformed_body", "the body ended early")),
    }
}

/// Reads a JSON body: 400 when it is no JSON, 422 naming the field when it is not what was expected.
fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut reader);
    let value = parsed.map_err(|error| {
        let path = error.path().to_string();
        let cause = error.inner();
        if !cause.is_data() {
            return ApiError::malformed("malformed_body", format!("the body is no JSON: {}", cause));
        }
        let text = cause.to_string();
        // Serde adds where it stopped; the path says it better.
        let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
        let error = match Violation::from_text(text) {
            Some(violation) => violation.into(),
            None => ApiError::invalid("invalid_request", text),
        };
        if path == "." { error } else { error.field(path) }
    })?;
    reader.end().map_err(|_| ApiError::malformed("malformed_body", "something follows the JSON value"))?;
    Ok(value)
}

fn cause(parts: &Parts, caller: Option<String>, body: &[u8]) -> Result<Cause, ApiError> {
    let RequestContext { request_id, correlation_id } = RequestContext::current();
    let claim = idempotency_key(&parts.headers)?.map(|key| Claim {
        scope: caller.unwrap_or_else(|| "anonymous".to_owned()),
        key,
        fingerprint: fingerprint(parts, body),
    });
    Ok(Cause { at: souk_domain::now(), request_id, correlation_id, claim })
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
    key.map(|key| Some(key.to_owned())).ok_or_else(|| {
        ApiError::malformed("invalid_idempotency_key", "an Idempotency-Key has 1 to 255 visible ASCII characters")
    })
}

/// Fields of bodies that hold secrets which can be guessed. A fingerprint is kept for a day and is quick to make, so a thief of the
/// store could try passwords against it; a repetition is known by the rest. Tokens stay: nobody guesses their 256 random bits, and
/// without them two people whose clients chose one key would have sent the same.
const SECRETS: [&str; 3] = ["password", "newPassword", "code"];

/// A JSON body without the secrets that can be guessed; any other as it is.
fn without_secrets(body: &[u8]) -> Cow<'_, [u8]> {
    let text = String::from_utf8_lossy(body);
    if !SECRETS.iter().any(|field| text.contains(&format!("\"{field}\""))) {
        return Cow::Borrowed(body);
    }
    match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body) {
        Ok(mut fields) => {
            fields.retain(|field, _| !SECRETS.contains(&field.as_str()));
            Cow::Owned(serde_json::to_vec(&fields).unwrap_or_default())
        }
        // It will be refused before anything is kept.
        Err(_) => Cow::Borrowed(body),
    }
}

fn fingerprint(parts: &Parts, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(parts.method.as_str());
    hash.update(b"\n");
    hash.update(parts.uri.path());
    hash.update(b"\n");
    hash.update(without_secrets(body));
    hash.finalize().into()
}

/// The id in the path. 400 when it is none.
#[derive(Debug)]
pub struct PathId<T>(pub T);

impl<S, T> FromRequestParts<S> for PathId<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(id)| PathId(id)).map_err(|_| ApiError::malformed("invalid_id", "the id in the path is no UUID"))
    }
}

/// The name in the path. 400 when it breaks the rules of its kind.
#[derive(Debug)]
pub struct PathValue<T>(pub T);

impl<S, T> FromRequestParts<S> for PathValue<T>
where
    S: Send + Sync,
    T: FromStr<Err = Violation>,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|_| ApiError::malformed("invalid_query", "the path is no UTF-8"))?;
        text.parse().map(PathValue).map_err(ApiError::of_query)
    }
}

/// The parameters in the query. 400 naming the first that is wrong.
#[derive(Debug)]
pub struct Question<T>(pub T);

impl<S, T> FromRequestParts<S> for Question<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Query::try_from_uri(&parts.uri).map(|Query(question)| Question(question)).map_err(|rejection| {
            use std::error::Error as _;
            let text = rejection.source().map_or_else(|| rejection.to_string(), ToString::to_string);
            ApiError::malformed("invalid_query", text)
        })
    }
}

/// A position in a list, opaque to clients.
#[derive(Debug)]
pub struct Cursor;

impl Cursor {
    /// The text that stands for a position.
    pub fn write<T: Serialize>(position: &T) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(position).unwrap_or_default())
    }

    /// The position that a text stands for.
    ///
    /// # Errors
    /// 400 `invalid_cursor`
    pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(Self::invalid)
    }

    /// 400 `invalid_cursor`
    pub fn invalid() -> ApiError {
        ApiError::malformed("invalid_cursor", "take the cursor from metadata.nextCursor of the same list")
            .field("cursor")
    }
}

/// The version that a change is based on: `If-Match: "3"`, or `*` for whatever is there. 428 when missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct IfMatch(pub Option<Version>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(IF_MATCH) else {
            let text = "send the ETag that you read in If-Match";
            return Err(ApiError::new(StatusCode::PRECONDITION_REQUIRED, "version_required", text));
        };
        read_if_match(value.to_str().unwrap_or_default())
            .ok_or_else(|| ApiError::malformed("invalid_if_match", "If-Match is one ETag in quotes, or *"))
    }
}

fn read_if_match(text: &str) -> Option<IfMatch> {
    if text.trim() == "*" {
        return Some(IfMatch(None));
    }
    let tag = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    if tag.contains('"') {
        return None;
    }
    // A tag that we never gave out matches no version; they begin with 1, and a store may take 0 for none.
    let version = tag.parse().ok().filter(|version| *version > 0);
    Some(IfMatch(Some(version.unwrap_or(-1))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::{Money, Sku};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sent {
        #[allow(dead_code, reason = "only its parsing is of interest")]
        sku: Sku,
        #[allow(dead_code, reason = "only its parsing is of interest")]
        prices: Vec<Money>,
    }

    fn error(json: &str) -> (&'static str, Option<String>) {
        let error = parse_json::<Sent>(json.as_bytes()).expect_err(json);
        (error.errors()[0].code, error.errors()[0].field.clone())
    }

    #[test]
    fn a_bad_body_is_told_by_code_and_field() {
        let field = |name: &str| Some(name.to_owned());
        assert_eq!(error("{").0, "malformed_body");
        assert_eq!(error(r#"{"sku":"A","prices":[]} x"#).0, "malformed_body");
        assert_eq!(error("[]").0, "invalid_request");
        assert_eq!(error(r#"{"sku":1,"prices":[]}"#), ("invalid_request", field("sku")));
        assert_eq!(error(r#"{"prices":[]}"#).0, "invalid_request");
        assert_eq!(error(r#"{"sku":"A","prices":[],"x":1}"#), ("invalid_request", field("x")));
        assert_eq!(error(r#"{"sku":"ä","prices":[]}"#), ("invalid_sku", field("sku")));
        let negative = r#"{"sku":"A","prices":[{"amountMinor":-1,"currency":"GBP"}]}"#;
        assert_eq!(error(negative), ("invalid_money", field("prices[0]")));
        let currency = r#"{"sku":"A","prices":[{"amountMinor":1,"currency":"X"}]}"#;
        assert_eq!(error(currency).0, "invalid_currency");
        assert_eq!(error(r#"{"sku":"A","prices":[{"amountMinor":1.5,"currency":"GBP"}]}"#).0, "invalid_request");
        let huge = r#"{"sku":"A","prices":[{"amountMinor":99999999999999999999,"currency":"GBP"}]}"#;
        assert_eq!(error(huge).0, "invalid_request");
    }

    #[test]
    fn a_fingerprint_holds_no_secret() {
        let body = |password: &str, name: &str| format!(r#"{{"name":"{name}","password":"{password}"}}"#);
        let without = |text: &str| without_secrets(text.as_bytes()).into_owned();
        assert_eq!(without(&body("one", "Ada")), br#"{"name":"Ada"}"#);
        assert_eq!(without(&body("one", "Ada")), without(&body("two", "Ada")));
        assert_ne!(without(&body("one", "Ada")), without(&body("one", "Eve")));
        assert_eq!(without(r#"{"lines":[]}"#), br#"{"lines":[]}"#);
    }

    #[test]
    fn a_fingerprint_tells_the_tokens_of_two_people_apart() {
        let body = |token: &str, password: &str| format!(r#"{{"newPassword":"{password}","token":"{token}"}}"#);
        let without = |text: &str| without_secrets(text.as_bytes()).into_owned();
        assert_eq!(without(&body("ada's", "one")), br#"{"token":"ada's"}"#);
        assert_eq!(without(&body("ada's", "one")), without(&body("ada's", "two")));
        assert_ne!(without(&body("ada's", "one")), without(&body("bob's", "one")));
    }

    #[test]
    fn if_match_is_one_tag_or_a_star() {
        assert_eq!(read_if_match("*"), Some(IfMatch(None)));
        assert_eq!(read_if_match("\"7\""), Some(IfMatch(Some(7))));
        for never in ["\"abc\"", "\"0\"", "\"-7\"", "\"\""] {
            assert_eq!(read_if_match(never), Some(IfMatch(Some(-1))), "{never}");
        }
        for text in ["", "7", "W/\"7\"", "\"7\", \"8\"", "\"7"] {
            assert_eq!(read_if_match(text), None, "{text}");
        }
    }
}
