use crate::{Violation, violation::text_value};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use utoipa::ToSchema;

/// The text without the blanks around it, when its length in characters is one of these. To the most, blanks count as well: so the OpenAPI
/// document says it, and so a client counts that knows nothing of trimming.
pub(crate) fn trimmed(text: &str, length: RangeInclusive<usize>) -> Option<&str> {
    let trimmed = text.trim();
    // Bytes bound characters from above, so a megabyte of text is refused without being counted.
    let is_short = text.len() <= length.end() * 4 && text.chars().count() <= *length.end();
    (is_short && trimmed.chars().count() >= *length.start()).then_some(trimmed)
}

/// Trims `text` and checks its length in characters; control characters are refused, line breaks only where allowed.
fn clean(text: &str, code: &'static str, what: &str, length: RangeInclusive<usize>) -> Result<String, Violation> {
    let Some(trimmed) = trimmed(text, length.clone()) else {
        return Err(Violation::new(code, format!("{what} has {} to {} characters", length.start(), length.end())));
    };
    let multiline = *length.end() > 500;
    if trimmed.chars().any(|c| c.is_control() && !(multiline && matches!(c, '\n' | '\r' | '\t'))) {
        return Err(Violation::new(code, format!("{what} holds no control characters")));
    }
    Ok(trimmed.to_owned())
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $code:literal, $what:literal, $min:tt..=$max:tt, $example:tt) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, min_length = $min, max_length = $max, example = $example)]
        pub struct $name(String);
        text_value!($name);

        impl $name {
            #[doc = concat!("Trims and checks the text.\n\n# Errors\n`", $code, "`")]
            pub fn parse(text: &str) -> Result<Self, Violation> {
                clean(text, $code, $what, $min..=$max).map(Self)
            }
        }
    };
}

text!(
    /// What a product is called: 1 to 200 characters.
    ProductName, "invalid_name", "a product name", 1..=200, "White hanging heart T-light holder"
);
text!(
    /// What a category is called: 1 to 100 characters.
    CategoryName, "invalid_name", "a category name", 1..=100, "Lighting"
);
text!(
    /// What a person is called: 1 to 100 characters.
    PersonName, "invalid_name", "a person's name", 1..=100, "Ada Lovelace"
);
text!(
    /// A text about a product, possibly empty: up to 4,000 characters.
    #[derive(Default)]
    Description, "invalid_description", "a description", 0..=4000, "Holds one T-light."
);
text!(
    /// What a webhook is for, possibly empty: up to 200 characters.
    #[derive(Default)]
    WebhookDescription, "invalid_description", "a description", 0..=200, "Tells the warehouse what to pack"
);
text!(
    /// Why somebody changed something: 1 to 200 characters.
    Reason, "invalid_reason", "a reason", 1..=200, "stocktaking"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded_in_characters() {
        assert_eq!(ProductName::parse("  Lampe é 灯  ").expect("a name").as_str(), "Lampe é 灯");
        assert!(ProductName::parse(&"灯".repeat(200)).is_ok());
        for text in ["", "   ", &"x".repeat(201), &"x".repeat(1 << 20), "a\nb", "a\0b"] {
            assert_eq!(ProductName::parse(text).expect_err("refused").code, "invalid_name");
        }
        assert!(Description::parse("two\nlines").is_ok());
    }

    #[test]
    fn blanks_around_a_text_count_to_its_longest_and_not_to_its_shortest() {
        let long = "x".repeat(199);
        assert_eq!(Reason::parse(&format!(" {long}")).expect("200 characters").as_str(), long);
        for text in [format!(" {long} "), "\t".repeat(200), " ".to_owned()] {
            assert_eq!(Reason::parse(&text).expect_err("refused").code, "invalid_reason");
        }
    }
}
