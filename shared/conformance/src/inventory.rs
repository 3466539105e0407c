//! Stock and its ledger.

use crate::shop::{
    Shop, assert_not_found, assert_refused, assert_stale, at_once, cause, limit, order, outbox, pieces, reason, seed,
    winners,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use souk_domain::ports::Store;
use souk_domain::{
    Cause, Change, CustomerId, EventData, MovementKind, NewOrderLine, Order, OrderId, ProductId, from_micros,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A correction by a difference and one to a counted number change the stock and are told in one event each.
pub async fn stock_is_corrected_by_a_difference_or_to_a_number(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.product("A1").await;
    let steps = [(Change::By(7), 7), (Change::By(-3), 4), (Change::To(20), 20), (Change::To(0), 0)];
    for (version, (change, expected)) in (2..).zip(steps) {
        let cause = Cause { at: from_micros(1_700_000_000_123_456 + version), ..cause() };
        let done = shop.store.adjust_stock(shop.adjustment(product.id, change), None, &cause).await.expect("stock");
        let stock = done.value;
        assert_eq!((stock.on_hand, stock.reserved, stock.available, stock.version), (expected, 0, expected, version));
        assert_eq!((stock.product_id, &stock.sku, stock.updated_at), (product.id, &product.sku, cause.at));
        assert_eq!(shop.stock(product.id).await, stock);
        let [event] = done.events.as_slice() else { panic!("one event: {:?}", done.events) };
        let EventData::InventoryChanged(told) = &event.data else { panic!("{event:?}") };
        assert_eq!((told.product_id, &told.sku, told.on_hand), (product.id, &product.sku, expected));
        assert_eq!((told.reserved, told.available, event.version), (0, expected, version));
    }
}

/// There is no stock of an unknown product, and no ledger.
pub async fn an_unknown_product_has_no_stock(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let nothing = ProductId::new();
    assert_not_found(shop.store.stock(nothing).await, "product");
    assert_not_found(shop.store.movements(nothing, limit(1), None).await, "product");
    assert_not_found(shop.adjust(nothing, Change::By(1)).await, "product");
}

/// A correction on the ground of another version than the present one is refused and leaves no trace.
pub async fn a_correction_of_another_version_is_stale(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.product("A1").await.id;
    let adjust =
        async |expected, change| shop.store.adjust_stock(shop.adjustment(id, change), Some(expected), &cause()).await;
    adjust(1, Change::To(5)).await.expect("the present version");
    assert_stale(adjust(1, Change::To(9)).await, 2);
    assert_stale(adjust(3, Change::To(9)).await, 2);
    assert_eq!((shop.stock(id).await.on_hand, shop.ledger(id).await.len()), (5, 1));
}

/// An order makes a new version of the stock, which a correction of the old one notices.
pub async fn an_order_makes_a_correction_stale(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 5).await;
    let seen = shop.stock(product.id).await.version;
    let buyer = shop.customer("buyer").await;
    shop.place(order(buyer, [pieces(product.id, 1)])).await.expect("an order");
    let late = shop.store.adjust_stock(shop.adjustment(product.id, Change::To(5)), Some(seen), &cause()).await;
    assert_stale(late, seen + 1);
}

/// Stock stays between what orders hold and a billion; a refused correction leaves no trace.
pub async fn stock_out_of_range_is_refused(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 10).await;
    let buyer = shop.customer("buyer").await;
    shop.place(order(buyer, [pieces(product.id, 4)])).await.expect("an order");
    let (before, events) = (shop.stock(product.id).await, outbox(&shop.store).await.len());
    let refused = [
        Change::By(-7),
        Change::To(3),
        Change::To(0),
        Change::To(-1),
        Change::By(i64::MIN),
        Change::By(i64::MAX),
        Change::To(i64::MIN),
        Change::To(i64::MAX),
        Change::To(1_000_000_001),
        Change::By(999_999_991),
    ];
    for change in refused {
        assert_refused(shop.adjust(product.id, change).await, "stock_out_of_range");
    }
    assert_eq!(shop.stock(product.id).await, before);
    assert_eq!((shop.ledger(product.id).await.len(), outbox(&shop.store).await.len()), (2, events));
    for (change, expected) in
        [(Change::To(4), 4), (Change::By(999_999_996), 1_000_000_000), (Change::By(-999_999_996), 4)]
    {
        assert_eq!(shop.adjust(product.id, change).await.expect("at the limit").value.on_hand, expected);
    }
    shop.assert_ledger_balances(product.id).await;
}

/// Corrections by a difference at once all count.
pub async fn corrections_at_once_all_count(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.product("A1").await.id;
    let adjust = |n: i64| {
        let shop = shop.clone();
        async move { shop.adjust(id, Change::By(n)).await.expect("stock").value.version }
    };
    let mut versions = at_once((1..=40).map(adjust)).await;
    versions.sort_unstable();
    assert_eq!(versions, (2..=41).collect::<Vec<_>>());
    assert_eq!(shop.stock(id).await.on_hand, 820);
    shop.assert_ledger_balances(id).await;
}

