//! `POST /api/v1/email-verifications`: the token from a mail shows that an address is somebody's. For everybody.

use crate::{Customers, secret};
use axum::extract::State;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use souk_domain::Customer;
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, MaybeCallerFailures, QueryFailures, Reply,
    router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// The token of a link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerificationRequest {
    /// As the mail has it.
    #[schema(value_type = String, example = "Zk3n5fB2d8s0q1w7e4r6t9y2u5i8o1p3a6s9d2f5g8h")]
    token: SecretString,
}

/// Verify an e-mail address
///
/// Ends a registration, which makes the customer, or a change of the address. `invalid_link` for a token that was used, is too old or
/// was never given; `email_taken` when somebody else was faster.
#[utoipa::path(
    post,
    path = "/api/v1/email-verifications",
    tag = "customers",
    params(CommandHeaders),
    request_body = VerificationRequest,
    responses(
        (status = 200, description = "The customer", body = Envelope<Customer>),
        (status = 409, description = "`email_taken`", body = Failure),
        (status = 422, description = "`invalid_link`", body = Failure),
        CommandFailures, QueryFailures, MaybeCallerFailures,
    ),
)]
async fn verify_email(
    State(shop): State<Customers>,
    Command(request, cause): Command<VerificationRequest>,
) -> Result<Reply<Customer>, ApiError> {
    let token = secret::hash(request.token.expose_secret());
    let committed = shop.customers.verify_email(token, &cause).await?;
    shop.announcer.announce(&committed.events).await;
    Ok(Reply::committed(committed))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(verify_email)
}
