use super::OrderStatus;
use crate::text::trimmed;
use crate::{CustomerId, DateTime, Reason, Version, Violation, violation::text_value};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What happened to an order. An event is called by it, `souk.Order…`; of several that happened at once, by the most telling, and the event
/// names all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStep {
    /// Stock was reserved.
    Placed,
    /// The buyer set out to pay.
    PaymentStarted,
    /// The provider wants the buyer to do something.
    PaymentChallenged,
    /// The provider holds the money.
    PaymentAuthorised,
    /// The money moved.
    PaymentCaptured,
    /// The money did not move, and will not by this payment.
    PaymentFailed,
    /// What the provider held was let go.
    PaymentVoided,
    /// The provider was asked to move what it holds.
    CaptureRequested,
    /// The provider was asked to let go of what it holds.
    VoidRequested,
    /// The provider was asked to give money back.
    RefundRequested,
    /// Money went back.
    Refunded,
    /// Money did not go back.
    RefundFailed,
    /// A parcel left.
    Shipped,
    /// A parcel arrived.
    Delivered,
    /// Somebody ended it.
    Cancelled,
    /// Nobody paid in time.
    Expired,
    /// The buyer wants to send something back.
    ReturnRequested,
    /// They may.
    ReturnApproved,
    /// They may not.
    ReturnRejected,
    /// It is there.
    ReturnReceived,
    /// A person must look.
    ReviewRequested,
    /// A person did.
    ReviewSettled,
    /// Somebody wrote something.
    NoteAdded,
}

impl OrderStep {
    /// Every step.
    pub const ALL: [OrderStep; 23] = [
        OrderStep::Placed,
        OrderStep::PaymentStarted,
        OrderStep::PaymentChallenged,
        OrderStep::PaymentAuthorised,
        OrderStep::PaymentCaptured,
        OrderStep::PaymentFailed,
        OrderStep::PaymentVoided,
        OrderStep::CaptureRequested,
        OrderStep::VoidRequested,
        OrderStep::RefundRequested,
        OrderStep::Refunded,
        OrderStep::RefundFailed,
        OrderStep::Shipped,
        OrderStep::Delivered,
        OrderStep::Cancelled,
        OrderStep::Expired,
        OrderStep::ReturnRequested,
        OrderStep::ReturnApproved,
        OrderStep::ReturnRejected,
        OrderStep::ReturnReceived,
        OrderStep::ReviewRequested,
        OrderStep::ReviewSettled,
        OrderStep::NoteAdded,
    ];
}

/// One line of an order's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// The order's version that it made.
    #[schema(value_type = i64, minimum = 1, example = 3)]
    pub version: Version,
    /// UTC.
    pub at: DateTime,
    /// What happened.
    pub step: OrderStep,
    /// The order's status afterwards.
    pub status: OrderStatus,
    /// Who did it; absent for the shop itself and for payment providers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<CustomerId>,
    /// Why, or what of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "the buyer changed their mind")]
    pub reason: Option<String>,
}

/// What somebody wrote about an order: 1 to 2,000 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 2000, example = "Rang the buyer: leave it with the neighbour.")]
pub struct NoteText(String);
text_value!(NoteText);

impl NoteText {
    /// Trims and checks the text.
    ///
    /// # Errors
    /// `invalid_note`
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let is_plain = |text: &&str| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
        match trimmed(text, 1..=2000).filter(is_plain) {
            Some(text) => Ok(Self(text.to_owned())),
            None => Err(Violation::new("invalid_note", "a note has 1 to 2000 characters and no control characters")),
        }
    }
}

/// What somebody wrote about an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// UTC.
    pub at: DateTime,
    /// Who.
    pub author: CustomerId,
    /// What.
    pub text: NoteText,
    /// Whether the buyer sees it.
    pub is_public: bool,
}

/// `1 piece`, `2 pieces`.
pub(crate) fn count(number: u32, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// A reason that the shop itself gives.
#[allow(clippy::expect_used, reason = "a reason in the code is short and plain; a test makes every one")]
pub(crate) fn reason(text: &str) -> Reason {
    Reason::parse(text).expect("a reason")
}
