use crate::{Violation, search_terms, violation::text_value};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A stock keeping unit: the shop's own name of a product. 1 to 64 of `A–Z 0–9 . _ / -`, kept in capitals, so that
/// `85123a` and `85123A` are the same product on every store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[A-Za-z0-9._/-]{1,64}$", example = "85123A")]
pub struct Sku(String);
text_value!(Sku);

impl Sku {
    /// Reads a SKU and turns it into capitals.
    ///
    /// # Errors
    /// `invalid_sku`
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._/-".contains(&b);
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            return Ok(Self(text.to_ascii_uppercase()));
        }
        Err(Violation::new("invalid_sku", "a SKU is 1 to 64 letters, digits or . _ / -"))
    }

    /// The words of the SKU that find its product.
    pub fn search_terms(&self) -> Vec<String> {
        search_terms(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skus_are_compared_in_capitals() {
        assert_eq!(Sku::parse("85123a"), Sku::parse("85123A"));
        for text in ["", "a b", "ä", &"x".repeat(65), "a\n"] {
            assert_eq!(Sku::parse(text).expect_err(text).code, "invalid_sku");
        }
    }
}
