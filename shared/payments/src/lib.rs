//! Payments at [Stripe](https://docs.stripe.com/api), and at the sandbox that is part of Souk and speaks the same protocol.
//!
//! One adapter speaks to both, so what the tests run is what moves money. Every wish is one or a few HTTPS calls, all of them
//! within one time (`timeout_ms`); a wish that failed in passing is sent once more with the same `Idempotency-Key`, as long as
//! there is time. What the provider refuses for good is an answer, not an error.
//!
//! # Stripe's test mode
//!
//! The same tests and the same shop run against Stripe without moving money:
//!
//! 1. Take a test key (`sk_test_…`) from <https://dashboard.stripe.com/test/apikeys>.
//! 2. Let Stripe send its notices to the shop: `stripe listen --forward-to {shop}/api/v1/payment-notices`. It prints the webhook
//!    secret (`whsec_…`). For a shop that Stripe can reach, add an endpoint in the dashboard with the events `payment_intent.*`,
//!    `charge.refunded`, `charge.refund.updated`, `refund.*` and `charge.dispute.*` instead.
//! 3. Name both in the URL: `stripe://sk_test_…:whsec_…@api.stripe.com`.
//! 4. Pay with Stripe's names of test cards, such as `pm_card_visa`, `pm_card_chargeDeclined` or `pm_card_authenticationRequired`.
//!    The sandbox knows the same names; those that begin with `pm_sandbox_` are its own.
//!
//! # Amounts
//!
//! Stripe counts in a currency's smallest unit, which is ISO 4217's minor unit but for a few currencies, such as ISK and UGX
//! (no minor unit in ISO 4217, two decimals at Stripe). Charges in those are refused with `unsupported_currency`: a factor of
//! a hundred is no place for a guess. `currency.rs` has the table.

mod api;
mod client;
mod currency;
mod notice;
mod settings;
mod stripe;
mod wire;

pub use stripe::StripeProvider;

use secrecy::SecretString;
use souk_domain::Result;
use souk_domain::ports::PaymentProvider;
use std::sync::Arc;

/// The provider that a URL names: `stripe://{secret key}:{webhook secret}@api.stripe.com` over HTTPS, or
/// `sandbox://{secret key}:{webhook secret}@127.0.0.1:4242` over plain HTTP. `?timeout_ms=8000` is how long a wish may take in
/// all, from 100 to 60000 milliseconds.
///
/// # Errors
/// `Internal` says what is wrong with the URL; it never holds the URL, which has secrets in it.
pub fn provider(url: &SecretString) -> Result<Arc<dyn PaymentProvider>> {
    Ok(Arc::new(StripeProvider::new(url)?))
}
