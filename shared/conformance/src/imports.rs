//! Imports of products.

use crate::listing::{page, walk};
use crate::shop::{Shop, at_once, category, cause, claimed, description, gbp, grams, limit, outbox, row, shelf, sku};
use souk_domain::ports::Store;
use souk_domain::{ImportOutcome, ImportRow, ProductFields, ProductQuery};
use std::collections::HashMap;
use std::sync::Arc;

async fn import(shop: &Shop, rows: Vec<ImportRow>) -> Vec<ImportOutcome> {
    shop.store.import_products(rows, &cause()).await.expect("an import").value
}

fn words(outcomes: &[ImportOutcome]) -> Vec<&'static str> {
    let word = |outcome: &ImportOutcome| match outcome {
        ImportOutcome::Created(_) => "created",
        ImportOutcome::Updated(_) => "updated",
        ImportOutcome::Unchanged(_) => "unchanged",
        ImportOutcome::Refused(error) => crate::shop::code(error),
    };
    outcomes.iter().map(word).collect()
}

/// An import makes, updates, leaves and refuses products row by row, tells it in their order, and with an event for each
/// product that changed.
pub async fn an_import_tells_what_became_of_each_row_in_order(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (same, other) = (shop.product_with("SAME", shop.fields("Same", 1)).await, shop.product("OTHER").await);
    let gone = shop.product("GONE").await;
    shop.store.discontinue_product(gone.id, &cause()).await.expect("a discontinuation");
    let before = outbox(&shop.store).await.len();
    let rows = vec![
        row("gone", "Gone", "Things", 1),
        row("new-1", "New", "Things", 250),
        row("same", "Same", "things", 1),
        row("other", "Renamed", "Things", 300),
        row("new-2", "New", "THÍNGS", 0),
    ];
    let done = shop.store.import_products(rows, &cause()).await.expect("an import");
    assert_eq!(words(&done.value), ["product_discontinued", "created", "unchanged", "updated", "created"]);
    let [_, ImportOutcome::Created(new), ImportOutcome::Unchanged(left), ImportOutcome::Updated(changed), _] =
        done.value.as_slice()
    else {
        panic!("{:?}", done.value)
    };
    assert_eq!((*left, *changed), (same.id, other.id));
    let (product, stock) = shop.store.product(*new).await.expect("a product");
    assert_eq!((product.sku.as_str(), product.version, product.price), ("NEW-1", 1, gbp(250)));
    assert_eq!((product.category_id, stock.on_hand, stock.version), (shop.category, 0, 1));
    let (product, _) = shop.store.product(other.id).await.expect("a product");
    assert_eq!((product.name.as_str(), product.version, product.created_at), ("Renamed", 2, other.created_at));
    assert_eq!(shop.store.product(same.id).await.expect("a product").0, same);
    let mut told: Vec<_> = outbox(&shop.store).await.split_off(before).into_iter().map(|event| event.id).collect();
    let mut expected: Vec<_> = done.events.iter().map(|event| event.id).collect();
    told.sort();
    expected.sort();
    assert_eq!((told.len(), told), (3, expected));
}

/// A repeated import finds everything unchanged and makes no event; no idempotency key is kept for it.
pub async fn a_repeated_import_changes_nothing(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let mut rows: Vec<_> = (0..7).map(|n| row(&format!("I{n}"), "Lamp", &format!("Café {}", n % 3), n)).collect();
    rows[3].description = Some(description("shiny 😀"));
    let cause = claimed("scope", "import", 1);
    shop.store.import_products(rows.clone(), &cause).await.expect("an import");
    let again = shop.store.import_products(rows.clone(), &cause).await.expect("an import");
    assert_eq!(words(&again.value), ["unchanged"; 7]);
    assert!(again.events.is_empty() && again.replayed.is_none());
    assert_eq!(outbox(&shop.store).await.len(), 7);
    shop.store.create_category(shelf("New", None), &claimed("scope", "import", 2)).await.expect("the key is free");
}

/// An absent description is empty for a new product and stays as it is for a known one; an empty one empties it.
pub async fn an_absent_description_stays_as_it_is(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let with = |text: Option<&str>| ImportRow { description: text.map(description), ..row("A1", "Lamp", "Things", 1) };
    let steps =
        [(None, "created", ""), (Some("old"), "updated", "old"), (None, "unchanged", "old"), (Some(""), "updated", "")];
    for (text, outcome, expected) in steps {
        assert_eq!(words(&import(&shop, vec![with(text)]).await), [outcome]);
        let (items, _) = page(&shop, ProductQuery::default()).await;
        assert_eq!(items[0].product.description.as_str(), expected);
    }
}

/// An absent weight is none for a new product and stays as it is for a known one.
pub async fn an_absent_weight_stays_as_it_is(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let with = |weight: Option<i64>| ImportRow { weight_grams: weight.map(grams), ..row("A1", "Lamp", "Things", 1) };
    let steps = [
        (None, "created", 0),
        (Some(1_000_000), "updated", 1_000_000),
        (None, "unchanged", 1_000_000),
        (Some(1_000_000), "unchanged", 1_000_000),
        (Some(0), "updated", 0),
    ];
    for (weight, outcome, expected) in steps {
        assert_eq!(words(&import(&shop, vec![with(weight)]).await), [outcome]);
        let (items, _) = page(&shop, ProductQuery::default()).await;
        assert_eq!(items[0].product.weight_grams, grams(expected));
    }
    import(&shop, vec![ImportRow { weight_grams: Some(grams(7)), ..row("A2", "Lamp", "Things", 1) }]).await;
    let weights = walk(&shop, &ProductQuery::default()).await.into_iter().map(|stocked| stocked.product.weight_grams);
    assert_eq!(weights.max(), Some(grams(7)));
}

