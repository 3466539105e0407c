use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an order is in its life: the one word of it. Where goods and money are is told by `fulfilment` and `totals`.
///
/// `docs/orders.md` has the picture; a test compares it with [`OrderStatus::may_become`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Stock is reserved, and the money is waited for.
    PendingPayment,
    /// The money is there, or held by the provider until it is captured.
    Paid,
    /// Some pieces were sent.
    PartiallyShipped,
    /// Every piece was sent.
    Shipped,
    /// Every piece arrived.
    Delivered,
    /// Somebody ended it before anything was sent; stock and money went back. The end.
    Cancelled,
    /// Nobody paid in time; stock went back. The end.
    Expired,
    /// Some of the money went back.
    PartiallyRefunded,
    /// All of the money went back.
    Refunded,
    /// Something happened that a person must look at.
    UnderReview,
}

use OrderStatus::{
    Cancelled, Delivered, Expired, Paid, PartiallyRefunded, PartiallyShipped, PendingPayment, Refunded, Shipped,
    UnderReview,
};

impl OrderStatus {
    /// Every status.
    pub const ALL: [OrderStatus; 10] = [
        PendingPayment,
        Paid,
        PartiallyShipped,
        Shipped,
        Delivered,
        Cancelled,
        Expired,
        PartiallyRefunded,
        Refunded,
        UnderReview,
    ];

    /// Where the life of an order leads directly from this status.
    pub fn next(self) -> &'static [OrderStatus] {
        match self {
            PendingPayment => &[Paid, Cancelled, Expired, UnderReview],
            // Back to waiting: what was held could not be captured, or was let go.
            Paid => &[PendingPayment, PartiallyShipped, Shipped, Cancelled, PartiallyRefunded, Refunded, UnderReview],
            PartiallyShipped => &[Shipped, Delivered, PartiallyRefunded, Refunded, UnderReview],
            Shipped => &[Delivered, PartiallyRefunded, Refunded, UnderReview],
            Delivered => &[PartiallyRefunded, Refunded, UnderReview],
            PartiallyRefunded => &[Cancelled, Refunded, UnderReview],
            // Pieces may be left that were not sent: an amount takes none off the order.
            Refunded => &[Cancelled, UnderReview],
            Cancelled | Expired => &[UnderReview],
            // A person looked: it is again what its goods and money say.
            UnderReview => &[
                PendingPayment,
                Paid,
                PartiallyShipped,
                Shipped,
                Delivered,
                Cancelled,
                Expired,
                PartiallyRefunded,
                Refunded,
            ],
        }
    }

    /// Whether the life of an order leads from this status directly to `next`.
    pub fn may_become(self, next: OrderStatus) -> bool {
        self.next().contains(&next)
    }

    /// The word that stands for the status in stores and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            PendingPayment => "pending_payment",
            Paid => "paid",
            PartiallyShipped => "partially_shipped",
            Shipped => "shipped",
            Delivered => "delivered",
            Cancelled => "cancelled",
            Expired => "expired",
            PartiallyRefunded => "partially_refunded",
            Refunded => "refunded",
            UnderReview => "under_review",
        }
    }

    /// The status that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// How an order ended before anything was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Somebody ended it.
    Cancelled,
    /// Nobody paid in time.
    Expired,
}

/// Where the goods of an order are. Pieces that were taken off the order do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fulfilment {
    /// In the house.
    Unfulfilled,
    /// Some were sent.
    PartiallyShipped,
    /// All were sent.
    Shipped,
    /// All arrived.
    Delivered,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_statuses_are_one_to_one() {
        for status in OrderStatus::ALL {
            assert_eq!(OrderStatus::from_word(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).expect("JSON"), status.as_str());
            assert!(!status.may_become(status), "staying is no step");
        }
    }

    #[test]
    fn the_picture_in_the_documentation_is_the_life_of_an_order() {
        let document = include_str!("../../../../docs/orders.md");
        let mut drawn: Vec<(&str, &str)> = document
            .lines()
            .filter_map(|line| line.trim().split_once(" --> "))
            .filter(|(from, _)| *from != "[*]")
            .map(|(from, to)| (from, to.split(':').next().unwrap_or(to).trim()))
            .collect();
        let mut lived: Vec<(&str, &str)> = OrderStatus::ALL
            .into_iter()
            .flat_map(|from| from.next().iter().map(move |to| (from.as_str(), to.as_str())))
            .collect();
        drawn.sort_unstable();
        lived.sort_unstable();
        assert_eq!(drawn, lived);
    }
}
