//! `GET /api/v1/products`: products on sale, filtered, sorted, page by page. For everybody.

use crate::Catalog;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::ports::Products;
use souk_domain::{CategoryId, ProductCursor, ProductFilter, ProductQuery, ProductSort, SearchQuery, StockedProduct};
use souk_lambda::{ApiError, Cursor, Envelope, Failure, QueryFailures, Question, Reply, read_limit, router};
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;

/// Which products, in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct ListProducts {
    /// In this category or below it.
    category: Option<CategoryId>,
    /// From this price on, in minor units.
    #[param(minimum = 0)]
    min_price: Option<i64>,
    /// Up to this price, in minor units.
    #[param(minimum = 0)]
    max_price: Option<i64>,
    /// Only what can be ordered now.
    in_stock: bool,
    /// Words that SKU, name or description hold, whatever their case and accents; the last one may be unfinished.
    #[param(example = "white heart")]
    q: Option<String>,
    /// The order; ties by age.
    #[param(inline)]
    sort: ProductSort,
    /// Products a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// `metadata.nextCursor` of the page before, asked with the same `sort`.
    cursor: Option<String>,
    /// Whether to count the matching products by category, in `metadata.facets`. The category filter does not narrow the
    /// counts.
    facets: bool,
}

impl TryFrom<ListProducts> for ProductQuery {
    type Error = ApiError;
    fn try_from(asked: ListProducts) -> Result<Self, ApiError> {
        let search = asked.q.as_deref().map(SearchQuery::parse).transpose();
        let search = search.map_err(|violation| ApiError::of_query(violation).field("q"))?;
        let limit = read_limit(asked.limit)?;
        for (field, price) in [("minPrice", asked.min_price), ("maxPrice", asked.max_price)] {
            if price.is_some_and(|price| price < 0) {
                return Err(ApiError::malformed("invalid_query", "no price is below 0").field(field));
            }
        }
        let after: Option<ProductCursor> = asked.cursor.as_deref().map(Cursor::read).transpose()?;
        if after.as_ref().is_some_and(|cursor| !cursor.is_coherent() || cursor.sort != asked.sort) {
            return Err(Cursor::invalid());
        }
        let ListProducts { category, min_price, max_price, in_stock, sort, facets, .. } = asked;
        let filter = ProductFilter { category, min_price, max_price, in_stock, search };
        Ok(Self { filter, sort, limit, after, facets })
    }
}

/// List products
///
/// Products on sale. A search finds those that hold all its words.
#[utoipa::path(
    get,
    path = "/api/v1/products",
    tag = "catalog",
    params(ListProducts),
    responses(
        (status = 200, description = "A page of products", body = Envelope<Vec<StockedProduct>>),
        (status = 400, description = "`invalid_search`", body = Failure),
        QueryFailures,
    ),
)]
async fn list_products(
    State(products): State<Arc<dyn Products>>,
    Question(asked): Question<ListProducts>,
) -> Result<Reply<Vec<StockedProduct>>, ApiError> {
    let list = products.products(asked.try_into()?).await?;
    let next = list.page.next.as_ref().map(Cursor::write);
    Ok(Reply::ok(list.page.items).next(next).facets(list.facets))
}

/// The function.
pub fn router() -> OpenApiRouter<Catalog> {
    router!(list_products)
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::SortKey;

    fn code(asked: ListProducts) -> &'static str {
        ProductQuery::try_from(asked).expect_err("refused").errors()[0].code
    }

    #[test]
    fn a_cursor_belongs_to_its_sort() {
        let cursor = Cursor::write(&ProductCursor { sort: ProductSort::Price, key: SortKey::Price(1), row: 1 });
        let asked = |sort, cursor: &str| ListProducts { sort, cursor: Some(cursor.to_owned()), ..Default::default() };
        assert!(ProductQuery::try_from(asked(ProductSort::Price, &cursor)).is_ok());
        assert_eq!(code(asked(ProductSort::Name, &cursor)), "invalid_cursor");
        assert_eq!(code(asked(ProductSort::Name, "x")), "invalid_cursor");
        assert_eq!(code(asked(ProductSort::Name, "")), "invalid_cursor");
    }

    #[test]
    fn limits_prices_and_searches_are_checked() {
        assert_eq!(code(ListProducts { limit: Some(0), ..Default::default() }), "invalid_limit");
        assert_eq!(code(ListProducts { min_price: Some(-1), ..Default::default() }), "invalid_query");
        assert_eq!(code(ListProducts { max_price: Some(-1), ..Default::default() }), "invalid_query");
        assert_eq!(code(ListProducts { q: Some("!".to_owned()), ..Default::default() }), "invalid_search");
    }
}
