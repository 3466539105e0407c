use super::{Order, OrderStatus, OrderStep, Shipment};
use crate::Version;

/// What a buyer gets mail of. Steps that only they or the shop need to know of right then are told to browsers, not by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderNews<'a> {
    /// The shop has the order, and its money.
    Confirmed,
    /// A parcel left.
    Shipped(&'a Shipment),
    /// Pieces may be sent back.
    ReturnApproved,
    /// They may not, and why.
    ReturnRejected(Option<&'a str>),
    /// Somebody ended the order.
    Cancelled,
    /// Money went back.
    Refunded,
}

impl OrderStep {
    /// Whether there may be mail of it.
    pub fn may_be_mailed(self) -> bool {
        match self {
            // An order is confirmed by whatever makes it a paid one.
            OrderStep::Placed
            | OrderStep::PaymentAuthorised
            | OrderStep::PaymentCaptured
            | OrderStep::ReviewSettled
            | OrderStep::Shipped
            | OrderStep::ReturnApproved
            | OrderStep::ReturnRejected
            | OrderStep::Cancelled
            | OrderStep::Refunded => true,
            OrderStep::PaymentStarted
            | OrderStep::PaymentChallenged
            | OrderStep::PaymentFailed
            | OrderStep::PaymentVoided
            | OrderStep::CaptureRequested
            | OrderStep::VoidRequested
            | OrderStep::RefundRequested
            | OrderStep::RefundFailed
            | OrderStep::Delivered
            | OrderStep::Expired
            | OrderStep::ReturnRequested
            | OrderStep::ReturnReceived
            | OrderStep::ReviewRequested
            | OrderStep::NoteAdded => false,
        }
    }
}

impl Order {
    /// What its buyer gets mail of that happened when it became this version; nothing, mostly.
    pub fn news_of(&self, version: Version) -> Vec<OrderNews<'_>> {
        let mut news = Vec::new();
        if self.is_confirmed_by(version) {
            news.push(OrderNews::Confirmed);
        }
        for entry in self.history.iter().filter(|entry| entry.version == version) {
            match entry.step {
                OrderStep::Shipped => {
                    let left = self.shipments.iter().filter(|shipment| shipment.shipped_at == entry.at);
                    news.extend(left.map(OrderNews::Shipped));
                }
                OrderStep::ReturnApproved => news.push(OrderNews::ReturnApproved),
                OrderStep::ReturnRejected => news.push(OrderNews::ReturnRejected(entry.reason.as_deref())),
                OrderStep::Cancelled => news.push(OrderNews::Cancelled),
                OrderStep::Refunded if !news.contains(&OrderNews::Refunded) => news.push(OrderNews::Refunded),
                _ => {}
            }
        }
        news
    }

    /// Whether it waited for its money until this version. One that fell back, because what was held could not be captured, is confirmed
    /// again when it is paid again.
    fn is_confirmed_by(&self, version: Version) -> bool {
        let status_at = |is_meant: fn(Version, Version) -> bool| {
            let entries = self.history.iter().rev().filter(|entry| is_meant(entry.version, version));
            // A review says nothing of the money.
            entries.map(|entry| entry.status).find(|status| *status != OrderStatus::UnderReview)
        };
        let is_paid = |status: OrderStatus| {
            // A person may have given some of it back before the order went on.
            matches!(status, OrderStatus::Paid | OrderStatus::PartiallyRefunded)
        };
        status_at(|is, at| is == at).is_some_and(is_paid)
            && status_at(|is, at| is < at).is_none_or(|status| status == OrderStatus::PendingPayment)
    }
}
