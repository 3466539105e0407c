//! The products of the catalog, one by one.

use crate::listing::{SORTS, found, searching, walk};
use crate::shop::{
    Shop, assert_not_found, assert_refused, assert_stale, at_once, category, cause, description, gbp, grams, limit,
    money, order, outbox, pieces, product_name, row, sku, winners,
};
use souk_domain::ports::Store;
use souk_domain::{
    CategoryId, Cause, EventData, ImportOutcome, Money, ProductFields, ProductFilter, ProductId, ProductQuery,
    ProductStatus, from_micros,
};
use std::collections::HashSet;
use std::sync::Arc;

/// A new product is on sale at version 1 with empty stock, reads back as answered and is told in one event.
pub async fn a_new_product_reads_back_as_answered(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let cause = Cause { at: from_micros(1_700_000_000_123_457), ..cause() };
    let made = shop.store.create_product(sku("a-1/x_2.b"), shop.fields("Lamp", 1299), &cause).await.expect("a product");
    let product = made.value;
    assert_eq!((product.sku.as_str(), product.version, product.status), ("A-1/X_2.B", 1, ProductStatus::Active));
    assert_eq!((product.created_at, product.updated_at), (cause.at, cause.at));
    assert_eq!((product.category_id, &product.price), (shop.category, &gbp(1299)));
    let (read, stock) = shop.store.product(product.id).await.expect("a product");
    assert_eq!(read, product);
    assert_eq!((stock.product_id, &stock.sku), (product.id, &product.sku));
    assert_eq!((stock.on_hand, stock.reserved, stock.available, stock.version), (0, 0, 0, 1));
    assert_eq!(stock, shop.stock(product.id).await);
    let [event] = made.events.as_slice() else { panic!("one event: {:?}", made.events) };
    assert_eq!(event.data, EventData::ProductCreated((&product).into()));
    assert_eq!((event.version, event.time), (1, cause.at));
    assert_eq!(outbox(&shop.store).await, made.events);
}

/// A product that does not exist is not found, nor changed, nor discontinued.
pub async fn an_unknown_product_is_not_found(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let nothing = ProductId::new();
    assert_not_found(shop.store.product(nothing).await, "product");
    assert_not_found(shop.store.update_product(nothing, None, shop.fields("A", 1), &cause()).await, "product");
    assert_not_found(shop.store.discontinue_product(nothing, &cause()).await, "product");
}

/// Several products come with their stock, each once, also when they are no longer sold; unknown ones are left out.
pub async fn several_products_are_read_by_their_ids(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (a, gone) = (shop.stocked("A1", 5).await, shop.stocked("GONE", 3).await);
    shop.product("OTHER").await;
    shop.place(order(shop.customer("buyer").await, [pieces(a.id, 2)])).await.expect("an order");
    shop.store.discontinue_product(gone.id, &cause()).await.expect("a discontinuation");
    let asked = [ProductId::new(), gone.id, a.id, ProductId::new(), a.id];
    let mut found = shop.store.products_by_id(&asked).await.expect("products");
    let mut expected = Vec::new();
    for id in [a.id, gone.id] {
        expected.push(shop.store.product(id).await.expect("a product"));
    }
    found.sort_by_key(|(product, _)| product.id);
    expected.sort_by_key(|(product, _)| product.id);
    assert_eq!(found, expected);
    assert!(shop.store.products_by_id(&[]).await.expect("products").is_empty());
    assert!(shop.store.products_by_id(&[ProductId::new()]).await.expect("products").is_empty());
}

/// As many products as a cart holds are read at once.
pub async fn two_hundred_products_are_read_at_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let rows = (0..250).map(|n| row(&format!("P{n}"), "Lampe é 😀", "Things", n)).collect();
    let imported = shop.store.import_products(rows, &cause()).await.expect("an import").value;
    let ids = imported.into_iter().map(|outcome| match outcome {
        ImportOutcome::Created(id) => id,
        other => panic!("{other:?}"),
    });
    let ids: Vec<_> = ids.take(200).collect();
    let found = shop.store.products_by_id(&ids).await.expect("products");
    let distinct: HashSet<_> = found.iter().map(|(product, _)| product.id).collect();
    assert_eq!((found.len(), distinct), (200, ids.into_iter().collect()));
    assert!(found.iter().all(|(product, stock)| product.id == stock.product_id && product.sku == stock.sku));
}

