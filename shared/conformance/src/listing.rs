//! Lists of products, walked.

use crate::shop::{ENDLESS, Shop, limit};
use souk_domain::{ProductCursor, ProductFilter, ProductQuery, ProductSort, SearchQuery, StockedProduct};

pub(crate) const SORTS: [ProductSort; 5] = [
    ProductSort::Name,
    ProductSort::NameDescending,
    ProductSort::Price,
    ProductSort::PriceDescending,
    ProductSort::Newest,
];

pub(crate) fn searching(text: &str) -> ProductFilter {
    ProductFilter { search: Some(SearchQuery::parse(text).expect("a search")), ..Default::default() }
}

/// One page; checks that it is full unless it is the last.
pub(crate) async fn page(shop: &Shop, query: ProductQuery) -> (Vec<StockedProduct>, Option<ProductCursor>) {
    let limit = query.limit.get();
    let page = shop.store.products(query).await.expect("a list").page;
    assert!(page.items.len() <= limit && (page.next.is_none() || page.items.len() == limit));
    assert!(page.next.as_ref().is_none_or(ProductCursor::is_coherent));
    (page.items, page.next)
}

/// Every product that the query finds, page by page.
pub(crate) async fn walk(shop: &Shop, query: &ProductQuery) -> Vec<StockedProduct> {
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
pub(crate) async fn found(shop: &Shop, filter: ProductFilter) -> Vec<String> {
    let products = walk(shop, &ProductQuery { filter, limit: limit(3), ..Default::default() }).await;
    let mut skus: Vec<_> = products.into_iter().map(|stocked| stocked.product.sku.to_string()).collect();
    skus.sort();
    skus
}
