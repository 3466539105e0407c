use crate::{
    Address, CustomerId, DateTime, Email, Limit, PersonName, Role, SearchQuery, SessionCutoff, Version, Violation,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether a person may log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CustomerStatus {
    /// They may.
    Active,
    /// Staff shut them out, and may let them in again.
    Disabled,
    /// They asked to be forgotten. The end.
    Erased,
}

impl CustomerStatus {
    /// Every status.
    pub const ALL: [CustomerStatus; 3] = [CustomerStatus::Active, CustomerStatus::Disabled, CustomerStatus::Erased];

    /// The word that stands for the status in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            CustomerStatus::Active => "active",
            CustomerStatus::Disabled => "disabled",
            CustomerStatus::Erased => "erased",
        }
    }

    /// The status that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// An address that somebody keeps for their orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedAddress {
    /// Where it is.
    pub address: Address,
    /// Whether orders go there unless told otherwise. One of them at most.
    #[serde(default)]
    pub default_shipping: bool,
    /// Whether invoices go there unless told otherwise. One of them at most.
    #[serde(default)]
    pub default_billing: bool,
}

/// The addresses of one person: up to 20, at most one of them the default of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Vec<SavedAddress>", into = "Vec<SavedAddress>")]
#[schema(value_type = Vec<SavedAddress>, max_items = 20)]
pub struct AddressBook(Vec<SavedAddress>);

impl AddressBook {
    /// Most addresses of one person.
    pub const MOST: usize = 20;

    /// The addresses, in their owner's order.
    pub fn addresses(&self) -> &[SavedAddress] {
        &self.0
    }
}

impl TryFrom<Vec<SavedAddress>> for AddressBook {
    type Error = Violation;
    fn try_from(addresses: Vec<SavedAddress>) -> Result<Self, Violation> {
        let defaults = |which: fn(&SavedAddress) -> bool| addresses.iter().filter(|saved| which(saved)).count();
        if addresses.len() > Self::MOST {
            return Err(Violation::new("invalid_address", format!("a profile has up to {} addresses", Self::MOST)));
        }
        if defaults(|saved| saved.default_shipping) > 1 || defaults(|saved| saved.default_billing) > 1 {
            return Err(Violation::new("invalid_address", "one address at most is the default of a kind"));
        }
        Ok(Self(addresses))
    }
}

impl From<AddressBook> for Vec<SavedAddress> {
    fn from(book: AddressBook) -> Self {
        book.0
    }
}

/// A person who can log in: a customer or a member of staff. Their e-mail address is known to be theirs.
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
    /// Whether they may log in.
    pub status: CustomerStatus,
    /// Where their orders go.
    pub addresses: AddressBook,
    /// Whether a log-in asks for a code as well.
    pub second_factor: bool,
    /// Sent back in `If-Match`.
    #[schema(value_type = i64, minimum = 1, example = 3)]
    pub version: Version,
    /// UTC.
    pub created_at: DateTime,
    /// UTC.
    pub updated_at: DateTime,
}

impl Customer {
    /// What they are called once they are forgotten.
    pub const ERASED_NAME: &'static str = "Erased customer";

    /// The address that stands where the one of a forgotten person stood: unique, and nobody's (RFC 2606).
    pub fn erased_email(id: CustomerId) -> String {
        format!("{id}@erased.invalid")
    }
}

/// Somebody who can log in from now on.
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

/// Somebody who wants to be a customer and has yet to show that the address is theirs.
#[derive(Clone, Debug)]
pub struct NewRegistration {
    /// Where the token goes.
    pub email: Email,
    /// What they are called.
    pub name: PersonName,
    /// Argon2id, as a PHC string.
    pub password_hash: SecretString,
}

/// What people can change of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What they are called.
    pub name: PersonName,
    /// Where their orders go.
    pub addresses: AddressBook,
}

/// A person and what guards the way in.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who it is.
    pub customer: Customer,
    /// Argon2id, as a PHC string.
    pub password_hash: SecretString,
    /// Which sessions are over.
    pub cutoff: SessionCutoff,
    /// The secret of the authenticator, sealed by whoever made it; there before it is confirmed, too.
    pub sealed_secret: Option<Vec<u8>>,
}

/// What staff looks for among the people.
#[derive(Clone, Debug, Default)]
pub struct CustomerQuery {
    /// Words of name and address.
    pub search: Option<SearchQuery>,
    /// With this role only.
    pub role: Option<Role>,
    /// With this status only.
    pub status: Option<CustomerStatus>,
    /// How many.
    pub limit: Limit,
    /// The store's row number behind which the page starts; newest people come first.
    pub after: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(shipping: bool, billing: bool) -> SavedAddress {
        let address =
            serde_json::json!({ "recipient": "Ada", "line1": "1 High Street", "city": "London", "country": "GB" });
        let address = serde_json::from_value(address).expect("an address");
        SavedAddress { address, default_shipping: shipping, default_billing: billing }
    }

    #[test]
    fn an_address_book_has_one_default_of_each_kind_at_most() {
        assert!(AddressBook::try_from(vec![saved(true, false), saved(false, true), saved(false, false)]).is_ok());
        assert!(AddressBook::try_from(vec![saved(true, true), saved(true, false)]).is_err());
        assert!(AddressBook::try_from(vec![saved(false, true), saved(false, true)]).is_err());
        assert!(AddressBook::try_from(vec![saved(false, false); 21]).is_err());
    }

    #[test]
    fn the_address_of_somebody_forgotten_is_an_address() {
        assert!(Email::parse(&Customer::erased_email(CustomerId::new())).is_ok());
    }
}
