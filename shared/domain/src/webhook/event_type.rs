use crate::{Aggregate, Violation};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};
use utoipa::{PartialSchema, ToSchema};

/// What third parties may hear of. Nothing about mail is here, and nothing about the people who log in.
const PUBLIC: [(&str, Aggregate); 26] = [
    ("souk.InventoryChanged", Aggregate::Inventory),
    ("souk.OrderCancelled", Aggregate::Order),
    ("souk.OrderCaptureRequested", Aggregate::Order),
    ("souk.OrderDelivered", Aggregate::Order),
    ("souk.OrderExpired", Aggregate::Order),
    ("souk.OrderNoteAdded", Aggregate::Order),
    ("souk.OrderPaymentAuthorised", Aggregate::Order),
    ("souk.OrderPaymentCaptured", Aggregate::Order),
    ("souk.OrderPaymentChallenged", Aggregate::Order),
    ("souk.OrderPaymentFailed", Aggregate::Order),
    ("souk.OrderPaymentStarted", Aggregate::Order),
    ("souk.OrderPaymentVoided", Aggregate::Order),
    ("souk.OrderPlaced", Aggregate::Order),
    ("souk.OrderRefundFailed", Aggregate::Order),
    ("souk.OrderRefundRequested", Aggregate::Order),
    ("souk.OrderRefunded", Aggregate::Order),
    ("souk.OrderReturnApproved", Aggregate::Order),
    ("souk.OrderReturnReceived", Aggregate::Order),
    ("souk.OrderReturnRejected", Aggregate::Order),
    ("souk.OrderReturnRequested", Aggregate::Order),
    ("souk.OrderReviewRequested", Aggregate::Order),
    ("souk.OrderReviewSettled", Aggregate::Order),
    ("souk.OrderShipped", Aggregate::Order),
    ("souk.OrderVoidRequested", Aggregate::Order),
    ("souk.ProductCreated", Aggregate::Product),
    ("souk.ProductUpdated", Aggregate::Product),
];

/// A kind of event that third parties may hear of, by the name that events carry as their `type`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebhookEventType(
    /// The place in [`PUBLIC`].
    usize,
);

impl WebhookEventType {
    /// Finds the kind of a name.
    ///
    /// # Errors
    /// `invalid_event_type`
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let unknown = || Violation::new("invalid_event_type", "there is no such type of event for webhooks");
        PUBLIC.iter().position(|(name, _)| *name == text).map(Self).ok_or_else(unknown)
    }

    /// Its name: `souk.OrderPlaced`.
    pub fn as_str(self) -> &'static str {
        PUBLIC[self.0].0
    }

    /// What such events are about.
    pub fn aggregate(self) -> Aggregate {
        PUBLIC[self.0].1
    }
}

impl fmt::Debug for WebhookEventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for WebhookEventType {
    type Error = Violation;

    fn try_from(text: String) -> Result<Self, Violation> {
        Self::parse(&text)
    }
}

impl From<WebhookEventType> for String {
    fn from(event_type: WebhookEventType) -> Self {
        event_type.as_str().to_owned()
    }
}

impl PartialSchema for WebhookEventType {
    fn schema() -> RefOr<Schema> {
        let names = PUBLIC.map(|(name, _)| name);
        let text = "The `type` of events.";
        ObjectBuilder::new().schema_type(Type::String).description(Some(text)).enum_values(Some(names)).into()
    }
}

impl ToSchema for WebhookEventType {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OrderStep;

    #[test]
    fn everything_that_happens_to_an_order_is_public_and_no_mail_is() {
        for step in OrderStep::ALL {
            let name = format!("souk.Order{step:?}");
            assert_eq!(WebhookEventType::parse(&name).expect(&name).aggregate(), Aggregate::Order);
        }
        assert_eq!(PUBLIC.iter().filter(|(_, aggregate)| *aggregate == Aggregate::Order).count(), OrderStep::ALL.len());
        for name in ["souk.MailRequested", "souk.OrderLost", "", "souk.orderplaced"] {
            assert_eq!(WebhookEventType::parse(name).expect_err(name).code, "invalid_event_type");
        }
        assert!(PUBLIC.iter().all(|(_, aggregate)| *aggregate != Aggregate::Mail));
    }

    #[test]
    fn the_types_are_sorted_and_unique() {
        assert!(PUBLIC.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
