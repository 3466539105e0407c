use crate::{CartId, CustomerId, Money, OrderId, ProductId, Quantity, Version};
use serde::{Deserialize, Serialize};

/// What somebody has put aside to buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    /// Names the cart. Whoever knows a guest's may use it, so it cannot be guessed.
    pub id: CartId,
    /// Whose; `None` for a guest's.
    pub owner: Option<CustomerId>,
    /// Grows with each change.
    pub version: Version,
    /// One for each product, in the order in which they were added.
    pub lines: Vec<CartLine>,
    /// The order that it became; it is empty then and stays so.
    pub order_id: Option<OrderId>,
}

impl Cart {
    /// Most lines: one read carries them all.
    pub const MAX_LINES: usize = 200;

    /// Whether somebody may use it: its owner, or anybody who knows a guest's.
    pub fn is_open_to(&self, caller: Option<CustomerId>) -> bool {
        self.owner.is_none() || self.owner == caller
    }
}

/// Pieces of one product in a cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CartLine {
    /// Which product.
    pub product_id: ProductId,
    /// How many.
    pub quantity: Quantity,
    /// The price of one piece when it was first added.
    pub price_when_added: Money,
}

/// How a cart is changed. Changes of two tabs meet line by line: what one adds is not lost by what the other does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CartChange {
    /// More pieces of a product.
    Add(CartLine),
    /// Another number of pieces of a product that is there.
    Set {
        /// Which product.
        product_id: ProductId,
        /// How many.
        quantity: Quantity,
    },
    /// No more of a product.
    Remove(ProductId),
}

impl CartChange {
    /// Which product it is about.
    pub fn product_id(&self) -> ProductId {
        match self {
            CartChange::Add(line) => line.product_id,
            CartChange::Set { product_id, .. } | CartChange::Remove(product_id) => *product_id,
        }
    }
}
