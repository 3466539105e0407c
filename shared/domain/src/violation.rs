use std::fmt;

/// A value that breaks a rule of the domain: a stable code for programs and a sentence for people.
///
/// The text form is `code: sentence`. Deserialising a value object fails with that text, which is how the code
/// survives the way through a JSON parser (see [`Violation::from_text`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Stable `snake_case` word, such as `invalid_sku`.
    pub code: &'static str,
    /// What is wrong, for a person.
    pub message: String,
}

/// Every code a value object can answer with.
const CODES: [&str; 26] = [
    "invalid_address",
    "invalid_country",
    "invalid_currency",
    "invalid_cursor",
    "invalid_description",
    "invalid_email",
    "invalid_event_type",
    "invalid_id",
    "invalid_limit",
    "invalid_link",
    "invalid_money",
    "invalid_name",
    "invalid_note",
    "invalid_order_number",
    "invalid_password",
    "invalid_payment_method",
    "invalid_quantity",
    "invalid_reason",
    "invalid_search",
    "invalid_pricing",
    "invalid_signature",
    "invalid_sku",
    "invalid_tracking",
    "invalid_webhook_url",
    "amount_too_large",
    "common_password",
];

impl Violation {
    /// A violation of the rule that `code` names.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        debug_assert!(CODES.contains(&code), "{code} is missing in CODES");
        Self { code, message: message.into() }
    }

    /// Reads the text form back; `None` when the text is something else, such as a parser's own complaint.
    pub fn from_text(text: &str) -> Option<Self> {
        let (code, message) = text.split_once(": ")?;
        let code = CODES.iter().find(|known| **known == code)?;
        Some(Self { code, message: message.to_owned() })
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Violation {}

/// `TryFrom<String>`, serde, `Display` and `FromStr` for a newtype over `String` with a `parse(&str)` of its own.
macro_rules! text_value {
    ($name:ident) => {
        impl $name {
            /// The text inside.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::Violation;
            fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::Violation;
            fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use text_value;
