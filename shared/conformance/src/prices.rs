//! The prices that a buyer agreed to.

use crate::shop::{Shop, agreed, cause, code, gbp, money, order, outbox, pieces};
use souk_domain::ports::Store;
use souk_domain::{Error, PriceChange};
use std::sync::Arc;

/// An order at the prices that the buyer agreed to is placed; whoever agreed to none pays whatever it costs.
pub async fn an_order_at_agreed_prices_is_placed(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (a, b) = (shop.stocked("A1", 5).await, shop.stocked("B1", 5).await);
    shop.store.update_product(b.id, None, shop.fields("B", 250), &cause()).await.expect("a change");
    let buyer = shop.customer("buyer").await;
    let lines = [agreed(a.id, 2, gbp(100)), pieces(b.id, 1)];
    assert_eq!(shop.place(order(buyer, lines)).await.expect("an order").value.totals.grand_total, gbp(450));
    let placed = shop.place(order(buyer, [agreed(b.id, 1, gbp(250))])).await.expect("an order").value;
    assert_eq!(shop.store.order(placed.id, None).await.expect("an order").lines[0].unit_price, gbp(250));
}

/// Another price than agreed refuses the order, be it lower or in another currency; every one is told, nothing is reserved.
pub async fn every_price_that_was_not_agreed_to_is_told(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let mut products = Vec::new();
    for code in ["DEARER", "CHEAPER", "SAME", "CURRENCY", "ANY"] {
        products.push(shop.stocked(code, 5).await);
    }
    let (buyer, events) = (shop.customer("buyer").await, outbox(&shop.store).await.len());
    let prices = [gbp(99), gbp(101), gbp(100), money(100, "EUR")];
    let mut lines: Vec<_> = products.iter().zip(prices).map(|(product, price)| agreed(product.id, 1, price)).collect();
    lines.push(pieces(products[4].id, 1));
    let refused = shop.place(order(buyer, lines)).await;
    let Err(Error::OfferChanged { shortages, mut price_changes }) = refused else { panic!("{refused:?}") };
    let change = |n: usize, agreed| PriceChange {
        product_id: products[n].id,
        sku: products[n].sku.clone(),
        agreed,
        price: gbp(100),
    };
    let mut expected = [change(0, gbp(99)), change(1, gbp(101)), change(3, money(100, "EUR"))];
    price_changes.sort_by_key(|change| change.product_id);
    expected.sort_by_key(|change| change.product_id);
    assert!(shortages.is_empty(), "{shortages:?}");
    assert_eq!(price_changes, expected);
    for product in &products {
        assert_eq!((shop.stock(product.id).await.reserved, shop.ledger(product.id).await.len()), (0, 1));
    }
    assert_eq!((shop.orders(buyer).await.len(), outbox(&shop.store).await.len()), (0, events));
}

/// Shortages and changed prices are told together, and of one product both.
pub async fn shortages_and_changed_prices_are_told_together(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (both, short, dear) =
        (shop.stocked("BOTH", 1).await, shop.stocked("SHORT", 1).await, shop.stocked("DEAR", 9).await);
    let buyer = shop.customer("buyer").await;
    let lines = [agreed(both.id, 2, gbp(1)), agreed(short.id, 3, gbp(100)), agreed(dear.id, 4, gbp(2))];
    let refused = shop.place(order(buyer, lines)).await;
    let Err(Error::OfferChanged { shortages, price_changes }) = refused else { panic!("{refused:?}") };
    let mut short_of: Vec<_> = shortages.iter().map(|s| (s.product_id, s.requested, s.available)).collect();
    let mut changed: Vec<_> =
        price_changes.into_iter().map(|change| (change.product_id, change.agreed, change.price)).collect();
    short_of.sort();
    changed.sort_by_key(|change| change.0);
    let mut expected = [(both.id, 2, 1), (short.id, 3, 1)];
    expected.sort();
    assert_eq!(short_of, expected);
    let mut expected = [(both.id, gbp(1), gbp(100)), (dear.id, gbp(2), gbp(100))];
    expected.sort_by_key(|change| change.0);
    assert_eq!(changed, expected);
    for product in [both, short, dear] {
        assert_eq!(shop.stock(product.id).await.reserved, 0);
    }
}

/// An order at an agreed price races with a change of it: it is placed at that price or refused, never at another.
pub async fn an_agreed_price_races_with_a_change(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let buyer = shop.customer("buyer").await;
    for round in 0..8 {
        let product = shop.stocked(&format!("R{round}"), 3).await;
        let (buys, changes) = (shop.clone(), shop.clone());
        let bought = tokio::spawn(async move { buys.place(order(buyer, [agreed(product.id, 1, gbp(100))])).await });
        let changed = tokio::spawn(async move {
            changes.store.update_product(product.id, None, changes.fields("Dear", 999), &cause()).await
        });
        changed.await.expect("a task").expect("a change");
        let reserved = match bought.await.expect("a task") {
            Ok(placed) => {
                assert_eq!(placed.value.totals.grand_total, gbp(100));
                1
            }
            Err(refused) => {
                assert_eq!(code(&refused), "offer_changed", "{refused:?}");
                0
            }
        };
        assert_eq!(shop.stock(product.id).await.reserved, reserved);
    }
}
