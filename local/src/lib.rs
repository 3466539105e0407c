//! The whole of Souk in one process: HTTP API, WebSocket API, stream trigger, scheduler, on embedded parts or real ones.

mod banner;
mod demo;
mod embedded;
mod functions;
mod gateway;
mod http;
mod keys;
mod lend;
mod openapi;
mod options;
mod pages;
mod sandbox;
mod system;
mod tasks;

pub use embedded::start_redis;
pub use options::{Banner, Options};
pub use system::System;
pub use tasks::Tasks;
