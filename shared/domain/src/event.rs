use crate::{
    CategoryId, Cause, CustomerId, DateTime, EventId, Fulfilment, MailId, MailKind, Money, Order, OrderId, OrderNumber,
    OrderStatus, OrderStep, Product, ProductId, ProductName, ProductStatus, Quantity, Sku, StockLevel, Version,
};
use serde::{Deserialize, Serialize};

/// A fact about the shop that others may react to, as a CloudEvents 1.0 JSON document.
///
/// `aggregateversion` and `correlationid` are extension attributes; the specification wants those in lower case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    specversion: SpecVersion,
    /// Unique; a consumer that has seen it may skip it.
    pub id: EventId,
    /// Who tells: `/souk/product`, `/souk/inventory`, `/souk/order`, `/souk/mail`.
    pub source: String,
    /// The aggregate's id.
    pub subject: String,
    /// When it happened, UTC.
    pub time: DateTime,
    /// The aggregate's version that the event made: an older one never overwrites a newer one.
    #[serde(rename = "aggregateversion")]
    pub version: Version,
    /// Follows one wish through request, events and messages.
    #[serde(rename = "correlationid")]
    pub correlation_id: String,
    /// What happened: `type` and `data`.
    #[serde(flatten)]
    pub data: EventData,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum SpecVersion {
    #[serde(rename = "1.0")]
    V1,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum EventData {
    /// A product is new.
    #[serde(rename = "souk.ProductCreated")]
    ProductCreated(ProductEvent),
    /// A product has other values, or is discontinued.
    #[serde(rename = "souk.ProductUpdated")]
    ProductUpdated(ProductEvent),
    /// A product's stock has another level.
    #[serde(rename = "souk.InventoryChanged")]
    InventoryChanged(StockEvent),
    /// A customer bought.
    #[serde(rename = "souk.OrderPlaced")]
    OrderPlaced(OrderEvent),
    /// A buyer set out to pay.
    #[serde(rename = "souk.OrderPaymentStarted")]
    OrderPaymentStarted(OrderEvent),
    /// A provider wants the buyer to do something.
    #[serde(rename = "souk.OrderPaymentChallenged")]
    OrderPaymentChallenged(OrderEvent),
    /// A provider holds the money.
    #[serde(rename = "souk.OrderPaymentAuthorised")]
    OrderPaymentAuthorised(OrderEvent),
    /// The money moved.
    #[serde(rename = "souk.OrderPaymentCaptured")]
    OrderPaymentCaptured(OrderEvent),
    /// The money did not move.
    #[serde(rename = "souk.OrderPaymentFailed")]
    OrderPaymentFailed(OrderEvent),
    /// What a provider held was let go.
    #[serde(rename = "souk.OrderPaymentVoided")]
    OrderPaymentVoided(OrderEvent),
    /// A provider was asked to move what it holds.
    #[serde(rename = "souk.OrderCaptureRequested")]
    OrderCaptureRequested(OrderEvent),
    /// A provider was asked to let go of what it holds.
    #[serde(rename = "souk.OrderVoidRequested")]
    OrderVoidRequested(OrderEvent),
    /// A provider was asked to give money back.
    #[serde(rename = "souk.OrderRefundRequested")]
    OrderRefundRequested(OrderEvent),
    /// Money went back.
    #[serde(rename = "souk.OrderRefunded")]
    OrderRefunded(OrderEvent),
    /// Money did not go back.
    #[serde(rename = "souk.OrderRefundFailed")]
    OrderRefundFailed(OrderEvent),
    /// A parcel left.
    #[serde(rename = "souk.OrderShipped")]
    OrderShipped(OrderEvent),
    /// A parcel arrived.
    #[serde(rename = "souk.OrderDelivered")]
    OrderDelivered(OrderEvent),
    /// An order was ended; stock and money go back.
    #[serde(rename = "souk.OrderCancelled")]
    OrderCancelled(OrderEvent),
    /// Nobody paid in time; stock went back.
    #[serde(rename = "souk.OrderExpired")]
    OrderExpired(OrderEvent),
    /// A buyer wants to send something back.
    #[serde(rename = "souk.OrderReturnRequested")]
    OrderReturnRequested(OrderEvent),
    /// They may.
    #[serde(rename = "souk.OrderReturnApproved")]
    OrderReturnApproved(OrderEvent),
    /// They may not.
    #[serde(rename = "souk.OrderReturnRejected")]
    OrderReturnRejected(OrderEvent),
    /// It is there.
    #[serde(rename = "souk.OrderReturnReceived")]
    OrderReturnReceived(OrderEvent),
    /// A person must look at an order.
    #[serde(rename = "souk.OrderReviewRequested")]
    OrderReviewRequested(OrderEvent),
    /// A person looked.
    #[serde(rename = "souk.OrderReviewSettled")]
    OrderReviewSettled(OrderEvent),
    /// Somebody wrote something about an order.
    #[serde(rename = "souk.OrderNoteAdded")]
    OrderNoteAdded(OrderEvent),
    /// Somebody is to get mail.
    #[serde(rename = "souk.MailRequested")]
    MailRequested(MailEvent),
}

/// The kind of thing an event is about. Each kind has a stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// A product.
    Product,
    /// A product's stock.
    Inventory,
    /// An order.
    Order,
    /// A mail.
    Mail,
}

