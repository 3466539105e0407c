//! Notices that Stripe sends (webhooks): who wrote them, and which payment they are about.

use crate::wire::Metadata;
use aws_lc_rs::{constant_time, hmac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use souk_domain::{DateTime, Error, Result, Violation};

/// How far a notice's time may be from now, either way, in seconds: a copy is of no use for longer.
const TOLERANCE: i64 = 300;

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    data: EventData,
}

#[derive(Deserialize)]
struct EventData {
    object: Subject,
}

/// A PaymentIntent, a Charge, a Refund or a Dispute.
#[derive(Deserialize)]
struct Subject {
    id: Option<String>,
    payment_intent: Option<Reference>,
    metadata: Option<Metadata>,
}

/// The name of an object, or all of it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reference {
    Name(String),
    Object { id: String },
}

/// Reads a notice, see [`PaymentProvider::notice`](souk_domain::ports::PaymentProvider::notice).
pub(crate) fn read(secret: &SecretString, signature: &str, body: &[u8], now: DateTime) -> Result<Option<String>> {
    check(secret, signature, body, now)?;
    // What the provider signed and cannot be read is about something that is not known here.
    let event: Event = match serde_json::from_slice(body) {
        Ok(event) => event,
        Err(_) if serde_json::from_slice::<serde_json::Value>(body).is_ok() => return Ok(None),
        Err(_) => return Err(Error::Internal("the payment provider signed a notice that is no JSON".to_owned())),
    };
    let is_payment = event.kind.starts_with("payment_intent.");
    let is_refund = event.kind.starts_with("refund.");
    let is_dispute = event.kind.starts_with("charge.dispute.");
    let is_known = is_payment || is_refund || is_dispute;
    if !is_known && !matches!(event.kind.as_str(), "charge.refunded" | "charge.refund.updated") {
        return Ok(None);
    }
    let Subject { id, payment_intent, metadata } = event.data.object;
    let reference = match payment_intent {
        _ if is_payment => id,
        Some(Reference::Name(id) | Reference::Object { id }) => Some(id),
        None => None,
    };
    // Stripe copies a payment's metadata to its charge, and we write the same on our refunds. A dispute has none: whose it is, its payment
    // tells.
    let is_ours = is_dispute || metadata.and_then(|metadata| metadata.names()).is_some();
    Ok(reference.filter(|_| is_ours))
}

/// Checks `t=…,v1=…`, <https://docs.stripe.com/webhooks#verify-manually>. There are several `v1` while a secret is replaced.
fn check(secret: &SecretString, signature: &str, body: &[u8], now: DateTime) -> Result<()> {
    let part = |name| signature.split(',').filter_map(move |part| part.trim().strip_prefix(name));
    let time = part("t=").next().ok_or_else(invalid)?;
    let seconds: i64 = time.parse().map_err(|_| invalid())?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(time.as_bytes());
    context.update(b".");
    context.update(body);
    let tag = context.sign();
    let is_tag = |text: &str| {
        hex::decode(text).is_ok_and(|given| constant_time::verify_slices_are_equal(tag.as_ref(), &given).is_ok())
    };
    let is_recent =
        now.timestamp().checked_sub(seconds).is_some_and(|age| age.unsigned_abs() <= TOLERANCE.unsigned_abs());
    match part("v1=").any(is_tag) && is_recent {
        true => Ok(()),
        false => Err(invalid()),
    }
}

