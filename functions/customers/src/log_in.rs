//! `POST /api/v1/sessions`: a password becomes an access token. For everybody.

use crate::{LogIn, Password, Passwords};
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use souk_domain::realtime::Identity;
use souk_domain::{Customer, Email, ports};
use souk_lambda::{ApiError, Command, CommandFailures, Envelope, Failure, QueryFailures, Reply, TokenIssuer};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Who says they are who.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogInRequest {
    /// The address they registered with.
    email: Email,
    /// The password they chose.
    #[schema(value_type = String, format = Password, max_length = 512)]
    password: SecretString,
}

/// A token and whom it is for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// A JWT for `Authorization: Bearer` and for the `access_token` of the WebSocket API.
    access_token: String,
    /// `Bearer`
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    /// Who logged in.
    customer: Customer,
}

/// Log in
///
/// `invalid_credentials` for a wrong password and for an unknown address alike, after the same work. An `Idempotency-Key`
/// has no effect: logging in again does no harm, and tokens are not kept.
#[utoipa::path(
    post,
    path = "/api/v1/sessions",
    tag = "customers",
    request_body = LogInRequest,
    responses(
        (status = 200, description = "A token for 15 minutes", body = Envelope<Session>),
        (status = 401, description = "`invalid_credentials`", body = Failure),
        CommandFailures, QueryFailures,
    ),
)]
async fn log_in(
    State(customers): State<Arc<dyn ports::Customers>>,
    State(passwords): State<Passwords>,
    State(issuer): State<TokenIssuer>,
    Command(request, _): Command<LogInRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let (customer, hash) = match customers.credentials(&request.email).await? {
        Some(known) => (Some(known.customer), Some(known.password_hash)),
        None => (None, None),
    };
    let fits = passwords.verify(Password::tried(request.password), hash).await?;
    let Some(customer) = customer.filter(|_| fits) else {
        return Err(ApiError::unauthenticated("invalid_credentials", "e-mail address or password is wrong"));
    };
    let (token, expires_in) = issuer.issue(Identity { id: customer.id, role: customer.role })?;
    let access_token = token.expose_secret().to_owned();
    let session = Session { access_token, token_type: "Bearer", expires_in, customer };
    Ok(([(CACHE_CONTROL, "no-store")], Reply::ok(session)))
}

/// The function.
pub fn router() -> OpenApiRouter<LogIn> {
    OpenApiRouter::new().routes(routes!(log_in))
}
