//! What a store says to a wish before anything is decided.

use crate::rules::{coupon, method, tax, tenth, with};
use crate::sales::{country, to};
use crate::shop::{Shop, address, assert_refused, cause, claimed, gbp, order, outbox, pieces};
use souk_domain::ports::{Offer, Store};
use souk_domain::{
    Address, CouponUse, Discount, PricingRule, ProductId, ProductStatus, RuleKind, ShippingBasis, TaxRate,
};
use std::sync::Arc;

/// Terms tell each product of a wish with its stock, also when it is no longer sold; unknown ones are missing.
pub async fn terms_tell_the_products_of_a_wish_and_their_stock(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (a, gone, none) = (shop.stocked("A1", 5).await, shop.stocked("GONE", 3).await, shop.product("NONE").await);
    shop.product("OTHER").await;
    let buyer = shop.customer("buyer").await;
    shop.place(order(buyer, [pieces(a.id, 2)])).await.expect("an order");
    shop.store.discontinue_product(gone.id, &cause()).await.expect("a discontinuation");
    let lines = [a.id, gone.id, ProductId::new(), none.id].map(|id| pieces(id, 9));
    let mut found = shop.terms(&order(buyer, lines)).await.products;
    let mut expected = Vec::new();
    for id in [a.id, gone.id, none.id] {
        expected.push(shop.store.product(id).await.expect("a product"));
    }
    found.sort_by_key(|(product, _)| product.id);
    expected.sort_by_key(|(product, _)| product.id);
    assert_eq!(found, expected);
    let statuses: Vec<_> =
        found.iter().filter(|(p, _)| p.status == ProductStatus::Discontinued).map(|(p, _)| p.id).collect();
    assert_eq!(statuses, [gone.id]);
    assert!(shop.terms(&order(buyer, [pieces(ProductId::new(), 1)])).await.products.is_empty());
}

/// Terms tell every way to send an order, wherever it goes.
pub async fn terms_tell_every_shipping_method(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 5).await.id;
    let wish = order(shop.customer("buyer").await, [pieces(product, 1)]);
    assert!(shop.terms(&wish).await.shipping_methods.is_empty());
    let tiers = [(0, 399), (1000, 599), (5000, 0)];
    let rules = [
        method("abroad", ShippingBasis::Weight, &["FR", "DE"], &tiers),
        method("everywhere", ShippingBasis::Flat, &[], &[(0, 999)]),
        method("home", ShippingBasis::Price, &["GB"], &tiers),
    ];
    for rule in &rules {
        shop.save(rule.clone()).await;
    }
    shop.save(tax("GB", 2000, true)).await;
    shop.save(tenth("HOME", None, None)).await;
    for wish in [wish.clone(), to(wish, address("Ada", true))] {
        let told = shop.terms(&wish).await.shipping_methods;
        let mut told: Vec<_> =
            told.into_iter().map(|(code, rule)| PricingRule::ShippingMethod { code, rule }).collect();
        told.sort_by_key(PricingRule::code);
        assert_eq!(told, rules);
    }
}

/// Terms tell the tax of the country that the order goes to, or else of everywhere; of everywhere for what is not sent.
pub async fn terms_tell_the_tax_where_the_order_goes(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 5).await.id;
    let wish = order(shop.customer("buyer").await, [pieces(product, 1)]);
    let sent = |code: &str| to(wish.clone(), Address { country: country(code), ..address("Ada", true) });
    let told = async |here: Option<u32>, abroad: Option<u32>, unsent: Option<u32>| {
        for (wish, expected) in [(sent("GB"), here), (sent("FR"), abroad), (wish.clone(), unsent)] {
            let rate = expected.map(|basis_points| TaxRate { basis_points, is_included: basis_points > 1000 });
            assert_eq!(shop.terms(&wish).await.tax, rate, "{wish:?}");
        }
    };
    told(None, None, None).await;
    shop.save(tax("GB", 2000, true)).await;
    told(Some(2000), None, None).await;
    shop.save(tax("*", 500, false)).await;
    told(Some(2000), Some(500), Some(500)).await;
    shop.save(tax("GB", 0, false)).await;
    told(Some(0), Some(500), Some(500)).await;
    shop.remove(RuleKind::TaxRate, "GB").await;
    told(Some(500), Some(500), Some(500)).await;
    shop.remove(RuleKind::TaxRate, "*").await;
    told(None, None, None).await;
}

