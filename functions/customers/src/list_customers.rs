//! `GET /api/v1/customers`: the people of the shop. For staff.

use crate::Customers;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{Cause, Customer, CustomerQuery, CustomerStatus, Role, SearchQuery};
use souk_lambda::{
    ApiError, Cursor, Envelope, Failure, QueryFailures, Question, Reply, RequestContext, Staff, StaffFailures,
    read_limit, router,
};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;

/// Which people.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Words of name and address; the last may be unfinished.
    #[param(example = "ada love")]
    q: Option<String>,
    /// With this role only.
    role: Option<Role>,
    /// With this status only.
    status: Option<CustomerStatus>,
    /// People a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// `metadata.nextCursor` of the page before.
    cursor: Option<String>,
}

/// List or search people
///
/// The audit log remembers who looked.
#[utoipa::path(
    get,
    path = "/api/v1/customers",
    tag = "customers",
    security(("token" = [])),
    params(Asked),
    responses(
        (status = 200, description = "A page of people, newest first", body = Envelope<Vec<Customer>>),
        (status = 400, description = "`invalid_search`", body = Failure),
        QueryFailures, StaffFailures,
    ),
)]
async fn list_customers(
    State(shop): State<Customers>,
    Staff(caller): Staff,
    Question(asked): Question<Asked>,
) -> Result<Reply<Vec<Customer>>, ApiError> {
    let search = asked.q.as_deref().map(SearchQuery::parse).transpose();
    let query = CustomerQuery {
        search: search.map_err(|violation| ApiError::of_query(violation).field("q"))?,
        role: asked.role,
        status: asked.status,
        limit: read_limit(asked.limit)?,
        after: asked.cursor.as_deref().map(Cursor::read).transpose()?,
    };
    let RequestContext { request_id, correlation_id } = RequestContext::current();
    let cause = Cause { at: souk_domain::now(), request_id, correlation_id, claim: None };
    let page = shop.customers.customers(query, caller.id, &cause).await?;
    let next = page.next.as_ref().map(Cursor::write);
    Ok(Reply::ok(page.items).next(next))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(list_customers)
}
