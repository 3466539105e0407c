//! The orders of customers and the money they cost.

pub mod add_order_note;
pub mod approve_return;
pub mod cancel_order;
pub mod capture_payment;
pub mod deliver_order;
pub mod expire_orders;
pub mod get_order;
pub mod list_orders;
pub mod pay_order;
pub mod place_order;
pub mod print_invoice;
pub mod print_packing_slip;
pub mod quote_order;
pub mod receive_payment_notice;
pub mod receive_return;
pub mod reconcile_payments;
pub mod refund_order;
pub mod reject_return;
pub mod request_return;
pub mod search_orders;
pub mod send_order_mail;
pub mod settle_review;
pub mod ship_order;
pub mod track_order;
pub mod void_payment;

mod change;
mod document;
mod order_letter;
mod settlement;
mod wish;

pub use settlement::Settlement;

use axum::extract::FromRef;
use chrono::Duration;
use souk_domain::realtime::Identity;
use souk_domain::{Committed, Order, ports};
use souk_lambda::{Access, Announcer, Ports, Reply, Till};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// What the orders' functions touch.
#[derive(Clone, FromRef)]
pub struct Orders {
    orders: Arc<dyn ports::Orders>,
    announcer: Announcer,
    access: Access,
    #[from_ref(skip)]
    payment_window: Duration,
}

impl From<Ports> for Orders {
    fn from(ports: Ports) -> Self {
        let Ports { store, announcer, access, payment_window, .. } = ports;
        Self { orders: store, announcer, access, payment_window }
    }
}

/// What the functions touch that move money.
#[derive(Clone, FromRef)]
pub struct Payments {
    orders: Arc<dyn ports::Orders>,
    access: Access,
    settlement: Settlement,
}

impl Payments {
    /// Their money goes through the `till`.
    pub fn new(ports: Ports, till: Till) -> Self {
        let Ports { store, announcer, access, .. } = ports;
        Self { orders: store.clone(), access, settlement: Settlement::new(store, announcer, till) }
    }
}

/// An order as the one who asks may see it.
fn seen_by(caller: Identity, order: Order) -> Order {
    if caller.role.is_staff() { order } else { order.for_buyer() }
}

/// The answer of a command on an order.
fn reply(caller: Identity, committed: Committed<Order>) -> Reply<Order> {
    let version = committed.value.version;
    Reply::committed(committed.map(|order| seen_by(caller, order))).version(version)
}

/// The HTTP functions by their names in the catalogue.
pub fn http_functions() -> Vec<(&'static str, OpenApiRouter<Orders>)> {
    vec![
        ("add-order-note", add_order_note::router()),
        ("approve-return", approve_return::router()),
        ("deliver-order", deliver_order::router()),
        ("get-order", get_order::router()),
        ("list-orders", list_orders::router()),
        ("place-order", place_order::router()),
        ("print-invoice", print_invoice::router()),
        ("print-packing-slip", print_packing_slip::router()),
        ("quote-order", quote_order::router()),
        ("reject-return", reject_return::router()),
        ("request-return", request_return::router()),
        ("search-orders", search_orders::router()),
        ("settle-review", settle_review::router()),
        ("ship-order", ship_order::router()),
        ("track-order", track_order::router()),
    ]
}

/// The HTTP functions that move money, by their names in the catalogue.
pub fn payment_functions() -> Vec<(&'static str, OpenApiRouter<Payments>)> {
    vec![
        ("cancel-order", cancel_order::router()),
        ("capture-payment", capture_payment::router()),
        ("pay-order", pay_order::router()),
        ("receive-payment-notice", receive_payment_notice::router()),
        ("receive-return", receive_return::router()),
        ("refund-order", refund_order::router()),
        ("void-payment", void_payment::router()),
    ]
}
