//! `PUT /api/v1/customers/me`: the caller's name and addresses. For whoever logged in.

use crate::Customers;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{AddressBook, Customer, PersonName, Profile};
use souk_lambda::{
    ApiError, Caller, CallerFailures, Command, CommandFailures, CommandHeaders, ConditionalFailures, Envelope, Failure,
    IfMatch, QueryFailures, Reply, VersionHeaders, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What people can change of themselves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileRequest {
    /// What they are called.
    name: PersonName,
    /// All of them: what is left out is forgotten.
    addresses: AddressBook,
}

/// Change one's own profile
///
/// Replaces name and addresses as a whole; at most one address is the default of each kind.
#[utoipa::path(
    put,
    path = "/api/v1/customers/me",
    tag = "customers",
    security(("token" = [])),
    params(CommandHeaders, VersionHeaders),
    request_body = ProfileRequest,
    responses(
        (status = 200, description = "The profile as it is now", body = Envelope<Customer>),
        (status = 404, description = "`not_found`: the account is gone", body = Failure),
        (status = 422, description = "`invalid_address`, `invalid_country`, `invalid_name`", body = Failure),
        CommandFailures, QueryFailures, CallerFailures, ConditionalFailures,
    ),
)]
async fn update_profile(
    State(shop): State<Customers>,
    Caller(caller): Caller,
    IfMatch(expected): IfMatch,
    Command(request, cause): Command<ProfileRequest>,
) -> Result<Reply<Customer>, ApiError> {
    let ProfileRequest { name, addresses } = request;
    let profile = Profile { name, addresses };
    let committed = shop.customers.update_profile(caller.id, expected, profile, &cause).await?;
    let version = committed.value.version;
    Ok(Reply::committed(committed).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(update_profile)
}
