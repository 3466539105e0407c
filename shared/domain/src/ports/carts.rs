use super::Cached;
use crate::{Cart, CartChange, CartId, Claim, CustomerId, OrderId, ProductId, Result};
use async_trait::async_trait;
use std::collections::HashMap;

/// Copies of a product and of its stock, as far as the cache has them.
pub type CartCopies = HashMap<ProductId, (Option<Cached>, Option<Cached>)>;

/// The carts. They live for a while after their last use: 30 days a guest's, 90 days a customer's.
#[async_trait]
pub trait Carts: Send + Sync {
    /// The cart of a customer, or a new one; for a guest always a new one. A guest's cart `from` is merged into it and gone:
    /// quantities of one product add up, at most to the largest there is. One that is somebody's, or unknown, is left alone.
    async fn open_cart(&self, owner: Option<CustomerId>, from: Option<CartId>) -> Result<Cart>;

    /// A cart and what the cache knows of its products, in one round trip. `NotFound` when there is none that is open to the
    /// caller.
    async fn cart(&self, id: CartId, caller: Option<CustomerId>) -> Result<(Cart, CartCopies)>;

    /// Changes a line, in one round trip; `true` when the claim was honoured before and nothing changed now. Fails with `NotFound`
    /// for the cart, or for a line that is to be set and is not there; `cart_full`, `cart_ordered`, `invalid_quantity` for a sum that is too large, `KeyReused`.
    async fn change_cart(
        &self,
        id: CartId,
        caller: Option<CustomerId>,
        change: CartChange,
        claim: Option<&Claim>,
    ) -> Result<bool>;

    /// The cart became an order: it is empty, and says so for a day. An unknown one is fine.
    async fn close_cart(&self, id: CartId, order: OrderId) -> Result<()>;

    /// The cart became an order that is not known here: its owner gets another one from now on. Its lines stay, for whoever wants to
    /// read them. One that is not the owner's any more is fine.
    async fn leave_cart(&self, id: CartId, owner: CustomerId) -> Result<()>;
}
