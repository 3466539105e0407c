//! Payments: `/v1/payment_intents`.

use crate::behaviour::{Answers, Verdict, behaviour, resolve};
use crate::failure::Failure;
use crate::form::Form;
use crate::objects::millis;
use crate::once::Done;
use crate::tables::{Intent, Tables, new_id};
use serde_json::{Value, json};

/// The largest amount at Stripe, in minor units.
const MOST: i64 = 99_999_999;

/// Parameters of a payment.
pub(crate) const CREATE: [&str; 12] = [
    "amount",
    "currency",
    "confirm",
    "capture_method",
    "payment_method",
    "payment_method_types[]",
    "payment_method_types[0]",
    "return_url",
    "description",
    "metadata",
    "expand[]",
    "expand[0]",
];
/// Parameters of a question for one.
pub(crate) const SHOW: [&str; 1] = ["expand[]"];
/// Parameters of a capture.
pub(crate) const CAPTURE: [&str; 1] = ["amount_to_capture"];
/// Parameters of a cancellation.
pub(crate) const CANCEL: [&str; 1] = ["cancellation_reason"];
/// Parameters of a search.
pub(crate) const SEARCH: [&str; 2] = ["query", "limit"];

/// Creates and confirms. `key` is what chaos is drawn with, `host` where the buyer's browser finds the challenge.
pub(crate) fn create(tables: &Tables<'_>, form: &Form, key: Option<&str>, host: &str) -> Result<Done, Failure> {
    let mut intent = read(tables, form, key, host)?;
    let behaviour = behaviour(&intent.script);
    if behaviour.answers == Answers::HeldBefore {
        return Err(Failure::held());
    }
    let created = ("payment_intent.created", intent.json());
    let happened = match behaviour.verdict {
        Verdict::Succeeds => authorise(&mut intent),
        Verdict::Declined(code, decline_code) => decline(&mut intent, "card_error", code, decline_code),
        Verdict::Challenged => {
            intent.status = "requires_action".to_owned();
            "payment_intent.requires_action"
        }
        Verdict::Processed => {
            intent.status = "processing".to_owned();
            intent.settles_at = Some(tables.now + millis(tables.settings.settle));
            "payment_intent.processing"
        }
    };
    tables.insert_intent(&intent)?;
    tables.announce_payment(&intent, vec![created, (happened, intent.json())])?;
    match &intent.failure {
        Some(_) => Err(Failure::declined(intent.json())),
        None => Ok(Done { body: intent.json(), is_held: behaviour.answers == Answers::HeldAfter }),
    }
}

fn read(tables: &Tables<'_>, form: &Form, key: Option<&str>, host: &str) -> Result<Intent, Failure> {
    form.required("amount")?;
    let amount = form.amount("amount")?.unwrap_or_default();
    if amount > MOST {
        return Err(Failure::invalid(
            Some("amount_too_large"),
            "amount",
            format!("Amount must be no more than {MOST}"),
        ));
    }
    form.one_of("confirm", &["true"])?;
    let is_manual = form.one_of("capture_method", &["automatic", "manual"])? == "manual";
    let types = if form.text("payment_method_types[]").is_some() {
        "payment_method_types[]"
    } else {
        "payment_method_types[0]"
    };
    form.one_of(types, &["card"])?;
    let currency = form.required("currency")?;
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(Failure::invalid(None, "currency", format!("Invalid currency: {currency}")));
    }
    let method = form.required("payment_method")?;
    let script = resolve(method, tables.settings.seed, key.unwrap_or_default()).ok_or_else(|| {
        let message = format!("No such PaymentMethod: '{method}'");
        Failure::invalid(Some("resource_missing"), "payment_method", message)
    })?;
    // The challenge's page links there; a script in its place would run in the page.
    let return_url = form.required("return_url")?;
    if !url::Url::parse(return_url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        return Err(Failure::invalid(Some("url_invalid"), "return_url", "Not a valid URL"));
    }
    let id = new_id("pi");
    Ok(Intent {
        page_url: format!("http://{host}/3ds/{id}"),
        id,
        created_at: tables.now,
        amount,
        currency: currency.to_owned(),
        is_manual,
        method: method.to_owned(),
        script: script.to_owned(),
        description: form.text("description").map(str::to_owned),
        metadata: form.metadata()?,
        return_url: return_url.to_owned(),
        status: "requires_confirmation".to_owned(),
        captured: 0,
        failure: None,
        settles_at: None,
    })
}

