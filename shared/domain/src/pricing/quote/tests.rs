use super::*;
use crate::order::samples::{gbp, product, wish};
use crate::{Address, CountryCode, ShippingBasis, ShippingTier};
use proptest::prelude::*;

fn address() -> Address {
    Address {
        recipient: "Ada".parse().expect("a name"),
        line1: "1 Road".parse().expect("a line"),
        line2: None,
        city: "London".parse().expect("a line"),
        postal_code: None,
        country: CountryCode::parse("GB").expect("a country"),
    }
}

fn percent(basis_points: u32) -> Coupon {
    let (minimum_order, valid_from, valid_until, max_uses, max_uses_per_customer) = (None, None, None, None, None);
    let discount = Discount::Percent { basis_points };
    Coupon { discount, minimum_order, valid_from, valid_until, max_uses, max_uses_per_customer }
}

fn post(basis: ShippingBasis, tiers: &[(i64, i64)]) -> (MethodCode, ShippingMethod) {
    let tiers =
        tiers.iter().map(|(from, price_minor)| ShippingTier { from: *from, price_minor: *price_minor }).collect();
    let currency = "GBP".parse().expect("a currency");
    let method =
        ShippingMethod { name: "Post".parse().expect("a name"), countries: Vec::new(), currency, basis, tiers };
    ("post".parse().expect("a code"), method)
}

fn minor(totals: &OrderTotals) -> [i64; 6] {
    [&totals.goods, &totals.discount, &totals.shipping, &totals.shipping_tax, &totals.tax, &totals.grand_total]
        .map(|money| money.amount_minor())
}

