use souk_domain::{Cause, Committed, CustomerId, Decide, Error, Order, OrderChange, OrderId, ports};
use souk_lambda::Announcer;
use std::sync::Arc;

/// Changes an order as `decide` says and tells the world.
pub(crate) async fn change(
    orders: &dyn ports::Orders,
    announcer: &Announcer,
    id: OrderId,
    owner: Option<CustomerId>,
    cause: &Cause,
    decide: impl Fn(&Order, &Cause) -> Result<Option<OrderChange>, Error> + Send + Sync + 'static,
) -> Result<Committed<Order>, Error> {
    let of = cause.clone();
    let decide: Decide = Arc::new(move |order| decide(order, &of));
    let committed = orders.change_order(id, owner, decide, cause).await?;
    announcer.announce(&committed.events).await;
    Ok(committed)
}
