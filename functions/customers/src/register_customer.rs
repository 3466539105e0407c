//! `POST /api/v1/customers`: somebody wants to be a customer. For everybody.

use crate::{Customers, Password, secret};
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{Email, NewRegistration, PersonName, Rate};
use souk_lambda::{
    ApiError, ClientAddress, Command, CommandFailures, CommandHeaders, Done, Failure, MaybeCallerFailures,
    QueryFailures, Reply, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// Who wants to be a customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegistrationRequest {
    /// Logs in with it.
    email: Email,
    /// What they are called.
    name: PersonName,
    /// 10 to 128 characters, and not one that many people have.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128, example = "correct horse battery")]
    password: Password,
}

/// Register
///
/// A mail goes to the address with the token for `POST /api/v1/email-verifications`, which makes the customer. An address that is
/// registered already gets another mail and the caller the same answer, so that nobody learns who is a customer here.
#[utoipa::path(
    post,
    path = "/api/v1/customers",
    tag = "customers",
    params(CommandHeaders),
    request_body = RegistrationRequest,
    responses(
        (status = 202, description = "Mail is on its way", body = Done),
        (status = 422, description = "`common_password`, `invalid_email`, `invalid_name`, `invalid_password`", body = Failure),
        CommandFailures, QueryFailures, MaybeCallerFailures,
    ),
)]
async fn register_customer(
    State(shop): State<Customers>,
    address: ClientAddress,
    Command(request, cause): Command<RegistrationRequest>,
) -> Result<Reply<()>, ApiError> {
    let RegistrationRequest { email, name, password } = request;
    password.not_the_address(&email).map_err(|violation| ApiError::from(violation).field("password"))?;
    let door = &shop.access.door;
    let mailbox = format!("registration:{}", secret::hash(email.as_str()).to_hex());
    door.admit(None, &[door.meter(Rate::REGISTRATIONS, address), door.meter(Rate::MAILS, mailbox)]).await?;
    let password_hash = password.hash().await?;
    let new = NewRegistration { email, name, password_hash };
    let committed = shop.customers.request_registration(new, &cause).await?;
    shop.announcer.announce(&committed.events).await;
    Ok(Reply::committed(committed).accepted())
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(register_customer)
}