fn code(result: Result<Quote>) -> &'static str {
    match result {
        Err(Error::Conflict { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

/// The wish with something changed.
fn with(new: &NewOrder, change: impl FnOnce(&mut NewOrder)) -> NewOrder {
    let mut new = new.clone();
    change(&mut new);
    new
}

/// Two lamps at 10.00 and a bulb at 0.99, sent by post for 3.99 with 10 % off.
fn terms() -> (Terms, NewOrder) {
    let terms = Terms {
        products: vec![product("LAMP", 1000, 700), product("BULB", 99, 50)],
        shipping_methods: vec![post(ShippingBasis::Weight, &[(0, 399), (2000, 799)])],
        tax: None,
        coupon: Some((percent(1000), CouponUse::default())),
    };
    let new = with(&wish(&terms, &[2, 1]), |new| {
        new.shipping_address = Some(address());
        new.shipping_method = Some("post".parse().expect("a code"));
        new.coupon = Some("TEN".parse().expect("a code"));
    });
    (terms, new)
}

#[test]
fn a_tax_is_added_to_goods_and_shipping_or_is_in_them() {
    let (terms, new) = terms();
    let taxed = |tax| Quote::new(new.clone(), &Terms { tax, ..terms.clone() }, crate::now()).expect("a quote");
    assert_eq!(minor(&taxed(None).totals), [2099, 210, 399, 0, 0, 2288]);
    let added = taxed(Some(TaxRate { basis_points: 2000, is_included: false }));
    assert_eq!(minor(&added.totals), [2099, 210, 399, 80, 458, 2746]);
    let included = taxed(Some(TaxRate { basis_points: 2000, is_included: true }));
    assert_eq!(minor(&included.totals), [2099, 210, 399, 66, 381, 2288]);
}

#[test]
fn shipping_goes_by_weight_or_by_what_is_left_after_discounts() {
    let (terms, new) = terms();
    let heavy =
        Terms { shipping_methods: vec![post(ShippingBasis::Weight, &[(0, 399), (1450, 799)])], ..terms.clone() };
    assert_eq!(Quote::new(new.clone(), &heavy, crate::now()).expect("a quote").totals.shipping, gbp(799));
    let methods =
        |from| Terms { shipping_methods: vec![post(ShippingBasis::Price, &[(0, 399), (from, 0)])], ..terms.clone() };
    assert_eq!(Quote::new(new.clone(), &methods(1890), crate::now()).expect("a quote").totals.shipping, gbp(399));
    assert_eq!(Quote::new(new, &methods(1889), crate::now()).expect("a quote").totals.shipping, gbp(0));
}

#[test]
fn goods_that_are_sent_need_a_way_where_the_shop_has_one() {
    let (terms, new) = terms();
    let quote = |new: NewOrder, terms: &Terms| Quote::new(new, terms, crate::now());
    assert_eq!(code(quote(with(&new, |new| new.shipping_method = None), &terms)), "shipping_method_required");
    assert_eq!(code(quote(with(&new, |new| new.shipping_address = None), &terms)), "shipping_method_unavailable");
    let other = with(&new, |new| new.shipping_method = Some("other".parse().expect("a code")));
    assert_eq!(code(quote(other, &terms)), "shipping_method_unavailable");
    let none = Terms { shipping_methods: Vec::new(), ..terms.clone() };
    assert!(quote(with(&new, |new| new.shipping_method = None), &none).is_ok());
    let neither = with(&new, |new| (new.shipping_method, new.shipping_address) = (None, None));
    assert_eq!(quote(neither, &terms).expect("a quote").totals.shipping, gbp(0));
}

#[test]
fn a_coupon_takes_shipping_off_or_is_refused() {
    let (terms, new) = terms();
    let using = |coupon| Quote::new(new.clone(), &Terms { coupon, ..terms.clone() }, crate::now());
    let free = Coupon { discount: Discount::FreeShipping, ..percent(1) };
    let quote = using(Some((free, CouponUse::default()))).expect("a quote");
    assert_eq!(minor(&quote.totals), [2099, 0, 0, 0, 0, 2099]);
    assert_eq!(code(using(None)), "coupon_invalid");
    let used = Coupon { max_uses: Some(1), ..percent(1000) };
    assert_eq!(code(using(Some((used, CouponUse { total: 1, by_customer: 0 })))), "coupon_used_up");
}

#[test]
fn a_total_that_the_buyer_did_not_agree_to_refuses_the_order() {
    let (terms, new) = terms();
    let agreed = |minor| Quote::new(with(&new, |new| new.agreed_total = Some(gbp(minor))), &terms, crate::now());
    assert!(agreed(2288).is_ok());
    assert!(matches!(agreed(2287), Err(Error::TotalChanged { total }) if total == gbp(2288)));
}

#[test]
fn all_that_the_wish_meets_is_told_at_once() {
    let (mut terms, _) = terms();
    let new = wish(&terms, &[2, 1]);
    terms.products[0].1.available = 1;
    let lines = new.lines().iter().map(|line| NewOrderLine { agreed_price: Some(gbp(1)), ..line.clone() });
    let new = NewOrder::new(new.customer_id, lines.collect::<Vec<_>>(), None).expect("a wish");
    match Quote::new(new.clone(), &terms, crate::now()) {
        Err(Error::OfferChanged { shortages, price_changes }) => {
            assert_eq!((shortages.len(), price_changes.len()), (1, 2))
        }
        other => panic!("{other:?}"),
    }
    terms.products[1].0.status = ProductStatus::Discontinued;
    assert!(
        matches!(Quote::new(new.clone(), &terms, crate::now()), Err(Error::DiscontinuedProducts(ids)) if ids.len() == 1)
    );
    terms.products.remove(0);
    assert!(matches!(Quote::new(new, &terms, crate::now()), Err(Error::UnknownProducts(ids)) if ids.len() == 1));
}

proptest! {
    #[test]
    fn totals_always_add_up(
        lines in prop::collection::vec((1u32..50, 0i64..100_000), 1..12),
        off in 0u32..=10_000, rate in 0u32..=10_000, is_included: bool, shipping in 0i64..10_000,
    ) {
        let products = lines.iter().enumerate().map(|(index, (_, minor))| product(&format!("P{index}"), *minor, 1));
        let terms = Terms {
            products: products.collect(),
            shipping_methods: vec![post(ShippingBasis::Flat, &[(0, shipping)])],
            tax: Some(TaxRate { basis_points: rate, is_included }),
            coupon: Some((percent(off.max(1)), CouponUse::default())),
        };
        let pieces: Vec<u32> = lines.iter().map(|(pieces, _)| *pieces).collect();
        let new = with(&wish(&terms, &pieces), |new| {
            new.shipping_address = Some(address());
            new.shipping_method = Some("post".parse().expect("a code"));
            new.coupon = (off > 0).then(|| "OFF".parse().expect("a code"));
        });
        let quote = Quote::new(new, &terms, crate::now()).expect("a quote");
        let sum = |part: fn(&OrderLine) -> &Money| quote.lines.iter().map(|line| part(&line.line).amount_minor()).sum::<i64>();
        let totals = &quote.totals;
        prop_assert_eq!(sum(|line| &line.line_total), totals.goods.amount_minor());
        prop_assert_eq!(sum(|line| &line.discount), totals.discount.amount_minor());
        // The tax of the parts is the tax of the whole.
        let taxed = totals.goods.amount_minor() - totals.discount.amount_minor() + totals.shipping.amount_minor();
        prop_assert_eq!(sum(|line| &line.tax) + totals.shipping_tax.amount_minor(), totals.tax.amount_minor());
        prop_assert_eq!(quote.tax.of(taxed), totals.tax.amount_minor());
        // What the buyer pays is the sum of what the parts cost.
        let shipping_tax = if is_included { 0 } else { totals.shipping_tax.amount_minor() };
        prop_assert_eq!(sum(|line| &line.total) + totals.shipping.amount_minor() + shipping_tax, totals.grand_total.amount_minor());
    }
}
