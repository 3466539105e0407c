//! `POST /api/v1/customers/me/password`: the caller chooses another password. For whoever logged in.

use crate::{Customers, Fit, Password, entry};
use axum::extract::State;
use secrecy::SecretString;
use serde::Deserialize;
use souk_domain::{Cause, CustomerId, SessionCutoff};
use souk_lambda::{
    ApiError, Bearer, Caller, CallerFailures, Command, CommandFailures, CommandHeaders, Done, Failure, QueryFailures,
    Reply, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// The old password and the new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordRequest {
    /// The present one.
    #[schema(value_type = String, format = Password, max_length = 512, example = "battery staple horse")]
    password: SecretString,
    /// 10 to 128 characters, and not one that many people have.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128, example = "correct horse battery")]
    new_password: Password,
}

/// Change one's own password
///
/// Every other session ends, and the owner is told by mail. `invalid_credentials` when the present password is wrong.
#[utoipa::path(
    post,
    path = "/api/v1/customers/me/password",
    tag = "customers",
    security(("token" = [])),
    params(CommandHeaders),
    request_body = PasswordRequest,
    responses(
        (status = 200, description = "The password is changed", body = Done),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 422, description = "`common_password`, `invalid_credentials`, `invalid_password`", body = Failure),
        CommandFailures, QueryFailures, CallerFailures,
    ),
)]
async fn change_password(
    State(shop): State<Customers>,
    Caller(caller): Caller,
    bearer: Bearer,
    Command(request, cause): Command<PasswordRequest>,
) -> Result<Reply<()>, ApiError> {
    let PasswordRequest { password, new_password } = request;
    let account = match entry::confirm_password(&shop, caller.id, password).await {
        // A repetition of what was done already comes with the old password.
        Err(wrong) if cause.claim.is_some() && is_wrong_password(&wrong) => {
            return match is_present(&shop, caller.id, &new_password).await? {
                true => Ok(Reply::ok(()).replayed(true)),
                false => Err(wrong),
            };
        }
        account => account?,
    };
    let is_address = new_password.not_the_address(&account.customer.email);
    is_address.map_err(|violation| ApiError::from(violation).field("newPassword"))?;
    let hash = new_password.hash().await?;
    // Hashing took its time: sessions that began meanwhile are over, too.
    let cause = Cause { at: souk_domain::now(), ..cause };
    let committed = shop.customers.change_password(caller.id, hash, bearer.session, &cause).await?;
    if committed.replayed.is_none() {
        let cutoff = SessionCutoff { at: cause.at, kept: Some(bearer.session) };
        entry::end_sessions(&*shop.sessions, caller.id, cutoff).await;
    }
    shop.announcer.announce(&committed.events).await;
    Ok(Reply::committed(committed))
}

/// Whether the password was looked at and is another one. Whoever guesses too often is told nothing.
fn is_wrong_password(error: &ApiError) -> bool {
    error.errors().iter().any(|item| item.code == "invalid_credentials")
}

/// Whether the account has this password. The answer tells whoever asks: it is a guess like any other.
async fn is_present(shop: &Customers, id: CustomerId, password: &Password) -> Result<bool, ApiError> {
    entry::count_guess(shop, id).await?;
    let account = shop.customers.account(id).await?;
    Ok(password.clone().fits(Some(account.password_hash)).await? != Fit::No)
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(change_password)
}
