//! `POST /api/v1/customers/me/email`: the caller wants another address. For whoever logged in.

use crate::{Customers, entry, secret};
use axum::extract::State;
use secrecy::SecretString;
use serde::Deserialize;
use souk_domain::{Email, Rate};
use souk_lambda::{
    ApiError, Caller, Command, CommandFailures, CommandHeaders, Done, QueryFailures, Reply, SecuredFailures, router,
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
    #[schema(value_type = String, format = Password, max_length = 512)]
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
        CommandFailures, QueryFailures, SecuredFailures,
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
    door.admit(None, &[door.meter(Rate::MAILS, secret::hash(new_email.as_str()).to_hex())]).await?;
    let committed = shop.customers.request_email_change(caller.id, &new_email, &cause).await?;
    shop.announcer.announce(&committed.events).await;
    Ok(Reply::committed(committed).accepted())
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(change_email)
}
