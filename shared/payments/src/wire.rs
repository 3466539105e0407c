//! Stripe's objects, as much of them as is read here, and what they say in terms of the domain.

use serde::Deserialize;
use serde_json::Value;
use souk_domain::{
    Error, OperationId, OrderId, PaymentId, ProviderPayment, ProviderRefund, ProviderState, RefundState, Result,
};

/// What we wrote on an object; other people's objects may have the same names with other things behind them.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Metadata {
    order_id: Option<String>,
    payment_id: Option<String>,
    operation_id: Option<String>,
}

impl Metadata {
    /// Our names of a payment; `None` for an object that is not ours.
    pub(crate) fn names(&self) -> Option<(OrderId, PaymentId)> {
        let order = self.order_id.as_ref()?.parse().ok()?;
        Some((order, self.payment_id.as_ref()?.parse().ok()?))
    }

    fn operation(&self) -> Option<OperationId> {
        self.operation_id.as_ref()?.parse().ok()
    }
}

/// A PaymentIntent.
#[derive(Debug, Deserialize)]
pub(crate) struct Intent {
    pub(crate) id: String,
    status: String,
    amount: i64,
    #[serde(default)]
    amount_capturable: i64,
    #[serde(default)]
    amount_received: i64,
    #[serde(default)]
    metadata: Metadata,
    /// A Charge's name, or all of it where that was asked for.
    #[serde(default)]
    latest_charge: Value,
    next_action: Option<NextAction>,
    last_payment_error: Option<Complaint>,
}

#[derive(Debug, Deserialize)]
struct NextAction {
    redirect_to_url: Option<Redirect>,
}

#[derive(Debug, Deserialize)]
struct Redirect {
    url: Option<String>,
}

/// Why Stripe did not do something.
#[derive(Debug, Deserialize)]
pub(crate) struct Complaint {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    code: Option<String>,
    decline_code: Option<String>,
    /// The PaymentIntent that the request was about.
    pub(crate) payment_intent: Option<Box<Intent>>,
}

impl Complaint {
    /// Stripe's most exact word for why.
    pub(crate) fn word(&self) -> String {
        self.decline_code.as_ref().or(self.code.as_ref()).unwrap_or(&self.kind).clone()
    }
}

/// The body of an answer that is not a success.
#[derive(Debug, Deserialize)]
pub(crate) struct Failure {
    pub(crate) error: Complaint,
}

impl Intent {
    /// Money that moved or is held: tells the payment that counts from one that came to nothing.
    pub(crate) fn money(&self) -> i64 {
        self.amount_received + self.amount_capturable
    }

    /// True once there may be refunds.
    pub(crate) fn is_captured(&self) -> bool {
        self.amount_received > 0
    }

    /// Our names of the payment.
    ///
    /// # Errors
    /// `Internal` for a payment that is not ours.
    pub(crate) fn names(&self) -> Result<(OrderId, PaymentId)> {
        self.metadata.names().ok_or_else(|| Error::Internal("the provider's payment does not name ours".to_owned()))
    }

    /// The payment as the domain sees it.
    ///
    /// # Errors
    /// `Internal` for a payment that is not ours, or in a state that nothing here leads to.
    pub(crate) fn into_payment(self, refunds: Vec<Refund>) -> Result<ProviderPayment> {
        let (order_id, payment_id) = self.names()?;
        Ok(ProviderPayment {
            payment_id,
            order_id,
            state: self.state()?,
            reference: self.id,
            amount_minor: self.amount,
            captured_minor: self.amount_received,
            refunds: refunds.into_iter().map(Into::into).collect(),
            is_disputed: self.latest_charge["disputed"] == true,
        })
    }

    fn state(&self) -> Result<ProviderState> {
        let declined = || self.last_payment_error.as_ref().map_or_else(|| self.status.clone(), Complaint::word);
        match self.status.as_str() {
            "requires_action" => self.action(),
            "processing" => Ok(ProviderState::Processing),
            "requires_capture" => Ok(ProviderState::Authorised),
            "succeeded" => Ok(ProviderState::Captured),
            // Stripe would let the buyer try another card. Here, another attempt is another payment.
            "requires_payment_method" => Ok(ProviderState::Declined { code: declined() }),
            "canceled" => Ok(ProviderState::Voided),
            _ => Err(Error::Internal("the provider's payment is in a state that is not known here".to_owned())),
        }
    }

