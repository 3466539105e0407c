//! Starts shops and talks to them.

mod authenticator;
mod browser;
mod described;
mod listener;
mod page;
mod proxy;
mod receiver;
mod sandbox;
mod script;
mod secrets;
mod shop;
mod signer;
mod wire;

pub use authenticator::Authenticator;
pub use browser::{Browser, Heard};
pub use listener::Listener;
pub use page::{Page, WEB, Witness};
pub use proxy::Proxy;
pub use receiver::{Post, Receiver};
pub use sandbox::{steps, times};
pub use script::Script;
pub use shop::{Answer, PASSWORD, PATIENCE, Person, Shop, eventually, order_of, redis_server, send};
pub use signer::Signer;
pub use wire::Wire;
