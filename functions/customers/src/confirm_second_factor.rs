//! `POST /api/v1/customers/me/second-factor/confirmation`: the authenticator works. For whoever logged in.

use crate::{SecondFactor, authenticator::Code, entry};
use axum::extract::State;
use secrecy::SecretString;
use serde::Deserialize;
use souk_domain::{Customer, Error, Rate, SessionCutoff};
use souk_lambda::{
    ApiError, Bearer, BearerFailures, Command, CommandFailures, CommandHeaders, Envelope, Failure, QueryFailures,
    Reply, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// A code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfirmationRequest {
    /// Six digits that the authenticator shows now.
    #[schema(value_type = String, example = "123456")]
    code: SecretString,
}

/// Confirm a second factor
///
/// Log-ins ask for a code from now on; every other session ends, and the owner is told by mail. An admin refreshes the session then, and may do everything.
/// `invalid_second_factor` for a wrong code.
#[utoipa::path(
    post,
    path = "/api/v1/customers/me/second-factor/confirmation",
    tag = "customers",
    security(("token" = [])),
    params(CommandHeaders),
    request_body = ConfirmationRequest,
    responses(
        (status = 200, description = "The person as they are now", body = Envelope<Customer>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`second_factor_enabled`, `second_factor_missing`", body = Failure),
        (status = 422, description = "`invalid_second_factor`", body = Failure),
        CommandFailures, QueryFailures, BearerFailures,
    ),
)]
async fn confirm_second_factor(
    State(SecondFactor { shop, authenticators, .. }): State<SecondFactor>,
    bearer: Bearer,
    Command(request, cause): Command<ConfirmationRequest>,
) -> Result<Reply<Customer>, ApiError> {
    let account = shop.customers.account(bearer.identity.id).await?;
    let door = &shop.access.door;
    door.admit(None, &[door.meter(Rate::LOG_IN_ACCOUNT, account.customer.id)]).await?;
    let sealed = account.sealed_secret.ok_or(Error::SECOND_FACTOR_MISSING)?;
    let step = match Code::read(&request.code) {
        Code::Time(code) => authenticators.step(&sealed, &account.customer, &code, cause.at)?,
        Code::Recovery(_) => None,
    };
    let wrong = || ApiError::invalid("invalid_second_factor", "the code is wrong").field("code");
    let (id, session) = (bearer.identity.id, bearer.session);
    let committed = shop.customers.confirm_second_factor(id, step.ok_or_else(wrong)?, session, &cause).await?;
    if committed.replayed.is_none() {
        entry::end_sessions(&*shop.sessions, id, SessionCutoff { at: cause.at, kept: Some(session) }).await;
    }
    shop.announcer.announce(&committed.events).await;
    Ok(Reply::committed(committed))
}

/// The function.
pub fn router() -> OpenApiRouter<SecondFactor> {
    router!(confirm_second_factor)
}
