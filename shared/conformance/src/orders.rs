//! Orders: prices, reservations, races for the last pieces, cancellations.

use crate::shop::{
    Shop, address, assert_not_found, assert_refused, at_once, cause, code, gbp, limit, money, order, outbox, pieces,
    row,
};
use souk_domain::ports::Store;
use souk_domain::{
    Aggregate, Cause, Change, CustomerId, Error, Event, EventData, ImportOutcome, Money, NewOrder, NewOrderLine, Order,
    OrderId, OrderStatus, Product, ProductFields, ProductId, Shortage, from_micros,
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
    let placed = shop.store.place_order(new.clone(), &cause).await.expect("an order").value;
    assert_eq!((placed.customer_id, placed.status, placed.version), (buyer, OrderStatus::Placed, 1));
    assert_eq!((placed.placed_at, placed.updated_at), (cause.at, cause.at));
    assert_eq!((&placed.total, placed.lines.len(), &placed.shipping_address), (&gbp(800), 2, &None));
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
    assert_eq!((data.order_id, data.customer_id, &data.total), (placed.value.id, buyer, &placed.value.total));
    assert_eq!((data.status, data.lines.len()), (OrderStatus::Placed, 2));
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
    assert_eq!((&first.total, &second.total), (&gbp(200), &gbp(1998)));
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
    for to in [address("王 𠮷野", false), address("José O'Neill", true)] {
        let new = NewOrder::new(buyer, [pieces(product.id, 1)], Some(to.clone())).expect("an order");
        let placed = shop.place(new).await.expect("an order").value;
        assert_eq!(shop.store.order(placed.id, None).await.expect("an order").shipping_address, Some(to));
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

/// An order races with the end of its product: it is placed before or refused after, never half.
pub async fn an_order_races_with_a_discontinuation(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let buyer = shop.customer("buyer").await;
    let mut placed = 0;
    for round in 0..8 {
        let product = shop.stocked(&format!("R{round}"), 3).await;
        let (buys, ends) = (shop.clone(), shop.clone());
        let bought = tokio::spawn(async move { buys.place(order(buyer, [pieces(product.id, 1)])).await });
        let ended = tokio::spawn(async move { ends.store.discontinue_product(product.id, &cause()).await });
        ended.await.expect("a task").expect("a discontinuation");
        let bought = bought.await.expect("a task");
        let expected = i64::from(bought.is_ok());
        placed += expected;
        if bought.is_err() {
            assert_refused(bought, "discontinued_products");
        }
        assert_eq!(shop.stock(product.id).await.reserved, expected);
    }
    assert_eq!(shop.orders(buyer).await.len() as i64, placed);
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
    assert_eq!(shop.store.order(most.id, None).await.expect("an order").total, gbp(Money::MAX_MINOR));
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
    assert_eq!(shop.store.order(placed.id, None).await.expect("an order").total, money(14, "JPY"));
}

/// The longest order is placed, read and cancelled.
pub async fn an_order_has_up_to_two_thousand_products(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let rows = (0..NewOrder::MAX_LINES).map(|n| row(&format!("L{n}"), "Lamp", "Things", 1)).collect();
    let imported = shop.store.import_products(rows, &cause()).await.expect("an import").value;
    let ids: Vec<_> = imported
        .into_iter()
        .map(|outcome| if let ImportOutcome::Created(id) = outcome { id } else { panic!("{outcome:?}") })
        .collect();
    let buyer = shop.customer("buyer").await;
    let wish = || order(buyer, ids.iter().map(|id| pieces(*id, 1)));
    let refused = shop.place(wish()).await;
    assert!(matches!(&refused, Err(Error::OfferChanged { shortages, .. }) if shortages.len() == 2000));
    let fill = |id: ProductId| {
        let shop = shop.clone();
        async move { shop.adjust(id, Change::To(1)).await.map(drop).expect("stock") }
    };
    for some in ids.chunks(16) {
        at_once(some.iter().map(|id| fill(*id))).await;
    }
    let placed = shop.place(wish()).await.expect("an order");
    assert_eq!((placed.value.lines.len(), placed.events.len(), &placed.value.total), (2000, 2001, &gbp(2000)));
    assert_eq!(shop.store.order(placed.value.id, None).await.expect("an order"), placed.value);
    let cancelled = shop.cancel(placed.value.id).await.expect("a cancellation");
    assert_eq!(cancelled.events.len(), 2001);
    assert_eq!(shop.stock(ids[1999]).await.reserved, 0);
}

/// Ten pieces, 64 buyers at once who name the product twice: ten are sold, losers learn what is left and have no order.
pub async fn sixty_four_buyers_race_for_ten_pieces(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 10).await.id;
    let register = |n: i32| {
        let shop = shop.clone();
        async move { shop.customer(&format!("buyer{n}")).await }
    };
    let buyers = at_once((0..64).map(register)).await;
    let buy = |buyer: &CustomerId| {
        let (shop, new) = (shop.clone(), order(*buyer, [pieces(product, 1), pieces(product, 1)]));
        async move { shop.place(new).await }
    };
    let results = at_once(buyers.iter().map(buy)).await;
    let mut sold = 0;
    for (buyer, result) in buyers.iter().zip(results) {
        let orders = shop.orders(*buyer).await;
        match result {
            Ok(placed) => {
                sold += i64::from(placed.value.lines[0].quantity);
                assert_eq!(orders, [placed.value]);
            }
            Err(Error::OfferChanged { shortages, .. }) => {
                let [shortage] = shortages.as_slice() else { panic!("one shortage: {shortages:?}") };
                assert_eq!((shortage.product_id, shortage.requested, shortage.available), (product, 2, 0));
                assert!(orders.is_empty(), "a loser has an order");
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    let stock = shop.stock(product).await;
    assert_eq!((sold, stock.on_hand, stock.reserved, stock.available), (10, 10, 10, 0));
    shop.assert_ledger_balances(product).await;
}

/// Orders at once over the same products, in different order of lines, all succeed: none waits for another in a ring.
pub async fn orders_at_once_in_any_line_order_all_succeed(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let mut products = Vec::new();
    for n in 0..6 {
        products.push(shop.stocked(&format!("A{n}"), 1000).await.id);
    }
    let buyer = shop.customer("buyer").await;
    let buy = |n: usize| {
        let shop = shop.clone();
        let mut lines: Vec<NewOrderLine> = products.iter().map(|id| pieces(*id, 1)).collect();
        lines.rotate_left(n % 6);
        if n.is_multiple_of(2) {
            lines.reverse();
        }
        let new = order(buyer, lines);
        async move {
            let placed = shop.place(new).await.expect("an order").value;
            if n.is_multiple_of(4) {
                shop.cancel(placed.id).await.expect("a cancellation");
            }
        }
    };
    let correct = |id: &ProductId| {
        let (shop, id) = (shop.clone(), *id);
        tokio::spawn(async move { shop.adjust(id, Change::By(1)).await.map(drop).expect("stock") })
    };
    let corrections: Vec<_> = products.iter().map(correct).collect();
    at_once((0..48).map(buy)).await;
    for correction in corrections {
        correction.await.expect("a correction");
    }
    for id in products {
        let stock = shop.stock(id).await;
        assert_eq!((stock.on_hand, stock.reserved), (1001, 36));
        shop.assert_ledger_balances(id).await;
    }
    assert_eq!(shop.orders(buyer).await.len(), 48);
}

/// An order that was never placed is not found.
pub async fn an_unknown_order_is_not_found(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let buyer = shop.customer("buyer").await;
    for owner in [None, Some(buyer)] {
        assert_not_found(shop.store.order(OrderId::new(), owner).await, "order");
        assert_not_found(shop.store.cancel_order(OrderId::new(), owner, &cause()).await, "order");
    }
}

/// The order of another customer is not found, neither to be read nor to be cancelled.
pub async fn the_order_of_another_is_not_found(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 5).await.id;
    let (owner, other) = (shop.customer("owner").await, shop.customer("other").await);
    let placed = shop.place(order(owner, [pieces(product, 2)])).await.expect("an order").value;
    assert_not_found(shop.store.order(placed.id, Some(other)).await, "order");
    assert_not_found(shop.store.cancel_order(placed.id, Some(other), &cause()).await, "order");
    assert_eq!((shop.stock(product).await.reserved, shop.orders(other).await.len()), (2, 0));
    assert_eq!(shop.store.order(placed.id, Some(owner)).await.expect("their own"), placed);
    let cancelled = shop.store.cancel_order(placed.id, Some(owner), &cause()).await.expect("their own").value;
    assert_not_found(shop.store.cancel_order(placed.id, Some(other), &cause()).await, "order");
    assert_eq!(shop.store.order(placed.id, Some(owner)).await.expect("their own"), cancelled);
}

/// A cancellation gives the pieces back, makes the next version and keeps everything else of the order.
pub async fn a_cancellation_gives_the_stock_back(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (a, b) = (shop.stocked("A1", 5).await, shop.stocked("B1", 5).await);
    let buyer = shop.customer("buyer").await;
    let new = NewOrder::new(buyer, [pieces(a.id, 5), pieces(b.id, 1)], Some(address("Ada", true))).expect("an order");
    let placed = shop.place(new).await.expect("an order").value;
    // The price of the moment and the end of the product are no concern of a cancellation.
    shop.store.update_product(a.id, None, shop.fields("Dear", Money::MAX_MINOR), &cause()).await.expect("a change");
    shop.store.discontinue_product(b.id, &cause()).await.expect("a discontinuation");
    let later = Cause { at: from_micros(4_000_000_000_123_457), ..cause() };
    let cancelled = shop.store.cancel_order(placed.id, None, &later).await.expect("a cancellation").value;
    let expected = Order { status: OrderStatus::Cancelled, version: 2, updated_at: later.at, ..placed };
    assert_eq!(cancelled, expected);
    assert_eq!(shop.store.order(cancelled.id, None).await.expect("an order"), cancelled);
    for id in [a.id, b.id] {
        assert_eq!((shop.stock(id).await.reserved, shop.stock(id).await.available), (0, 5));
        shop.assert_ledger_balances(id).await;
    }
    let again = shop.place(order(buyer, [pieces(a.id, 1)])).await;
    assert_eq!(again.expect("there is stock again").value.total, gbp(Money::MAX_MINOR));
}

/// A second cancellation answers the same, releases nothing and tells nothing.
pub async fn a_second_cancellation_changes_nothing(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 5).await.id;
    let buyer = shop.customer("buyer").await;
    let placed = shop.place(order(buyer, [pieces(product, 2)])).await.expect("an order").value;
    shop.place(order(buyer, [pieces(product, 2)])).await.expect("another order");
    let first = shop.cancel(placed.id).await.expect("a cancellation").value;
    let (stock, events) = (shop.stock(product).await, outbox(&shop.store).await.len());
    let second = shop.cancel(placed.id).await.expect("a repetition");
    assert_eq!(second.value, first);
    assert!(second.events.is_empty());
    assert_eq!((shop.stock(product).await, outbox(&shop.store).await.len()), (stock, events));
    assert_eq!(shop.stock(product).await.reserved, 2);
}

/// Cancellations of one order at once release its stock once and all answer the same.
pub async fn cancellations_at_once_release_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 5).await.id;
    let buyer = shop.customer("buyer").await;
    let id = shop.place(order(buyer, [pieces(product, 2)])).await.expect("an order").value.id;
    shop.place(order(buyer, [pieces(product, 3)])).await.expect("another order");
    let cancel = |_| {
        let shop = shop.clone();
        async move { shop.cancel(id).await.expect("a cancellation") }
    };
    let results = at_once((0..16).map(cancel)).await;
    let kept = shop.store.order(id, None).await.expect("an order");
    assert!(results.iter().all(|result| result.value == kept));
    assert_eq!(results.iter().filter(|result| !result.events.is_empty()).count(), 1);
    assert_eq!((shop.stock(product).await.reserved, shop.ledger(product).await.len()), (3, 4));
}

