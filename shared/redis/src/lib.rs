//! Cache, sessions, carts, rate limits and event streams on Redis.
//!
//! Nothing here may hold the shop up: every call has a time limit, and after a few failures a circuit breaker refuses
//! further calls at once for a while.

mod backlog;
mod cache;
mod carts;
mod dead_letters;
mod gate;
mod link;
mod news;
mod publisher;
mod sessions;
mod stream;

pub use link::RedisLink;
pub use stream::RedisEventStream;