fn invalid() -> Error {
    Violation::new("invalid_signature", "the payment provider did not write this, or not in the last five minutes")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use souk_domain::{OrderId, PaymentId};

    const SECRET: &str = "whsec_test";

    fn signature(secret: &str, seconds: i64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        format!("t={seconds},v1={}", hex::encode(hmac::sign(&key, format!("{seconds}.{body}").as_bytes())))
    }

    fn read_at(signature: &str, body: &str, now: DateTime) -> Result<Option<String>> {
        read(&SecretString::from(SECRET), signature, body.as_bytes(), now)
    }

    fn notice(event: &Value) -> Option<String> {
        let (now, body) = (souk_domain::now(), event.to_string());
        read_at(&signature(SECRET, now.timestamp(), &body), &body, now).expect("a good signature")
    }

    fn is_refused(signature: &str, body: &str, now: DateTime) -> bool {
        matches!(read_at(signature, body, now), Err(Error::Invalid(violation)) if violation.code == "invalid_signature")
    }

    #[test]
    fn a_signature_that_openssl_made_is_good() {
        // Made with `openssl dgst -sha256 -hmac whsec_test` over `1700000000.{"type":"ping"}`.
        let tag = "bc08c591847b765241711bcbe7067e3869a219e424d3fdd9d00b3b6f915baf97";
        let now = at_second(1_700_000_000);
        let body = r#"{"type":"ping"}"#;
        assert_eq!(read_at(&format!("t=1700000000,v1={tag}"), body, now).expect("good"), None);
    }

    fn at_second(seconds: i64) -> DateTime {
        souk_domain::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_time_counts_for_five_minutes_either_way() {
        let body = r#"{"type":"ping","data":{"object":{}}}"#;
        let signed = signature(SECRET, 10_000, body);
        for second in [9_700, 10_000, 10_300] {
            assert!(read_at(&signed, body, at_second(second)).is_ok(), "{second}");
        }
        for second in [9_699, 10_301] {
            assert!(is_refused(&signed, body, at_second(second)), "{second}");
        }
    }

    #[test]
    fn a_time_that_is_none_is_refused() {
        let (now, body) = (souk_domain::now(), "{}");
        for time in [i64::MIN, i64::MAX] {
            assert!(is_refused(&signature(SECRET, time, body), body, now));
        }
        for text in ["", "t=", "t=now,v1=00", "v1=00", "t=1", "garbage"] {
            assert!(is_refused(text, body, now), "{text}");
        }
    }

    #[test]
    fn one_good_signature_among_several_is_enough_and_an_older_scheme_is_not() {
        let (now, body) = (souk_domain::now(), r#"{"type":"ping","data":{"object":{}}}"#);
        let good = signature(SECRET, now.timestamp(), body);
        let other = signature("whsec_other", now.timestamp(), body).replace("t=", "x=");
        assert!(read_at(&format!("{good},{other}"), body, now).is_ok());
        assert!(read_at(&good.replace(",v1=", ",v1=00,v1=zz,v1="), body, now).is_ok());
        assert!(is_refused(&good.replace("v1=", "v0="), body, now));
    }

    #[test]
    fn each_kind_of_event_leads_to_its_payment() {
        let (order_id, payment_id) = (OrderId::new(), PaymentId::new());
        let ours = json!({"order_id": order_id.to_string(), "payment_id": payment_id.to_string()});
        let intent = json!({"id": "pi_1", "metadata": ours});
        let charge = json!({"id": "ch_1", "payment_intent": "pi_1", "metadata": ours});
        let refund =
            json!({"id": "re_1", "payment_intent": {"id": "pi_1", "object": "payment_intent"}, "metadata": ours});
        let dispute = json!({"id": "du_1", "payment_intent": "pi_1", "metadata": {}});
        for (kind, object) in [
            ("payment_intent.succeeded", &intent),
            ("payment_intent.payment_failed", &intent),
            ("charge.refunded", &charge),
            ("charge.refund.updated", &refund),
            ("refund.created", &refund),
            ("refund.failed", &refund),
            ("charge.dispute.created", &dispute),
            ("charge.dispute.closed", &dispute),
        ] {
            assert_eq!(notice(&json!({"type": kind, "data": {"object": object}})).as_deref(), Some("pi_1"), "{kind}");
        }
        for kind in ["charge.succeeded", "customer.created", "payment_intents.odd"] {
            assert_eq!(notice(&json!({"type": kind, "data": {"object": intent}})), None, "{kind}");
        }
    }

    #[test]
    fn what_is_not_ours_is_nothing() {
        for object in [
            json!({"id": "pi_1", "metadata": {}}),
            json!({"id": "pi_1", "metadata": {"order_id": "1001", "payment_id": "7"}}),
            json!({"id": "pi_1"}),
            json!({"metadata": {"order_id": OrderId::new().to_string(), "payment_id": PaymentId::new().to_string()}}),
        ] {
            assert_eq!(notice(&json!({"type": "payment_intent.succeeded", "data": {"object": object}})), None);
        }
        assert_eq!(notice(&json!({"odd": true})), None);
    }
}
