use crate::Violation;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A stream's own id of an entry, `milliseconds-sequence`. Ids grow along their stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryId {
    /// When the entry was made, by its publisher's clock, in milliseconds since the Unix epoch.
    pub millis: u64,
    /// Tells entries of one millisecond apart.
    pub sequence: u64,
}

impl EntryId {
    /// The id behind this one; the last there is has none.
    pub fn next(self) -> Option<Self> {
        match self.sequence.checked_add(1) {
            Some(sequence) => Some(Self { sequence, ..self }),
            None => Some(Self { millis: self.millis.checked_add(1)?, sequence: 0 }),
        }
    }

    /// The id before this one; the first there is has none.
    pub fn previous(self) -> Option<Self> {
        match self.sequence.checked_sub(1) {
            Some(sequence) => Some(Self { sequence, ..self }),
            None => Some(Self { millis: self.millis.checked_sub(1)?, sequence: u64::MAX }),
        }
    }
}

impl FromStr for EntryId {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        let number =
            |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
        let parts = text.split_once('-').and_then(|(millis, sequence)| Some((number(millis)?, number(sequence)?)));
        let (millis, sequence) = parts
            .ok_or_else(|| Violation::new("invalid_id", "an id is milliseconds-sequence, such as 1700000000000-0"))?;
        Ok(Self { millis, sequence })
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.sequence)
    }
}

impl TryFrom<String> for EntryId {
    type Error = Violation;

    fn try_from(text: String) -> Result<Self, Violation> {
        text.parse()
    }
}

impl From<EntryId> for String {
    fn from(id: EntryId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> EntryId {
        text.parse().expect(text)
    }

    #[test]
    fn an_id_is_two_numbers() {
        assert_eq!(id("1700000000000-7").to_string(), "1700000000000-7");
        for text in ["", "1", "1-", "-1", "1-2-3", "+1-2", "a-b", "99999999999999999999-0"] {
            assert!(text.parse::<EntryId>().is_err(), "{text}");
        }
    }

    #[test]
    fn ids_count_by_number_and_have_neighbours() {
        assert!(id("9-9") < id("10-0") && id("10-9") < id("10-10"));
        assert_eq!(id("5-0").previous(), Some(id(&format!("4-{}", u64::MAX))));
        assert_eq!(id(&format!("4-{}", u64::MAX)).next(), Some(id("5-0")));
        assert_eq!((id("0-0").previous(), id("5-1").next()), (None, Some(id("5-2"))));
    }
}
