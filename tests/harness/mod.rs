//! Starts shops and talks to them.

mod browser;
mod proxy;
mod shop;

pub use browser::Browser;
pub use proxy::Proxy;
pub use shop::{Answer, Shop, eventually, order_of, send};
