//! What finds products: categories, prices, stock, words.

use crate::listing::{SORTS, found, page, searching, walk};
use crate::shop::{Shop, category, cause, description, limit, order, pieces, row, shelf};
use souk_domain::ports::Store;
use souk_domain::{Change, ProductCursor, ProductFields, ProductFilter, ProductQuery};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// A category finds its own products and those of everything below it, and no others.
pub async fn a_category_finds_what_is_below_it(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let child = category(&shop.store, "Child", Some(shop.category)).await;
    let deep = category(&shop.store, "Deep", Some(child)).await;
    let beside = category(&shop.store, "Beside", None).await;
    for (code, category_id) in [("A", shop.category), ("B", child), ("C", deep), ("D", deep), ("E", beside)] {
        shop.product_with(code, ProductFields { category_id, ..shop.fields("Lamp", 1) }).await;
    }
    let below = |category| ProductFilter { category: Some(category), ..Default::default() };
    assert_eq!(found(&shop, below(shop.category)).await, ["A", "B", "C", "D"]);
    assert_eq!(found(&shop, below(child)).await, ["B", "C", "D"]);
    assert_eq!(found(&shop, below(deep)).await, ["C", "D"]);
    assert_eq!(found(&shop, below(beside)).await, ["E"]);
    shop.store.update_category(deep, None, shelf("Deep", Some(beside)), &cause()).await.expect("a move");
    assert_eq!(found(&shop, below(child)).await, ["B"]);
    assert_eq!(found(&shop, below(beside)).await, ["C", "D", "E"]);
}

/// A price range holds both its ends.
pub async fn a_price_range_holds_both_ends(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    for (code, minor) in [("A", 0), ("B", 100), ("C", 200), ("D", 300)] {
        shop.product_with(code, shop.fields("Lamp", minor)).await;
    }
    let range = |min_price, max_price| ProductFilter { min_price, max_price, ..Default::default() };
    assert_eq!(found(&shop, range(Some(100), Some(200))).await, ["B", "C"]);
    assert_eq!(found(&shop, range(Some(101), None)).await, ["C", "D"]);
    assert_eq!(found(&shop, range(None, Some(99))).await, ["A"]);
    assert_eq!(found(&shop, range(Some(0), Some(0))).await, ["A"]);
    assert!(found(&shop, range(Some(200), Some(100))).await.is_empty());
}

/// Only what can be ordered now is in stock: what orders hold does not count.
pub async fn in_stock_is_what_can_be_ordered_now(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (full, held) = (shop.stocked("FULL", 2).await, shop.stocked("HELD", 2).await);
    shop.product("EMPTY").await;
    let buyer = shop.customer("buyer").await;
    let lines = [pieces(held.id, 2), pieces(full.id, 1)];
    let placed = shop.place(order(buyer, lines)).await.expect("an order").value;
    let in_stock = || ProductFilter { in_stock: true, ..Default::default() };
    assert_eq!(found(&shop, in_stock()).await, ["FULL"]);
    let (items, _) = page(&shop, ProductQuery { filter: in_stock(), ..Default::default() }).await;
    assert_eq!(items[0].available, 1);
    shop.cancel(placed.id).await.expect("a cancellation");
    assert_eq!(found(&shop, in_stock()).await, ["FULL", "HELD"]);
}

/// A discontinued product is in no list.
pub async fn a_discontinued_product_is_not_listed(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (gone, _) = (shop.stocked("GONE", 1).await, shop.stocked("HERE", 1).await);
    shop.store.discontinue_product(gone.id, &cause()).await.expect("a discontinuation");
    let narrow = ProductFilter { category: Some(shop.category), in_stock: true, ..searching("thing") };
    for filter in [ProductFilter::default(), searching("thing"), narrow] {
        for sort in SORTS {
            let query = ProductQuery { filter: filter.clone(), sort, facets: true, ..Default::default() };
            let list = shop.store.products(query).await.expect("a list");
            assert_eq!(list.page.items.len(), 1);
            assert_eq!(list.facets.expect("facets")[0].count, 1);
        }
    }
}

/// A search finds products that hold every word whole and a word that starts with the last one.
pub async fn a_search_finds_all_words_and_the_start_of_the_last(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    for (code, name, text) in [
        ("AB-12", "White hanging heart", "Holds one T-light."),
        ("AB-13", "White metal lantern", "Holds a heart"),
        ("CD-14", "Red hanging lamp", "white shade"),
    ] {
        let fields = ProductFields { description: description(text), ..shop.fields(name, 1) };
        shop.product_with(code, fields).await;
    }
    for (text, expected) in [
        ("white", vec!["AB-12", "AB-13", "CD-14"]),
        ("whi", vec!["AB-12", "AB-13", "CD-14"]),
        ("whi heart", vec![]),
        ("white heart", vec!["AB-12", "AB-13"]),
        ("heart WHITE", vec!["AB-12", "AB-13"]),
        ("hanging white h", vec!["AB-12", "CD-14"]),
        ("hanging white he", vec!["AB-12"]),
        ("white white", vec!["AB-12", "AB-13", "CD-14"]),
        ("ab 1", vec!["AB-12", "AB-13"]),
        ("ab-12", vec!["AB-12"]),
        ("t-light", vec!["AB-12"]),
        ("holds one t light white hanging heart ab 12", vec!["AB-12"]),
        ("lam", vec!["CD-14"]),
        ("eart", vec![]),
        ("purple", vec![]),
    ] {
        assert_eq!(found(&shop, searching(text)).await, expected, "{text}");
    }
}

