//! Starts shops and talks to them.

mod authenticator;
mod browser;
mod proxy;
mod sandbox;
mod secrets;
mod shop;
mod signer;

pub use authenticator::Authenticator;
pub use browser::Browser;
pub use proxy::Proxy;
pub use sandbox::{steps, times};
pub use shop::{Answer, PASSWORD, Person, Shop, eventually, order_of, send};
pub use signer::Signer;