/// Rows of one SKU in one import follow each other.
pub async fn rows_of_one_sku_follow_each_other(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let rows = vec![row("a1", "One", "Things", 1), row("A1", "One", "Things", 1), row("A1", "Two", "Things", 1)];
    let outcomes = import(&shop, rows).await;
    assert_eq!(words(&outcomes), ["created", "unchanged", "updated"]);
    let (items, _) = page(&shop, ProductQuery::default()).await;
    assert_eq!((items.len(), items[0].product.name.as_str(), items[0].product.version), (1, "Two", 2));
}

/// An import finds categories at the top by their folded name and makes each that is missing once, at the top.
pub async fn an_import_makes_missing_categories_at_the_top(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let nested = category(&shop.store, "Café", Some(shop.category)).await;
    let rows =
        vec![row("A", "A", "Café", 1), row("B", "B", "CAFE", 1), row("C", "C", "thingS", 1), row("D", "D", "😀", 1)];
    import(&shop, rows).await;
    let categories = shop.store.categories().await.expect("categories");
    let tops: HashMap<_, _> =
        categories.iter().filter(|c| c.parent_id.is_none()).map(|c| (c.name.to_string(), c.id)).collect();
    assert_eq!((categories.len(), tops.len()), (4, 3));
    let products = walk(&shop, &ProductQuery::default()).await;
    let places: Vec<_> = products.iter().map(|stocked| stocked.product.category_id).collect();
    let cafe = tops["Café"];
    assert_eq!(places, [cafe, cafe, shop.category, tops["😀"]]);
    assert_ne!(cafe, nested);
}

/// An import of nothing does nothing.
pub async fn an_import_of_nothing_does_nothing(store: Arc<dyn Store>) {
    let done = store.import_products(Vec::new(), &cause()).await.expect("an import");
    assert!(done.value.is_empty() && done.events.is_empty() && done.replayed.is_none());
}

/// Imports of the same rows at once make each product and category once.
pub async fn imports_at_once_make_each_product_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let start = |reversed: bool| {
        let shop = shop.clone();
        let mut rows: Vec<_> = (0..60).map(|n| row(&format!("I{n}"), "Lamp", &format!("New {}", n % 7), n)).collect();
        if reversed {
            rows.reverse();
        }
        async move { import(&shop, rows).await }
    };
    let outcomes: Vec<_> = at_once([false, true, false, true].map(start)).await.into_iter().flatten().collect();
    let told = words(&outcomes);
    let count = |word: &str| told.iter().filter(|told| **told == word).count();
    assert_eq!((count("created"), count("unchanged")), (60, 180), "{told:?}");
    assert_eq!(shop.store.categories().await.expect("categories").len(), 8);
    assert_eq!(outbox(&shop.store).await.len(), 60);
}

/// Ten thousand rows are one import: all made, all found, and all unchanged when it is repeated.
pub async fn an_import_takes_ten_thousand_rows(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let rows: Vec<_> =
        (0..10_000).map(|n| row(&format!("I{n}"), &format!("Lamp {n} 😀"), &format!("New {}", n % 50), n)).collect();
    let done = shop.store.import_products(rows.clone(), &cause()).await.expect("an import");
    assert_eq!(done.value.len(), 10_000);
    assert!(words(&done.value).iter().all(|word| *word == "created"));
    assert_eq!(done.events.len(), 10_000);
    let query = ProductQuery { facets: true, limit: limit(1), ..Default::default() };
    let facets = shop.store.products(query).await.expect("a list").facets.expect("facets");
    assert_eq!((facets.len(), facets.iter().map(|facet| facet.count).sum::<i64>()), (50, 10_000));
    for n in [0, 4_999, 9_999] {
        let ImportOutcome::Created(id) = done.value[n] else { panic!("{:?}", done.value[n]) };
        assert_eq!(shop.store.product(id).await.expect("a product").0.sku, sku(&format!("I{n}")));
    }
    let again = shop.store.import_products(rows, &cause()).await.expect("an import");
    assert!(words(&again.value).iter().all(|word| *word == "unchanged"));
    assert!(again.events.is_empty());
}

/// An import leaves the weight as it was; what it makes weighs nothing.
pub async fn an_import_leaves_the_weight_as_it_was(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let fields = ProductFields { weight_grams: grams(750), ..shop.fields("Lamp", 1) };
    let product = shop.product_with("A1", fields).await;
    let outcomes = import(&shop, vec![row("A1", "Other", "Things", 2), row("B1", "New", "Things", 1)]).await;
    let [ImportOutcome::Updated(changed), ImportOutcome::Created(made)] = outcomes[..] else { panic!("{outcomes:?}") };
    let (changed, made) = (shop.store.product(changed).await, shop.store.product(made).await);
    let changed = changed.expect("a product").0;
    assert_eq!((changed.id, changed.version, changed.weight_grams), (product.id, 2, grams(750)));
    assert_eq!(made.expect("a product").0.weight_grams, grams(0));
    assert_eq!(words(&import(&shop, vec![row("A1", "Other", "Things", 2)]).await), ["unchanged"]);
}
