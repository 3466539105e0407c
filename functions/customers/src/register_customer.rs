//! `POST /api/v1/customers`: somebody becomes a customer. For everybody.

use crate::{Customers, Password, Passwords};
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{Customer, Email, NewCustomer, PersonName, Role, ports};
use souk_lambda::{ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, QueryFailures, Reply};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Who wants to be a customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegistrationRequest {
    /// Logs in with it.
    email: Email,
    /// What they are called.
    name: PersonName,
    /// 10 to 128 characters.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128, example = "correct horse battery")]
    password: Password,
}

/// Register
///
/// `email_taken` when the address is registered already.
#[utoipa::path(
    post,
    path = "/api/v1/customers",
    tag = "customers",
    params(CommandHeaders),
    request_body = RegistrationRequest,
    responses(
        (status = 201, description = "The new customer", body = Envelope<Customer>),
        (status = 401, description = "`invalid_token`: a token is not needed, but one that is sent must be good", body = Failure),
        CommandFailures, QueryFailures,
    ),
)]
async fn register_customer(
    State(customers): State<Arc<dyn ports::Customers>>,
    State(passwords): State<Passwords>,
    Command(request, cause): Command<RegistrationRequest>,
) -> Result<Reply<Customer>, ApiError> {
    let RegistrationRequest { email, name, password } = request;
    let password_hash = passwords.hash(password).await?;
    let new = NewCustomer { email, name, role: Role::Customer, password_hash };
    let committed = customers.register_customer(new, &cause).await?;
    Ok(Reply::committed(committed).created("/api/v1/customers/me".to_owned()))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    OpenApiRouter::new().routes(routes!(register_customer))
}
