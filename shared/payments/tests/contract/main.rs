//! What [`StripeProvider`](souk_payments::StripeProvider) does, against the sandbox over HTTP. With `pm_card_…` names only, the same
//! holds at Stripe.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod captures;
mod challenges;
mod charges;
mod harness;
mod notices;
mod refunds;
mod restarts;
mod trouble;
