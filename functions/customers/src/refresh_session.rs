//! `POST /api/v1/sessions/refresh`: a refresh token becomes new tokens. For everybody.

use crate::entry::LoggedIn;
use crate::{Refresh, secret};
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use souk_domain::{Account, CustomerStatus, Error, Refreshed, Session, SessionLife};
use souk_lambda::{ApiError, Command, CommandFailures, Envelope, Failure, QueryFailures, Reply, router};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// Whose session goes on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshRequest {
    /// The one that came with the last access token.
    #[schema(value_type = String, example = "5sQmC3h0b0m1bS2yq8c2Xn4m0kq2jZ1d9o6v7w8x9y0")]
    refresh_token: SecretString,
}

/// Refresh a session
///
/// A refresh token works once and brings the next one. Shown again within 30 seconds it brings the same next one: two tabs, or a client
/// that lost the answer, go on. Shown later it was copied, and the session ends for everybody. `session_ended` then, and when it
/// was ended, expired, or its account was disabled. An `Idempotency-Key` has no effect: tokens are not kept.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/refresh",
    tag = "customers",
    request_body = RefreshRequest,
    responses(
        (status = 200, description = "New tokens", body = Envelope<LoggedIn>),
        (status = 401, description = "`invalid_token`, `session_ended`", body = Failure),
        CommandFailures, QueryFailures,
    ),
)]
async fn refresh_session(
    State(Refresh { shop, issuer, .. }): State<Refresh>,
    Command(request, cause): Command<RefreshRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let ended = || ApiError::unauthenticated("session_ended", "the session has ended; log in again");
    let token = request.refresh_token.expose_secret();
    let (id, shown) = secret::read_refresh_token(token).ok_or_else(ended)?;
    let session = shop.sessions.session(id).await?.ok_or_else(ended)?;
    let account = match shop.customers.account(session.customer_id).await {
        Err(Error::NotFound(_)) => return Err(ended()),
        account => account?,
    };
    if !goes_on(&session, &account) {
        shop.sessions.end(session.customer_id, id).await?;
        return Err(ended());
    }
    let salt = secret::random()?;
    let (_, next) = secret::successor(shown, &salt);
    let life = SessionLife::of(account.customer.role);
    match shop.sessions.refresh(id, secret::hash(shown), (salt, next), life, cause.at).await? {
        Refreshed::Replaced { salt } => {
            let (next, _) = secret::successor(shown, &salt);
            let next = Some(secret::write_refresh_token(id, &next));
            let refreshed = LoggedIn::new(&issuer, account.customer, id, next, None)?;
            Ok(([(CACHE_CONTROL, "no-store")], Reply::ok(refreshed)))
        }
        Refreshed::Reused => {
            tracing::warn!(session = %id, "a refresh token was used twice; its session is over");
            Err(ended())
        }
        Refreshed::Unknown => Err(ended()),
    }
}

/// The store has the last word: it knows of sessions that ended while Redis was away.
fn goes_on(session: &Session, account: &Account) -> bool {
    let is_over = account.cutoff.ends(session.id);
    let is_old = session.started_at + SessionLife::of(account.customer.role).longest < souk_domain::now();
    account.customer.status == CustomerStatus::Active && !is_over && !is_old
}

/// The function.
pub fn router() -> OpenApiRouter<Refresh> {
    router!(refresh_session)
}
