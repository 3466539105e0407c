//! `POST /api/v1/password-resets`: somebody forgot their password. For everybody.

use crate::{Customers, secret};
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{Email, Rate};
use souk_lambda::{
    ApiError, ClientAddress, Command, CommandFailures, CommandHeaders, Done, Failure, QueryFailures, Reply, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// Whose password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResetRequest {
    /// They log in with it.
    email: Email,
}

/// Ask for a new password
///
/// A mail goes to the address with the token for `POST /api/v1/password-resets/confirmations`, good for half an hour. The answer is the
/// same for every address.
#[utoipa::path(
    post,
    path = "/api/v1/password-resets",
    tag = "customers",
    params(CommandHeaders),
    request_body = ResetRequest,
    responses(
        (status = 202, description = "Mail is on its way, if the address is a customer's", body = Done),
        (status = 401, description = "`invalid_token`: a token is not needed, but one that is sent must be good", body = Failure),
        CommandFailures, QueryFailures,
    ),
)]
async fn request_password_reset(
    State(shop): State<Customers>,
    address: ClientAddress,
    Command(request, cause): Command<ResetRequest>,
) -> Result<Reply<()>, ApiError> {
    let door = &shop.access.door;
    let mailbox = secret::hash(request.email.as_str()).to_hex();
    door.admit(None, &[door.meter(Rate::RESETS, address), door.meter(Rate::MAILS, mailbox)]).await?;
    let committed = shop.customers.request_password_reset(&request.email, &cause).await?;
    shop.announcer.announce(&committed.events).await;
    Ok(Reply::committed(committed).accepted())
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(request_password_reset)
}
