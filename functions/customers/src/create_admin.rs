//! Called by whoever operates the system: makes an admin, who gets mail with a link to choose a password. The first one comes into a
//! shop this way; nobody has a password that was set for them.

use crate::Password;
use serde::{Deserialize, Serialize};
use souk_domain::ports::Customers;
use souk_domain::{Cause, CustomerId, Email, Error, NewCustomer, PersonName, Role};
use souk_lambda::Announcer;

/// Who is to be an admin.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Call {
    /// Logs in with it.
    email: Email,
    /// What they are called.
    name: PersonName,
}

/// Who is.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Created {
    /// The admin.
    pub id: CustomerId,
}

/// Makes the admin and the mail.
///
/// # Errors
/// When the store is away; `email_taken`.
pub async fn handle(call: Call, customers: &dyn Customers, announcer: &Announcer) -> Result<Created, Error> {
    let Call { email, name } = call;
    let password_hash = Password::nobody_knows()?.hash().await?;
    let new = NewCustomer { email, name, role: Role::Admin, password_hash };
    let committed = customers.invite_staff(new, None, &Cause::internal("create-admin")).await?;
    announcer.announce(&committed.events).await;
    Ok(Created { id: committed.value.id })
}
