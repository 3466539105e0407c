use crate::command::none;
use crate::{SqlServerStore, rows, statements};
use async_trait::async_trait;
use serde::Deserialize;
use souk_domain::ports::Orders;
use souk_domain::{
    Cause, Committed, CustomerId, DateTime, Limit, Money, NewOrder, Order, OrderId, OrderLine, OrderStatus, Page,
    Result, Version,
};

/// An order as the view `order_document` shows it: head and lines apart, the address as the text of a JSON document.
#[derive(Deserialize)]
struct OrderDocument {
    order: Head,
    lines: Vec<OrderLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    id: OrderId,
    customer_id: CustomerId,
    status: OrderStatus,
    total: Money,
    shipping_address: Option<String>,
    version: Version,
    placed_at: DateTime,
    updated_at: DateTime,
}

impl OrderDocument {
    fn order(self) -> Result<Order> {
        let Self { order: head, lines } = self;
        Ok(Order {
            id: head.id,
            customer_id: head.customer_id,
            status: head.status,
            lines,
            total: head.total,
            shipping_address: head.shipping_address.as_deref().map(rows::parse).transpose()?,
            version: head.version,
            placed_at: head.placed_at,
            updated_at: head.updated_at,
        })
    }
}

fn committed(Committed { value, events, replayed }: Committed<OrderDocument>) -> Result<Committed<Order>> {
    Ok(Committed { value: value.order()?, events, replayed })
}

#[async_trait]
impl Orders for SqlServerStore {
    async fn place_order(&self, new: NewOrder, cause: &Cause) -> Result<Committed<Order>> {
        let address = match &new.shipping_address {
            Some(address) => serde_json::json!({ "address": address }),
            None => serde_json::json!({}),
        };
        let lines = new.lines().iter().zip(1_usize..).map(|(line, number)| {
            let mut row = serde_json::json!({ "line": number, "product": line.product_id, "quantity": line.quantity });
            if let Some(agreed) = &line.agreed_price {
                row["agreed"] = agreed.amount_minor().into();
                row["currency"] = agreed.currency().as_str().into();
            }
            row
        });
        let values = [
            OrderId::new().uuid().into(),
            new.customer_id.uuid().into(),
            address.to_string().into(),
            serde_json::Value::from_iter(lines).to_string().into(),
            new.lines().len().into(),
        ];
        committed(self.command(&statements::PLACE_ORDER, cause, values, none).await?)
    }

    async fn cancel_order(&self, id: OrderId, owner: Option<CustomerId>, cause: &Cause) -> Result<Committed<Order>> {
        let values = [id.uuid().into(), owner.map(CustomerId::uuid).into()];
        committed(self.command(&statements::CANCEL_ORDER, cause, values, none).await?)
    }

    async fn order(&self, id: OrderId, owner: Option<CustomerId>) -> Result<Order> {
        let found = self.query(statements::ORDER, [id.uuid().into(), owner.map(CustomerId::uuid).into()]).await?;
        rows::document::<OrderDocument>(&rows::one(found, "order")?, "document")?.order()
    }

    async fn orders(&self, customer: CustomerId, limit: Limit, after: Option<i64>) -> Result<Page<Order, i64>> {
        let values = [customer.uuid().into(), after.unwrap_or(i64::MAX).into(), (limit.get() + 1).into()];
        let found = rows::only(self.query(statements::ORDERS, values).await?);
        let read =
            |row| Ok((rows::column(row, "order_key")?, rows::document::<OrderDocument>(row, "document")?.order()?));
        let found: Vec<(i64, Order)> = found.iter().map(read).collect::<Result<_>>()?;
        let Page { items, next } = Page::cut(found, limit, |(key, _)| *key);
        Ok(Page { items: items.into_iter().map(|(_, order)| order).collect(), next })
    }
}