/// The category must exist, for a new product and for one that moves.
pub async fn the_category_of_a_product_must_exist(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let nowhere = ProductFields { category_id: CategoryId::new(), ..shop.fields("Lamp", 1) };
    let refused = shop.store.create_product(sku("A1"), nowhere.clone(), &cause()).await;
    assert_refused(refused, "unknown_category");
    let product = shop.product("A1").await;
    let refused = shop.store.update_product(product.id, None, nowhere, &cause()).await;
    assert_refused(refused, "unknown_category");
    assert_eq!(shop.store.product(product.id).await.expect("a product").0, product);
}

/// A SKU names one product, whatever its case, also when that one is discontinued.
pub async fn a_sku_is_taken_whatever_its_case(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.product("abc-1").await;
    for same in ["abc-1", "ABC-1", "aBc-1"] {
        let refused = shop.store.create_product(sku(same), shop.fields("Other", 1), &cause()).await;
        assert_refused(refused, "sku_taken");
    }
    shop.store.discontinue_product(product.id, &cause()).await.expect("a discontinuation");
    assert_refused(shop.store.create_product(sku("ABC-1"), shop.fields("Other", 1), &cause()).await, "sku_taken");
    shop.product("ABC_1").await;
}

/// A SKU that several want at once goes to one of them, and one event tells of it.
pub async fn a_sku_that_several_want_at_once_goes_to_one(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let create = |n: i32| {
        let shop = shop.clone();
        let fields = shop.fields(&format!("Lamp {n}"), 1);
        async move { shop.store.create_product(sku("A1"), fields, &cause()).await }
    };
    assert_eq!(winners(&at_once((0..12).map(create)).await, "sku_taken"), 1);
    assert_eq!(outbox(&shop.store).await.len(), 1);
    assert_eq!(found(&shop, ProductFilter::default()).await, ["A1"]);
}

/// A change makes the next version with the new values; SKU, age and stock stay. One event tells of it.
pub async fn a_change_of_a_product_makes_a_new_version(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let old = shop.stocked("A1", 5).await;
    let other = category(&shop.store, "Other", None).await;
    let (name, text) = (product_name("Neu"), description("two\nlines"));
    let fields =
        ProductFields { name, description: text, category_id: other, price: money(5, "EUR"), weight_grams: grams(750) };
    let cause = Cause { at: from_micros(4_000_000_000_123_457), ..cause() };
    let changed = shop.store.update_product(old.id, Some(1), fields.clone(), &cause).await.expect("a change");
    let new = changed.value;
    assert_eq!((new.id, &new.sku, new.created_at, new.status), (old.id, &old.sku, old.created_at, old.status));
    assert_eq!((new.version, new.updated_at, new.category_id), (2, cause.at, other));
    assert_eq!((&new.name, &new.description, &new.price), (&fields.name, &fields.description, &fields.price));
    assert_eq!(new.weight_grams, fields.weight_grams);
    let (read, stock) = shop.store.product(old.id).await.expect("a product");
    assert_eq!((read, stock.on_hand), (new.clone(), 5));
    let [event] = changed.events.as_slice() else { panic!("one event: {:?}", changed.events) };
    assert_eq!(event.data, EventData::ProductUpdated((&new).into()));
    assert_eq!(event.version, 2);
}

/// A change on the ground of another version than the present one is refused and changes nothing.
pub async fn a_change_of_another_version_of_a_product_is_stale(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.product("A1").await.id;
    shop.store.update_product(id, Some(1), shop.fields("B", 1), &cause()).await.expect("a change");
    for expected in [1, 3] {
        let refused = shop.store.update_product(id, Some(expected), shop.fields("C", 1), &cause()).await;
        assert_stale(refused, 2);
    }
    assert_eq!(shop.store.product(id).await.expect("a product").0.name.as_str(), "B");
    assert_eq!(outbox(&shop.store).await.len(), 2, "one for the creation, one for the change");
}

