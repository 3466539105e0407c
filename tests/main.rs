//! End-to-end tests: only HTTP and WebSocket, as a client would. Each test has a shop of its own.
//!
//! With `SOUK_TEST_REDIS=redis-server` every shop gets a private `redis-server` instead of the embedded one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod accounts;
mod backbone;
mod carts;
mod catalog;
mod catalogue;
mod chaos;
mod contract;
mod documents;
mod faults;
mod following;
mod fulfilment;
mod harness;
mod inventory;
mod killing;
mod order_mails;
mod orders;
mod passwords;
mod payments;
mod pricing;
mod rates;
mod realtime;
mod realtime_sessions;
mod replay;
mod resuming;
mod roles;
mod second_factor;
mod security;
mod sessions;
mod signalr;
mod signalr_client;
mod staff;
mod system;
mod tls;
mod web_client;
mod web_types;
mod webhooks;
