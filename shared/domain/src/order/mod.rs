//! The life of an order, from the wish to the last refund. Each command is a method of [`Order`] that says what becomes of it, or
//! that nothing does because it happened before; a store keeps what it says.

mod change;
mod ending;
mod fulfilment;
mod history;
mod line;
mod new;
mod news;
mod number;
mod observing;
mod paying;
mod payment;
mod refunding;
mod returning;
mod search;
mod status;

pub use change::{Decide, OrderChange, StockMove};
pub use fulfilment::{Dispatch, Shipment, ShippedPieces, TrackingNumber};
pub use history::{HistoryEntry, Note, NoteText, OrderStep};
pub use line::{ChosenShipping, OrderLine, OrderTotals};
pub use new::{NewOrder, NewOrderLine, Placement};
pub use news::OrderNews;
pub use number::OrderNumber;
pub use payment::{Operation, OperationKind, OperationStatus, Payment, PaymentStatus, RefundElsewhere};
pub use refunding::RefundWish;
pub use returning::{GoodsReturn, ReceivedGoods, ReturnReason, ReturnStatus};
pub use search::{OrderSearch, OrderText};
pub use status::{Ending, Fulfilment, OrderStatus};

use crate::{Address, CouponCode, CurrencyCode, CustomerId, DateTime, OrderId, PaymentId, Reason, TaxRate, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a customer bought, and all that became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Stable name for programs.
    pub id: OrderId,
    /// Name for people.
    pub number: OrderNumber,
    /// Who bought.
    pub customer_id: CustomerId,
    /// Where it is in its life.
    pub status: OrderStatus,
    /// Where its goods are.
    pub fulfilment: Fulfilment,
    /// How it ended, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ending>,
    /// One for each product.
    pub lines: Vec<OrderLine>,
    /// The sums.
    pub totals: OrderTotals,
    /// The tax that is in them.
    pub tax: TaxRate,
    /// How it goes; absent for goods that are not sent, or where the shop has no choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<ChosenShipping>,
    /// What took something off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<CouponCode>,
    /// Where it goes; absent for goods that are not sent.
    pub shipping_address: Option<Address>,
    /// Every attempt to pay, oldest first.
    pub payments: Vec<Payment>,
    /// The payment that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_by: Option<PaymentId>,
    /// Until when it wants to be paid, UTC; absent once it is, or has ended. It expires then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_due_at: Option<DateTime>,
    /// Parcels, oldest first.
    pub shipments: Vec<Shipment>,
    /// What was sent back, or is to be.
    pub returns: Vec<GoodsReturn>,
    /// What people wrote about it, oldest first. Customers see theirs only.
    pub notes: Vec<Note>,
    /// Why somebody must look at it; nothing is sent until they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Reason>,
    /// Who did what when, oldest first.
    pub history: Vec<HistoryEntry>,
    /// Grows with each change.
    #[schema(value_type = i64, minimum = 1, example = 3)]
    pub version: Version,
    /// UTC.
    pub placed_at: DateTime,
    /// UTC.
    pub updated_at: DateTime,
}

impl Order {
    /// The currency of all its amounts.
    pub fn currency(&self) -> &CurrencyCode {
        self.totals.grand_total.currency()
    }

    /// Whether pieces are still to be sent to its address.
    pub fn is_to_be_sent(&self) -> bool {
        let is_unsent = || self.lines.iter().any(|line| line.unshipped() > 0);
        let is_over = self.ended.is_some() || self.status == OrderStatus::Refunded;
        !is_over && self.shipping_address.is_some() && is_unsent()
    }

    /// The order as its buyer sees it: without what staff wrote for themselves, and without their names.
    pub fn for_buyer(mut self) -> Self {
        let buyer = self.customer_id;
        let is_private = |entry: &HistoryEntry| {
            entry.step == OrderStep::NoteAdded && self.notes.iter().any(|note| note.at == entry.at && !note.is_public)
        };
        self.history.retain(|entry| !is_private(entry));
        self.notes.retain(|note| note.is_public);
        self.review = self.review.take().map(|_| history::reason("somebody looks at the order"));
        for entry in &mut self.history {
            entry.actor = entry.actor.filter(|actor| *actor == buyer);
            if matches!(entry.step, OrderStep::ReviewRequested | OrderStep::ReviewSettled | OrderStep::RefundRequested)
            {
                entry.reason = None;
            }
        }
        for operation in self.payments.iter_mut().flat_map(|payment| &mut payment.operations) {
            operation.actor = operation.actor.filter(|actor| *actor == buyer);
            operation.reason = None;
        }
        self
    }

    /// From when on the order expires if nothing happens; `None` when it does not. Money that may be on its way is waited for.
    pub fn expires_at(&self) -> Option<DateTime> {
        let due = self.payment_due_at?;
        let on_its_way = self.payments.iter().filter(|payment| payment.status.is_unknown());
        on_its_way.map(|payment| payment.updated_at + Payment::PATIENCE).chain([due]).max()
    }

    /// Since when a payment provider owes an answer; `None` when none does.
    pub fn unsettled_since(&self) -> Option<DateTime> {
        self.payments.iter().filter_map(Payment::unsettled_since).min()
    }

    /// Whether the money is there, or held, or none is wanted.
    pub fn is_paid(&self) -> bool {
        self.paid_by.is_some() || self.totals.grand_total.amount_minor() == 0
    }

    /// What happened to the order when it became this version.
    pub fn steps_of(&self, version: Version) -> Vec<OrderStep> {
        self.history.iter().filter(|entry| entry.version == version).map(|entry| entry.step).collect()
    }

    /// The payment that counts.
    pub fn paying(&self) -> Option<&Payment> {
        self.payments.iter().find(|payment| Some(payment.id) == self.paid_by)
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