/// A search knows neither case nor accents, finds words of any script, and no words that merely collate alike.
pub async fn a_search_folds_accents_and_nothing_else(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let long = "x".repeat(45);
    // U+FA0E is a letter that stays as it is and lies behind the surrogates of UTF-16.
    let names =
        [("A", "Café Crème"), ("B", "Straße"), ("C", "Strasse"), ("D", "灯\u{FA0E}"), ("E", "𠮷野 家"), ("F", &long)];
    for (code, name) in names {
        shop.product_with(&format!("SKU{code}"), shop.fields(name, 1)).await;
    }
    for (text, expected) in [
        ("cafe", vec!["SKUA"]),
        ("CAFÉ crè", vec!["SKUA"]),
        ("cafe\u{301} creme", vec!["SKUA"]),
        ("strasse", vec!["SKUC"]),
        ("STRAß", vec!["SKUB"]),
        ("灯", vec!["SKUD"]),
        ("𠮷", vec!["SKUE"]),
        ("家 𠮷野", vec!["SKUE"]),
        (long.as_str(), vec!["SKUF"]),
    ] {
        assert_eq!(found(&shop, searching(text)).await, expected, "{text}");
    }
}

/// A change of a product changes the words that find it, also when a word only moved.
pub async fn a_changed_product_is_found_by_its_new_words(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.product_with("A1", shop.fields("Red lamp", 1)).await;
    shop.store.update_product(product.id, None, shop.fields("Blue lamp", 1), &cause()).await.expect("a change");
    for (text, hits) in [("red", 0), ("blue", 1), ("lamp", 1), ("a1", 1)] {
        assert_eq!(found(&shop, searching(text)).await.len(), hits, "{text}");
    }
    let mut new = row("A1", "Green lamp", "Things", 1);
    new.description = Some(description("shiny"));
    shop.store.import_products(vec![new], &cause()).await.expect("an import");
    for (text, hits) in [("blue", 0), ("green", 1), ("shiny", 1)] {
        assert_eq!(found(&shop, searching(text)).await.len(), hits, "{text}");
    }
}

/// Filters narrow each other, and sorted pages of what they find are whole.
pub async fn filters_narrow_each_other(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let beside = category(&shop.store, "Beside", None).await;
    for number in 0..32_u32 {
        let on = |bit: u32| number & (1 << bit) != 0;
        let category_id = if on(0) { shop.category } else { beside };
        let (name, minor) = (if on(1) { "White lamp" } else { "Red lamp" }, if on(2) { 100 } else { 900 });
        let product =
            shop.product_with(&format!("F{number}"), ProductFields { category_id, ..shop.fields(name, minor) }).await;
        if on(3) {
            shop.adjust(product.id, Change::To(1)).await.expect("stock");
        }
    }
    let filter = ProductFilter {
        category: Some(shop.category),
        max_price: Some(100),
        min_price: Some(1),
        in_stock: true,
        ..searching("lamp whi")
    };
    assert_eq!(found(&shop, filter).await, ["F15", "F31"]);
    for sort in SORTS {
        let query = ProductQuery { filter: searching("red"), sort, limit: limit(3), ..Default::default() };
        let walked = walk(&shop, &query).await;
        let ids: HashSet<_> = walked.iter().map(|stocked| stocked.product.id).collect();
        assert_eq!((walked.len(), ids.len()), (16, 16), "{sort:?}");
    }
}

async fn facets(shop: &Shop, filter: ProductFilter, after: Option<ProductCursor>) -> BTreeMap<String, i64> {
    let query = ProductQuery { filter, limit: limit(1), after, facets: true, ..Default::default() };
    let facets = shop.store.products(query).await.expect("a list").facets.expect("facets");
    let number = facets.len();
    let counts: BTreeMap<_, _> = facets.into_iter().map(|facet| (facet.name.to_string(), facet.count)).collect();
    assert_eq!(counts.len(), number, "each category once");
    counts
}

/// Facets count all matching products by the category they stand in, leaving the category filter and the page aside.
pub async fn facets_count_all_that_matches_by_category(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let child = category(&shop.store, "Child", Some(shop.category)).await;
    category(&shop.store, "Empty", None).await;
    for (code, category_id, minor) in [("A", shop.category, 1), ("B", child, 1), ("C", child, 2), ("D", child, 3)] {
        shop.product_with(code, ProductFields { category_id, ..shop.fields("Lamp", minor) }).await;
    }
    let counts = |pairs: &[(&str, i64)]| pairs.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
    let all: BTreeMap<_, _> = counts(&[("Child", 3), ("Things", 1)]);
    assert_eq!(facets(&shop, ProductFilter::default(), None).await, all);
    let below = ProductFilter { category: Some(child), ..Default::default() };
    assert_eq!(facets(&shop, below.clone(), None).await, all);
    let (_, next) = page(&shop, ProductQuery { limit: limit(1), ..Default::default() }).await;
    assert_eq!(facets(&shop, ProductFilter::default(), next).await, all);
    let dear = ProductFilter { min_price: Some(2), ..below };
    assert_eq!(facets(&shop, dear, None).await, counts(&[("Child", 2)]));
    assert_eq!(facets(&shop, searching("lam"), None).await, all);
    assert!(facets(&shop, searching("nothing"), None).await.is_empty());
}

/// Facets come only when they are asked for, with the ids of their categories.
pub async fn facets_come_when_asked_for(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    shop.product("A1").await;
    assert!(shop.store.products(ProductQuery::default()).await.expect("a list").facets.is_none());
    let query = ProductQuery { facets: true, ..Default::default() };
    let facets = shop.store.products(query).await.expect("a list").facets.expect("facets");
    assert_eq!((facets[0].category_id, facets[0].count), (shop.category, 1));
}