/// The bank says yes: holds the money, and takes it unless somebody wants to capture it later. Gives back what happened.
pub(crate) fn authorise(intent: &mut Intent) -> &'static str {
    intent.settles_at = None;
    if intent.is_manual {
        intent.status = "requires_capture".to_owned();
        return "payment_intent.amount_capturable_updated";
    }
    take(intent, intent.amount)
}

fn take(intent: &mut Intent, amount: i64) -> &'static str {
    if !behaviour(&intent.script).can_be_captured {
        return decline(intent, "card_error", "card_declined", Some("generic_decline"));
    }
    intent.status = "succeeded".to_owned();
    intent.captured = amount;
    "payment_intent.succeeded"
}

/// The bank says no. Gives back what happened.
pub(crate) fn decline(intent: &mut Intent, kind: &str, code: &str, decline_code: Option<&str>) -> &'static str {
    let failure =
        json!({"type": kind, "code": code, "decline_code": decline_code, "message": "Your card was declined."});
    intent.status = "requires_payment_method".to_owned();
    intent.failure = Some(failure);
    "payment_intent.payment_failed"
}

/// Shows a payment, with its charge when that is asked for.
pub(crate) fn show(tables: &Tables<'_>, id: &str, form: &Form) -> Result<Value, Failure> {
    let intent = known(tables, id)?;
    let mut shown = intent.json();
    if form.text("expand[]") == Some("latest_charge") {
        shown["latest_charge"] = tables.charge(&intent)?;
    }
    Ok(shown)
}

fn known(tables: &Tables<'_>, id: &str) -> Result<Intent, Failure> {
    tables.intent(id)?.ok_or_else(|| Failure::missing("payment_intent", "intent", id))
}

/// Finds payments by what Souk calls them. At Stripe the index lags behind; here it does not.
pub(crate) fn search(tables: &Tables<'_>, form: &Form) -> Result<Value, Failure> {
    let query = form.required("query")?;
    let payment_id = query.strip_prefix("metadata['payment_id']:'").and_then(|rest| rest.strip_suffix('\''));
    let only = || Failure::invalid(None, "query", "The sandbox searches for metadata['payment_id']:'…' only.");
    let found = tables.intents_of(payment_id.ok_or_else(only)?, form.limit()?)?;
    let data: Vec<_> = found.iter().map(Intent::json).collect();
    Ok(json!({"object": "search_result", "data": data, "has_more": false, "next_page": null}))
}

/// Takes what is held, or a part of it; the rest is let go of.
pub(crate) fn capture(tables: &Tables<'_>, id: &str, form: &Form) -> Result<Done, Failure> {
    let mut intent = known(tables, id)?;
    if intent.status != "requires_capture" {
        return Err(Failure::unexpected_state("capture", &intent.status, intent.json()));
    }
    let amount = form.amount("amount_to_capture")?.unwrap_or(intent.amount);
    if amount > intent.amount {
        let message = "The capture amount is greater than the authorized amount.";
        return Err(Failure::invalid(Some("amount_too_large"), "amount_to_capture", message));
    }
    let happened = take(&mut intent, amount);
    tables.update_intent(&intent)?;
    tables.announce_payment(&intent, vec![(happened, intent.json())])?;
    match &intent.failure {
        Some(_) => Err(Failure::declined(intent.json())),
        None => Ok(Done::at_once(intent.json())),
    }
}

/// Lets go of what is held, or gives up on a challenge or a declined card.
pub(crate) fn cancel(tables: &Tables<'_>, id: &str) -> Result<Done, Failure> {
    let mut intent = known(tables, id)?;
    if !matches!(intent.status.as_str(), "requires_action" | "requires_capture" | "requires_payment_method") {
        return Err(Failure::unexpected_state("cancel", &intent.status, intent.json()));
    }
    intent.status = "canceled".to_owned();
    tables.update_intent(&intent)?;
    tables.announce(&intent.script, &[("payment_intent.canceled", intent.json())])?;
    Ok(Done::at_once(intent.json()))
}
