//! Quotes that become orders, and those that the shop cannot keep any more.

use crate::rules::{by, coupon, method, tax, tenth, with};
use crate::sales::{WINDOW, to};
use crate::shop::{
    Shop, address, assert_not_found, assert_refused, at_once, cause, claimed, gbp, money, order, outbox, pieces, sku,
};
use souk_domain::ports::Store;
use souk_domain::{
    Cause, Change, Committed, CustomerId, Discount, Error, Money, MovementKind, Order, OrderStatus, Placement,
    PriceChange, Product, ProductFields, ProductId, Quote, ShippingBasis, StockLevel, Terms, from_micros,
};
use std::sync::Arc;

/// Checks that an order is the one that was quoted but for its number, and is kept as it was answered.
async fn assert_placed(shop: &Shop, placement: &Placement, placed: &Committed<Order>) {
    let expected = Order { number: placed.value.number, ..placement.order.clone() };
    assert_eq!(placed.value, expected);
    assert_eq!(shop.store.order(expected.id, None).await.expect("an order"), expected);
    shop.assert_waits(&expected).await;
}

/// An order is kept as it was quoted: lines, discounts, shipping, tax, names, address, and when it wants to be paid.
pub async fn an_order_is_kept_as_it_was_quoted(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let mut products = Vec::new();
    for (number, name) in ["𠮷野家 灯", "Crème 👩‍👩‍👧‍👦", "cre\u{300}me ﬁn"].into_iter().enumerate()
    {
        let fields = ProductFields { weight_grams: crate::shop::grams(700), ..shop.fields(name, 333 + number as i64) };
        let product = shop.product_with(&format!("P{number}"), fields).await;
        shop.adjust(product.id, Change::To(9)).await.expect("stock");
        products.push(product);
    }
    shop.save(method("post", ShippingBasis::Weight, &["GB"], &[(0, 399), (2000, 899)])).await;
    shop.save(tenth("SPRING", Some(9), Some(9))).await;
    let buyer = shop.customer("buyer").await;
    for (number, is_included) in [(0, false), (1, true)] {
        shop.save(tax("GB", 1750, is_included)).await;
        let wish = order(buyer, products.iter().map(|product| pieces(product.id, 2)));
        let wish = with(by(to(wish, address("王 𠮷野 😀", true)), "post"), "SPRING");
        let cause = Cause { at: from_micros(1_700_000_000_123_457 + number), ..cause() };
        let placement = shop.quoted(wish, &cause).await;
        let totals = &placement.order.totals;
        assert_eq!((&totals.goods, &totals.discount, &totals.shipping), (&gbp(2004), &gbp(200), &gbp(899)));
        let placed = shop.store.place_order(placement.clone(), &cause).await.expect("an order");
        assert_placed(&shop, &placement, &placed).await;
        assert_eq!(placed.value.payment_due_at, Some(cause.at + WINDOW));
        assert_eq!(placed.events.len(), 4);
        for product in &products {
            let held = &shop.ledger(product.id).await[0];
            assert_eq!(
                (held.kind, held.reserved_change, held.order_id),
                (MovementKind::Placed, 2, Some(placed.value.id))
            );
            shop.assert_ledger_balances(product.id).await;
        }
    }
    assert_eq!(shop.uses("SPRING").await, 2);
}

/// Sums at the limit of what an amount may be are kept exactly.
pub async fn sums_at_the_limit_are_kept(store: Arc<dyn Store>) {
    const MOST: i64 = Money::MAX_MINOR;
    let shop = Shop::open(store).await;
    let buyer = shop.customer("buyer").await;
    let mut ids = Vec::new();
    for (code, minor) in [("MOST", MOST), ("HALF", (MOST - 1) / 2), ("NONE", 0)] {
        let product = shop.product_with(code, shop.fields(code, minor)).await;
        shop.adjust(product.id, Change::To(1_000_001)).await.expect("stock");
        ids.push(product.id);
    }
    shop.save(method("dear", ShippingBasis::Flat, &[], &[(0, MOST)])).await;
    shop.save(coupon("ALMOST", Discount::Amount { amount: gbp(MOST - 1) }, None, None)).await;
    let wish = |lines: &[(usize, u32)]| order(buyer, lines.iter().map(|(n, number)| pieces(ids[*n], *number)));
    let taxes = [(10_000, true), (10_000, false), (0, false)];
    let wishes = [
        (taxes[0], wish(&[(0, 1)]), MOST),
        (taxes[1], wish(&[(1, 1)]), MOST - 1),
        (taxes[2], wish(&[(1, 2), (2, 1_000_000)]), MOST - 1),
        (taxes[0], with(wish(&[(0, 1)]), "ALMOST"), 1),
        (taxes[2], by(to(wish(&[(2, 1)]), address("Ada", false)), "dear"), MOST),
    ];
    for ((basis_points, is_included), wish, total) in wishes {
        shop.save(tax("*", basis_points, is_included)).await;
        let placement = shop.quoted(wish, &cause()).await;
        assert_eq!(placement.order.totals.grand_total, gbp(total));
        let placed = shop.store.place_order(placement.clone(), &cause()).await.expect("an order");
        assert_placed(&shop, &placement, &placed).await;
        let paid = shop.pay(placed.value.id).await;
        assert_eq!(shop.store.order(paid.id, None).await.expect("an order").totals.paid, gbp(total));
    }
}

