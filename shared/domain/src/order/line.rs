use super::history::count;
use crate::pricing::portion;
use crate::{MethodCode, Money, Product, ProductId, ProductName, Quantity, Sku, Violation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Pieces of one product in an order, at the price of the moment it was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// Which product.
    pub product_id: ProductId,
    /// Its SKU then.
    pub sku: Sku,
    /// Its name then.
    pub name: ProductName,
    /// How many.
    pub quantity: Quantity,
    /// The price of one piece then.
    pub unit_price: Money,
    /// `quantity` × `unitPrice`.
    pub line_total: Money,
    /// The line's part of what a coupon took off.
    pub discount: Money,
    /// The line's part of the tax.
    pub tax: Money,
    /// What the buyer pays for the line: with its discount and its tax.
    pub total: Money,
    /// Pieces that were sent.
    #[schema(example = 0)]
    pub shipped: u32,
    /// Pieces that were taken off the order before they were sent.
    #[schema(example = 0)]
    pub cancelled: u32,
    /// Pieces that came back.
    #[schema(example = 0)]
    pub returned: u32,
    /// Pieces whose money went back, is about to, or came back without any.
    #[schema(example = 0)]
    pub refunded: u32,
}

impl OrderLine {
    /// A line of a product, nothing of which was sent yet.
    ///
    /// # Errors
    /// `amount_too_large`, `invalid_currency`
    pub fn new(
        product: &Product,
        quantity: Quantity,
        discount: Money,
        tax: Money,
        is_tax_included: bool,
    ) -> Result<Self, Violation> {
        let unit_price = product.price.clone();
        let line_total = unit_price.times(quantity)?;
        let after_discount = line_total.minus(&discount)?;
        let total = if is_tax_included { after_discount } else { after_discount.plus(&tax)? };
        Ok(Self {
            product_id: product.id,
            sku: product.sku.clone(),
            name: product.name.clone(),
            quantity,
            unit_price,
            line_total,
            discount,
            tax,
            total,
            shipped: 0,
            cancelled: 0,
            returned: 0,
            refunded: 0,
        })
    }

    /// Pieces that are still to be sent.
    pub fn unshipped(&self) -> u32 {
        self.quantity.get() - self.shipped - self.cancelled
    }

    /// Pieces whose money may still go back.
    pub(crate) fn refundable(&self) -> u32 {
        self.quantity.get() - self.refunded
    }

    /// Pieces that came back, or were never sent, and whose money did not go back. The piece whose money went back may be the very one
    /// that comes.
    pub(crate) fn unsettled(&self) -> u32 {
        (self.returned + self.cancelled).saturating_sub(self.refunded)
    }

    /// What the next `pieces` have of the line's total, in minor units.
    pub(crate) fn price_of_next(&self, pieces: u32) -> i64 {
        portion(self.total.amount_minor(), self.refunded, self.refunded + pieces, self.quantity.get())
    }

    /// Takes unsent pieces off the order, `pieces` at most; how many.
    pub(crate) fn cancel(&mut self, pieces: u32) -> u32 {
        let taken = pieces.min(self.unshipped());
        self.cancelled += taken;
        taken
    }

    pub(crate) fn describe(&self, pieces: u32) -> String {
        format!("{} of {}", count(pieces, "piece"), self.sku)
    }
}

/// The sums of an order. `goods` − `discount` + `shipping` is the grand total where prices hold the tax; otherwise `tax` is added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderTotals {
    /// The lines before discounts.
    pub goods: Money,
    /// What a coupon took off the goods.
    pub discount: Money,
    /// What sending it costs.
    pub shipping: Money,
    /// Shipping's part of the tax.
    pub shipping_tax: Money,
    /// The tax on (or in) goods and shipping.
    pub tax: Money,
    /// What the buyer pays.
    pub grand_total: Money,
    /// What moved to the shop, before refunds, by the payment that counts.
    pub paid: Money,
    /// What of it went back.
    pub refunded: Money,
}

/// How an order goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChosenShipping {
    /// The method.
    pub code: MethodCode,
    /// Its name then.
    pub name: ProductName,
}
