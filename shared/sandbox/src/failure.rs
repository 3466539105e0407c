//! Why a request came to nothing, in the shape that Stripe gives it.

use serde_json::{Map, Value, json};

/// A refusal or a defect.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// HTTP.
    pub(crate) status: u16,
    /// True if it is the first answer under an idempotency key. What fails before it is carried out may be sent again, corrected.
    pub(crate) is_kept: bool,
    /// True if the client waits for it in vain.
    pub(crate) is_held: bool,
    /// `type` and `message`; `code`, `decline_code`, `param` and `payment_intent` where there is one.
    error: Map<String, Value>,
}

impl Failure {
    fn new(status: u16, kind: &str, message: impl Into<String>) -> Self {
        let failure = Self { status, is_kept: false, is_held: false, error: Map::new() };
        failure.with("type", kind).with("message", message.into())
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.error.insert(name.to_owned(), value.into());
        self
    }

    /// It was carried out, as far as it can be: the same key gives the same answer.
    fn kept(self) -> Self {
        Self { is_kept: true, ..self }
    }

    /// The request is wrong.
    pub(crate) fn invalid(code: Option<&str>, param: &str, message: impl Into<String>) -> Self {
        let failure = Self::new(400, "invalid_request_error", message).with("param", param);
        match code {
            Some(code) => failure.with("code", code),
            None => failure,
        }
    }

    /// There is no such thing.
    pub(crate) fn missing(what: &str, param: &str, id: &str) -> Self {
        Self { status: 404, ..Self::invalid(Some("resource_missing"), param, format!("No such {what}: '{id}'")) }
    }

    /// There is no such route.
    pub(crate) fn no_route(method: &str, path: &str) -> Self {
        Self::new(404, "invalid_request_error", format!("Unrecognized request URL ({method}: {path})."))
    }

    /// The body is none that could be read.
    pub(crate) fn unreadable() -> Self {
        Self::new(400, "invalid_request_error", "The body of the request cannot be read.")
    }

    /// No secret key, or another one. What was shown is not told.
    pub(crate) fn unauthorised() -> Self {
        Self::new(401, "invalid_request_error", "Invalid API Key provided.")
    }

    /// The key came with another request before.
    pub(crate) fn key_reused() -> Self {
        let message =
            "Keys for idempotent requests can only be used with the same parameters they were first used with.";
        Self::new(400, "idempotency_error", message)
    }

    /// The payment is not where the wish needs it to be.
    pub(crate) fn unexpected_state(wish: &str, status: &str, intent: Value) -> Self {
        let message = format!("You cannot {wish} this PaymentIntent because it has a status of {status}.");
        Self::invalid(Some("payment_intent_unexpected_state"), "intent", message).with("payment_intent", intent).kept()
    }

    /// Nothing is left to be refunded.
    pub(crate) fn already_refunded() -> Self {
        Self::invalid(Some("charge_already_refunded"), "charge", "Charge has already been refunded.").kept()
    }

    /// The bank took the money back already.
    pub(crate) fn disputed() -> Self {
        Self::invalid(Some("charge_disputed"), "charge", "Charge has been charged back; cannot issue a refund.").kept()
    }

    /// More than is left. Stripe gives no code.
    pub(crate) fn more_than_is_left(asked: i64, left: i64) -> Self {
        let message = format!("Refund amount ({asked}) is greater than unrefunded amount on charge ({left})");
        Self::invalid(None, "amount", message).kept()
    }

    /// The card was declined, for what the payment says; the payment exists.
    pub(crate) fn declined(intent: Value) -> Self {
        let failure = Self::new(402, "card_error", "Your card was declined.");
        let words = ["code", "decline_code"].map(|name| (name, intent["last_payment_error"][name].clone()));
        let words = words.into_iter().filter(|(_, word)| !word.is_null());
        words.fold(failure, |failure, (name, word)| failure.with(name, word)).with("payment_intent", intent).kept()
    }

    /// Nothing was done, and the client does not learn it in time.
    pub(crate) fn held() -> Self {
        Self { is_held: true, ..Self::defect() }
    }

    /// A defect. Whatever was done is undone.
    pub(crate) fn defect() -> Self {
        Self::new(500, "api_error", "An error occurred in the sandbox.")
    }

    /// The body of the answer.
    pub(crate) fn body(self) -> Value {
        json!({ "error": self.error })
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "the sandbox's books failed");
        Self::defect()
    }
}
