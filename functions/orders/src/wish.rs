//! What somebody wants to buy, as requests say it.

use serde::Deserialize;
use souk_domain::{Address, CouponCode, CustomerId, MethodCode, Money, NewOrder, NewOrderLine, ProductId, Quantity};
use souk_lambda::ApiError;
use utoipa::ToSchema;

/// What to buy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderRequest {
    /// Lines that name the same product count together.
    #[schema(min_items = 1, max_items = 2000)]
    lines: Vec<LineRequest>,
    /// Absent for goods that are not sent.
    #[serde(default)]
    shipping_address: Option<Address>,
    /// How it goes there; needed where `/api/v1/shipping-methods` lists a way.
    #[serde(default)]
    shipping_method: Option<MethodCode>,
    /// What takes something off.
    #[serde(default)]
    coupon: Option<CouponCode>,
    /// What the buyer agreed to pay for everything; another total refuses the order.
    #[serde(default)]
    agreed_total: Option<Money>,
}

/// Pieces of one product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LineRequest {
    /// Which product.
    product_id: ProductId,
    /// How many.
    quantity: Quantity,
}

impl OrderRequest {
    /// The wish of `buyer`.
    pub(crate) fn of(self, buyer: CustomerId) -> Result<NewOrder, ApiError> {
        let line = |LineRequest { product_id, quantity }| NewOrderLine { product_id, quantity, agreed_price: None };
        let new = NewOrder::new(buyer, self.lines.into_iter().map(line), self.shipping_address);
        let mut new = new.map_err(|violation| ApiError::from(violation).field("lines"))?;
        (new.shipping_method, new.coupon, new.agreed_total) = (self.shipping_method, self.coupon, self.agreed_total);
        Ok(new)
    }
}
