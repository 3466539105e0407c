//! Refunds: `/v1/refunds`.

use crate::behaviour::{Refunds, behaviour};
use crate::failure::Failure;
use crate::form::Form;
use crate::objects::millis;
use crate::once::Done;
use crate::tables::{Intent, Refund, Tables, new_id};
use serde_json::{Value, json};

/// Parameters of a refund.
pub(crate) const CREATE: [&str; 4] = ["payment_intent", "amount", "reason", "metadata"];
/// Parameters of the list.
pub(crate) const LIST: [&str; 3] = ["payment_intent", "limit", "starting_after"];

/// Gives back a part of what was taken, or what is left of it. What failed is left.
pub(crate) fn create(tables: &Tables<'_>, form: &Form) -> Result<Done, Failure> {
    let intent = payment(tables, form)?;
    if intent.status != "succeeded" {
        return Err(Failure::unexpected_state("refund", &intent.status, intent.json()));
    }
    if intent.is_disputed() {
        return Err(Failure::disputed());
    }
    let left = intent.captured - tables.refunded(&intent.id)?;
    if left == 0 {
        return Err(Failure::already_refunded());
    }
    let amount = form.amount("amount")?.unwrap_or(left);
    if amount > left {
        return Err(Failure::more_than_is_left(amount, left));
    }
    let settles = tables.now + millis(tables.settings.settle);
    let (status, settles_at) = match behaviour(&intent.script).refunds {
        Refunds::Succeed => ("succeeded", None),
        Refunds::Wait | Refunds::Fail => ("pending", Some(settles)),
    };
    let refund = Refund {
        id: new_id("re"),
        intent: intent.id.clone(),
        created_at: tables.now,
        amount,
        metadata: form.metadata()?,
        status: status.to_owned(),
        settles_at,
    };
    tables.insert_refund(&refund)?;
    let events = [("refund.created", refund.json()), ("charge.refunded", tables.charge(&intent)?)];
    tables.announce(&intent.script, &events)?;
    Ok(Done::at_once(refund.json()))
}

/// Lists a payment's refunds, newest first.
pub(crate) fn list(tables: &Tables<'_>, form: &Form) -> Result<Value, Failure> {
    let (intent, limit) = (payment(tables, form)?, form.limit()?);
    // One more than asked for tells whether there are more.
    let mut refunds = tables.refunds(&intent.id, form.text("starting_after"), limit + 1)?;
    let has_more = refunds.len() > limit;
    refunds.truncate(limit);
    let data: Vec<_> = refunds.iter().map(Refund::json).collect();
    Ok(json!({"object": "list", "url": "/v1/refunds", "has_more": has_more, "data": data}))
}

fn payment(tables: &Tables<'_>, form: &Form) -> Result<Intent, Failure> {
    let id = form.required("payment_intent")?;
    tables.intent(id)?.ok_or_else(|| Failure::missing("payment_intent", "payment_intent", id))
}
