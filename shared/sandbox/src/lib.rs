//! A payment provider that moves no money: it speaks as much of [Stripe's API](https://docs.stripe.com/api) as `souk-payments`
//! uses, so that the very adapter that talks to Stripe is what every test and every local shop runs.
//!
//! # Payment methods
//!
//! Stripe's own test names do what they do in Stripe's test mode, so the same tests run against it; names that begin with
//! `pm_sandbox_` are the sandbox's, for what a test cannot ask Stripe for. [`methods`] lists all. Everything is deterministic:
//! the same name does the same, and `pm_sandbox_chaos` the same for the same seed and `Idempotency-Key`.
//!
//! # Durability
//!
//! Everything is in one SQLite file: payments, refunds, the first answer under each `Idempotency-Key`, and the webhooks that are
//! to be delivered. A request is one transaction, and what was answered survives `kill -9` and a power cut. Nothing is
//! remembered in memory.
//!
//! # Routes
//!
//! | route | is |
//! |---|---|
//! | `POST /v1/payment_intents` | creates and confirms a payment |
//! | `GET /v1/payment_intents/search` | finds payments by `metadata['payment_id']` |
//! | `GET /v1/payment_intents/{id}` | a payment |
//! | `POST /v1/payment_intents/{id}/capture` | takes what is held |
//! | `POST /v1/payment_intents/{id}/cancel` | lets go of it |
//! | `POST /v1/refunds`, `GET /v1/refunds` | gives back; lists what was given back |
//! | `GET /3ds/{id}`, `POST /3ds/{id}` | the challenge for the buyer's browser, and what the buyer did |
//! | `GET /books` | every payment, and totals, for tests and for people who count |
//! | `GET /` | a page with the latest payments |
//!
//! All but the pages ask for the secret key. To pay at Stripe itself instead, see `souk-payments`.

mod behaviour;
mod books;
mod challenge;
mod deliver;
mod failure;
mod form;
mod intents;
mod objects;
mod once;
mod pages;
mod refunds;
mod routes;
mod sandbox;
mod settings;
mod settle;
mod tables;

pub use behaviour::{Method, methods};
pub use deliver::signature;
pub use sandbox::Sandbox;
pub use settings::SandboxSettings;
