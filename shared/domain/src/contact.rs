use crate::text::trimmed;
use crate::{PersonName, Violation, violation::text_value};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An e-mail address, in lower case: mailboxes that differ in case only are one person everywhere in practice.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, format = "email", max_length = 254, example = "ada@example.com")]
pub struct Email(String);
text_value!(Email);

impl Email {
    /// Reads an address as RFC 5321 writes it, without display name or domain literal.
    ///
    /// # Errors
    /// `invalid_email`
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let options =
            email_address::Options::default().without_display_text().without_domain_literal().with_required_tld();
        let address = trimmed(text, 1..=254).map(str::to_lowercase).filter(|address| {
            address.len() <= 254 && email_address::EmailAddress::parse_with_options(address, options).is_ok()
        });
        address
            .map(Self)
            .ok_or_else(|| Violation::new("invalid_email", "an e-mail address looks like name@example.com"))
    }
}

impl std::fmt::Debug for Email {
    /// Keeps addresses out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(…)")
    }
}

/// An ISO 3166-1 alpha-2 country code, such as `GB`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[A-Z]{2}$", example = "GB")]
pub struct CountryCode(String);
text_value!(CountryCode);

impl CountryCode {
    /// Reads a code as ISO 3166-1 lists it: two capital letters.
    ///
    /// # Errors
    /// `invalid_country`
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let listed = text.len() == 2 && rust_iso3166::from_alpha2(text).is_some();
        if listed && text.bytes().all(|b| b.is_ascii_uppercase()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Violation::new("invalid_country", "a country is an ISO 3166-1 code of two letters such as GB"))
    }
}

macro_rules! line {
    ($(#[$doc:meta])* $name:ident, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);
        text_value!($name);

        impl $name {
            /// Trims and checks one line of an address.
            pub fn parse(text: &str) -> Result<Self, Violation> {
                let line = trimmed(text, 1..=$max).filter(|line| !line.chars().any(char::is_control));
                let wrong = concat!("this part of an address has 1 to ", $max, " characters");
                line.map(|line| Self(line.to_owned())).ok_or_else(|| Violation::new("invalid_address", wrong))
            }
        }
    };
}
line!(
    /// Street, house, city: 1 to 100 characters.
    AddressLine, 100
);
line!(
    /// A postal code in its country's own form: 1 to 16 characters.
    PostalCode, 16
);

/// Where something is sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Address {
    /// Who receives it.
    pub recipient: PersonName,
    /// Street and house.
    #[schema(value_type = String, min_length = 1, max_length = 100, example = "12 St James's Square")]
    pub line1: AddressLine,
    /// Flat, floor, company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, example = "Flat 3")]
    pub line2: Option<AddressLine>,
    /// Town.
    #[schema(value_type = String, min_length = 1, max_length = 100, example = "London")]
    pub city: AddressLine,
    /// Absent where a country has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 16, example = "SW1Y 4JH")]
    pub postal_code: Option<PostalCode>,
    /// Country.
    pub country: CountryCode,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_mail_are_checked_and_lowered() {
        assert_eq!(Email::parse(" Ada@Example.COM ").expect("an address").as_str(), "ada@example.com");
        for text in ["", "ada", "ada@", "@x.org", "Ada <ada@x.org>", "ada@[127.0.0.1]", "ada@localhost"] {
            assert_eq!(Email::parse(text).expect_err(text).code, "invalid_email");
        }
    }

    #[test]
    fn an_e_mail_address_is_not_printed_for_debugging() {
        assert!(!format!("{:?}", Email::parse("ada@example.com")).contains("ada"));
    }

    #[test]
    fn countries_are_those_of_iso_3166() {
        assert!(CountryCode::parse("GB").is_ok());
        for text in ["UK", "gb", "", "GBR", "é"] {
            assert_eq!(CountryCode::parse(text).expect_err(text).code, "invalid_country");
        }
    }
}