impl Aggregate {
    /// Every kind.
    pub const ALL: [Aggregate; 4] = [Aggregate::Product, Aggregate::Inventory, Aggregate::Order, Aggregate::Mail];

    /// The word that names the kind in streams and sources.
    pub fn as_str(self) -> &'static str {
        match self {
            Aggregate::Product => "product",
            Aggregate::Inventory => "inventory",
            Aggregate::Order => "order",
            Aggregate::Mail => "mail",
        }
    }

    /// The kind that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|aggregate| aggregate.as_str() == word)
    }
}

/// Step and event of the same name.
macro_rules! order_events {
    ($($step:ident => $variant:ident),* $(,)?) => {
        impl EventData {
            /// What happened to an order.
            pub fn of_order(step: OrderStep, data: OrderEvent) -> Self {
                match step {
                    $(OrderStep::$step => EventData::$variant(data),)*
                }
            }

            /// The order that something happened to, and what.
            pub fn order(&self) -> Option<(OrderStep, &OrderEvent)> {
                match self {
                    $(EventData::$variant(data) => Some((OrderStep::$step, data)),)*
                    _ => None,
                }
            }
        }
    };
}
order_events! {
    Placed => OrderPlaced,
    PaymentStarted => OrderPaymentStarted,
    PaymentChallenged => OrderPaymentChallenged,
    PaymentAuthorised => OrderPaymentAuthorised,
    PaymentCaptured => OrderPaymentCaptured,
    PaymentFailed => OrderPaymentFailed,
    PaymentVoided => OrderPaymentVoided,
    CaptureRequested => OrderCaptureRequested,
    VoidRequested => OrderVoidRequested,
    RefundRequested => OrderRefundRequested,
    Refunded => OrderRefunded,
    RefundFailed => OrderRefundFailed,
    Shipped => OrderShipped,
    Delivered => OrderDelivered,
    Cancelled => OrderCancelled,
    Expired => OrderExpired,
    ReturnRequested => OrderReturnRequested,
    ReturnApproved => OrderReturnApproved,
    ReturnRejected => OrderReturnRejected,
    ReturnReceived => OrderReturnReceived,
    ReviewRequested => OrderReviewRequested,
    ReviewSettled => OrderReviewSettled,
    NoteAdded => OrderNoteAdded,
}

impl EventData {
    /// What the event is about.
    pub fn aggregate(&self) -> Aggregate {
        match self {
            EventData::ProductCreated(_) | EventData::ProductUpdated(_) => Aggregate::Product,
            EventData::InventoryChanged(_) => Aggregate::Inventory,
            EventData::MailRequested(_) => Aggregate::Mail,
            _ => Aggregate::Order,
        }
    }

    /// What the event is called: `souk.OrderPlaced`.
    pub fn name(&self) -> String {
        let json = serde_json::to_value(self).unwrap_or_default();
        json["type"].as_str().unwrap_or_default().to_owned()
    }

    /// What happened, without its type, as JSON.
    pub fn content(&self) -> serde_json::Value {
        let mut json = serde_json::to_value(self).unwrap_or_default();
        json["data"].take()
    }
}

/// A product as it is after the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductEvent {
    /// Which product.
    pub product_id: ProductId,
    /// Its SKU.
    pub sku: Sku,
    /// Its name.
    pub name: ProductName,
    /// Where it stands.
    pub category_id: CategoryId,
    /// Of one piece.
    pub price: Money,
    /// Whether it is sold.
    pub status: ProductStatus,
}

/// A stock level as it is after the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockEvent {
    /// Whose stock.
    pub product_id: ProductId,
    /// Whose stock, for people.
    pub sku: Sku,
    /// Pieces in the house.
    pub on_hand: i64,
    /// Pieces that orders hold.
    pub reserved: i64,
    /// What can be ordered now.
    pub available: i64,
}

/// An order as it is after the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderEvent {
    /// Which order.
    pub order_id: OrderId,
    /// Which order, for people.
    pub number: OrderNumber,
    /// Who bought.
    pub customer_id: CustomerId,
    /// Where it is in its life.
    pub status: OrderStatus,
    /// Where its goods are.
    pub fulfilment: Fulfilment,
    /// All that happened to it at once; the event is called by the most telling of them.
    pub steps: Vec<OrderStep>,
    /// Whether it is no news to the buyer: staff wrote a note for themselves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_private: bool,
    /// What it costs.
    pub total: Money,
    /// What was paid of it.
    pub paid: Money,
    /// What of that went back.
    pub refunded: Money,
    /// What was bought.
    pub lines: Vec<OrderedItem>,
}