    fn action(&self) -> Result<ProviderState> {
        let redirect = self.next_action.as_ref().and_then(|action| action.redirect_to_url.as_ref());
        match redirect.and_then(|redirect| redirect.url.clone()) {
            Some(url) => Ok(ProviderState::ActionRequired { url }),
            None => Err(Error::Internal("the provider asks for something that is not a page".to_owned())),
        }
    }
}

/// A Refund.
#[derive(Debug, Deserialize)]
pub(crate) struct Refund {
    pub(crate) id: String,
    amount: i64,
    status: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

impl Refund {
    /// True if it is the one that `operation` asked for.
    pub(crate) fn is_of(&self, operation: OperationId) -> bool {
        self.metadata.operation() == Some(operation)
    }
}

impl From<Refund> for ProviderRefund {
    fn from(refund: Refund) -> Self {
        let state = match refund.status.as_deref() {
            Some("succeeded") => RefundState::Succeeded,
            Some("failed" | "canceled") => RefundState::Failed,
            // `pending`, `requires_action`, and whatever else is not decided.
            _ => RefundState::Pending,
        };
        let operation_id = refund.metadata.operation();
        Self { reference: refund.id, operation_id, amount_minor: refund.amount, state }
    }
}

/// A part of a list or of what was found.
#[derive(Debug, Deserialize)]
pub(crate) struct Part<T> {
    pub(crate) data: Vec<T>,
    #[serde(default)]
    pub(crate) has_more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn intent(change: serde_json::Value) -> Intent {
        let mut intent = json!({"id": "pi_1", "status": "succeeded", "amount": 500, "amount_received": 500,
            "metadata": {"order_id": OrderId::new().to_string(), "payment_id": PaymentId::new().to_string()}});
        for (name, value) in change.as_object().expect("fields") {
            intent[name] = value.clone();
        }
        serde_json::from_value(intent).expect("an intent")
    }

    fn state(change: serde_json::Value) -> Result<ProviderState> {
        intent(change).into_payment(Vec::new()).map(|payment| payment.state)
    }

    #[test]
    fn every_status_that_a_payment_can_get_has_its_state() {
        let url = "https://hooks.stripe.com/3ds".to_owned();
        let action = json!({"type": "redirect_to_url", "redirect_to_url": {"url": url}});
        for (change, expected) in [
            (json!({"status": "requires_action", "next_action": action}), ProviderState::ActionRequired { url }),
            (json!({"status": "processing"}), ProviderState::Processing),
            (json!({"status": "requires_capture"}), ProviderState::Authorised),
            (json!({"status": "succeeded"}), ProviderState::Captured),
            (json!({"status": "canceled"}), ProviderState::Voided),
        ] {
            assert_eq!(state(change).expect("a state"), expected);
        }
    }

    #[test]
    fn a_decline_tells_the_most_exact_word() {
        for (error, expected) in [
            (json!({"type": "card_error", "code": "card_declined", "decline_code": "lost_card"}), "lost_card"),
            (json!({"type": "card_error", "code": "expired_card"}), "expired_card"),
            (json!({"type": "card_error"}), "card_error"),
            (json!(null), "requires_payment_method"),
        ] {
            let declined = state(json!({"status": "requires_payment_method", "last_payment_error": error}));
            assert_eq!(declined.expect("a state"), ProviderState::Declined { code: expected.to_owned() });
        }
    }

    #[test]
    fn what_nothing_here_leads_to_is_a_defect_not_a_guess() {
        for change in [
            json!({"status": "requires_confirmation"}),
            json!({"status": "requires_action", "next_action": {"type": "use_stripe_sdk"}}),
            json!({"metadata": {"order_id": "1001", "payment_id": "7"}}),
            json!({"metadata": {}}),
        ] {
            assert!(matches!(state(change), Err(Error::Internal(_))));
        }
    }

    #[test]
    fn a_refund_that_somebody_made_in_the_dashboard_is_nobodys_operation() {
        let refund: Refund =
            serde_json::from_value(json!({"id": "re_1", "amount": 5, "status": "canceled"})).expect("a refund");
        let (reference, state) = ("re_1".to_owned(), RefundState::Failed);
        let expected = ProviderRefund { reference, operation_id: None, amount_minor: 5, state };
        assert_eq!(ProviderRefund::from(refund), expected);
    }
}