/// An order without a price is paid at once, and waits for nothing.
pub async fn an_order_without_a_price_is_paid_at_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (free, dear) = (shop.product_with("FREE", shop.fields("Free", 0)).await, shop.stocked("DEAR", 9).await);
    shop.adjust(free.id, Change::To(9)).await.expect("stock");
    shop.save(coupon("ALL", Discount::Percent { basis_points: 10_000 }, None, None)).await;
    let buyer = shop.customer("buyer").await;
    for wish in [order(buyer, [pieces(free.id, 2)]), with(order(buyer, [pieces(dear.id, 2)]), "ALL")] {
        let placement = shop.quoted(wish, &cause()).await;
        let placed = shop.store.place_order(placement.clone(), &cause()).await.expect("an order");
        assert_placed(&shop, &placement, &placed).await;
        assert_eq!((placed.value.status, placed.value.expires_at()), (OrderStatus::Paid, None));
        let staff = shop.staff;
        let cancel = move |order: &Order, cause: &Cause| order.cancel(staff, cause);
        let cancelled = shop.step(placed.value.id, &cause(), cancel).await.expect("a cancellation");
        assert_eq!(cancelled.status, OrderStatus::Cancelled);
    }
}

/// Checks that nothing is left of orders that were refused but their stock of before.
async fn assert_nothing_left(shop: &Shop, products: &[ProductId], buyer: CustomerId, events: usize) {
    for id in products {
        assert_eq!(shop.stock(*id).await.reserved, 0);
        shop.assert_ledger_balances(*id).await;
    }
    assert!(shop.orders(buyer).await.is_empty());
    assert_eq!(outbox(&shop.store).await.len(), events);
    assert_eq!(shop.uses("SPRING").await, 0);
}

/// Whatever moved between quote and order is told at once: prices, agreed to or not, and shortages. Nothing is reserved.
pub async fn what_moved_since_the_quote_is_told_together(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    shop.save(tenth("SPRING", Some(1), None)).await;
    let mut products = Vec::new();
    for code in ["AGREED", "ANY", "BOTH", "SHORT", "CURRENCY", "SAME"] {
        products.push(shop.stocked(code, 5).await);
    }
    let buyer = shop.customer("buyer").await;
    let mut lines: Vec<_> = products.iter().map(|product| pieces(product.id, 2)).collect();
    lines[0].agreed_price = Some(gbp(100));
    let placement = shop.quoted(with(order(buyer, lines), "SPRING"), &cause()).await;
    for (n, price) in [(0, gbp(99)), (1, gbp(101)), (2, gbp(9)), (4, money(100, "EUR"))] {
        let fields = ProductFields { price, ..shop.fields("Moved", 1) };
        shop.store.update_product(products[n].id, None, fields, &cause()).await.expect("a change");
    }
    for (n, left) in [(2, 1), (3, 0)] {
        shop.adjust(products[n].id, Change::To(left)).await.expect("stock");
    }
    let events = outbox(&shop.store).await.len();
    let refused = shop.store.place_order(placement, &cause()).await;
    let Err(Error::OfferChanged { mut shortages, mut price_changes }) = refused else { panic!("{refused:?}") };
    let change = |n: usize, price: Money| {
        let (product_id, sku) = (products[n].id, products[n].sku.clone());
        PriceChange { product_id, sku, agreed: gbp(100), price }
    };
    let mut expected = [change(0, gbp(99)), change(1, gbp(101)), change(2, gbp(9)), change(4, money(100, "EUR"))];
    price_changes.sort_by_key(|change| change.product_id);
    expected.sort_by_key(|change| change.product_id);
    assert_eq!(price_changes, expected);
    shortages.sort_by_key(|shortage| shortage.product_id);
    let told: Vec<_> = shortages.iter().map(|s| (s.product_id, s.sku.clone(), s.requested, s.available)).collect();
    let mut expected =
        [(2, 1), (3, 0)].map(|(n, left): (usize, i64)| (products[n].id, products[n].sku.clone(), 2, left));
    expected.sort_by_key(|(id, ..)| *id);
    assert_eq!(told, expected);
    assert_nothing_left(&shop, &ids(&products), buyer, events).await;
}

