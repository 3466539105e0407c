use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a person who logged in may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Buys, and sees what is their own.
    Customer,
    /// Runs the shop: catalog, stock, orders.
    Manager,
    /// A manager who also manages people.
    Admin,
}

impl Role {
    /// Whether the person works for the shop.
    pub fn is_staff(self) -> bool {
        matches!(self, Role::Manager | Role::Admin)
    }

    /// The word that stands for the role in tokens and stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Customer => "customer",
            Role::Manager => "manager",
            Role::Admin => "admin",
        }
    }

    /// The role that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        [Role::Customer, Role::Manager, Role::Admin].into_iter().find(|role| role.as_str() == word)
    }
}
