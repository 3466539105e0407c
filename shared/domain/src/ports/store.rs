use crate::{
    Adjustment, Category, CategoryFields, CategoryId, Cause, Committed, Credentials, Customer, CustomerId, DateTime,
    Email, Event, EventId, ImportOutcome, ImportRow, Limit, Movement, MovementCursor, NewCustomer, NewOrder, Order,
    OrderId, Page, Product, ProductFields, ProductId, ProductList, ProductQuery, Result, Sku, StockLevel, Version,
};
use async_trait::async_trait;

/// The categories of the catalog.
#[async_trait]
pub trait Categories: Send + Sync {
    /// Makes a category. Fails with `UnknownCategory` for the parent, `category_name_taken`.
    async fn create_category(&self, fields: CategoryFields, cause: &Cause) -> Result<Committed<Category>>;

    /// Gives a category another name or place. `expected` is the version it must have, `None` for any. Fails with
    /// `NotFound`, `UnknownCategory` for the parent, `Stale`, `category_name_taken`, `category_cycle`.
    async fn update_category(
        &self,
        id: CategoryId,
        expected: Option<Version>,
        fields: CategoryFields,
        cause: &Cause,
    ) -> Result<Committed<Category>>;

    /// Removes a category. Fails with `NotFound`, `category_in_use`, `category_has_children`.
    async fn delete_category(&self, id: CategoryId, cause: &Cause) -> Result<Committed<()>>;

    /// One category.
    async fn category(&self, id: CategoryId) -> Result<Category>;

    /// All categories, siblings by name. A shop has hundreds, not millions, so there are no pages.
    async fn categories(&self) -> Result<Vec<Category>>;
}

/// The products of the catalog.
#[async_trait]
pub trait Products: Send + Sync {
    /// Makes a product with empty stock. Fails with `UnknownCategory`, `sku_taken`.
    async fn create_product(&self, sku: Sku, fields: ProductFields, cause: &Cause) -> Result<Committed<Product>>;

    /// Gives a product other values. `expected` is the version it must have, `None` for any. Fails with `NotFound`, `UnknownCategory`, `Stale`, `product_discontinued`.
    async fn update_product(
        &self,
        id: ProductId,
        expected: Option<Version>,
        fields: ProductFields,
        cause: &Cause,
    ) -> Result<Committed<Product>>;

    /// Takes a product off sale. Once it is, doing so again changes nothing. Fails with `NotFound`.
    async fn discontinue_product(&self, id: ProductId, cause: &Cause) -> Result<Committed<Product>>;

    /// One product and its stock.
    async fn product(&self, id: ProductId) -> Result<(Product, StockLevel)>;

    /// A page of products.
    async fn products(&self, query: ProductQuery) -> Result<ProductList>;

    /// Makes or updates products by SKU, each row on its own: a refused row leaves the others alone. The outcomes are in
    /// the order of the rows. A repetition finds everything unchanged, so no claim is kept.
    async fn import_products(&self, rows: Vec<ImportRow>, cause: &Cause) -> Result<Committed<Vec<ImportOutcome>>>;
}

/// The stock of products and its ledger.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// Corrects the pieces in the house. `expected` is the version the stock must have, `None` for any. Fails with
    /// `NotFound`, `Stale`, `stock_out_of_range`.
    async fn adjust_stock(
        &self,
        adjustment: Adjustment,
        expected: Option<Version>,
        cause: &Cause,
    ) -> Result<Committed<StockLevel>>;

    /// The stock of one product.
    async fn stock(&self, id: ProductId) -> Result<StockLevel>;

    /// A page of the ledger of one product, newest first. Fails with `NotFound` for an unknown product.
    async fn movements(
        &self,
        id: ProductId,
        limit: Limit,
        after: Option<MovementCursor>,
    ) -> Result<Page<Movement, MovementCursor>>;
}

/// The people who can log in.
#[async_trait]
pub trait Customers: Send + Sync {
    /// Registers somebody. Fails with `email_taken`.
    async fn register_customer(&self, new: NewCustomer, cause: &Cause) -> Result<Committed<Customer>>;

    /// What to compare a log-in with; `None` for an unknown address.
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>>;

    /// One person.
    async fn customer(&self, id: CustomerId) -> Result<Customer>;
}

/// The orders of customers.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Takes prices from the catalog, reserves stock and records the order, or does nothing. Fails with
    /// `UnknownProducts`, `DiscontinuedProducts`, `InsufficientStock` (each with all of them), `amount_too_large`,
    /// `invalid_currency`.
    async fn place_order(&self, new: NewOrder, cause: &Cause) -> Result<Committed<Order>>;

    /// Gives the stock back. Once cancelled, doing so again changes nothing. With `owner`, orders of others are
    /// `NotFound`. Fails with `order_status`.
    async fn cancel_order(&self, id: OrderId, owner: Option<CustomerId>, cause: &Cause) -> Result<Committed<Order>>;

    /// One order. With `owner`, orders of others are `NotFound`.
    async fn order(&self, id: OrderId, owner: Option<CustomerId>) -> Result<Order>;

    /// A page of one customer's orders, newest first; the position is the store's row number.
    async fn orders(&self, customer: CustomerId, limit: Limit, after: Option<i64>) -> Result<Page<Order, i64>>;
}

/// The events that were committed, and what else wants sweeping.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes up to `limit` events that were committed before `before` and are not known to be published, oldest first.
    /// Nobody else gets them until `until`, so that two relays do not publish the same ones.
    async fn claim_unpublished(&self, limit: usize, before: DateTime, until: DateTime) -> Result<Vec<Event>>;

    /// Gives claimed events back at once: they could not be published.
    async fn release_claims(&self, ids: &[EventId]) -> Result<()>;

    /// When the latest event was published.
    async fn last_published(&self) -> Result<Option<DateTime>>;

    /// Notes that events were published. May be lost: an event is then published again.
    async fn mark_published(&self, ids: &[EventId]) -> Result<()>;

    /// Forgets that events were published after `since`, so that relays publish them again: for streams that lost their
    /// latest entries. The number forgotten.
    async fn republish(&self, since: DateTime) -> Result<usize>;

    /// Forgets the idempotency keys that expired before `now`; the number forgotten.
    async fn expire_idempotency_keys(&self, now: DateTime) -> Result<usize>;

    /// Answers when the store can be used.
    async fn ping(&self) -> Result<()>;
}

/// The tables themselves.
#[async_trait]
pub trait Schema: Send + Sync {
    /// Applies the migrations that are missing, in order; their names. Several at once do not meet. Fails with `Internal`
    /// when one that was applied before has another text now.
    async fn migrate(&self) -> Result<Vec<String>>;
}

/// Everything that the system of record offers; functions take the part they need.
pub trait Store: Categories + Products + Inventory + Customers + Orders + Outbox + Schema {}
impl<T: Categories + Products + Inventory + Customers + Orders + Outbox + Schema> Store for T {}