/// Of several corrections of one version at once, one succeeds and the others are stale.
pub async fn one_of_several_corrections_of_a_version_succeeds(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.product("A1").await.id;
    let adjust = |n: i64| {
        let shop = shop.clone();
        async move { shop.store.adjust_stock(shop.adjustment(id, Change::To(n)), Some(1), &cause()).await }
    };
    let results = at_once((1..=12).map(adjust)).await;
    assert_eq!(winners(&results, "stale"), 1);
    shop.assert_ledger_balances(id).await;
}

/// The last pieces go once when several take them away at once.
pub async fn pieces_are_taken_away_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.stocked("A1", 10).await.id;
    let take = |_| {
        let shop = shop.clone();
        async move { shop.adjust(id, Change::By(-3)).await }
    };
    assert_eq!(winners(&at_once((0..12).map(take)).await, "stock_out_of_range"), 3);
    assert_eq!(shop.stock(id).await.on_hand, 1);
}

/// The ledger tells of each movement why, when, by which order and what it made.
pub async fn the_ledger_tells_of_each_movement(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.product("A1").await;
    assert!(shop.ledger(product.id).await.is_empty());
    let text = "😀".repeat(200);
    let adjustment = souk_domain::Adjustment { reason: reason(&text), ..shop.adjustment(product.id, Change::By(9)) };
    let moments: Vec<_> = (0..3).map(|n| Cause { at: from_micros(1_700_000_000_123_457 + n), ..cause() }).collect();
    shop.store.adjust_stock(adjustment, None, &moments[0]).await.expect("stock");
    let new = order(shop.customer("buyer").await, [pieces(product.id, 2)]);
    let placed = shop.buy(new, &moments[1]).await.expect("an order").value;
    let cancel = move |order: &Order, cause: &Cause| order.cancel(shop.staff, cause);
    shop.change_as(placed.id, None, &moments[2], cancel).await.expect("a cancellation");
    let [released, held, adjusted] = shop.ledger(product.id).await.try_into().expect("three movements");
    assert_eq!((adjusted.kind, adjusted.on_hand_change, adjusted.reserved_change), (MovementKind::Adjusted, 9, 0));
    assert_eq!((adjusted.reason, adjusted.order_id, adjusted.version), (Some(reason(&text)), None, 2));
    assert_eq!((held.kind, held.on_hand_change, held.reserved_change), (MovementKind::Placed, 0, 2));
    assert_eq!((held.reason, held.order_id, held.version), (None, Some(placed.id), 3));
    assert_eq!((released.kind, released.on_hand_change, released.reserved_change), (MovementKind::Released, 0, -2));
    assert_eq!((released.order_id, released.version), (Some(placed.id), 4));
    assert_eq!([adjusted.at, held.at, released.at].to_vec(), moments.iter().map(|c| c.at).collect::<Vec<_>>());
    assert!(adjusted.id != held.id && held.id != released.id);
}

