//! `POST /api/v1/password-resets`: somebody forgot their password. For everybody.

use crate::Customers;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{Email, Rate};
use souk_lambda::{
    ApiError, ClientAddress, Command, CommandFailures, CommandHeaders, Done, Failure, MaybeCallerFailures,
    QueryFailures, Reply, router,
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
        (status = 422, description = "`invalid_email`", body = Failure),
        CommandFailures, QueryFailures, MaybeCallerFailures,
    ),
)]
async fn request_password_reset(
    State(shop): State<Customers>,
    address: ClientAddress,
    Command(request, cause): Command<ResetRequest>,
) -> Result<Reply<()>, ApiError> {
    let door = &shop.access.door;
    door.admit(None, &[door.meter(Rate::RESETS, address), door.mailbox(Rate::MAILS, &request.email)]).await?;
    let committed = shop.customers.request_password_reset(&request.email, &cause).await?;
    shop.announcer.announce(&committed.events).await;
    Ok(Reply::committed(committed).accepted())
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(request_password_reset)
}
