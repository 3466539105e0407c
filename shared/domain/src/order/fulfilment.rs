use super::change::Draft;
use super::{Order, OrderChange, OrderStep, PaymentStatus};
use crate::text::trimmed;
use crate::{
    Cause, CustomerId, DateTime, Error, MovementKind, ProductId, ProductName, Quantity, Result, ShipmentId, Violation,
    violation::text_value,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A carrier's name for a parcel: 1 to 80 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 80, example = "JD014600003SE")]
pub struct TrackingNumber(String);
text_value!(TrackingNumber);

impl TrackingNumber {
    /// Trims and checks the number.
    ///
    /// # Errors
    /// `invalid_tracking`
    pub fn parse(text: &str) -> std::result::Result<Self, Violation> {
        let is_visible = |text: &&str| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        match trimmed(text, 1..=80).filter(is_visible) {
            Some(text) => Ok(Self(text.to_owned())),
            None => Err(Violation::new("invalid_tracking", "a tracking number is 1 to 80 visible ASCII characters")),
        }
    }
}

/// Pieces of one product in a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShippedPieces {
    /// Which product.
    pub product_id: ProductId,
    /// How many.
    pub quantity: Quantity,
}

/// A parcel. Carrier and tracking number name it: sent twice, it is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shipment {
    /// Stable name for programs.
    pub id: ShipmentId,
    /// Who carries it.
    pub carrier: ProductName,
    /// Their name for it.
    pub tracking_number: TrackingNumber,
    /// What is in it.
    pub lines: Vec<ShippedPieces>,
    /// UTC.
    pub shipped_at: DateTime,
    /// When it arrived, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<DateTime>,
}

/// A wish to send a parcel.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Who carries it.
    pub carrier: ProductName,
    /// Their name for it.
    pub tracking_number: TrackingNumber,
    /// What is in it; `None` for all that is left.
    pub lines: Option<Vec<ShippedPieces>>,
}

impl Order {
    /// Sends a parcel. Nothing when this parcel was sent.
    ///
    /// # Errors
    /// `order_status` for an order that is not paid, over or under review, `payment_not_captured` while the money is only held,
    /// `nothing_to_ship`, `parcel_sent` when a parcel of this name has something else in it, `not_in_order` for a line or pieces that are not left to be sent.
    pub fn ship(&self, wish: &Dispatch, actor: CustomerId, cause: &Cause) -> Result<Option<OrderChange>> {
        let is_this =
            |shipment: &Shipment| shipment.carrier == wish.carrier && shipment.tracking_number == wish.tracking_number;
        if let Some(sent) = self.shipments.iter().find(|shipment| is_this(shipment)) {
            let is_same = wish.lines.as_ref().is_none_or(|lines| *lines == sent.lines);
            return if is_same { Ok(None) } else { Err(Error::PARCEL_SENT) };
        }
        if self.ended.is_some() || self.review.is_some() || !self.is_paid() {
            return Err(Error::ORDER_STATUS);
        }
        if self.paying().is_some_and(|payment| payment.status != PaymentStatus::Captured) {
            return Err(Error::PAYMENT_NOT_CAPTURED);
        }
        let mut draft = Draft::of(self, cause);
        let lines = match &wish.lines {
            Some(lines) => lines.clone(),
            None => self.lines.iter().filter_map(rest).collect(),
        };
        if lines.is_empty() {
            return Err(Error::NOTHING_TO_SHIP);
        }
        for piece in &lines {
            draft.send(*piece)?;
        }
        let id = ShipmentId::new();
        let (carrier, tracking_number) = (wish.carrier.clone(), wish.tracking_number.clone());
        draft.note(OrderStep::Shipped, Some(actor), Some(format!("{carrier} {tracking_number}")));
        let shipment = Shipment { id, carrier, tracking_number, lines, shipped_at: cause.at, delivered_at: None };
        draft.order.shipments.push(shipment);
        draft.finish()
    }

    /// Notes that a parcel arrived, or all of them. Nothing when they had.
    ///
    /// # Errors
    /// `NotFound` for a parcel that is not the order's, `order_status` when nothing was sent.
    pub fn deliver(&self, parcel: Option<ShipmentId>, actor: CustomerId, cause: &Cause) -> Result<Option<OrderChange>> {
        let mut draft = Draft::of(self, cause);
        let is_meant = |shipment: &&mut super::Shipment| parcel.is_none_or(|id| id == shipment.id);
        let mut found = draft.order.shipments.iter_mut().filter(is_meant).peekable();
        if found.peek().is_none() {
            return Err(if parcel.is_some() { Error::NotFound("shipment") } else { Error::ORDER_STATUS });
        }
        let mut arrived = Vec::new();
        for shipment in found.filter(|shipment| shipment.delivered_at.is_none()) {
            shipment.delivered_at = Some(cause.at);
            arrived.push(shipment.tracking_number.to_string());
        }
        if !arrived.is_empty() {
            draft.note(OrderStep::Delivered, Some(actor), Some(arrived.join(", ")));
        }
        draft.finish()
    }
}

fn rest(line: &super::OrderLine) -> Option<ShippedPieces> {
    let quantity = Quantity::new(line.unshipped()).ok()?;
    Some(ShippedPieces { product_id: line.product_id, quantity })
}

impl Draft<'_> {
    fn send(&mut self, piece: ShippedPieces) -> Result<()> {
        let line =
            self.order.lines.iter_mut().find(|line| line.product_id == piece.product_id).ok_or(Error::NOT_IN_ORDER)?;
        if piece.quantity.get() > line.unshipped() {
            return Err(Error::NOT_IN_ORDER);
        }
        line.shipped += piece.quantity.get();
        self.moves(piece.product_id, MovementKind::Shipped, piece.quantity.get());
        Ok(())
    }
}
