//! A cart as clients read it: with the prices and the stock of this moment.

use serde::{Deserialize, Serialize};
use souk_domain::ports::{CartCopies, Carts, Products};
use souk_domain::{
    Cart, CartId, CustomerId, Error, Money, OrderId, Product, ProductId, ProductName, ProductStatus, Quantity, Sku,
    StockLevel, Version,
};
use souk_lambda::Copies;
use std::collections::HashMap;
use utoipa::ToSchema;

/// A cart.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CartView {
    /// Names the cart. Whoever knows a guest's may use it: keep it to yourself.
    pub id: CartId,
    /// Whose; null for a guest's.
    pub customer_id: Option<CustomerId>,
    /// Grows with each change.
    #[schema(value_type = i64, minimum = 1, example = 3)]
    pub version: Version,
    /// One for each product, in the order in which they were added.
    pub lines: Vec<CartLineView>,
    /// The sum of the lines at the present prices; null without lines, in two currencies, or when it is too large for an order.
    pub total: Option<Money>,
    /// The order that it became; it is empty then and stays so.
    pub order_id: Option<OrderId>,
}

/// Pieces of one product in a cart.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CartLineView {
    /// Which product.
    pub product_id: ProductId,
    /// Its SKU.
    pub sku: Sku,
    /// Its name.
    pub name: ProductName,
    /// How many.
    pub quantity: Quantity,
    /// The present price of one piece.
    pub unit_price: Money,
    /// The price of one piece when it was added.
    pub price_when_added: Money,
    /// `quantity` × `unitPrice`; null when it is too large for an order.
    pub line_total: Option<Money>,
    /// What can be ordered now.
    #[schema(example = 12)]
    pub available: i64,
    /// What is not as it was, or stands in the way of an order. Empty when all is well.
    pub changes: Vec<LineChange>,
}

/// What a line has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineChange {
    /// It costs more or less than when it was added.
    PriceChanged,
    /// There are fewer pieces than the line asks for.
    InsufficientStock,
    /// It is no longer sold.
    ProductDiscontinued,
}

/// Reads a cart: one round trip to Redis, and one query of the store for all products that the cache does not have.
pub(crate) async fn read(
    carts: &dyn Carts,
    products: &dyn Products,
    id: CartId,
    caller: Option<CustomerId>,
) -> Result<CartView, Error> {
    let (cart, copies) = carts.cart(id, caller).await?;
    view(products, cart, copies).await
}

async fn view(products: &dyn Products, cart: Cart, copies: CartCopies) -> Result<CartView, Error> {
    let mut known: HashMap<ProductId, (Product, StockLevel)> = HashMap::new();
    for (id, (product, stock)) in copies {
        if let (Some(product), Some(stock)) = (Copies::read(product), Copies::read(stock)) {
            known.insert(id, (product, stock));
        }
    }
    let missing = cart.lines.iter().map(|line| line.product_id).filter(|id| !known.contains_key(id));
    let missing: Vec<ProductId> = missing.collect();
    if !missing.is_empty() {
        let found = products.products_by_id(&missing).await?;
        known.extend(found.into_iter().map(|(product, stock)| (product.id, (product, stock))));
    }
    let lines = cart.lines.into_iter().filter_map(|line| {
        // Products are never deleted: one that is unknown is of a store that was emptied since.
        let (product, stock) = known.remove(&line.product_id)?;
        let mut changes = Vec::new();
        if product.price != line.price_when_added {
            changes.push(LineChange::PriceChanged);
        }
        if stock.available < i64::from(line.quantity) {
            changes.push(LineChange::InsufficientStock);
        }
        if product.status == ProductStatus::Discontinued {
            changes.push(LineChange::ProductDiscontinued);
        }
        Some(CartLineView {
            product_id: product.id,
            sku: product.sku,
            name: product.name,
            quantity: line.quantity,
            line_total: product.price.times(line.quantity).ok(),
            unit_price: product.price,
            price_when_added: line.price_when_added,
            available: stock.available,
            changes,
        })
    });
    let lines: Vec<CartLineView> = lines.collect();
    let total = lines.iter().map(|line| line.line_total.clone()).reduce(|sum, line| sum?.plus(&line?).ok()).flatten();
    let Cart { id, owner: customer_id, version, order_id, .. } = cart;
    Ok(CartView { id, customer_id, version, lines, total, order_id })
}
