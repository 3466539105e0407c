//! The failures that operations have in common, for the OpenAPI document.

use crate::Failure;
use utoipa::{IntoParams, IntoResponses};

/// What any question may be answered with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive only")]
pub enum QueryFailures {
    /// The path, a header or the query cannot be read: `invalid_id`, `invalid_query`, `invalid_cursor`, `invalid_limit`, `invalid_search`.
    #[response(status = 400)]
    Malformed(#[to_schema] Failure),
    /// A defect of the shop: `internal`.
    #[response(status = 500)]
    Internal(#[to_schema] Failure),
    /// A part of the shop does not answer: `unavailable`. Try again after `Retry-After` seconds.
    #[response(status = 503)]
    Unavailable(#[to_schema] Failure),
}

/// What any command may be answered with, beside the failures of a question.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive only")]
pub enum CommandFailures {
    /// The state of the shop forbids it; the code says what: `insufficient_stock`, `sku_taken`, `category_in_use` …
    #[response(status = 409)]
    Conflict(#[to_schema] Failure),
    /// `body_too_large`
    #[response(status = 413)]
    TooLarge(#[to_schema] Failure),
    /// `unsupported_media_type`
    #[response(status = 415)]
    MediaType(#[to_schema] Failure),
    /// A value breaks a rule: `invalid_…` names it, `field` says where; `idempotency_key_reused`.
    #[response(status = 422)]
    Invalid(#[to_schema] Failure),
    /// `too_many_requests`: try again after `Retry-After` seconds. `RateLimit-*` headers of every command tell what is left.
    #[response(status = 429)]
    TooMany(#[to_schema] Failure),
}

/// What an operation that wants a log-in may be answered with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive only")]
pub enum SecuredFailures {
    /// `unauthenticated`, `invalid_token`, `session_ended`
    #[response(status = 401)]
    Unauthenticated(#[to_schema] Failure),
    /// `forbidden`; `second_factor_required`: an admin has yet to set one up
    #[response(status = 403)]
    Forbidden(#[to_schema] Failure),
}

/// What an operation on a version may be answered with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive only")]
pub enum ConditionalFailures {
    /// Somebody changed it first: `stale_version`, with the present version in `details`.
    #[response(status = 412)]
    Stale(#[to_schema] Failure),
    /// `If-Match` is missing: `version_required`.
    #[response(status = 428)]
    VersionRequired(#[to_schema] Failure),
}

/// The header of every command.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "read by the derive only")]
pub struct CommandHeaders {
    /// Makes the command run once, however often it is sent within 24 hours: repetitions get the first answer, marked
    /// `Idempotent-Replayed: true`.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255, required = false)]
    idempotency_key: Option<String>,
}

/// The header of every change of something that has a version.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "read by the derive only")]
pub struct VersionHeaders {
    /// The `ETag` that the change is based on, or `*` for whatever is there.
    #[param(rename = "If-Match", example = "\"1\"")]
    if_match: String,
}
