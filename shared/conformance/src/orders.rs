//! Orders: what they take from the catalog, and what they take hold of.

use crate::sales::to;
use crate::shop::{Shop, address, assert_not_found, assert_refused, cause, gbp, money, order, outbox, pieces};
use souk_domain::ports::Store;
use souk_domain::{
    Aggregate, Cause, Change, CustomerId, Error, Event, EventData, Fulfilment, Money, Order, OrderId, OrderStatus,
    OrderTotals, Product, ProductFields, ProductId, Shortage, TaxRate, from_micros,
};
use std::sync::Arc;

/// An order takes prices, names and totals from the catalog and reads back as it was answered.
pub async fn an_order_reads_back_as_it_was_answered(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let a = shop.stocked("A1", 10).await;
    let b = shop.product_with("B1", shop.fields("Crème 😀", 250)).await;
    shop.adjust(b.id, Change::To(10)).await.expect("stock");
    let buyer = shop.customer("buyer").await;
    let cause = Cause { at: from_micros(1_700_000_000_123_457), ..cause() };
    let new = order(buyer, [pieces(b.id, 1), pieces(a.id, 3), pieces(b.id, 1)]);
    let placed = shop.buy(new.clone(), &cause).await.expect("an order").value;
    assert_eq!((placed.customer_id, placed.status, placed.version), (buyer, OrderStatus::PendingPayment, 1));
    assert_eq!((placed.fulfilment, placed.ended, placed.paid_by), (Fulfilment::Unfulfilled, None, None));
    assert_eq!((placed.placed_at, placed.updated_at), (cause.at, cause.at));
    let nothing = gbp(0);
    let expected = OrderTotals {
        goods: gbp(800),
        discount: nothing.clone(),
        shipping: nothing.clone(),
        shipping_tax: nothing.clone(),
        tax: nothing.clone(),
        grand_total: gbp(800),
        paid: nothing.clone(),
        refunded: nothing,
    };
    assert_eq!((&placed.totals, placed.lines.len(), &placed.shipping_address), (&expected, 2, &None));
    assert_eq!((&placed.tax, &placed.shipping, &placed.coupon), (&TaxRate::NONE, &None, &None));
    for (line, wish) in placed.lines.iter().zip(new.lines()) {
        let (product, total) = if line.product_id == a.id { (&a, 300) } else { (&b, 500) };
        assert_eq!((line.product_id, line.quantity), (wish.product_id, wish.quantity));
        assert_eq!((&line.sku, &line.name, &line.unit_price), (&product.sku, &product.name, &product.price));
        assert_eq!(line.line_total, gbp(total));
    }
    assert_eq!(shop.store.order(placed.id, None).await.expect("an order"), placed);
    assert_eq!(shop.orders(buyer).await, [placed]);
}

/// An order reserves its pieces: what is in the house stays, what can be ordered shrinks.
pub async fn an_order_reserves_stock(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (a, b) = (shop.stocked("A1", 10).await, shop.stocked("B1", 2).await);
    let buyer = shop.customer("buyer").await;
    shop.place(order(buyer, [pieces(a.id, 1), pieces(b.id, 2), pieces(a.id, 3)])).await.expect("an order");
    for (product, on_hand, reserved) in [(a, 10, 4), (b, 2, 2)] {
        let stock = shop.stock(product.id).await;
        assert_eq!((stock.on_hand, stock.reserved, stock.available), (on_hand, reserved, on_hand - reserved));
        assert_eq!(stock.version, 3);
        shop.assert_ledger_balances(product.id).await;
    }
}

/// What events tell of orders.
fn of_orders(events: &[Event]) -> Vec<&EventData> {
    events.iter().map(|event| &event.data).filter(|data| data.aggregate() == Aggregate::Order).collect()
}

