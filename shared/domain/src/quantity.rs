use crate::Violation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A number of pieces that someone orders: 1 to 1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "i64", into = "i64")]
#[schema(value_type = i64, minimum = 1, maximum = 1_000_000, example = 2)]
pub struct Quantity(u32);

impl Quantity {
    /// The most pieces of one product in one order, and the most that one product's stock can hold a thousand times.
    pub const MAX: u32 = 1_000_000;

    /// `pieces` pieces.
    ///
    /// # Errors
    /// `invalid_quantity` for zero or more than [`Quantity::MAX`].
    pub fn new(pieces: u32) -> Result<Self, Violation> {
        Self::try_from(i64::from(pieces))
    }

    /// The number of pieces.
    pub fn get(self) -> u32 {
        self.0
    }

    /// Both together, for lines that name the same product.
    ///
    /// # Errors
    /// `invalid_quantity` when the sum is more than [`Quantity::MAX`].
    pub fn plus(self, other: Self) -> Result<Self, Violation> {
        Self::try_from(i64::from(self.0) + i64::from(other.0))
    }
}

impl TryFrom<i64> for Quantity {
    type Error = Violation;
    fn try_from(pieces: i64) -> Result<Self, Violation> {
        u32::try_from(pieces)
            .ok()
            .filter(|pieces| (1..=Self::MAX).contains(pieces))
            .map(Self)
            .ok_or_else(|| Violation::new("invalid_quantity", format!("a quantity is 1 to {}", Self::MAX)))
    }
}

impl From<Quantity> for i64 {
    fn from(quantity: Quantity) -> i64 {
        i64::from(quantity.0)
    }
}

/// A weight in grams: 0 to a tonne. 0 stands for what nobody weighed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "i64", into = "i64")]
#[schema(value_type = i64, minimum = 0, maximum = 1_000_000, example = 250)]
pub struct Grams(u32);

impl TryFrom<i64> for Grams {
    type Error = Violation;
    fn try_from(grams: i64) -> Result<Self, Violation> {
        let grams = u32::try_from(grams).ok().filter(|grams| *grams <= 1_000_000).map(Self);
        grams.ok_or_else(|| Violation::new("invalid_quantity", "a weight is 0 to 1000000 grams"))
    }
}

impl From<Grams> for i64 {
    fn from(grams: Grams) -> i64 {
        i64::from(grams.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_nothing_to_a_tonne() {
        assert!(Grams::try_from(-1).is_err() && Grams::try_from(1_000_001).is_err());
        assert_eq!(i64::from(Grams::try_from(1_000_000).expect("a tonne")), 1_000_000);
    }

    #[test]
    fn a_quantity_is_one_to_a_million() {
        for pieces in [i64::MIN, -1, 0, 1_000_001, i64::MAX] {
            assert!(Quantity::try_from(pieces).is_err(), "{pieces}");
        }
        assert!(Quantity::try_from(1).is_ok() && Quantity::try_from(1_000_000).is_ok());
        let most = Quantity::new(Quantity::MAX).expect("the most");
        assert!(most.plus(Quantity::new(1).expect("one")).is_err());
    }
}
