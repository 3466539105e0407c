//! The products of the catalog: single products, lists, imports.

use crate::shop::{
    ENDLESS, Shop, assert_not_found, assert_refused, assert_stale, at_once, category, cause, claimed, description, gbp,
    limit, money, order, outbox, pieces, product_name, row, shelf, sku, winners,
};
use souk_domain::ports::Store;
use souk_domain::{
    CategoryId, Cause, Change, EventData, ImportOutcome, ImportRow, Money, Product, ProductCursor, ProductFields,
    ProductFilter, ProductId, ProductQuery, ProductSort, ProductStatus, SearchQuery, StockedProduct, from_micros,
    sort_key,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

const SORTS: [ProductSort; 5] = [
    ProductSort::Name,
    ProductSort::NameDescending,
    ProductSort::Price,
    ProductSort::PriceDescending,
    ProductSort::Newest,
];

fn searching(text: &str) -> ProductFilter {
    ProductFilter { search: Some(SearchQuery::parse(text).expect("a search")), ..Default::default() }
}

/// One page; checks that it is full unless it is the last.
async fn page(shop: &Shop, query: ProductQuery) -> (Vec<StockedProduct>, Option<ProductCursor>) {
    let limit = query.limit.get();
    let page = shop.store.products(query).await.expect("a list").page;
    assert!(page.items.len() <= limit && (page.next.is_none() || page.items.len() == limit));
    assert!(page.next.as_ref().is_none_or(ProductCursor::is_coherent));
    (page.items, page.next)
}

/// Every product that the query finds, page by page.
async fn walk(shop: &Shop, query: &ProductQuery) -> Vec<StockedProduct> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let (items, next) = page(shop, ProductQuery { after, ..query.clone() }).await;
        found.extend(items);
        assert!(found.len() <= ENDLESS, "the pages have no end");
        after = next;
        if after.is_none() {
            return found;
        }
    }
}

/// The SKUs that the filter finds, in alphabetical order.
async fn found(shop: &Shop, filter: ProductFilter) -> Vec<String> {
    let products = walk(shop, &ProductQuery { filter, limit: limit(3), ..Default::default() }).await;
    let mut skus: Vec<_> = products.into_iter().map(|stocked| stocked.product.sku.to_string()).collect();
    skus.sort();
    skus
}

/// What a sort answers for products that were made in this order: ties by age, a descending sort is the ascending one
/// backwards.
fn sorted(made: &[Product], sort: ProductSort) -> Vec<ProductId> {
    let mut products: Vec<_> = made.iter().collect();
    match sort {
        ProductSort::Name | ProductSort::NameDescending => products.sort_by_key(|p| sort_key(p.name.as_str())),
        ProductSort::Price | ProductSort::PriceDescending => products.sort_by_key(|p| p.price.amount_minor()),
        ProductSort::Newest => {}
    }
    if !matches!(sort, ProductSort::Name | ProductSort::Price) {
        products.reverse();
    }
    products.into_iter().map(|p| p.id).collect()
}

/// Products with ties in name and price, and names that a collation would order otherwise than their bytes.
async fn assortment(shop: &Shop) -> Vec<Product> {
    let names = [
        ("Zebra", 300),
        ("apple", 100),
        ("Äpfel", 200),
        ("APPLE", 100),
        ("apple", 300),
        ("éclair", 0),
        ("Eagle", 100),
        ("_low", 200),
        ("-dash", 100),
        ("10", 500),
        ("9", 500),
        ("😀", 100),
        ("\u{FFFD}", 100),
        ("灯", Money::MAX_MINOR),
        ("Straße", 7),
        ("Strassf", 7),
        ("co-op", 7),
        ("coop", 7),
    ];
    let mut made = Vec::new();
    for (number, (name, minor)) in names.into_iter().enumerate() {
        made.push(shop.product_with(&format!("P-{number}"), shop.fields(name, minor)).await);
    }
    made
}

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
    let fields = ProductFields { name, description: text, category_id: other, price: money(5, "EUR") };
    let cause = Cause { at: from_micros(4_000_000_000_123_457), ..cause() };
    let changed = shop.store.update_product(old.id, Some(1), fields.clone(), &cause).await.expect("a change");
    let new = changed.value;
    assert_eq!((new.id, &new.sku, new.created_at, new.status), (old.id, &old.sku, old.created_at, old.status));
    assert_eq!((new.version, new.updated_at, new.category_id), (2, cause.at, other));
    assert_eq!((&new.name, &new.description, &new.price), (&fields.name, &fields.description, &fields.price));
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

