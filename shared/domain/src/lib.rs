//! The domain of Souk: entities, value objects, domain events, domain errors and the ports that adapters implement.
//!
//! Nothing here does I/O. Every value object parses its input once, at the edge, and cannot hold an invalid value
//! afterwards; a rule that was broken is told as a [`Violation`].

mod access;
mod audit;
mod cart;
mod category;
mod command;
mod contact;
mod customer;
mod entry_id;
mod error;
mod event;
mod id;
mod mail;
mod money;
mod order;
mod page;
mod payment;
mod pricing;
mod product;
mod quantity;
mod rate;
mod search;
mod session;
mod sku;
mod stock;
mod text;
mod violation;
mod webhook;

pub mod ports;
pub mod realtime;

pub use access::Role;
pub use audit::{AuditAction, AuditEntry, AuditQuery};
pub use cart::{Cart, CartChange, CartLine};
pub use category::{Category, CategoryFields, CategoryTree};
pub use command::{Cause, Claim, Committed};
pub use contact::{Address, CountryCode, Email};
pub use customer::{
    Account, AddressBook, Customer, CustomerQuery, CustomerStatus, NewCustomer, NewRegistration, Profile, SavedAddress,
};
pub use entry_id::EntryId;
pub use error::{Error, PriceChange, Result, Shortage};
pub use event::{Aggregate, Event, EventData, MailEvent, OrderEvent, OrderedItem, ProductEvent, StockEvent};
pub use id::{
    CartId, CategoryId, CustomerId, DeliveryId, EventId, MailId, MovementId, OperationId, OrderId, PaymentId,
    ProductId, ReturnId, SessionId, ShipmentId, WebhookId,
};
pub use mail::{MailKind, MailToSend, OrderToMail, OutgoingMail};
pub use money::{CurrencyCode, Money};
pub use order::{
    ChosenShipping, Decide, Dispatch, Ending, Fulfilment, GoodsReturn, HistoryEntry, NewOrder, NewOrderLine, Note,
    NoteText, Operation, OperationKind, OperationStatus, Order, OrderChange, OrderLine, OrderNews, OrderNumber,
    OrderSearch, OrderStatus, OrderStep, OrderText, OrderTotals, Payment, PaymentStatus, Placement, ReceivedGoods,
    RefundElsewhere, RefundWish, ReturnReason, ReturnStatus, Shipment, ShippedPieces, StockMove, TrackingNumber,
};
pub use page::{Limit, Page};
pub use payment::{
    CaptureMode, Charge, PaymentMethod, ProviderAnswer, ProviderPayment, ProviderRefund, ProviderState, RefundState,
};
pub use pricing::{
    Coupon, CouponCode, CouponUse, Discount, MethodCode, PricingRule, Quote, QuotedLine, RuleKind, ShippingBasis,
    ShippingMethod, ShippingTier, TaxRate, TaxRegion, Terms,
};
pub use product::{
    Facet, ImportOutcome, ImportRow, ImportStep, Product, ProductCursor, ProductFields, ProductFilter, ProductList,
    ProductQuery, ProductSort, ProductStatus, SortKey, StockedProduct, text_terms,
};
pub use quantity::{Grams, Quantity};
pub use rate::{Allowance, Meter, Rate};
pub use search::{SearchQuery, search_terms, sort_key};
pub use session::{REFRESH_GRACE, Refreshed, Session, SessionCutoff, SessionLife, TokenHash};
pub use sku::Sku;
pub use stock::{Adjustment, Change, Movement, MovementCursor, MovementKind, StockLevel};
pub use text::{CategoryName, Description, PersonName, ProductName, Reason, WebhookDescription};
pub use violation::Violation;
pub use webhook::{
    ClaimedDelivery, DecideWebhook, DeliveryStatus, DisabledReason, LastSecret, RetryPauses, SealedSecret,
    Subscription, Told, Webhook, WebhookAttempt, WebhookChange, WebhookDelivery, WebhookEventType, WebhookFields,
    WebhookPost, WebhookReach, WebhookUrl, is_public_address,
};

/// The version of an aggregate: 1 when it is created, one more with each change. Travels as `ETag`.
pub type Version = i64;

/// A moment in UTC. Stores keep microseconds, so the domain makes no finer ones.
pub type DateTime = chrono::DateTime<chrono::Utc>;

/// The present moment, cut to the microseconds that every store can keep.
pub fn now() -> DateTime {
    from_micros(chrono::Utc::now().timestamp_micros())
}

/// The moment that lies `micros` microseconds after the Unix epoch. Out of range values become the epoch.
pub fn from_micros(micros: i64) -> DateTime {
    chrono::DateTime::from_timestamp_micros(micros).unwrap_or_default()
}
