//! `POST /api/v1/customers/{id}/enable`: somebody is let in again. For staff.

use crate::Customers;
use axum::extract::State;
use souk_domain::{Customer, CustomerId, Role};
use souk_lambda::{
    ApiError, CommandFailures, CommandHeaders, Envelope, Failure, NoBody, PathId, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Enable somebody
///
/// Managers enable customers, admins anybody. Once enabled, doing so again changes nothing; `customer_erased`.
#[utoipa::path(
    post,
    path = "/api/v1/customers/{id}/enable",
    tag = "customers",
    security(("token" = [])),
    params(("id" = CustomerId, Path), CommandHeaders),
    responses(
        (status = 200, description = "The person as they are now", body = Envelope<Customer>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`customer_erased`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn enable_customer(
    State(shop): State<Customers>,
    Staff(caller): Staff,
    PathId(id): PathId<CustomerId>,
    NoBody(cause): NoBody,
) -> Result<Reply<Customer>, ApiError> {
    let person = shop.customers.customer(id).await?;
    if person.role.is_staff() && caller.role != Role::Admin {
        return Err(ApiError::forbidden());
    }
    let committed = shop.customers.set_customer_status(id, false, caller.id, &cause).await?;
    let version = committed.value.version;
    Ok(Reply::committed(committed).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(enable_customer)
}
