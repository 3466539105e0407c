//! What the batch of `change_order` is sent with.

use crate::command::Batch;
use crate::statements;
use crate::value::{Value, document, json};
use serde_json::json as row;
use souk_domain::{Cause, Event, Order, OrderChange, Result, StockMove};

/// Keeps what becomes of an order that was read; without a change, the order as it is for the claim.
pub(crate) fn batch<'a>(
    order_key: i64,
    order: &Order,
    change: Option<&OrderChange>,
    cause: &'a Cause,
) -> Result<Batch<'a>> {
    let after = change.map_or(order, |change| &change.order);
    let event = change.map(|change| Event::order_changed(after, change.step, cause).data);
    let (name, content) = event.map_or(Default::default(), |data| (data.name(), data.content().to_string()));
    let mut values: Vec<Value> = vec![
        order_key.into(),
        order.id.uuid().into(),
        order.version.into(),
        after.version.into(),
        document(after)?,
        after.status.as_str().into(),
        after.totals.paid.amount_minor().into(),
        after.totals.refunded.amount_minor().into(),
        after.updated_at.into(),
        after.expires_at().into(),
        after.unsettled_since().into(),
        name.into(),
        content.into(),
    ];
    let Some(change) = change.filter(|change| change.frees_coupon || !change.moves.is_empty()) else {
        return Ok(Batch::new(&statements::KEEP_ORDER, cause, values));
    };
    values.extend(moves(&change.moves));
    let command = match order.coupon.as_ref().filter(|_| change.frees_coupon) {
        Some(coupon) => {
            values.push(coupon.as_str().into());
            &statements::END_ORDER_WITH_COUPON
        }
        None => &statements::KEEP_ORDER_AND_STOCK,
    };
    Ok(Batch::new(command, cause, values))
}

/// A row for each move, and how many products they are of. Each move makes a version of its product's stock; the last one makes the
/// version that the stock has afterwards.
fn moves(moves: &[StockMove]) -> [Value; 2] {
    let mut products: usize = 0;
    let row = |(place, stock_move): (usize, &StockMove)| {
        let StockMove { product_id, kind, .. } = *stock_move;
        let follow = moves[place + 1..].iter().filter(|next| next.product_id == product_id).count();
        products += usize::from(follow == 0);
        let (on_hand, reserved) = (stock_move.on_hand_change(), stock_move.reserved_change());
        row!({ "product": product_id, "kind": kind.as_str(), "on_hand": on_hand, "reserved": reserved, "follow": follow })
    };
    let rows = json(moves.iter().enumerate().map(row).collect());
    [rows, products.into()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::{MovementKind, ProductId};

    #[test]
    fn of_several_moves_of_a_product_each_knows_how_many_follow() {
        let (a, b) = (ProductId::new(), ProductId::new());
        let stock_move = |product_id, kind, pieces| StockMove { product_id, kind, pieces };
        let all = [
            stock_move(a, MovementKind::Released, 2),
            stock_move(a, MovementKind::Returned, 3),
            stock_move(b, MovementKind::Shipped, 1),
        ];
        let [Value::Text(rows), Value::Integer(2)] = moves(&all) else { panic!("two products") };
        let rows: Vec<serde_json::Value> = serde_json::from_str(&rows).expect("JSON");
        let told: Vec<_> = rows.iter().map(|row| [&row["on_hand"], &row["reserved"], &row["follow"]]).collect();
        assert_eq!(told, [[0, -2, 1], [3, 0, 0], [-1, -1, 0]]);
    }
}
