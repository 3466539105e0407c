//! What each payment method does.

use aws_lc_rs::digest;

/// What becomes of a payment when it is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Succeeds,
    /// With a code, and a decline code where there is one.
    Declined(&'static str, Option<&'static str>),
    /// The buyer must pass a challenge.
    Challenged,
    /// It takes a while, then succeeds.
    Processed,
}

/// When the first answer to the wish comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    AtOnce,
    /// The books know of the payment, the client does not.
    HeldAfter,
    /// Neither does.
    HeldBefore,
}

/// How webhooks about a payment and its refunds arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Webhooks {
    AtOnce,
    Late,
    Twice,
    /// The last of a step arrives at once, those before it late.
    OutOfOrder,
    Never,
}

/// What becomes of refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refunds {
    Succeed,
    /// `pending`, then `succeeded`.
    Wait,
    /// `pending`, then `failed`.
    Fail,
}

/// What a payment method does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Behaviour {
    pub(crate) verdict: Verdict,
    pub(crate) answers: Answers,
    pub(crate) webhooks: Webhooks,
    pub(crate) refunds: Refunds,
    /// What is held can be captured. Without it, a payment that is captured with its authorisation is declined.
    pub(crate) can_be_captured: bool,
    /// Once the money moved, the buyer's bank takes it back.
    pub(crate) is_disputed: bool,
}

/// A payment method for people who read what there is.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub meaning: &'static str,
    behaviour: Behaviour,
}

const FINE: Behaviour = Behaviour {
    verdict: Verdict::Succeeds,
    answers: Answers::AtOnce,
    webhooks: Webhooks::AtOnce,
    refunds: Refunds::Succeed,
    can_be_captured: true,
    is_disputed: false,
};

const fn method(name: &'static str, meaning: &'static str, behaviour: Behaviour) -> Method {
    Method { name, meaning, behaviour }
}

const fn verdict(name: &'static str, meaning: &'static str, verdict: Verdict) -> Method {
    method(name, meaning, Behaviour { verdict, ..FINE })
}

const fn webhooks(name: &'static str, meaning: &'static str, webhooks: Webhooks) -> Method {
    method(name, meaning, Behaviour { webhooks, ..FINE })
}

const GENERIC: Verdict = Verdict::Declined("card_declined", Some("generic_decline"));
const NO_FUNDS: Verdict = Verdict::Declined("card_declined", Some("insufficient_funds"));
const EXPIRED: Verdict = Verdict::Declined("expired_card", None);

/// The method whose behaviour is drawn.
const CHAOS: &str = "pm_sandbox_chaos";

const METHODS: [Method; 24] = [
    verdict("pm_card_visa", "succeeds", Verdict::Succeeds),
    verdict("pm_card_mastercard", "succeeds", Verdict::Succeeds),
    verdict("pm_card_chargeDeclined", "is declined: generic_decline", GENERIC),
    verdict("pm_card_visa_chargeDeclined", "is declined: generic_decline", GENERIC),
    verdict("pm_card_chargeDeclinedInsufficientFunds", "is declined: insufficient_funds", NO_FUNDS),
    verdict("pm_card_visa_chargeDeclinedInsufficientFunds", "is declined: insufficient_funds", NO_FUNDS),
    verdict("pm_card_chargeDeclinedExpiredCard", "is declined: expired_card, without a decline code", EXPIRED),
    verdict("pm_card_authenticationRequired", "asks for 3-D Secure", Verdict::Challenged),
    verdict("pm_card_threeDSecure2Required", "asks for 3-D Secure", Verdict::Challenged),
    method(
        "pm_sandbox_challenge_webhook_never",
        "asks for 3-D Secure; no webhook arrives",
        Behaviour { verdict: Verdict::Challenged, webhooks: Webhooks::Never, ..FINE },
    ),
    method(
        "pm_sandbox_timeout_after_charge",
        "charges; the first answer is held",
        Behaviour { answers: Answers::HeldAfter, ..FINE },
    ),
    method(
        "pm_sandbox_timeout_before_charge",
        "does not charge; every answer is held, then 500",
        Behaviour { answers: Answers::HeldBefore, ..FINE },
    ),
    verdict("pm_sandbox_processing", "is processing, then succeeds", Verdict::Processed),
    webhooks("pm_sandbox_webhook_late", "succeeds; webhooks are late", Webhooks::Late),
    webhooks("pm_sandbox_webhook_twice", "succeeds; each webhook arrives twice", Webhooks::Twice),
    webhooks("pm_sandbox_webhook_out_of_order", "succeeds; earlier webhooks are late", Webhooks::OutOfOrder),
    webhooks("pm_sandbox_webhook_never", "succeeds; no webhook arrives", Webhooks::Never),
    method(
        "pm_sandbox_capture_declined",
        "is authorised; the capture is declined: generic_decline",
        Behaviour { can_be_captured: false, ..FINE },
    ),
    method(
        "pm_sandbox_refund_pending",
        "succeeds; refunds are pending, then succeed",
        Behaviour { refunds: Refunds::Wait, ..FINE },
    ),
    method("pm_card_pendingRefund", "as pm_sandbox_refund_pending", Behaviour { refunds: Refunds::Wait, ..FINE }),
    method(
        "pm_sandbox_refund_fails",
        "succeeds; refunds are pending, then fail",
        Behaviour { refunds: Refunds::Fail, ..FINE },
    ),
    method("pm_card_refundFail", "as pm_sandbox_refund_fails", Behaviour { refunds: Refunds::Fail, ..FINE }),
    method(
        "pm_card_createDispute",
        "succeeds; the buyer disputes it right after",
        Behaviour { is_disputed: true, ..FINE },
    ),
    method(CHAOS, "does one of a few of these, drawn with the seed and the Idempotency-Key", FINE),
];

