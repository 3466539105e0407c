//! The failures that operations have in common, for the OpenAPI document.

use crate::Failure;
use utoipa::{IntoParams, IntoResponses};

// `local/src/openapi.rs` adds what the shape of an operation brings, such as `malformed_body` to one with a body, and a function names what
// is particular to it.

/// What any operation may be answered with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive only")]
pub enum QueryFailures {
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
    /// `too_many_requests`: try again after `Retry-After` seconds. `RateLimit-*` headers of every command tell what is left.
    #[response(status = 429)]
    TooMany(#[to_schema] Failure),
}

/// What an operation that does not want a log-in, but takes one, may be answered with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive only")]
pub enum MaybeCallerFailures {
    /// `invalid_token`, `session_ended`: a token is not needed, but one that is sent must be good.
    #[response(status = 401)]
    Unauthenticated(#[to_schema] Failure),
}

/// What an operation for whoever logged in may be answered with, an admin who has yet to set a second factor up included.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive only")]
pub enum BearerFailures {
    /// `unauthenticated`, `invalid_token`, `session_ended`
    #[response(status = 401)]
    Unauthenticated(#[to_schema] Failure),
}

/// What an operation for whoever logged in may be answered with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive only")]
pub enum CallerFailures {
    /// `unauthenticated`, `invalid_token`, `session_ended`
    #[response(status = 401)]
    Unauthenticated(#[to_schema] Failure),
    /// `second_factor_required`: an admin has yet to set one up.
    #[response(status = 403)]
    Forbidden(#[to_schema] Failure),
}

/// What an operation for a role may be answered with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive only")]
pub enum StaffFailures {
    /// `unauthenticated`, `invalid_token`, `session_ended`
    #[response(status = 401)]
    Unauthenticated(#[to_schema] Failure),
    /// `forbidden`; `second_factor_required`: an admin has yet to set one up.
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
