//! The challenge: what the buyer does on the page of `/3ds/{id}`.

use crate::failure::Failure;
use crate::intents::{authorise, decline};
use crate::tables::{Intent, Tables};
use url::Url;

/// Where the browser goes, with what Stripe adds to the return address.
pub(crate) fn back(intent: &Intent) -> Result<String, Failure> {
    let mut url = Url::parse(&intent.return_url).map_err(|_| Failure::defect())?;
    let outcome = match intent.status.as_str() {
        "succeeded" | "requires_capture" => "succeeded",
        "processing" | "requires_action" => "pending",
        _ => "failed",
    };
    url.query_pairs_mut().append_pair("payment_intent", &intent.id).append_pair("redirect_status", outcome);
    Ok(url.into())
}

/// The buyer completes the challenge, or fails. It counts once; whoever comes back finds the payment as it is.
pub(crate) fn decide(tables: &Tables<'_>, id: &str, is_passed: bool) -> Result<Option<Intent>, Failure> {
    let Some(mut intent) = tables.intent(id)? else { return Ok(None) };
    if intent.status == "requires_action" {
        let happened = match is_passed {
            true => authorise(&mut intent),
            false => decline(&mut intent, "invalid_request_error", "payment_intent_authentication_failure", None),
        };
        tables.update_intent(&intent)?;
        tables.announce(&intent.script, &[(happened, intent.json())])?;
    }
    Ok(Some(intent))
}
