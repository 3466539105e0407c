//! `GET /api/v1/customers/me`: who the caller is. For whoever logged in.

use crate::Customers;
use axum::extract::State;
use souk_domain::{Customer, ports};
use souk_lambda::{ApiError, Caller, CallerFailures, Envelope, Failure, QueryFailures, Reply, router};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// Get one's own profile
///
/// Whoever the token is for: name, address of mail, addresses, role, and the version that a change must name in `If-Match`.
#[utoipa::path(
    get,
    path = "/api/v1/customers/me",
    tag = "customers",
    security(("token" = [])),
    responses(
        (status = 200, description = "Who the token is for", body = Envelope<Customer>),
        (status = 404, description = "`not_found`: the shop does not know the account of the token", body = Failure),
        QueryFailures, CallerFailures,
    ),
)]
async fn get_profile(
    State(customers): State<Arc<dyn ports::Customers>>,
    Caller(caller): Caller,
) -> Result<Reply<Customer>, ApiError> {
    let customer = customers.customer(caller.id).await?;
    let version = customer.version;
    Ok(Reply::ok(customer).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(get_profile)
}