/// Of several changes of one version at once, one succeeds and the others are stale.
pub async fn one_of_several_changes_of_a_product_at_once_succeeds(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.product("A1").await.id;
    let change = |n: i32| {
        let shop = shop.clone();
        let fields = shop.fields(&format!("B{n}"), 1);
        async move { shop.store.update_product(id, Some(1), fields, &cause()).await }
    };
    assert_eq!(winners(&at_once((0..8).map(change)).await, "stale"), 1);
    assert_eq!(shop.store.product(id).await.expect("a product").0.version, 2);
}

/// Changes of any version at once all succeed, each with a version of its own.
pub async fn changes_of_any_version_at_once_all_succeed(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.product("A1").await.id;
    let change = |n: i32| {
        let shop = shop.clone();
        let fields = shop.fields(&format!("B{n}"), 1);
        async move { shop.store.update_product(id, None, fields, &cause()).await.expect("a change").value.version }
    };
    let mut versions = at_once((0..12).map(change)).await;
    versions.sort_unstable();
    assert_eq!(versions, (2..14).collect::<Vec<_>>());
}

/// A discontinued product is kept and read, but no longer changed.
pub async fn a_discontinued_product_is_not_changed(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.product("A1").await.id;
    let gone = shop.store.discontinue_product(id, &cause()).await.expect("a discontinuation").value;
    for expected in [None, Some(gone.version)] {
        let refused = shop.store.update_product(id, expected, shop.fields("B", 1), &cause()).await;
        assert_refused(refused, "product_discontinued");
    }
    assert_eq!(shop.store.product(id).await.expect("a product").0, gone);
}

/// Discontinuing makes a version and an event once; again it changes nothing and makes no event.
pub async fn a_product_is_discontinued_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let old = shop.product("A1").await;
    let first = shop.store.discontinue_product(old.id, &cause()).await.expect("a discontinuation");
    assert_eq!((first.value.status, first.value.version), (ProductStatus::Discontinued, 2));
    let [event] = first.events.as_slice() else { panic!("one event: {:?}", first.events) };
    assert_eq!(event.data, EventData::ProductUpdated((&first.value).into()));
    let again = shop.store.discontinue_product(old.id, &cause()).await.expect("a repetition");
    assert_eq!(again.value, first.value);
    assert!(again.events.is_empty());
    assert_eq!(shop.store.product(old.id).await.expect("a product").0, first.value);
    assert_eq!(outbox(&shop.store).await.len(), 2);
}

/// Discontinuing several times at once changes the product once.
pub async fn a_product_is_discontinued_once_by_several_at_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.product("A1").await.id;
    let discontinue = |_| {
        let store = shop.store.clone();
        async move { store.discontinue_product(id, &cause()).await.expect("a discontinuation") }
    };
    let results = at_once((0..12).map(discontinue)).await;
    assert!(results.iter().all(|result| result.value.version == 2));
    assert_eq!(results.iter().filter(|result| !result.events.is_empty()).count(), 1);
}

/// Any text that the domain takes comes back as it was: accents, composed or not, supplementary characters, emoji.
pub async fn texts_come_back_as_they_were(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let texts = [
        "Crème brûlée",
        "cre\u{300}me",
        "𠮷野家 灯",
        "👩‍👩‍👧‍👦 🇬🇧 😀",
        "a 'quoted' \"text\" %_[x]; -- ?1",
        "שלום عالم",
        "ﬁn № ½",
    ];
    for (number, text) in texts.into_iter().enumerate() {
        let fields = ProductFields { description: description(&format!("{text}\n\t{text}")), ..shop.fields(text, 1) };
        let made = shop.product_with(&format!("T{number}"), fields).await;
        assert_eq!(made.name.as_str(), text);
        assert_eq!(shop.store.product(made.id).await.expect("a product").0, made);
        let categories = category(&shop.store, text, None).await;
        assert_eq!(shop.store.category(categories).await.expect("a category").name.as_str(), text);
    }
    let events = outbox(&shop.store).await;
    let names = events.into_iter().filter_map(|event| match event.data {
        EventData::ProductCreated(product) => Some(product.name.to_string()),
        _ => None,
    });
    assert_eq!(names.collect::<Vec<_>>(), texts);
}

