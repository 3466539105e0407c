//! `POST /api/v1/customers/me/second-factor/removal`: log-ins ask for no code any more. For whoever logged in.

use crate::{SecondFactor, entry};
use axum::extract::State;
use secrecy::SecretString;
use serde::Deserialize;
use souk_domain::Customer;
use souk_lambda::{
    ApiError, Caller, CallerFailures, Command, CommandFailures, CommandHeaders, Envelope, Failure, QueryFailures,
    Reply, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// That it is really them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemovalRequest {
    /// The caller's.
    #[schema(value_type = String, format = Password, max_length = 512, example = "correct horse battery")]
    password: SecretString,
    /// Of the authenticator, or a recovery code.
    #[schema(value_type = String, example = "123456")]
    code: SecretString,
}

/// Remove one's own second factor
///
/// The owner is told by mail. `invalid_credentials` for a wrong password, `invalid_second_factor` for a wrong code, `second_factor_missing`
/// when there is none. Admins can do nothing then but set up another one.
#[utoipa::path(
    post,
    path = "/api/v1/customers/me/second-factor/removal",
    tag = "customers",
    security(("token" = [])),
    params(CommandHeaders),
    request_body = RemovalRequest,
    responses(
        (status = 200, description = "The person as they are now", body = Envelope<Customer>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`second_factor_missing`", body = Failure),
        (status = 422, description = "`invalid_credentials`, `invalid_second_factor`", body = Failure),
        CommandFailures, QueryFailures, CallerFailures,
    ),
)]
async fn remove_second_factor(
    State(SecondFactor { shop, authenticators, .. }): State<SecondFactor>,
    Caller(caller): Caller,
    Command(request, cause): Command<RemovalRequest>,
) -> Result<Reply<Customer>, ApiError> {
    let account = entry::confirm_password(&shop, caller.id, request.password).await?;
    if account.customer.second_factor
        && !entry::use_code(&*shop.customers, &authenticators, &account, &request.code).await?
    {
        return Err(ApiError::invalid("invalid_second_factor", "the code is wrong").field("code"));
    }
    let committed = shop.customers.remove_second_factor(caller.id, &cause).await?;
    shop.announcer.announce(&committed.events).await;
    Ok(Reply::committed(committed))
}

/// The function.
pub fn router() -> OpenApiRouter<SecondFactor> {
    router!(remove_second_factor)
}