/// What events tell of stock: product, reserved, available and version, by product.
fn of_stock(events: &[Event]) -> Vec<(ProductId, i64, i64, i64)> {
    let stock = events.iter().filter_map(|event| match &event.data {
        EventData::InventoryChanged(stock) => Some((stock.product_id, stock.reserved, stock.available, event.version)),
        _ => None,
    });
    let mut stock: Vec<_> = stock.collect();
    stock.sort();
    stock
}

/// An order and its cancellation are each told in one event of the order and one of each product's stock.
pub async fn orders_are_told_with_the_stock_they_change(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (a, b) = (shop.stocked("A1", 10).await, shop.stocked("B1", 2).await);
    let buyer = shop.customer("buyer").await;
    let placed = shop.place(order(buyer, [pieces(a.id, 4), pieces(b.id, 1)])).await.expect("an order");
    let [EventData::OrderPlaced(data)] = of_orders(&placed.events)[..] else { panic!("{:?}", placed.events) };
    let stock = of_stock(&placed.events);
    assert_eq!((data.order_id, data.customer_id, &data.total), (placed.value.id, buyer, &gbp(500)));
    assert_eq!((data.status, data.number, data.lines.len()), (OrderStatus::PendingPayment, placed.value.number, 2));
    let mut expected = [(a.id, 4, 6, 3), (b.id, 1, 1, 3)];
    expected.sort();
    assert_eq!(stock, expected);
    let cancelled = shop.cancel(placed.value.id).await.expect("a cancellation");
    let [EventData::OrderCancelled(data)] = of_orders(&cancelled.events)[..] else { panic!("{:?}", cancelled.events) };
    let stock = of_stock(&cancelled.events);
    assert_eq!((data.order_id, data.status), (placed.value.id, OrderStatus::Cancelled));
    let mut expected = [(a.id, 0, 10, 4), (b.id, 0, 2, 4)];
    expected.sort();
    assert_eq!(stock, expected);
}

/// An order keeps the price, name and SKU of its moment; the next one takes the new price.
pub async fn an_order_keeps_the_prices_of_its_moment(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 10).await;
    let buyer = shop.customer("buyer").await;
    let wish = || order(buyer, [pieces(product.id, 2)]);
    let first = shop.place(wish()).await.expect("an order").value;
    shop.store.update_product(product.id, None, shop.fields("Renamed", 999), &cause()).await.expect("a change");
    let second = shop.place(wish()).await.expect("an order").value;
    assert_eq!((&first.totals.grand_total, &second.totals.grand_total), (&gbp(200), &gbp(1998)));
    assert_eq!(second.lines[0].name.as_str(), "Renamed");
    shop.store.discontinue_product(product.id, &cause()).await.expect("a discontinuation");
    assert_eq!(shop.store.order(first.id, None).await.expect("an order"), first);
    assert_eq!(shop.orders(buyer).await, [second, first]);
}

/// An address comes back as it was, with and without the parts that may be absent.
pub async fn an_address_comes_back_as_it_was(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 10).await;
    let buyer = shop.customer("buyer").await;
    for address in [address("王 𠮷野", false), address("José O'Neill", true)] {
        let new = to(order(buyer, [pieces(product.id, 1)]), address.clone());
        let placed = shop.place(new).await.expect("an order").value;
        assert_eq!(shop.store.order(placed.id, None).await.expect("an order").shipping_address, Some(address));
    }
}

