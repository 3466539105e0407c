use super::{Mails, Orders, Pricing, Webhooks};
use crate::{
    Account, Adjustment, AuditAction, AuditEntry, AuditQuery, Category, CategoryFields, CategoryId, Cause, Committed,
    Customer, CustomerId, CustomerQuery, DateTime, Email, Event, EventId, ImportOutcome, ImportRow, Limit, Movement,
    MovementCursor, NewCustomer, NewRegistration, Page, Product, ProductFields, ProductId, ProductList, ProductQuery,
    Profile, Result, SessionId, Sku, StockLevel, TokenHash, Version,
};
use async_trait::async_trait;
use secrecy::SecretString;

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

    /// Several products and their stock, in no order; unknown ones are left out.
    async fn products_by_id(&self, ids: &[ProductId]) -> Result<Vec<(Product, StockLevel)>>;

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

/// The people who can log in. For every command but those of staff, somebody who was erased is `NotFound`. A session that is over stays
/// over, whatever a command that comes late says, or one from a session that is over itself.
///
/// A wish that strangers may have (to register, to get a new password) is written down without a look at who is known: it costs
/// the same and answers the same for every address. `send-mail` looks, when it writes to the address's owner.
#[async_trait]
pub trait Customers: Send + Sync {
    /// Makes somebody who can log in. Fails with `email_taken`.
    async fn register_customer(&self, new: NewCustomer, cause: &Cause) -> Result<Committed<Customer>>;

    /// Makes a member of staff, who gets mail with a link to choose a password. `by` is the admin, `None` for whoever operates the
    /// system. Fails with `email_taken`.
    async fn invite_staff(
        &self,
        new: NewCustomer,
        by: Option<CustomerId>,
        cause: &Cause,
    ) -> Result<Committed<Customer>>;

    /// Writes a wish to register down; the owner of the address gets mail.
    async fn request_registration(&self, new: NewRegistration, cause: &Cause) -> Result<Committed<()>>;

    /// Writes a wish for a new password down; the owner of the address gets mail.
    async fn request_password_reset(&self, email: &Email, cause: &Cause) -> Result<Committed<()>>;

    /// Writes a wish for another address down; the owner of the new one gets mail. Fails with `NotFound`.
    async fn request_email_change(&self, id: CustomerId, email: &Email, cause: &Cause) -> Result<Committed<()>>;

    /// The token of a registration makes a customer, that of an e-mail change changes the address and tells the old one. Each works
    /// once. Fails with `invalid_link`, `email_taken`.
    async fn verify_email(&self, token: TokenHash, cause: &Cause) -> Result<Committed<Customer>>;

    /// The token of a reset or an invitation gives an active account another password, ends its sessions and tells its owner.
    /// It works once, and no other link of the account works after it. Fails with `invalid_link`.
    async fn reset_password(
        &self,
        token: TokenHash,
        password_hash: SecretString,
        cause: &Cause,
    ) -> Result<Committed<CustomerId>>;

    /// Another password; every session but `kept` is over, no link that was mailed before works, and the owner gets mail. Fails with
    /// `NotFound`.
    async fn change_password(
        &self,
        id: CustomerId,
        password_hash: SecretString,
        kept: SessionId,
        cause: &Cause,
    ) -> Result<Committed<()>>;

    /// Keeps the same password under another hash, when the old one is still there.
    async fn upgrade_password_hash(&self, id: CustomerId, old: &SecretString, new: &SecretString) -> Result<()>;

    /// Ends all sessions. Fails with `NotFound`.
    async fn end_sessions(&self, id: CustomerId, cause: &Cause) -> Result<Committed<()>>;

    /// Keeps a secret for an authenticator and the hashes of its recovery codes, in place of any that were not confirmed. Fails with
    /// `NotFound`, `second_factor_enabled`.
    async fn offer_second_factor(&self, id: CustomerId, sealed_secret: Vec<u8>, recovery: Vec<TokenHash>)
    -> Result<()>;

    /// Log-ins ask for a code from now on; `step` is the time step of the one that confirmed it. Every session but `kept` is over, since
    /// none of them showed a code, and the owner gets mail. Fails with `NotFound`, `second_factor_missing`, `second_factor_enabled`.
    async fn confirm_second_factor(
        &self,
        id: CustomerId,
        step: i64,
        kept: SessionId,
        cause: &Cause,
    ) -> Result<Committed<Customer>>;

    /// Uses the code of a time step up; `false` when one of this step or a later one was used.
    async fn use_step(&self, id: CustomerId, step: i64) -> Result<bool>;

    /// Uses a recovery code up; `false` when there is none such.
    async fn use_recovery_code(&self, id: CustomerId, code: TokenHash) -> Result<bool>;

    /// Log-ins no longer ask for a code. The owner gets mail. Fails with `NotFound`, `second_factor_missing`.
    async fn remove_second_factor(&self, id: CustomerId, cause: &Cause) -> Result<Committed<Customer>>;