/// The ledger is walked newest first, each movement once, while new ones come between the pages.
pub async fn the_ledger_is_walked_newest_first(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (id, other) = (shop.product("A1").await.id, shop.stocked("B1", 3).await.id);
    for n in 1..=8 {
        shop.adjust(id, Change::By(n)).await.expect("stock");
    }
    let (mut seen, mut after, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let page = shop.store.movements(id, limit(3), after).await.expect("a page");
        sizes.push(page.items.len());
        seen.extend(page.items.into_iter().map(|movement| movement.on_hand_change));
        assert!(seen.len() <= 1000, "the pages have no end");
        shop.adjust(id, Change::By(100)).await.expect("stock");
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((seen, sizes), ((1..=8).rev().collect(), vec![3, 3, 2]));
    assert_eq!(shop.ledger(other).await.len(), 1);
}

/// What the stock of the products must be, and the orders that hold pieces.
#[derive(Default)]
struct Model {
    stock: BTreeMap<ProductId, (i64, i64)>,
    open: Vec<(OrderId, Vec<NewOrderLine>)>,
}

impl Model {
    fn fits(&self, lines: &[NewOrderLine]) -> bool {
        lines.iter().all(|line| {
            let (on_hand, reserved) = self.stock[&line.product_id];
            reserved + i64::from(line.quantity) <= on_hand
        })
    }

    fn hold(&mut self, lines: &[NewOrderLine], sign: i64) {
        for line in lines {
            if let Some((_, reserved)) = self.stock.get_mut(&line.product_id) {
                *reserved += sign * i64::from(line.quantity);
            }
        }
    }

    async fn adjust(&mut self, shop: &Shop, random: &mut StdRng) {
        let (id, (on_hand, reserved)) = self.some_product(random);
        let change = if random.random() {
            Change::By(random.random_range(-8..12))
        } else {
            Change::To(random.random_range(-1..15))
        };
        let expected = change.apply(on_hand, reserved);
        match (shop.adjust(id, change).await, expected) {
            (Ok(done), Some(expected)) => assert_eq!(done.value.on_hand, expected),
            (refused, None) => assert_refused(refused, "stock_out_of_range"),
            (Err(error), Some(_)) => panic!("{change:?} on {on_hand}/{reserved}: {error:?}"),
        }
        self.stock.insert(id, (expected.unwrap_or(on_hand), reserved));
    }

    fn some_product(&self, random: &mut StdRng) -> (ProductId, (i64, i64)) {
        let number = random.random_range(0..self.stock.len());
        self.stock.iter().nth(number).map(|(id, levels)| (*id, *levels)).expect("a product")
    }

    async fn place(&mut self, shop: &Shop, buyer: CustomerId, random: &mut StdRng) {
        let lines =
            (0..random.random_range(1..4)).map(|_| pieces(self.some_product(random).0, random.random_range(1..6)));
        let new = order(buyer, lines.collect::<Vec<_>>());
        let (lines, fits) = (new.lines().to_vec(), self.fits(new.lines()));
        match shop.place(new).await {
            Ok(placed) => {
                assert!(fits, "an order that does not fit was placed");
                self.hold(&lines, 1);
                self.open.push((placed.value.id, lines));
            }
            refused => {
                assert!(!fits, "an order that fits was refused");
                assert_refused(refused, "offer_changed");
            }
        }
    }

    async fn cancel(&mut self, shop: &Shop, random: &mut StdRng) {
        if self.open.is_empty() {
            return;
        }
        let (id, lines) = self.open.swap_remove(random.random_range(0..self.open.len()));
        shop.cancel(id).await.expect("a cancellation");
        self.hold(&lines, -1);
    }
}

/// After any sequence of corrections, orders and cancellations the stock is what it must be, and the ledger sums to it.
pub async fn the_ledger_sums_to_the_stock_after_anything(store: Arc<dyn Store>) {
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let shop = Shop::open(store).await;
    let buyer = shop.customer("buyer").await;
    let mut model = Model::default();
    for n in 0..4 {
        model.stock.insert(shop.product(&format!("R{n}")).await.id, (0, 0));
    }
    for _ in 0..250 {
        match random.random_range(0..10) {
            0..4 => model.adjust(&shop, &mut random).await,
            4..8 => model.place(&shop, buyer, &mut random).await,
            _ => model.cancel(&shop, &mut random).await,
        }
    }
    for (id, levels) in &model.stock {
        let stock = shop.stock(*id).await;
        assert_eq!((stock.on_hand, stock.reserved), *levels);
        shop.assert_ledger_balances(*id).await;
    }
    let open = shop.orders(buyer).await.into_iter().filter(|o| o.ended.is_none()).count();
    assert_eq!(open, model.open.len());
}

/// Buys, cancels and corrects at random; refusals for want of stock are part of it.
async fn trade(shop: Shop, buyer: CustomerId, products: Vec<ProductId>, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut open = Vec::new();
    for _ in 0..25 {
        let some = products[random.random_range(0..products.len())];
        let other = products[random.random_range(0..products.len())];
        match random.random_range(0..10) {
            0..3 => {
                let done = shop.adjust(some, Change::By(random.random_range(-3..6))).await;
                winners(&[done], "stock_out_of_range");
            }
            3..8 => {
                let lines = [pieces(some, random.random_range(1..4)), pieces(other, random.random_range(1..4))];
                let done = shop.place(order(buyer, lines)).await;
                winners(std::slice::from_ref(&done), "offer_changed");
                open.extend(done.ok().map(|placed| placed.value.id));
            }
            _ => {
                if let Some(id) = open.pop() {
                    shop.cancel(id).await.expect("a cancellation");
                }
            }
        }
    }
}

/// The ledger sums to the stock, and the stock to what orders hold, after many did everything at once.
pub async fn the_ledger_sums_to_the_stock_after_many_at_once(store: Arc<dyn Store>) {
    let seed = seed();
    let shop = Shop::open(store).await;
    let (mut products, mut buyers) = (Vec::new(), Vec::new());
    for n in 0..3 {
        products.push(shop.stocked(&format!("R{n}"), 20).await.id);
    }
    for n in 0..8_u64 {
        buyers.push((n, shop.customer(&format!("buyer{n}")).await));
    }
    let start = |(n, buyer): &(u64, CustomerId)| trade(shop.clone(), *buyer, products.clone(), seed.wrapping_add(*n));
    at_once(buyers.iter().map(start)).await;
    let mut held: BTreeMap<ProductId, i64> = BTreeMap::new();
    for (_, buyer) in &buyers {
        let orders = shop.orders(*buyer).await;
        for line in orders.iter().filter(|o| o.ended.is_none()).flat_map(|o| &o.lines) {
            *held.entry(line.product_id).or_default() += i64::from(line.quantity);
        }
    }
    for id in products {
        shop.assert_ledger_balances(id).await;
        assert_eq!(shop.stock(id).await.reserved, held.get(&id).copied().unwrap_or(0));
    }
}