/// One customer's orders are walked newest first, each once, while new ones come between the pages.
pub async fn orders_are_walked_newest_first(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 1000).await.id;
    let (buyer, other) = (shop.customer("buyer").await, shop.customer("other").await);
    let mut placed = Vec::new();
    for n in 1..=8 {
        placed.push(shop.place(order(buyer, [pieces(product, n)])).await.expect("an order").value);
        shop.place(order(other, [pieces(product, 1)])).await.expect("an order");
    }
    placed[3] = shop.cancel(placed[3].id).await.expect("a cancellation").value;
    placed.reverse();
    let (mut seen, mut after, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let page = shop.store.orders(buyer, limit(3), after).await.expect("a page");
        sizes.push(page.items.len());
        seen.extend(page.items);
        assert!(seen.len() <= 1000, "the pages have no end");
        shop.place(order(buyer, [pieces(product, 1)])).await.expect("an order");
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((seen, sizes), (placed, vec![3, 3, 2]));
    let page = shop.store.orders(other, limit(8), None).await.expect("a page");
    assert_eq!((page.items.len(), page.next), (8, None));
}

/// Somebody who bought nothing has no orders.
pub async fn without_orders_the_list_is_empty(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let page = shop.store.orders(shop.customer("buyer").await, limit(3), None).await.expect("a page");
    assert!(page.items.is_empty() && page.next.is_none());
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

/// An order of a customer who does not exist is refused, as no defect of the store, and changes nothing.
pub async fn an_order_of_nobody_changes_nothing(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 3).await.id;
    let events = outbox(&shop.store).await.len();
    let refused = shop.place(order(CustomerId::new(), [pieces(product, 1)])).await.expect_err("nobody buys");
    assert!(!matches!(code(&refused), "unavailable" | "internal"), "{refused:?}");
    assert_eq!((shop.stock(product).await.reserved, outbox(&shop.store).await.len()), (0, events));
    shop.assert_ledger_balances(product).await;
}
