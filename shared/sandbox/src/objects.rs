//! Stripe's objects as its API shows them, and the events that tell of them.

use crate::behaviour::{Webhooks, behaviour};
use crate::failure::Failure;
use crate::tables::{Intent, Refund, Tables, new_id};
use rusqlite::params;
use serde_json::{Value, json};

impl Intent {
    /// The payment as the API shows it.
    pub(crate) fn json(&self) -> Value {
        let next_action = (self.status == "requires_action").then(|| {
            json!({"type": "redirect_to_url", "redirect_to_url": {"url": self.page_url, "return_url": self.return_url}})
        });
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": self.held(),
            "amount_received": self.captured,
            "capture_method": if self.is_manual { "manual" } else { "automatic" },
            "confirmation_method": "automatic",
            "created": self.created_at / 1000,
            "currency": self.currency,
            "description": self.description,
            "last_payment_error": self.failure,
            "latest_charge": self.charge_id(),
            "livemode": false,
            "metadata": self.metadata,
            "next_action": next_action,
            "payment_method": self.method,
            "payment_method_types": ["card"],
            "status": self.status,
        })
    }

    fn charge_id(&self) -> String {
        self.id.replace("pi_", "ch_")
    }

    /// Whether the buyer's bank took the money back.
    pub(crate) fn is_disputed(&self) -> bool {
        self.captured > 0 && behaviour(&self.script).is_disputed
    }

    /// What the bank says of that. Nobody's names are on it.
    fn dispute(&self) -> Value {
        json!({
            "id": self.id.replace("pi_", "du_"),
            "object": "dispute",
            "amount": self.captured,
            "charge": self.charge_id(),
            "currency": self.currency,
            "metadata": {},
            "payment_intent": self.id,
            "reason": "fraudulent",
            "status": "needs_response",
        })
    }
}

impl Refund {
    /// The refund as the API shows it.
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "charge": self.intent.replace("pi_", "ch_"),
            "created": self.created_at / 1000,
            "metadata": self.metadata,
            "payment_intent": self.intent,
            "status": self.status,
        })
    }
}

/// What happened, and to what.
type Event = (&'static str, Value);

impl Tables<'_> {
    /// The charge of a payment, of which events tell after a refund, and the payment itself when asked to.
    pub(crate) fn charge(&self, intent: &Intent) -> Result<Value, Failure> {
        let refunded = self.refunded(&intent.id)?;
        Ok(json!({
            "id": intent.charge_id(),
            "object": "charge",
            "amount": intent.amount,
            "amount_captured": intent.captured,
            "amount_refunded": refunded,
            "currency": intent.currency,
            "disputed": intent.is_disputed(),
            "metadata": intent.metadata,
            "payment_intent": intent.id,
            "refunded": refunded == intent.captured,
            "status": "succeeded",
        }))
    }

    /// Announces what happened to a payment, and the dispute that follows from it.
    pub(crate) fn announce_payment(&self, intent: &Intent, events: Vec<Event>) -> Result<(), Failure> {
        let dispute = intent.is_disputed().then(|| ("charge.dispute.created", intent.dispute()));
        self.announce(&intent.script, &events.into_iter().chain(dispute).collect::<Vec<_>>())
    }

    /// Puts the webhooks of one step in a payment's life where they are delivered from, as the payment's method wants it.
    pub(crate) fn announce(&self, script: &str, events: &[Event]) -> Result<(), Failure> {
        let (at_once, late) = (self.now, self.now + millis(self.settings.late));
        for (place, (kind, object)) in events.iter().enumerate() {
            let is_last = place + 1 == events.len();
            let dues: &[i64] = match behaviour(script).webhooks {
                Webhooks::AtOnce => &[at_once],
                Webhooks::Late => &[late],
                Webhooks::Twice => &[at_once, at_once],
                Webhooks::OutOfOrder if is_last => &[at_once],
                Webhooks::OutOfOrder => &[late],
                Webhooks::Never => &[],
            };
            let event = json!({
                "id": new_id("evt"), "object": "event", "created": self.now / 1000, "livemode": false,
                "type": kind, "data": {"object": object},
            });
            for due in dues {
                let sql = "INSERT INTO webhook (body, created_at, due_at, attempts) VALUES (?1, ?2, ?3, 0)";
                self.connection.prepare_cached(sql)?.execute(params![event.to_string(), self.now, due])?;
            }
        }
        Ok(())
    }
}

/// A duration as the tables count it.
pub(crate) fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
