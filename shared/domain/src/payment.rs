//! What a payment provider is asked and what it answers. What becomes of it in an order is the order's to say.

use crate::{Money, OperationId, OrderId, PaymentId, Violation, violation::text_value};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A provider's name for a way to pay, such as `pm_card_visa`: what its own page in the browser made of a card. Never a card number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 255, example = "pm_card_visa")]
pub struct PaymentMethod(String);
text_value!(PaymentMethod);

impl PaymentMethod {
    /// Reads a name: 1 to 255 visible ASCII characters. Anything that could be a card number is refused, so that none is ever kept.
    ///
    /// # Errors
    /// `invalid_payment_method`
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        let is_named = text.bytes().any(|byte| byte.is_ascii_alphabetic());
        match (1..=255).contains(&text.len()) && is_visible && is_named {
            true => Ok(Self(text.to_owned())),
            false => {
                let text = "a payment method is the provider's name for it, such as pm_card_visa; never a card number";
                Err(Violation::new("invalid_payment_method", text))
            }
        }
    }
}

impl std::fmt::Debug for PaymentMethod {
    /// Keeps what somebody could pay with out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PaymentMethod(…)")
    }
}

/// When the money moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMode {
    /// With the authorisation.
    #[default]
    Automatic,
    /// When somebody captures it; until then the provider holds it.
    Manual,
}

/// A wish to be paid. `payment_id` is the key under which the provider takes it once, however often it is sent.
#[derive(Clone, Debug)]
pub struct Charge {
    /// For what; comes back in notices.
    pub order_id: OrderId,
    /// Our name for the payment; comes back in notices.
    pub payment_id: PaymentId,
    /// What the buyer's statement may say, such as an order's number.
    pub description: String,
    /// How much.
    pub amount: Money,
    /// With what.
    pub method: PaymentMethod,
    /// When the money moves.
    pub capture: CaptureMode,
    /// Where the buyer's browser goes after a challenge.
    pub return_url: String,
}

/// How a provider sees a payment now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderPayment {
    /// Our name for it.
    pub payment_id: PaymentId,
    /// For what.
    pub order_id: OrderId,
    /// Its name for it.
    pub reference: String,
    /// Where it is.
    pub state: ProviderState,
    /// What was asked for, in minor units.
    pub amount_minor: i64,
    /// What moved to the shop, in minor units, before refunds.
    pub captured_minor: i64,
    /// Every refund, those that failed too.
    pub refunds: Vec<ProviderRefund>,
    /// Whether the buyer disputes it, or did: their bank takes the money back, or asks whether it should. False when that was not asked.
    pub is_disputed: bool,
}

/// Where a provider says that a payment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderState {
    /// The buyer must do something at this address, such as a 3-D Secure challenge.
    ActionRequired {
        /// Where.
        url: String,
    },
    /// The provider does not know yet.
    Processing,
    /// The money is held.
    Authorised,
    /// The money moved.
    Captured,
    /// It did not, and will not.
    Declined {
        /// The provider's word for why, such as `insufficient_funds`.
        code: String,
    },
    /// What was held was let go.
    Voided,
}

/// A refund as a provider sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRefund {
    /// Its name for it.
    pub reference: String,
    /// Our name for it; absent for one that somebody made at the provider.
    pub operation_id: Option<OperationId>,
    /// Minor units.
    pub amount_minor: i64,
    /// What became of it.
    pub state: RefundState,
}

/// What became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// It is under way.
    Pending,
    /// The money is on its way back.
    Succeeded,
    /// It is not, and will not be.
    Failed,
}

/// What a provider says to a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderAnswer {
    /// It took note; this is how it sees the payment now, which may be declined.
    Taken(ProviderPayment),
    /// It will not do it, however often it is asked.
    Refused {
        /// Its word for why.
        code: String,
        /// How it sees the payment now, which may explain it; absent when there is none.
        payment: Option<Box<ProviderPayment>>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_could_be_a_card_number_is_a_payment_method() {
        for text in ["4242424242424242", "4242 4242 4242 4242", "", " pm", "pm\n"] {
            assert_eq!(PaymentMethod::parse(text).expect_err(text).code, "invalid_payment_method");
        }
        assert!(PaymentMethod::parse("pm_card_visa").is_ok());
        assert!(!format!("{:?}", PaymentMethod::parse("pm_card_visa")).contains("visa"));
    }
}
