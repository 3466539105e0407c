//! What the functions need from outside, as traits. An adapter implements each; a function names only those it uses.
//!
//! A port is the size of a business transaction: each method of a store is one atomic unit, with its events written to
//! the outbox in the same transaction and its [`Claim`](crate::Claim) honoured there: a repetition changes nothing and
//! gets the first result back.

mod cache;
mod carts;
mod events;
mod identity;
mod mail;
mod orders;
mod payment;
mod push;
mod store;
mod webhooks;

pub use cache::{Cache, CacheKey, Cached};
pub use carts::{CartCopies, Carts};
pub use events::{
    Backlog, Backlogs, DeadLetter, DeadLetters, Dispatcher, EventPublisher, EventStream, Invoker, KeptLetter,
    LetterOrder, StreamEntry, StreamGroup,
};
pub use identity::{Admission, Gate, Sessions};
pub use mail::{Mailer, Mails};
pub use orders::{Offer, Orders, Pricing, Sweep};
pub use payment::PaymentProvider;
pub use push::{ConnectionTable, Delivery, Listeners, NewsLog, Push};
pub use store::{Categories, ClaimedEvents, Customers, Inventory, Outbox, PastEvents, Products, Schema, Store};
pub use webhooks::{WebhookSender, Webhooks};
