//! The contracts of the cache, the event streams, the gate, the sessions and the carts, on a server that speaks Redis: the
//! embedded one, or a private `redis-server` with `SOUK_TEST_REDIS=redis-server`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod backlog;
mod cache;
mod cart_lines;
mod carts;
mod dead_letters;
mod gate;
mod news;
mod restarts;
mod round_trips;
mod server;
mod sessions;
mod streams;
mod trimming;
