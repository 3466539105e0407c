//! `POST /api/v1/password-resets/confirmations`: the token from a mail, and a new password. For everybody.

use crate::{Customers, Password, entry, secret};
use axum::extract::State;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use souk_domain::{Cause, Rate, SessionCutoff};
use souk_lambda::{
    ApiError, ClientAddress, Command, CommandFailures, CommandHeaders, Done, Failure, MaybeCallerFailures,
    QueryFailures, Reply, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// The token of a link, and what the password is from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPasswordRequest {
    /// As the mail has it.
    #[schema(value_type = String, example = "Zk3n5fB2d8s0q1w7e4r6t9y2u5i8o1p3a6s9d2f5g8h")]
    token: SecretString,
    /// 10 to 128 characters, and not one that many people have.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128, example = "correct horse battery")]
    new_password: Password,
}

/// Choose a new password
///
/// Ends every session; log in with the new password. An invitation to the staff ends here as well. `invalid_link` for a token that was
/// used, is too old or was never given.
#[utoipa::path(
    post,
    path = "/api/v1/password-resets/confirmations",
    tag = "customers",
    params(CommandHeaders),
    request_body = NewPasswordRequest,
    responses(
        (status = 200, description = "The password is changed", body = Done),
        (status = 422, description = "`common_password`, `invalid_link`, `invalid_password`", body = Failure),
        CommandFailures, QueryFailures, MaybeCallerFailures,
    ),
)]
async fn reset_password(
    State(shop): State<Customers>,
    address: ClientAddress,
    Command(request, cause): Command<NewPasswordRequest>,
) -> Result<Reply<()>, ApiError> {
    let NewPasswordRequest { token, new_password } = request;
    // Hashing is dear, and the token is looked at afterwards, in the transaction.
    let door = &shop.access.door;
    door.admit(None, &[door.meter(Rate::RESETS, address)]).await?;
    let hash = new_password.hash().await?;
    // Hashing took its time: sessions that began meanwhile are over, too.
    let cause = Cause { at: souk_domain::now(), ..cause };
    let committed = shop.customers.reset_password(secret::hash(token.expose_secret()), hash, &cause).await?;
    if committed.replayed.is_none() {
        let cutoff = SessionCutoff { at: cause.at, kept: None };
        entry::end_sessions(&*shop.sessions, committed.value, cutoff).await;
    }
    shop.announcer.announce(&committed.events).await;
    Ok(Reply::committed(committed.map(drop)))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(reset_password)
}