/// Every shortage is told at once with what is left, and nothing is reserved, not even of what there is enough of.
pub async fn every_shortage_is_told_and_nothing_reserved(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (short, none, enough) =
        (shop.stocked("SHORT", 3).await, shop.product("NONE").await, shop.stocked("ENOUGH", 9).await);
    let buyer = shop.customer("buyer").await;
    shop.place(order(buyer, [pieces(short.id, 1)])).await.expect("an order");
    let (stock, events) = (shop.stock(enough.id).await, outbox(&shop.store).await.len());
    let lines = [pieces(short.id, 2), pieces(enough.id, 5), pieces(none.id, 4), pieces(short.id, 3)];
    let refused = shop.place(order(buyer, lines)).await;
    let Err(Error::OfferChanged { mut shortages, price_changes }) = refused else { panic!("{refused:?}") };
    assert!(price_changes.is_empty());
    let shortage = |product: &Product, requested, available| Shortage {
        product_id: product.id,
        sku: product.sku.clone(),
        requested,
        available,
    };
    let mut expected = [shortage(&short, 5, 2), shortage(&none, 4, 0)];
    shortages.sort_by_key(|shortage| shortage.product_id);
    expected.sort_by_key(|shortage| shortage.product_id);
    assert_eq!(shortages, expected);
    assert_eq!(shop.stock(enough.id).await, stock);
    assert_eq!((shop.ledger(enough.id).await.len(), shop.ledger(short.id).await.len()), (1, 2));
    assert_eq!((shop.orders(buyer).await.len(), outbox(&shop.store).await.len()), (1, events));
}

/// An order of just what is left is placed, and then nothing is left.
pub async fn the_last_pieces_can_be_ordered(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 3).await;
    let buyer = shop.customer("buyer").await;
    shop.place(order(buyer, [pieces(product.id, 3)])).await.expect("an order");
    assert_eq!(shop.stock(product.id).await.available, 0);
    assert_refused(shop.place(order(buyer, [pieces(product.id, 1)])).await, "offer_changed");
}

/// Every unknown product is told, and nothing happens.
pub async fn every_unknown_product_is_told(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 3).await;
    let buyer = shop.customer("buyer").await;
    let mut nothing = [ProductId::new(), ProductId::new()];
    let lines = [pieces(nothing[0], 1), pieces(product.id, 1), pieces(nothing[1], 1)];
    let refused = shop.place(order(buyer, lines)).await;
    let Err(Error::UnknownProducts(mut unknown)) = refused else { panic!("{refused:?}") };
    unknown.sort();
    nothing.sort();
    assert_eq!(unknown, nothing);
    assert_eq!((shop.stock(product.id).await.reserved, shop.orders(buyer).await.len()), (0, 0));
}

/// Every discontinued product is told, however many pieces there are, and nothing happens.
pub async fn every_discontinued_product_is_told(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (a, b, c) = (shop.stocked("A1", 3).await, shop.stocked("B1", 3).await, shop.stocked("C1", 3).await);
    let buyer = shop.customer("buyer").await;
    for gone in [a.id, c.id] {
        shop.store.discontinue_product(gone, &cause()).await.expect("a discontinuation");
    }
    let refused = shop.place(order(buyer, [a.id, b.id, c.id].map(|id| pieces(id, 1)))).await;
    let Err(Error::DiscontinuedProducts(mut told)) = refused else { panic!("{refused:?}") };
    let mut expected = [a.id, c.id];
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    for product in [a, b, c] {
        assert_eq!(shop.stock(product.id).await.reserved, 0);
    }
    assert!(shop.orders(buyer).await.is_empty());
}

/// A line or a sum beyond the largest amount is refused and leaves stock, ledger, orders and outbox untouched.
pub async fn an_amount_too_large_changes_nothing(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let dear = shop.product_with("DEAR", shop.fields("Dear", Money::MAX_MINOR)).await;
    let cheap = shop.product_with("CHEAP", shop.fields("Cheap", 1)).await;
    for id in [dear.id, cheap.id] {
        shop.adjust(id, Change::To(1_000_000)).await.expect("stock");
    }
    let (buyer, events) = (shop.customer("buyer").await, outbox(&shop.store).await.len());
    for lines in
        [vec![pieces(dear.id, 2)], vec![pieces(dear.id, 1_000_000)], vec![pieces(dear.id, 1), pieces(cheap.id, 1)]]
    {
        let refused = shop.place(order(buyer, lines)).await;
        assert!(matches!(&refused, Err(Error::Invalid(_))), "{refused:?}");
        assert_refused(refused, "amount_too_large");
    }
    for id in [dear.id, cheap.id] {
        let stock = shop.stock(id).await;
        assert_eq!((stock.reserved, stock.version, shop.ledger(id).await.len()), (0, 2, 1));
    }
    assert_eq!((shop.orders(buyer).await.len(), outbox(&shop.store).await.len()), (0, events));
    let most = shop.place(order(buyer, [pieces(dear.id, 1)])).await.expect("the largest amount").value;
    assert_eq!(shop.store.order(most.id, None).await.expect("an order").totals.grand_total, gbp(Money::MAX_MINOR));
}