    /// Gives somebody another name and other addresses. `expected` is the version they must have, `None` for any. Fails with
    /// `NotFound`, `Stale`.
    async fn update_profile(
        &self,
        id: CustomerId,
        expected: Option<Version>,
        profile: Profile,
        cause: &Cause,
    ) -> Result<Committed<Customer>>;

    /// Shuts somebody out or lets them in again; being shut out ends their sessions. Once it is so, doing so again changes nothing.
    /// Fails with `NotFound`, `customer_erased`.
    async fn set_customer_status(
        &self,
        id: CustomerId,
        is_disabled: bool,
        by: CustomerId,
        cause: &Cause,
    ) -> Result<Committed<Customer>>;

    /// Forgets who somebody is: name, addresses, those of their orders, everything that opens the account. Orders and totals stay.
    /// Fails with `NotFound`.
    async fn erase_customer(&self, id: CustomerId, cause: &Cause) -> Result<Committed<()>>;

    /// The person with an address; `None` when there is none.
    async fn account_of(&self, email: &Email) -> Result<Option<Account>>;

    /// One person and what guards the way in.
    async fn account(&self, id: CustomerId) -> Result<Account>;

    /// One person.
    async fn customer(&self, id: CustomerId) -> Result<Customer>;

    /// A page of people, newest first, and a line in the audit log that says who looked.
    async fn customers(&self, query: CustomerQuery, by: CustomerId, cause: &Cause) -> Result<Page<Customer, i64>>;

    /// A page of the audit log, newest first.
    async fn audit_entries(&self, query: AuditQuery) -> Result<Page<AuditEntry, i64>>;

    /// Writes into the audit log what no other command does.
    async fn record_audit(
        &self,
        action: AuditAction,
        actor: CustomerId,
        subject: CustomerId,
        cause: &Cause,
    ) -> Result<()>;
}

/// Events that one relay has for itself for a while.
#[derive(Clone, Debug, Default)]
pub struct ClaimedEvents {
    /// Oldest first.
    pub events: Vec<Event>,
    /// How many there are beside those that this program cannot read: another version wrote them. They stay for one that can.
    pub unreadable: usize,
}

/// A page of the events that were committed, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PastEvents {
    /// With their places.
    pub events: Vec<(i64, Event)>,
    /// Places of events that this program cannot read: another version wrote them.
    pub unreadable: Vec<i64>,
    /// The last place of the page, read or not; `None` when there are no more.
    pub last: Option<i64>,
}

impl PastEvents {
    /// Rows with their places, in their order, as far as they can be read.
    pub fn of<E>(rows: impl IntoIterator<Item = (i64, std::result::Result<Event, E>)>) -> Self {
        let mut page = Self::default();
        for (place, event) in rows {
            page.last = Some(place);
            match event {
                Ok(event) => page.events.push((place, event)),
                Err(_) => page.unreadable.push(place),
            }
        }
        page
    }

    /// The same as a claim.
    pub fn claimed(self) -> ClaimedEvents {
        let events = self.events.into_iter().map(|(_, event)| event).collect();
        ClaimedEvents { events, unreadable: self.unreadable.len() }
    }
}

/// The events that were committed, and what else wants sweeping.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes up to `limit` events that were committed before `before` and are not known to be published, oldest first.
    /// Nobody else gets them until `until`, so that two relays do not publish the same ones.
    async fn claim_unpublished(&self, limit: usize, before: DateTime, until: DateTime) -> Result<ClaimedEvents>;

    /// Gives claimed events back at once: they could not be published.
    async fn release_claims(&self, ids: &[EventId]) -> Result<()>;

    /// When the latest event was published.
    async fn last_published(&self) -> Result<Option<DateTime>>;

    /// Notes that events were published. May be lost: an event is then published again.
    async fn mark_published(&self, ids: &[EventId]) -> Result<()>;

    /// Forgets that events were published after `since`, so that relays publish them again: for streams that lost their
    /// latest entries. The number forgotten.
    async fn republish(&self, since: DateTime) -> Result<usize>;

    /// Moves events that were published before `before` out of the way of the others, so many in a transaction that nobody waits
    /// long; [`Outbox::events_since`] still finds them. The number moved. Several at once do no harm.
    async fn archive(&self, before: DateTime) -> Result<usize>;

    /// Up to `limit` events that were committed since `since`, archived or not, each with its place in the order of the outbox, in
    /// that order; only those behind the place `after`, when there is one.
    async fn events_since(&self, since: DateTime, after: Option<i64>, limit: usize) -> Result<PastEvents>;

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
pub trait Store:
    Categories + Products + Inventory + Customers + Mails + Orders + Pricing + Outbox + Webhooks + Schema
{
}
impl<T: Categories + Products + Inventory + Customers + Mails + Orders + Pricing + Outbox + Webhooks + Schema> Store
    for T
{
}
