//! Orders that meet: for the last pieces, in any order of lines, with the end of a product.

use crate::shop::{Shop, assert_refused, at_once, cause, gbp, order, pieces, row};
use souk_domain::ports::Store;
use souk_domain::{Change, CustomerId, Error, ImportOutcome, NewOrder, NewOrderLine, ProductId};
use std::sync::Arc;

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
    let late = shop.quoted(wish(), &cause()).await;
    let placed = shop.place(wish()).await.expect("an order");
    let (lines, total) = (placed.value.lines.len(), &placed.value.totals.grand_total);
    assert_eq!((lines, placed.events.len(), total), (2000, 2001, &gbp(2000)));
    let refused = shop.store.place_order(late, &cause()).await;
    assert!(matches!(&refused, Err(Error::OfferChanged { shortages, .. }) if shortages.len() == 2000));
    assert_eq!(shop.store.order(placed.value.id, None).await.expect("an order"), placed.value);
    let cancelled = shop.cancel(placed.value.id).await.expect("a cancellation");
    assert_eq!(cancelled.events.len(), 2001);
    assert_eq!(shop.stock(ids[1999]).await.reserved, 0);
}
