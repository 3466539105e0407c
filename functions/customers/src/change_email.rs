//! `POST /api/v1/customers/me/email`: the caller wants another address. For whoever logged in.

use crate::{Customers, entry};
use axum::extract::State;
use secrecy::SecretString;
use serde::Deserialize;
use souk_domain::{Email, Rate};
use souk_lambda::{
    ApiError, Caller, CallerFailures, Command, CommandFailures, CommandHeaders, Done, Failure, QueryFailures, Reply,
    router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// The new address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailRequest {
    /// Where the token goes.
    new_email: Email,
    /// The caller's.
    #[schema(value_type = String, format = Password, max_length = 512, example = "correct horse battery")]
    password: SecretString,
}

/// Change one's own e-mail address
///
/// A mail goes to the new address with the token for `POST /api/v1/email-verifications`, which changes it; the old address is told then.
#[utoipa::path(
    post,
    path = "/api/v1/customers/me/email",
    tag = "customers",
    security(("token" = [])),
    params(CommandHeaders),
    request_body = EmailRequest,
    responses(
        (status = 202, description = "Mail is on its way", body = Done),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 422, description = "`invalid_credentials`, `invalid_email`", body = Failure),
        CommandFailures, QueryFailures, CallerFailures,
    ),
)]
async fn change_email(
    State(shop): State<Customers>,
    Caller(caller): Caller,
    Command(request, cause): Command<EmailRequest>,
) -> Result<Reply<()>, ApiError> {
    let EmailRequest { new_email, password } = request;
    entry::confirm_password(&shop, caller.id, password).await?;
    let door = &shop.access.door;
    door.admit(None, &[door.mailbox(Rate::MAILS, &new_email)]).await?;
    let committed = shop.customers.request_email_change(caller.id, &new_email, &cause).await?;
    shop.announcer.announce(&committed.events).await;
    Ok(Reply::committed(committed).accepted())
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(change_email)
}