fn ids(products: &[Product]) -> Vec<ProductId> {
    products.iter().map(|product| product.id).collect()
}

/// A quote of products that are gone, or never were, becomes no order; each of them is told.
pub async fn a_quote_of_what_is_gone_becomes_no_order(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    shop.save(tenth("SPRING", Some(1), None)).await;
    let (here, a, b) = (shop.stocked("HERE", 5).await, shop.stocked("A", 5).await, shop.stocked("B", 5).await);
    let (buyer, all) = (shop.customer("buyer").await, [here.id, a.id, b.id]);
    let wish = with(order(buyer, all.map(|id| pieces(id, 1))), "SPRING");
    let placement = shop.quoted(wish.clone(), &cause()).await;
    for gone in [a.id, b.id] {
        shop.store.discontinue_product(gone, &cause()).await.expect("a discontinuation");
    }
    let events = outbox(&shop.store).await.len();
    let refused = shop.store.place_order(placement, &cause()).await;
    let Err(Error::DiscontinuedProducts(mut told)) = refused else { panic!("{refused:?}") };
    told.sort();
    let mut expected = [a.id, b.id];
    expected.sort();
    assert_eq!(told, expected);

    let made_up: Vec<_> = ["X", "Y"].map(|code| Product::new(sku(code), shop.fields(code, 1), cause().at)).into();
    let mut lines: Vec<_> = made_up.iter().map(|product| pieces(product.id, 1)).collect();
    lines.push(pieces(here.id, 1));
    let offers = made_up.iter().cloned().chain([here]).map(|product| {
        let (product_id, sku, updated_at) = (product.id, product.sku.clone(), product.updated_at);
        (product, StockLevel { product_id, sku, on_hand: 9, reserved: 0, available: 9, version: 1, updated_at })
    });
    let terms = Terms { products: offers.collect(), coupon: shop.terms(&wish).await.coupon, ..Terms::default() };
    let quote = Quote::new(with(order(buyer, lines), "SPRING"), &terms, cause().at).expect("a quote");
    let refused = shop.store.place_order(Placement::new(quote, cause().at, WINDOW), &cause()).await;
    let Err(Error::UnknownProducts(mut told)) = refused else { panic!("{refused:?}") };
    let mut expected = ids(&made_up);
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    assert_nothing_left(&shop, &all, buyer, events).await;
}

/// Nobody who is unknown or was forgotten since the quote places an order.
pub async fn a_quote_of_nobody_becomes_no_order(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    shop.save(tenth("SPRING", Some(1), None)).await;
    let (product, buyer) = (shop.stocked("A1", 5).await.id, shop.customer("buyer").await);
    let wish = |buyer| with(order(buyer, [pieces(product, 1)]), "SPRING");
    let placement = shop.quoted(wish(buyer), &cause()).await;
    let unknown = shop.quoted(wish(CustomerId::new()), &cause()).await;
    shop.store.erase_customer(buyer, &cause()).await.expect("an erasure");
    let events = outbox(&shop.store).await.len();
    for placement in [placement, unknown] {
        assert_not_found(shop.store.place_order(placement, &cause()).await, "customer");
    }
    assert_nothing_left(&shop, &[product], buyer, events).await;
}

/// A claimed quote is placed once, whatever is quoted and refused under its key at the same time and later.
pub async fn a_claimed_quote_is_placed_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (product, buyer) = (shop.stocked("A1", 9).await.id, shop.customer("buyer").await);
    let mut placements = Vec::new();
    for number in 1..=8 {
        placements.push(shop.quoted(order(buyer, [pieces(product, number)]), &cause()).await);
    }
    let place = |placement: &Placement| {
        let (store, placement) = (shop.store.clone(), placement.clone());
        async move { store.place_order(placement, &claimed("scope", "key", 1)).await }
    };
    let results: Vec<Committed<Order>> =
        at_once(placements.iter().map(place)).await.into_iter().map(|result| result.expect("an order")).collect();
    let orders = shop.orders(buyer).await;
    let [kept] = orders.as_slice() else { panic!("one order: {orders:?}") };
    assert!(results.iter().all(|result| result.value == *kept));
    assert_eq!(results.iter().filter(|result| result.replayed.is_none()).count(), 1);
    let reused = shop.store.place_order(placements[0].clone(), &claimed("scope", "key", 2)).await;
    assert_refused(reused, "key_reused");
    assert_eq!(shop.stock(product).await.reserved, i64::from(kept.lines[0].quantity));
}
