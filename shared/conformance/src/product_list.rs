//! Lists of products, in any order, page by page.

use crate::listing::{SORTS, page, walk};
use crate::shop::{Shop, limit};
use souk_domain::ports::Store;
use souk_domain::{Change, Money, Product, ProductId, ProductQuery, ProductSort, sort_key};
use std::collections::HashSet;
use std::sync::Arc;

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