/// The longest texts of the domain are kept and listed, whatever their fold grows to.
pub async fn the_longest_texts_are_kept(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    // The second one folds to eighteen characters, the most that any does.
    for (code, character) in [("A", "😀"), ("B", "\u{FDFA}"), ("C", "𠮷")] {
        let text = description(&character.repeat(4000));
        let fields = ProductFields { description: text, ..shop.fields(&character.repeat(200), 1) };
        let made = shop.product_with(&code.repeat(64), fields).await;
        assert_eq!(shop.store.product(made.id).await.expect("a product").0, made);
    }
    for sort in SORTS {
        let query = ProductQuery { sort, limit: limit(1), ..Default::default() };
        assert_eq!(walk(&shop, &query).await.len(), 3, "{sort:?}");
    }
}

/// The smallest and the largest price come back exactly, in any currency, also from a list.
pub async fn prices_at_the_limits_come_back_exactly(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let prices = [gbp(0), gbp(1), gbp(Money::MAX_MINOR - 1), gbp(Money::MAX_MINOR), money(Money::MAX_MINOR, "JPY")];
    for (number, price) in prices.into_iter().enumerate() {
        let fields = ProductFields { price: price.clone(), ..shop.fields("Thing", 1) };
        let made = shop.product_with(&format!("M{number}"), fields).await;
        assert_eq!(shop.store.product(made.id).await.expect("a product").0.price, price);
    }
    let filter = ProductFilter { min_price: Some(Money::MAX_MINOR), max_price: Some(i64::MAX), ..Default::default() };
    assert_eq!(found(&shop, filter).await, ["M3", "M4"]);
}

/// A weight comes back exactly, also from lists, and changes like any other value; what nobody weighed weighs nothing.
pub async fn a_weight_comes_back_as_it_was(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    assert_eq!(shop.product("UNWEIGHED").await.weight_grams, grams(0));
    let mut products = Vec::new();
    for (number, weight) in [1, 250, 1_000_000].into_iter().enumerate() {
        let fields = ProductFields { weight_grams: grams(weight), ..shop.fields("Lamp", 1) };
        let made = shop.product_with(&format!("W{number}"), fields.clone()).await;
        assert_eq!(made.weight_grams, grams(weight));
        assert_eq!(shop.store.product(made.id).await.expect("a product").0, made);
        let heavier = ProductFields { weight_grams: grams(weight - 1), ..fields };
        let changed = shop.store.update_product(made.id, Some(1), heavier, &cause()).await.expect("a change").value;
        assert_eq!((changed.weight_grams, changed.version), (grams(weight - 1), 2));
        assert_eq!(shop.store.product(made.id).await.expect("a product").0, changed);
        products.push(changed);
    }
    let listed = walk(&shop, &ProductQuery { filter: searching("lamp"), ..Default::default() }).await;
    assert_eq!(listed.into_iter().map(|stocked| stocked.product).collect::<Vec<_>>(), products);
    let ids: Vec<_> = products.iter().map(|product| product.id).collect();
    let mut read: Vec<_> = shop.store.products_by_id(&ids).await.expect("products").into_iter().map(|p| p.0).collect();
    read.sort_by_key(|product| product.id);
    products.sort_by_key(|product| product.id);
    assert_eq!(read, products);
    let gone = shop.store.discontinue_product(products[1].id, &cause()).await.expect("a discontinuation").value;
    assert_eq!(gone.weight_grams, products[1].weight_grams);
}
