use crate::{CustomerId, DateTime, Email, PersonName, Role};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person who can log in: a customer or a member of staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// Stable name for programs.
    pub id: CustomerId,
    /// Unique in the shop.
    pub email: Email,
    /// What they are called.
    pub name: PersonName,
    /// What they may do.
    pub role: Role,
    /// UTC.
    pub created_at: DateTime,
}

/// Somebody who registers.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// Unique in the shop.
    pub email: Email,
    /// What they are called.
    pub name: PersonName,
    /// What they may do.
    pub role: Role,
    /// Argon2id, as a PHC string.
    pub password_hash: SecretString,
}

/// What a log-in compares with.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Who it is, when the password fits.
    pub customer: Customer,
    /// Argon2id, as a PHC string.
    pub password_hash: SecretString,
}