/// Pieces of one product in an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderedItem {
    /// Which product.
    pub product_id: ProductId,
    /// How many.
    pub quantity: Quantity,
}

/// A mail that is to be sent. Says neither to whom nor what: those are the store's to tell, and secrets are made when it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailEvent {
    /// Which mail.
    pub mail_id: MailId,
    /// Why.
    pub kind: MailKind,
}

impl Event {
    /// Somebody is to get mail.
    pub fn mail_requested(mail_id: MailId, kind: MailKind, cause: &Cause) -> Self {
        Self::new(EventData::MailRequested(MailEvent { mail_id, kind }), mail_id.to_string(), 1, cause)
    }

    /// A product is new.
    pub fn product_created(product: &Product, cause: &Cause) -> Self {
        Self::of_product(EventData::ProductCreated(product.into()), product, cause)
    }

    /// A product has other values, or is discontinued.
    pub fn product_updated(product: &Product, cause: &Cause) -> Self {
        Self::of_product(EventData::ProductUpdated(product.into()), product, cause)
    }

    fn of_product(data: EventData, product: &Product, cause: &Cause) -> Self {
        Self::new(data, product.id.to_string(), product.version, cause)
    }

    /// A product's stock has another level.
    pub fn inventory_changed(stock: &StockLevel, cause: &Cause) -> Self {
        let data = StockEvent {
            product_id: stock.product_id,
            sku: stock.sku.clone(),
            on_hand: stock.on_hand,
            reserved: stock.reserved,
            available: stock.available,
        };
        Self::new(EventData::InventoryChanged(data), stock.product_id.to_string(), stock.version, cause)
    }

    /// Something happened to an order, which is so now.
    pub fn order_changed(order: &Order, step: OrderStep, cause: &Cause) -> Self {
        let item = |line: &crate::OrderLine| OrderedItem { product_id: line.product_id, quantity: line.quantity };
        let data = OrderEvent {
            order_id: order.id,
            number: order.number,
            customer_id: order.customer_id,
            status: order.status,
            fulfilment: order.fulfilment,
            steps: order.steps_of(order.version),
            is_private: step == OrderStep::NoteAdded && order.notes.last().is_some_and(|note| !note.is_public),
            total: order.totals.grand_total.clone(),
            paid: order.totals.paid.clone(),
            refunded: order.totals.refunded.clone(),
            lines: order.lines.iter().map(item).collect(),
        };
        Self::new(EventData::of_order(step, data), order.id.to_string(), order.version, cause)
    }

    fn new(data: EventData, subject: String, version: Version, cause: &Cause) -> Self {
        Self::stored(EventId::new(), data, subject, version, cause.at, cause.correlation_id.clone())
    }

    /// An event whose parts a store has kept.
    pub fn stored(
        id: EventId,
        data: EventData,
        subject: String,
        version: Version,
        time: DateTime,
        correlation_id: String,
    ) -> Self {
        let source = format!("/souk/{}", data.aggregate().as_str());
        Self { specversion: SpecVersion::V1, id, source, subject, time, version, correlation_id, data }
    }

    /// The JSON document.
    #[allow(clippy::expect_used, reason = "a tree of strings and numbers always serialises")]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an event is JSON")
    }

    /// Reads the JSON document back.
    ///
    /// # Errors
    /// The parser's text when it is not an event that this version of Souk knows.
    pub fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

impl From<&Product> for ProductEvent {
    fn from(product: &Product) -> Self {
        Self {
            product_id: product.id,
            sku: product.sku.clone(),
            name: product.name.clone(),
            category_id: product.category_id,
            price: product.price.clone(),
            status: product.status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_cloud_event_and_reads_back() {
        let stock = StockLevel {
            product_id: ProductId::new(),
            sku: Sku::parse("A1").expect("a sku"),
            on_hand: 10,
            reserved: 3,
            available: 7,
            version: 4,
            updated_at: crate::now(),
        };
        let event = Event::inventory_changed(&stock, &Cause::internal("wish-1"));
        let json: serde_json::Value = serde_json::from_str(&event.to_json()).expect("JSON");
        assert_eq!(json["specversion"], "1.0");
        assert_eq!(json["type"], "souk.InventoryChanged");
        assert_eq!(json["source"], "/souk/inventory");
        assert_eq!(json["subject"], stock.product_id.to_string());
        assert_eq!(json["aggregateversion"], 4);
        assert_eq!(json["correlationid"], "wish-1");
        assert_eq!(json["data"]["available"], 7);
        assert_eq!(Event::from_json(&event.to_json()), Ok(event));
    }
}
