//! The shop's rules of what an order costs.

use crate::rules::{coupon, method, tax, tenth, with};
use crate::shop::{Shop, assert_refused, at_once, cause, claimed, gbp, money, order, outbox, pieces};
use chrono::Duration;
use souk_domain::ports::Store;
use souk_domain::{Coupon, Discount, PricingRule, RuleKind, ShippingBasis, from_micros};
use std::sync::Arc;

/// The rules of a kind, as a store tells them.
async fn rules(store: &Arc<dyn Store>, kind: RuleKind) -> Vec<PricingRule> {
    store.rules(kind).await.expect("rules").into_iter().map(|(rule, _)| rule).collect()
}

/// Rules come back as they were saved, by kind and in the order of their names; none is told of another kind.
pub async fn rules_come_back_in_the_order_of_their_names(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let far = from_micros(4_000_000_000_123_457);
    let full = Coupon {
        discount: Discount::Amount { amount: money(9_007_199_254_740_991, "JPY") },
        minimum_order: Some(money(1, "JPY")),
        valid_from: Some(far),
        valid_until: Some(far + Duration::microseconds(1)),
        max_uses: Some(u32::MAX),
        max_uses_per_customer: Some(1),
    };
    let tiers: Vec<_> = (0..50).map(|n| (n * 1_000_000_000, 9_007_199_254_740_991 - n)).collect();
    let longest = "x".repeat(40);
    let taxes = [tax("*", 0, false), tax("FR", 10_000, true), tax("GB", 2000, true)];
    let methods = [
        method("-", ShippingBasis::Flat, &[], &[(0, 0)]),
        method("1-day", ShippingBasis::Price, &["GB", "FR"], &[(0, 399), (5000, 0)]),
        method("a", ShippingBasis::Weight, &["DE"], &tiers),
        method(&longest, ShippingBasis::Flat, &[], &[(0, 1)]),
    ];
    let coupons = [
        tenth("A-1", None, Some(3)),
        PricingRule::Coupon { code: "A1-".parse().expect("a code"), rule: full },
        coupon("A10", Discount::FreeShipping, Some(1), None),
        tenth(&longest.to_uppercase(), None, None),
    ];
    for kind in [RuleKind::TaxRate, RuleKind::ShippingMethod, RuleKind::Coupon] {
        assert!(shop.store.rules(kind).await.expect("rules").is_empty());
    }
    for rule in taxes.iter().rev().chain(methods.iter().rev()).chain(coupons.iter().rev()) {
        shop.save(rule.clone()).await;
    }
    assert_eq!(rules(&shop.store, RuleKind::TaxRate).await, taxes);
    assert_eq!(rules(&shop.store, RuleKind::ShippingMethod).await, methods);
    let kept = shop.store.rules(RuleKind::Coupon).await.expect("coupons");
    assert_eq!(kept, coupons.map(|coupon| (coupon, 0)));
    assert!(outbox(&shop.store).await.is_empty());
}

/// A rule takes the place of the one of its name; how often a coupon was used stays.
pub async fn a_rule_replaces_the_one_of_its_name(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 9).await.id;
    for rule in [tax("GB", 2000, true), tax("*", 500, false), tax("GB", 1750, false)] {
        shop.save(rule).await;
    }
    assert_eq!(rules(&shop.store, RuleKind::TaxRate).await, [tax("*", 500, false), tax("GB", 1750, false)]);
    shop.save(tenth("SPRING", Some(2), None)).await;
    for number in 1..=2 {
        let buyer = shop.customer(&format!("buyer{number}")).await;
        shop.place(with(order(buyer, [pieces(product, 1)]), "SPRING")).await.expect("an order");
        let amount = coupon("SPRING", Discount::Amount { amount: gbp(7) }, None, Some(1));
        for replacement in [amount, tenth("SPRING", Some(2), None)] {
            shop.save(replacement.clone()).await;
            let kept = shop.store.rules(RuleKind::Coupon).await.expect("coupons");
            assert_eq!(kept, [(replacement, number)]);
        }
    }
    let late = shop.place(with(order(shop.customer("late").await, [pieces(product, 1)]), "SPRING")).await;
    assert_refused(late, "coupon_used_up");
}

/// A removed rule is gone; removing it again, or one that never was, changes nothing. Others of its name stay.
pub async fn a_removed_rule_is_gone(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (way, other) = (method("gb-1", ShippingBasis::Flat, &[], &[(0, 1)]), tenth("GB-12", None, None));
    for rule in [tenth("GB-1", None, None), other.clone(), way.clone()] {
        shop.save(rule).await;
    }
    for _ in 0..2 {
        shop.remove(RuleKind::Coupon, "GB-1").await;
    }
    for (kind, code) in [(RuleKind::ShippingMethod, "GB-1"), (RuleKind::Coupon, "gb-12"), (RuleKind::TaxRate, "GB")] {
        shop.remove(kind, code).await;
    }
    assert_eq!(rules(&shop.store, RuleKind::Coupon).await, [other]);
    assert_eq!(rules(&shop.store, RuleKind::ShippingMethod).await, [way]);
}

/// A claimed rule is saved and removed once: a repetition brings nothing back and takes nothing away.
pub async fn a_claimed_rule_is_saved_and_removed_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (first, second) = (tenth("SPRING", None, None), tenth("SPRING", Some(1), None));
    let save = claimed("scope", "save", 1);
    shop.store.save_rule(first.clone(), &save).await.expect("a rule");
    shop.save(second.clone()).await;
    let again = shop.store.save_rule(first.clone(), &claimed("scope", "save", 1)).await.expect("a repetition");
    assert_eq!((again.value, again.replayed), (first.clone(), Some(save.request_id)));
    assert_refused(shop.store.save_rule(first.clone(), &claimed("scope", "save", 2)).await, "key_reused");
    assert_eq!(rules(&shop.store, RuleKind::Coupon).await, [second]);
    let remove = claimed("scope", "remove", 1);
    shop.store.remove_rule(RuleKind::Coupon, "SPRING", &remove).await.expect("a removal");
    shop.save(first.clone()).await;
    let again = shop.store.remove_rule(RuleKind::Coupon, "SPRING", &claimed("scope", "remove", 1)).await;
    assert_eq!(again.expect("a repetition").replayed, Some(remove.request_id));
    let reused = shop.store.remove_rule(RuleKind::Coupon, "SPRING", &claimed("scope", "remove", 2)).await;
    assert_refused(reused, "key_reused");
    assert_eq!(rules(&shop.store, RuleKind::Coupon).await, [first]);
}

/// Rules that are saved and removed at once leave each name at most once, as somebody saved it.
pub async fn rules_saved_at_once_leave_each_name_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let save = |n: u32| {
        let store = shop.store.clone();
        async move {
            let rule = tenth(&format!("CODE-{}", n % 3), Some(n + 1), None);
            store.save_rule(rule, &cause()).await.map(drop).expect("a rule");
            let removed = store.remove_rule(RuleKind::Coupon, "CODE-9", &cause()).await;
            removed.map(drop).expect("nothing to do");
        }
    };
    at_once((0..24).map(save)).await;
    let kept = rules(&shop.store, RuleKind::Coupon).await;
    assert_eq!(kept.iter().map(PricingRule::code).collect::<Vec<_>>(), ["CODE-0", "CODE-1", "CODE-2"]);
    for (number, rule) in (0..).zip(kept) {
        let max_uses = rule.limits().0.expect("a limit");
        assert_eq!((max_uses - 1) % 3, number);
        assert_eq!(rule, tenth(&format!("CODE-{number}"), Some(max_uses), None));
    }
}
