use crate::command::{self, Answer, RACES, none, too_many_races};
use crate::value::Value;
use crate::{SqlServerStore, changing, order_lists, placing, pricing, products, rows, statements};
use async_trait::async_trait;
use souk_domain::ports::{Offer, Orders, Sweep};
use souk_domain::{
    Cause, Committed, CustomerId, DateTime, Decide, Email, Error, Limit, NewOrder, Order, OrderId, OrderNumber,
    OrderSearch, Page, Placement, Result,
};
use uuid::Uuid;

/// Orders of others are not there.
fn owned(order: Order, owner: Option<CustomerId>) -> Result<Order> {
    if owner.is_none_or(|owner| owner == order.customer_id) { Ok(order) } else { Err(Error::NotFound("order")) }
}

/// An order that is to be changed, or what the change's claim made before.
enum ToChange {
    Made(Committed<Order>),
    Read { order_key: i64, order: Order },
}

impl SqlServerStore {
    async fn order_to_change(&self, id: OrderId, owner: Option<CustomerId>, cause: &Cause) -> Result<ToChange> {
        let values = command::claimed(cause).into_iter().chain([id.uuid().into()]);
        let results = self.query(statements::ORDER_TO_CHANGE, values).await?;
        let [found, first] = results.as_slice() else { return Err(rows::unreadable("order", "not two results")) };
        if let Some(made) = command::made(first)? {
            return Ok(ToChange::Made(made));
        }
        let row = found.first().ok_or(Error::NotFound("order"))?;
        let order = owned(rows::document(row, "document")?, owner)?;
        Ok(ToChange::Read { order_key: rows::column(row, "order_key")?, order })
    }
}

#[async_trait]
impl Orders for SqlServerStore {
    async fn terms(&self, new: &NewOrder, cause: &Cause) -> Result<Offer> {
        let own: [Value; 4] = [
            products::listed(new.lines().iter().map(|line| line.product_id)),
            new.shipping_address.as_ref().map_or("", |address| address.country.as_str()).into(),
            new.coupon.as_ref().map_or("", |coupon| coupon.as_str()).into(),
            new.customer_id.uuid().into(),
        ];
        let results = self.query(statements::TERMS, command::claimed(cause).into_iter().chain(own)).await?;
        let [offers, rules, first] = results.as_slice() else {
            return Err(rows::unreadable("terms", "not three results"));
        };
        match command::made(first)? {
            Some(made) => Ok(Offer::Made(made)),
            None => Ok(Offer::Terms(pricing::terms(offers, rules)?)),
        }
    }

    async fn place_order(&self, placement: Placement, cause: &Cause) -> Result<Committed<Order>> {
        self.send(&placing::batch(&placement, cause)?, none).await
    }

    async fn change_order(
        &self,
        id: OrderId,
        owner: Option<CustomerId>,
        decide: Decide,
        cause: &Cause,
    ) -> Result<Committed<Order>> {
        for _ in 0..RACES {
            let (order_key, order) = match self.order_to_change(id, owner, cause).await? {
                ToChange::Made(made) => return Ok(made),
                ToChange::Read { order_key, order } => (order_key, order),
            };
            let change = decide(&order)?;
            if change.is_none() && cause.claim.is_none() {
                return Ok(Committed::first(order, Vec::new()));
            }
            let batch = changing::batch(order_key, &order, change.as_ref(), cause)?;
            match self.attempt(&batch, none, &[]).await? {
                Answer::Done(committed) => return Ok(committed),
                Answer::Refused(error) => return Err(error),
                Answer::Overtaken => {}
            }
        }
        Err(too_many_races())
    }

    async fn order(&self, id: OrderId, owner: Option<CustomerId>) -> Result<Order> {
        let found = self.query(statements::ORDER, [id.uuid().into()]).await?;
        owned(rows::document(&rows::one(found, "order")?, "document")?, owner)
    }

    async fn order_by_number(&self, number: OrderNumber, email: &Email) -> Result<Order> {
        let values = [number.serial().into(), email.as_str().into()];
        let found = self.query(statements::ORDER_BY_NUMBER, values).await?;
        let order: Order = rows::document(&rows::one(found, "order")?, "document")?;
        // Its year may be another one.
        if order.number == number { Ok(order) } else { Err(Error::NotFound("order")) }
    }

    async fn orders(&self, customer: CustomerId, limit: Limit, after: Option<i64>) -> Result<Page<Order, i64>> {
        let values = [customer.uuid().into(), after.unwrap_or(i64::MAX).into(), (limit.get() + 1).into()];
        order_lists::read(&rows::only(self.query(statements::ORDERS, values).await?), limit)
    }

    async fn search_orders(&self, search: OrderSearch) -> Result<Page<Order, i64>> {
        let sql = order_lists::search(&search);
        order_lists::read(&rows::only(self.ask("search_orders", &sql).await?), search.limit)
    }

    async fn waiting_orders(
        &self,
        sweep: Sweep,
        before: DateTime,
        limit: Limit,
        after: Option<i64>,
    ) -> Result<Page<OrderId, i64>> {
        let sql = order_lists::waiting(sweep, before, limit, after);
        let found = rows::only(self.ask("waiting_orders", &sql).await?);
        let read = |row| Ok((rows::column(row, "order_key")?, rows::column::<Uuid>(row, "id")?.into()));
        let found: Vec<(i64, OrderId)> = found.iter().map(read).collect::<Result<_>>()?;
        let Page { items, next } = Page::cut(found, limit, |(order_key, _)| *order_key);
        Ok(Page { items: items.into_iter().map(|(_, id)| id).collect(), next })
    }
}
