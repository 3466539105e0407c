//! `POST /api/v1/staff`: somebody works for the shop from now on. For admins.

use crate::{Customers, Password};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use souk_domain::{Customer, Email, NewCustomer, PersonName, Role};
use souk_lambda::{
    Admin, ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, QueryFailures, Reply, StaffFailures,
    router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// Who is invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InvitationRequest {
    /// Logs in with it.
    email: Email,
    /// What they are called.
    name: PersonName,
    /// What they may do.
    role: StaffRole,
}

/// The roles of staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Runs the shop: catalog, stock, orders.
    Manager,
    /// A manager who also manages people.
    Admin,
}

/// Invite a manager or an admin
///
/// A mail goes to the address with the token for `POST /api/v1/password-resets/confirmations`, good for a week: nobody but the invited
/// ever knows the password. `email_taken` when somebody has the address.
#[utoipa::path(
    post,
    path = "/api/v1/staff",
    tag = "customers",
    security(("token" = [])),
    params(CommandHeaders),
    request_body = InvitationRequest,
    responses(
        (status = 201, description = "Who was invited", body = Envelope<Customer>),
        (status = 409, description = "`email_taken`", body = Failure),
        (status = 422, description = "`invalid_email`, `invalid_name`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn invite_staff(
    State(shop): State<Customers>,
    Admin(caller): Admin,
    Command(request, cause): Command<InvitationRequest>,
) -> Result<Reply<Customer>, ApiError> {
    let InvitationRequest { email, name, role } = request;
    let role = match role {
        StaffRole::Manager => Role::Manager,
        StaffRole::Admin => Role::Admin,
    };
    let password_hash = Password::nobody_knows()?.hash().await?;
    let new = NewCustomer { email, name, role, password_hash };
    let committed = shop.customers.invite_staff(new, Some(caller.id), &cause).await?;
    shop.announcer.announce(&committed.events).await;
    Ok(Reply::committed(committed).status(axum::http::StatusCode::CREATED))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(invite_staff)
}