/// Each sort, walked in pages of three, gives every product once and in order, with its stock.
pub async fn every_sort_gives_every_product_once_and_in_order(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let made = assortment(&shop).await;
    shop.adjust(made[0].id, Change::To(4)).await.expect("stock");
    for sort in SORTS {
        let walked = walk(&shop, &ProductQuery { sort, limit: limit(3), ..Default::default() }).await;
        let ids: Vec<_> = walked.iter().map(|stocked| stocked.product.id).collect();
        let names: Vec<_> = walked.iter().map(|stocked| stocked.product.name.as_str()).collect();
        assert_eq!(ids, sorted(&made, sort), "{sort:?}: {names:?}");
        for stocked in walked {
            let original = made.iter().find(|product| product.id == stocked.product.id);
            assert_eq!(Some(&stocked.product), original);
            assert_eq!(stocked.available, if stocked.product.id == made[0].id { 4 } else { 0 });
        }
    }
}

/// A list ends without another page, whether the last page is full or not; an empty list has none.
pub async fn a_list_ends_without_another_page(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    for sort in SORTS {
        let list = shop.store.products(ProductQuery { sort, ..Default::default() }).await.expect("a list");
        assert!(list.page.items.is_empty() && list.page.next.is_none() && list.facets.is_none());
    }
    for number in 0..6 {
        shop.product(&format!("A{number}")).await;
    }
    for (size, pages) in [(2, 3), (4, 2), (5, 2), (6, 1), (7, 1)] {
        let (mut seen, mut after) = (0, None);
        loop {
            after = page(&shop, ProductQuery { limit: limit(size), after, ..Default::default() }).await.1;
            seen += 1;
            if after.is_none() || seen > pages {
                break;
            }
        }
        assert_eq!(seen, pages, "pages of {size}");
    }
}

/// Whoever walks a list sees each product that was there exactly once, while new ones come between the pages.
pub async fn new_products_between_pages_disturb_no_walk(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let made = assortment(&shop).await;
    for (round, sort) in SORTS.into_iter().enumerate() {
        let (mut seen, mut after, mut pages): (Vec<ProductId>, _, _) = (Vec::new(), None, 0);
        loop {
            let (items, next) = page(&shop, ProductQuery { sort, limit: limit(3), after, ..Default::default() }).await;
            seen.extend(items.iter().map(|stocked| stocked.product.id));
            assert!(seen.len() <= 1000, "the pages have no end");
            pages += 1;
            // They sort before, among and behind what was there. Not for ever, or the walk would have no end.
            for (name, minor) in [("!", 0), ("apple", 100), ("zz", Money::MAX_MINOR)].into_iter().filter(|_| pages < 5)
            {
                shop.product_with(&format!("N{round}-{pages}-{minor}"), shop.fields(name, minor)).await;
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len(), "{sort:?}: a product came twice");
        seen.retain(|id| made.iter().any(|product| product.id == *id));
        assert_eq!(seen, sorted(&made, sort), "{sort:?}");
    }
}

/// Whoever walks a list sees each product that was there exactly once, while others create all the time.
pub async fn new_products_at_the_same_time_disturb_no_walk(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let made = assortment(&shop).await;
    let busy = shop.clone();
    let creating = tokio::spawn(async move {
        for number in 0..60 {
            let name = ["!", "apple", "zz"][number % 3];
            busy.product_with(&format!("N{number}"), busy.fields(name, 100 * (number as i64 % 4))).await;
        }
    });
    for sort in SORTS {
        let walked = walk(&shop, &ProductQuery { sort, limit: limit(3), ..Default::default() }).await;
        let mut ids: Vec<_> = walked.iter().map(|stocked| stocked.product.id).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{sort:?}: a product came twice");
        ids.retain(|id| made.iter().any(|product| product.id == *id));
        assert_eq!(ids, sorted(&made, sort), "{sort:?}");
    }
    creating.await.expect("the new products");
}

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