/// What `pm_sandbox_chaos` draws from; what stands here twice is drawn twice as often. No challenge: nobody would pass it.
const DRAWN: [&str; 16] = [
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_chargeDeclined",
    "pm_card_chargeDeclinedInsufficientFunds",
    "pm_sandbox_timeout_after_charge",
    "pm_sandbox_timeout_after_charge",
    "pm_sandbox_timeout_before_charge",
    "pm_sandbox_processing",
    "pm_sandbox_refund_pending",
    "pm_sandbox_webhook_late",
    "pm_sandbox_webhook_twice",
    "pm_sandbox_webhook_out_of_order",
    "pm_sandbox_webhook_never",
];

/// Every payment method.
pub fn methods() -> &'static [Method] {
    &METHODS
}

/// The method that decides what `name` does for this key: itself, unless it is drawn. `None` when there is no such method.
pub(crate) fn resolve(name: &str, seed: u64, key: &str) -> Option<&'static str> {
    let known = METHODS.iter().find(|method| method.name == name)?;
    Some(match known.name {
        CHAOS => DRAWN[usize::from(draw(seed, key)) % DRAWN.len()],
        name => name,
    })
}

fn draw(seed: u64, key: &str) -> u8 {
    let digest = digest::digest(&digest::SHA256, format!("{seed}:{key}").as_bytes());
    digest.as_ref().first().copied().unwrap_or_default()
}

/// What a resolved method does. What the books name and this version does not know is a card like any other.
pub(crate) fn behaviour(name: &str) -> Behaviour {
    METHODS.iter().find(|method| method.name == name).map_or(FINE, |method| method.behaviour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_everything_drawn_exists() {
        for (place, method) in METHODS.iter().enumerate() {
            assert!(METHODS[..place].iter().all(|other| other.name != method.name), "{}", method.name);
        }
        assert!(DRAWN.iter().all(|name| *name != CHAOS && resolve(name, 0, "") == Some(*name)));
    }

    #[test]
    fn chaos_does_the_same_for_the_same_seed_and_key_and_everything_in_the_long_run() {
        let drawn: Vec<_> = (0..500).map(|n| resolve(CHAOS, 7, &n.to_string())).collect();
        assert_eq!(drawn, (0..500).map(|n| resolve(CHAOS, 7, &n.to_string())).collect::<Vec<_>>());
        assert_ne!(drawn, (0..500).map(|n| resolve(CHAOS, 8, &n.to_string())).collect::<Vec<_>>());
        assert!(DRAWN.iter().all(|name| drawn.contains(&Some(name))));
    }

    #[test]
    fn an_unknown_method_is_none() {
        assert_eq!(resolve("pm_card_unheard_of", 0, ""), None);
    }
}