/// An order of products in two currencies is refused and reserves nothing; one in another currency is placed.
pub async fn an_order_has_one_currency(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let pounds = shop.stocked("GBP", 3).await;
    let fields = ProductFields { price: money(7, "JPY"), ..shop.fields("Yen", 1) };
    let yen = shop.product_with("JPY", fields).await;
    shop.adjust(yen.id, Change::To(3)).await.expect("stock");
    let buyer = shop.customer("buyer").await;
    let mixed = shop.place(order(buyer, [pieces(pounds.id, 1), pieces(yen.id, 1)])).await;
    assert_refused(mixed, "invalid_currency");
    for id in [pounds.id, yen.id] {
        assert_eq!(shop.stock(id).await.reserved, 0);
    }
    let placed = shop.place(order(buyer, [pieces(yen.id, 2)])).await.expect("an order").value;
    assert_eq!(shop.store.order(placed.id, None).await.expect("an order").totals.grand_total, money(14, "JPY"));
}

/// The largest quantity of the domain is ordered when there is that much.
pub async fn the_largest_quantity_can_be_ordered(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 1_000_000_000).await.id;
    let buyer = shop.customer("buyer").await;
    let placed = shop.place(order(buyer, [pieces(product, 1_000_000)])).await.expect("an order").value;
    assert_eq!(shop.store.order(placed.id, None).await.expect("an order"), placed);
    assert_eq!(shop.stock(product).await.available, 999_000_000);
}

/// An order of a customer who does not exist is refused and changes nothing.
pub async fn an_order_of_nobody_changes_nothing(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 3).await.id;
    let events = outbox(&shop.store).await.len();
    assert_not_found(shop.place(order(CustomerId::new(), [pieces(product, 1)])).await, "customer");
    assert_eq!((shop.stock(product).await.reserved, outbox(&shop.store).await.len()), (0, events));
    shop.assert_ledger_balances(product).await;
}

/// An order that was never placed is not found.
pub async fn an_unknown_order_is_not_found(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let buyer = shop.customer("buyer").await;
    for owner in [None, Some(buyer)] {
        assert_not_found(shop.store.order(OrderId::new(), owner).await, "order");
        let nothing =
            shop.change_as(OrderId::new(), owner, &cause(), |_, _| panic!("there is nothing to decide")).await;
        assert_not_found(nothing, "order");
    }
}

/// The order of another customer is not found, neither to be read nor to be changed; nobody is asked what becomes of it.
pub async fn the_order_of_another_is_not_found(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 5).await.id;
    let (owner, other) = (shop.customer("owner").await, shop.customer("other").await);
    let placed = shop.place(order(owner, [pieces(product, 2)])).await.expect("an order").value;
    assert_not_found(shop.store.order(placed.id, Some(other)).await, "order");
    let cancel = |order: &Order, cause: &Cause| order.cancel(order.customer_id, cause);
    let foreign = shop.change_as(placed.id, Some(other), &cause(), |_, _| panic!("it is not theirs")).await;
    assert_not_found(foreign, "order");
    assert_eq!((shop.stock(product).await.reserved, shop.orders(other).await.len()), (2, 0));
    assert_eq!(shop.store.order(placed.id, Some(owner)).await.expect("their own"), placed);
    let cancelled = shop.change_as(placed.id, Some(owner), &cause(), cancel).await.expect("their own").value;
    assert_not_found(shop.change_as(placed.id, Some(other), &cause(), cancel).await, "order");
    assert_eq!(shop.store.order(placed.id, Some(owner)).await.expect("their own"), cancelled);
}
