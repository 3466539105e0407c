//! `POST /api/v1/customers/me/erasure`: the caller wants to be forgotten. For whoever logged in.

use crate::{Customers, entry};
use axum::extract::State;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use souk_domain::{CustomerId, Error, Limit, Order, OrderNumber, SessionCutoff, ports};
use souk_lambda::{
    ApiError, Caller, CallerFailures, Command, CommandFailures, CommandHeaders, Done, Failure, QueryFailures, Reply,
    router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// That it is really them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErasureRequest {
    /// The caller's.
    #[schema(value_type = String, format = Password, max_length = 512, example = "correct horse battery")]
    password: SecretString,
}

/// Erase one's own account
///
/// Name, addresses and everything that opens the account are gone for good; orders and their totals stay, without an address. While
/// one is to be sent there, it is refused with `orders_unsent`, and their numbers in `details`: cancel them, or wait.
#[utoipa::path(
    post,
    path = "/api/v1/customers/me/erasure",
    tag = "customers",
    security(("token" = [])),
    params(CommandHeaders),
    request_body = ErasureRequest,
    responses(
        (status = 200, description = "The account is erased", body = Done),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`orders_unsent`", body = Failure),
        (status = 422, description = "`invalid_credentials`", body = Failure),
        CommandFailures, QueryFailures, CallerFailures,
    ),
)]
async fn erase_customer(
    State(shop): State<Customers>,
    Caller(caller): Caller,
    Command(request, cause): Command<ErasureRequest>,
) -> Result<Reply<()>, ApiError> {
    entry::confirm_password(&shop, caller.id, request.password).await?;
    let unsent = unsent_orders(&*shop.orders, caller.id).await?;
    if !unsent.is_empty() {
        return Err(ApiError::from(Error::ORDERS_UNSENT).details(json!({ "orders": unsent })));
    }
    let committed = shop.customers.erase_customer(caller.id, &cause).await?;
    let cutoff = SessionCutoff { at: cause.at, kept: None };
    entry::end_sessions(&*shop.sessions, caller.id, cutoff).await;
    Ok(Reply::committed(committed))
}

/// The numbers of the orders whose address is needed. One that the same person places at this very moment is overlooked.
async fn unsent_orders(orders: &dyn ports::Orders, customer: CustomerId) -> Result<Vec<OrderNumber>, Error> {
    let (limit, mut after, mut unsent) = (Limit::new(100)?, None, Vec::new());
    loop {
        let page = orders.orders(customer, limit, after).await?;
        unsent.extend(page.items.into_iter().filter(Order::is_to_be_sent).map(|order| order.number));
        after = page.next;
        if after.is_none() {
            return Ok(unsent);
        }
    }
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(erase_customer)
}
