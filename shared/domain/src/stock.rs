use crate::{CustomerId, DateTime, MovementId, OrderId, ProductId, Reason, Sku, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The stock of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockLevel {
    /// Whose stock.
    pub product_id: ProductId,
    /// Whose stock, for people.
    pub sku: Sku,
    /// Pieces in the house.
    #[schema(example = 120)]
    pub on_hand: i64,
    /// Pieces that orders hold.
    #[schema(example = 8)]
    pub reserved: i64,
    /// `onHand` − `reserved`: what can be ordered now.
    #[schema(example = 112)]
    pub available: i64,
    /// Sent back in `If-Match`.
    #[schema(value_type = i64, minimum = 1, example = 3)]
    pub version: Version,
    /// UTC.
    pub updated_at: DateTime,
}

/// The most pieces of one product in the house.
const MOST_ON_HAND: i64 = 1_000_000_000;

/// How somebody corrects the pieces in the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// More, or fewer when negative.
    By(i64),
    /// A counted number.
    To(i64),
}

impl Change {
    /// The new number of pieces in the house, `None` when it would be less than `reserved` or absurdly large.
    pub fn apply(self, on_hand: i64, reserved: i64) -> Option<i64> {
        let changed = match self {
            Change::By(delta) => on_hand.checked_add(delta)?,
            Change::To(counted) => counted,
        };
        (reserved..=MOST_ON_HAND).contains(&changed).then_some(changed)
    }
}

/// A correction of stock, as the ledger will record it.
#[derive(Clone, Debug)]
pub struct Adjustment {
    /// Whose stock.
    pub product_id: ProductId,
    /// How.
    pub change: Change,
    /// Why.
    pub reason: Reason,
    /// Who.
    pub actor: CustomerId,
}

/// Why stock changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// An order reserved pieces.
    Placed,
    /// A cancelled order gave them back.
    Released,
    /// Pieces that an order held left the house.
    Shipped,
    /// Pieces that were sent came back and are sold again.
    Returned,
    /// Somebody corrected the pieces in the house.
    Adjusted,
}

impl MovementKind {
    /// The word that stands for the kind in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            MovementKind::Placed => "placed",
            MovementKind::Released => "released",
            MovementKind::Shipped => "shipped",
            MovementKind::Returned => "returned",
            MovementKind::Adjusted => "adjusted",
        }
    }

    /// The kind that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        use MovementKind::{Adjusted, Placed, Released, Returned, Shipped};
        [Placed, Released, Shipped, Returned, Adjusted].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One row of the stock ledger. The sums of all rows of a product are its stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Movement {
    /// Stable name for programs.
    pub id: MovementId,
    /// Why.
    pub kind: MovementKind,
    /// Pieces that came into the house (negative: left it).
    #[schema(example = 0)]
    pub on_hand_change: i64,
    /// Pieces that orders took hold of (negative: let go).
    #[schema(example = 2)]
    pub reserved_change: i64,
    /// The stock's version that the movement made.
    #[schema(value_type = i64, minimum = 1, example = 3)]
    pub version: Version,
    /// The order behind it.
    pub order_id: Option<OrderId>,
    /// Why, in the words of who did it.
    pub reason: Option<Reason>,
    /// UTC.
    pub at: DateTime,
}

/// The position behind one movement, newest first: the stock's version that it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovementCursor(pub Version);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_leaves_what_orders_hold() {
        assert_eq!(Change::By(-3).apply(10, 7), Some(7));
        assert_eq!(Change::By(-4).apply(10, 7), None);
        assert_eq!(Change::To(7).apply(10, 7), Some(7));
        assert_eq!(Change::To(6).apply(10, 7), None);
        assert_eq!(Change::By(i64::MAX).apply(10, 0), None);
        assert_eq!(Change::To(i64::MAX).apply(10, 0), None);
    }
}
