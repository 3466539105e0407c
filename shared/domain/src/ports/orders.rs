use crate::{
    Cause, Committed, CustomerId, DateTime, Decide, Email, Error, Limit, NewOrder, Order, OrderId, OrderNumber,
    OrderSearch, Page, Placement, PricingRule, Quote, Result, RuleKind, Terms,
};
use async_trait::async_trait;
use chrono::Duration;

/// What a store says to a wish before anything is decided.
#[allow(clippy::large_enum_variant, reason = "there is one for a request, and it is taken apart at once")]
#[derive(Clone, Debug)]
pub enum Offer {
    /// The command was run before; this is what it made.
    Made(Committed<Order>),
    /// What the shop offers now.
    Terms(Terms),
}

/// Which orders a sweep is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// Those that expire if nothing happens.
    Unpaid,
    /// Those that a payment provider owes an answer.
    Unsettled,
}

/// The orders of customers. What becomes of an order, the order says; a store keeps it, with its events, its stock and its claim, in one
/// transaction.
#[async_trait]
pub trait Orders: Send + Sync {
    /// What the shop offers for a wish, or what the claim of `cause` made before.
    async fn terms(&self, new: &NewOrder, cause: &Cause) -> Result<Offer>;

    /// Keeps an order: reserves its stock and uses its coupon, or does nothing. Fails with `NotFound` for the customer,
    /// `UnknownProducts`, `DiscontinuedProducts`, `OfferChanged` (each with all of them; a price that is not the quoted one is told as
    /// changed, agreed or not), `coupon_used_up`, `coupon_invalid` when the coupon is gone.
    async fn place_order(&self, placement: Placement, cause: &Cause) -> Result<Committed<Order>>;

    /// Asks an order what becomes of it, and keeps that. With `owner`, orders of others are `NotFound`. Asked again when somebody was
    /// faster; `decide`'s own errors come back.
    async fn change_order(
        &self,
        id: OrderId,
        owner: Option<CustomerId>,
        decide: Decide,
        cause: &Cause,
    ) -> Result<Committed<Order>>;

    /// One order. With `owner`, orders of others are `NotFound`.
    async fn order(&self, id: OrderId, owner: Option<CustomerId>) -> Result<Order>;

    /// One order by its number, for whoever knows the buyer's address too.
    async fn order_by_number(&self, number: OrderNumber, email: &Email) -> Result<Order>;

    /// A page of one customer's orders, newest first; the position is the store's row number.
    async fn orders(&self, customer: CustomerId, limit: Limit, after: Option<i64>) -> Result<Page<Order, i64>>;

    /// A page of everybody's orders, newest first.
    async fn search_orders(&self, search: OrderSearch) -> Result<Page<Order, i64>>;

    /// A page of the orders that a sweep is after and that have waited since `before`, oldest first.
    async fn waiting_orders(
        &self,
        sweep: Sweep,
        before: DateTime,
        limit: Limit,
        after: Option<i64>,
    ) -> Result<Page<OrderId, i64>>;
}

impl dyn Orders + '_ {
    /// How often a wish is quoted anew because a price that nobody agreed to moved in between.
    const QUOTES: usize = 3;

    /// Quotes a wish and places the order, which wants to be paid within `window`. Fails as [`Quote::new`] and [`Orders::place_order`] do.
    pub async fn buy(&self, new: NewOrder, window: Duration, cause: &Cause) -> Result<Committed<Order>> {
        let mut last = Error::Unavailable("prices change again and again".to_owned());
        for _ in 0..Self::QUOTES {
            let terms = match self.terms(&new, cause).await? {
                Offer::Made(committed) => return Ok(committed),
                Offer::Terms(terms) => terms,
            };
            let placement = Placement::new(Quote::new(new.clone(), &terms, cause.at)?, cause.at, window);
            match self.place_order(placement, cause).await {
                // A shortage, or a price that the buyer agreed to, is told when the wish is quoted again.
                Err(error @ Error::OfferChanged { .. }) => last = error,
                placed => return placed,
            }
        }
        Err(last)
    }
}

/// The shop's rules of what an order costs.
#[async_trait]
pub trait Pricing: Send + Sync {
    /// Makes a rule, or replaces the one of its name; how often a coupon was used stays.
    async fn save_rule(&self, rule: PricingRule, cause: &Cause) -> Result<Committed<PricingRule>>;

    /// Removes a rule. Once it is gone, doing so again changes nothing.
    async fn remove_rule(&self, kind: RuleKind, code: &str, cause: &Cause) -> Result<Committed<()>>;

    /// Every rule of a kind, by name, and how many orders use it: for coupons. A shop has tens or hundreds, so there are no pages.
    async fn rules(&self, kind: RuleKind) -> Result<Vec<(PricingRule, i64)>>;
}