/// Terms tell the coupon of a wish and how many orders of everybody and of this customer use it.
pub async fn terms_tell_the_coupon_and_how_often_it_was_used(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 9).await.id;
    let (ada, bob) = (shop.customer("ada").await, shop.customer("bob").await);
    let wish = |buyer, code| with(order(buyer, [pieces(product, 1)]), code);
    let spring = coupon("SPRING-10", Discount::Amount { amount: gbp(5) }, Some(7), Some(3));
    shop.save(spring.clone()).await;
    shop.save(tenth("OTHER", None, None)).await;
    let told = async |buyer| shop.terms(&wish(buyer, "spring-10")).await.coupon.expect("a coupon");
    let PricingRule::Coupon { rule, .. } = spring else { panic!("{spring:?}") };
    for (buyer, code) in [(ada, "SPRING-10"), (bob, "SPRING-10"), (ada, "SPRING-10"), (bob, "OTHER")] {
        shop.place(wish(buyer, code)).await.expect("an order");
    }
    assert_eq!(told(ada).await, (rule.clone(), CouponUse { total: 3, by_customer: 2 }));
    assert_eq!(told(bob).await, (rule.clone(), CouponUse { total: 3, by_customer: 1 }));
    assert_eq!(told(shop.staff).await, (rule, CouponUse { total: 3, by_customer: 0 }));
    assert_eq!(shop.terms(&wish(ada, "UNKNOWN")).await.coupon, None);
    assert_eq!(shop.terms(&order(ada, [pieces(product, 1)])).await.coupon, None);
    shop.remove(RuleKind::Coupon, "SPRING-10").await;
    assert_eq!(shop.terms(&wish(ada, "SPRING-10")).await.coupon, None);
}

/// A wish that was granted before is told as made, whatever became of the order and of the shop since.
pub async fn a_wish_that_was_granted_before_is_told_as_made(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 2).await.id;
    let wish = order(shop.customer("buyer").await, [pieces(product, 2)]);
    let claim = claimed("scope", "key", 1);
    let first = shop.buy(wish.clone(), &claim).await.expect("an order").value;
    shop.cancel(first.id).await.expect("a cancellation");
    shop.store.discontinue_product(product, &cause()).await.expect("a discontinuation");
    let offer = shop.store.terms(&wish, &claimed("scope", "key", 1)).await.expect("an offer");
    let Offer::Made(made) = offer else { panic!("{offer:?}") };
    assert_eq!((made.value, made.replayed), (first, Some(claim.request_id)));
    assert!(made.events.is_empty());
    assert_refused(shop.store.terms(&wish, &claimed("scope", "key", 2)).await, "key_reused");
    for other in [claimed("scope", "other", 1), claimed("other", "key", 1), cause()] {
        let offer = shop.store.terms(&wish, &other).await.expect("an offer");
        assert!(matches!(offer, Offer::Terms(_)), "{offer:?}");
    }
}

/// Who asks for terms leaves nothing: no event, no stock, and no key that would be known.
pub async fn asking_for_terms_leaves_nothing(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 2).await.id;
    shop.save(tenth("SPRING", Some(1), None)).await;
    let wish = with(order(shop.customer("buyer").await, [pieces(product, 2)]), "SPRING");
    let (stock, events) = (shop.stock(product).await, outbox(&shop.store).await.len());
    for fingerprint in [1, 2, 1] {
        let offer = shop.store.terms(&wish, &claimed("scope", "key", fingerprint)).await.expect("an offer");
        assert!(matches!(offer, Offer::Terms(_)), "{offer:?}");
    }
    assert_eq!((shop.stock(product).await, outbox(&shop.store).await.len()), (stock, events));
    assert_eq!(shop.uses("SPRING").await, 0);
}

/// Who asks while a wish is being granted is told the terms of before, or what was made: never that what the wish itself took is gone.
pub async fn what_a_wish_took_is_not_told_without_the_wish(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let mut products = Vec::new();
    for n in 0..12 {
        products.push(shop.stocked(&format!("P{n}"), 1).await.id);
    }
    shop.save(tenth("SPRING", Some(1), None)).await;
    let wish = with(order(shop.customer("buyer").await, products.iter().map(|id| pieces(*id, 1))), "SPRING");
    for round in 0..10 {
        let key = format!("key-{round}");
        let ask = |_| {
            let (shop, wish, key) = (shop.clone(), wish.clone(), key.clone());
            async move {
                for _ in 0..10_000 {
                    match shop.store.terms(&wish, &claimed("scope", &key, 1)).await.expect("an offer") {
                        Offer::Made(made) => return made.value.id,
                        Offer::Terms(terms) => {
                            assert!(terms.products.iter().all(|(_, stock)| stock.available == 1), "{terms:?}");
                            assert_eq!(terms.coupon.expect("a coupon").1.total, 0);
                        }
                    }
                }
                panic!("the wish is never granted");
            }
        };
        let asking: Vec<_> = (0..3).map(|n| tokio::spawn(ask(n))).collect();
        let placed = shop.buy(wish.clone(), &claimed("scope", &key, 1)).await.expect("an order").value;
        for asked in asking {
            assert_eq!(asked.await.expect("an answer"), placed.id);
        }
        shop.cancel(placed.id).await.expect("a cancellation");
    }
}
