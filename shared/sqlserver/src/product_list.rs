//! The list of products: the query is put together from the parts that are asked for.

use crate::composed::Sql;
use crate::rows;
use crate::value::{Value, key};
use souk_domain::{
    Facet, Page, Product, ProductCursor, ProductFilter, ProductList, ProductQuery, ProductSort, Result, SortKey,
    StockedProduct,
};
use tiberius::Row;
use uuid::Uuid;

/// Categories nest as deep as anybody likes; without this 100 levels are the end.
const DEEP: &str = " OPTION (MAXRECURSION 32767)";

/// The page and, when asked for, the facets: two results of one round trip.
pub(crate) fn sql(query: &ProductQuery) -> Sql {
    let mut sql = Sql::default();
    push_page(&mut sql, query);
    if query.facets {
        sql.push(";\n");
        push_facets(&mut sql, &query.filter);
    }
    sql
}

pub(crate) fn read(query: &ProductQuery, results: Vec<Vec<Row>>) -> Result<ProductList> {
    let mut results = results.into_iter();
    let found = results.next().unwrap_or_default();
    let found = found.iter().map(read_product).collect::<Result<Vec<_>>>()?;
    let position = |(stocked, row, name_key): &(StockedProduct, i64, String)| ProductCursor {
        sort: query.sort,
        key: match query.sort {
            ProductSort::Name | ProductSort::NameDescending => SortKey::Name(name_key.clone()),
            ProductSort::Price | ProductSort::PriceDescending => SortKey::Price(stocked.product.price.amount_minor()),
            ProductSort::Newest => SortKey::Age,
        },
        row: *row,
    };
    let Page { items, next } = Page::cut(found, query.limit, position);
    let page = Page { items: items.into_iter().map(|(stocked, ..)| stocked).collect(), next };
    let facets = query.facets.then(|| results.next().unwrap_or_default().iter().map(read_facet).collect());
    Ok(ProductList { page, facets: facets.transpose()? })
}

fn read_product(row: &Row) -> Result<(StockedProduct, i64, String)> {
    let product: Product = rows::document(row, "document")?;
    let name_key = String::from_utf8(rows::column::<&[u8]>(row, "name_key")?.to_vec());
    let name_key = name_key.map_err(|error| rows::unreadable("name_key", error))?;
    let available = rows::column(row, "available")?;
    Ok((StockedProduct { product, available }, rows::column(row, "product_key")?, name_key))
}

fn read_facet(row: &Row) -> Result<Facet> {
    let name = rows::column::<&str>(row, "name")?.parse().map_err(|error| rows::unreadable("name", error))?;
    Ok(Facet { category_id: rows::column::<Uuid>(row, "id")?.into(), name, count: rows::column(row, "count")? })
}

/// The page is cut before its documents are made.
fn push_page(sql: &mut Sql, query: &ProductQuery) {
    push_below(sql, &query.filter);
    sql.push("SELECT page.product_key, page.name_key, page.available, d.document FROM (SELECT TOP (");
    // One more than asked for tells whether there is a next page.
    sql.with(query.limit.get() + 1);
    sql.push(") p.product_key, p.name_key, p.price_minor, s.on_hand - s.reserved AS available");
    push_from_where(sql, &query.filter, true);
    push_after(sql, query.after.as_ref());
    sql.push(order(query.sort, "p"));
    sql.push(") AS page JOIN product_document AS d ON d.product_key = page.product_key");
    sql.push(order(query.sort, "page"));
    if query.filter.category.is_some() {
        sql.push(DEEP);
    }
}

fn order(sort: ProductSort, of: &str) -> &'static str {
    match (sort, of) {
        (ProductSort::Name, "p") => " ORDER BY p.name_key, p.product_key",
        (ProductSort::NameDescending, "p") => " ORDER BY p.name_key DESC, p.product_key DESC",
        (ProductSort::Price, "p") => " ORDER BY p.price_minor, p.product_key",
        (ProductSort::PriceDescending, "p") => " ORDER BY p.price_minor DESC, p.product_key DESC",
        (ProductSort::Newest, "p") => " ORDER BY p.product_key DESC",
        (ProductSort::Name, _) => " ORDER BY page.name_key, page.product_key",
        (ProductSort::NameDescending, _) => " ORDER BY page.name_key DESC, page.product_key DESC",
        (ProductSort::Price, _) => " ORDER BY page.price_minor, page.product_key",
        (ProductSort::PriceDescending, _) => " ORDER BY page.price_minor DESC, page.product_key DESC",
        (ProductSort::Newest, _) => " ORDER BY page.product_key DESC",
    }
}

fn push_facets(sql: &mut Sql, filter: &ProductFilter) {
    sql.push("SELECT c.id, c.name, facet.count FROM (SELECT p.category_key, COUNT_BIG(*) AS count");
    push_from_where(sql, filter, false);
    sql.push(" GROUP BY p.category_key) AS facet JOIN category AS c ON c.category_key = facet.category_key");
    sql.push(" ORDER BY c.name_key");
}

/// Names the category that is asked for and all below it. Must begin the statement.
fn push_below(sql: &mut Sql, filter: &ProductFilter) {
    if let Some(category) = filter.category {
        sql.push("WITH below AS (SELECT category_key FROM category WHERE id = ").with(category.uuid()).push(
            " UNION ALL SELECT child.category_key FROM category AS child JOIN below ON child.parent_key = below.category_key) ",
        );
    }
}

fn push_from_where(sql: &mut Sql, filter: &ProductFilter, with_category: bool) {
    sql.push(" FROM ");
    if let Some(search) = &filter.search {
        sql.push_hits(search, "product_term", "product_key");
        sql.push(" AS hit JOIN product AS p ON p.product_key = hit.product_key");
    } else {
        sql.push("product AS p");
    }
    sql.push(" JOIN stock AS s ON s.product_key = p.product_key WHERE p.status = N'active'");
    if filter.category.is_some() && with_category {
        sql.push(" AND p.category_key IN (SELECT category_key FROM below)");
    }
    if let Some(price) = filter.min_price {
        sql.push(" AND p.price_minor >= ").with(price);
    }
    if let Some(price) = filter.max_price {
        sql.push(" AND p.price_minor <= ").with(price);
    }
    if filter.in_stock {
        sql.push(" AND s.on_hand > s.reserved");
    }
}

/// Behind the cursor. There is no comparison of rows in T-SQL; the first condition gives the range of the index, the second
/// leaves out of it what has the same value and stands before.
fn push_after(sql: &mut Sql, after: Option<&ProductCursor>) {
    let Some(ProductCursor { sort, key: value, row }) = after else { return };
    let (column, sign) = match sort {
        ProductSort::Name => ("p.name_key", ">"),
        ProductSort::NameDescending => ("p.name_key", "<"),
        ProductSort::Price => ("p.price_minor", ">"),
        ProductSort::PriceDescending => ("p.price_minor", "<"),
        ProductSort::Newest => ("p.product_key", "<"),
    };
    let value = match value {
        SortKey::Name(name_key) => key(name_key),
        SortKey::Price(minor) => Value::Integer(*minor),
        SortKey::Age => {
            sql.push(" AND p.product_key < ").with(*row);
            return;
        }
    };
    sql.push(&format!(" AND {column} {sign}= ")).with(value.clone());
    sql.push(&format!(" AND ({column} {sign} ")).with(value);
    sql.push(&format!(" OR p.product_key {sign} ")).with(*row).push(")");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statements::tests::assert_sql;
    use souk_domain::{CategoryId, SearchQuery};

    #[test]
    fn every_combination_of_filters_and_sorts_is_sql() {
        let sorts = [
            (ProductSort::Name, SortKey::Name("a".to_owned())),
            (ProductSort::NameDescending, SortKey::Name("a".to_owned())),
            (ProductSort::Price, SortKey::Price(1)),
            (ProductSort::PriceDescending, SortKey::Price(1)),
            (ProductSort::Newest, SortKey::Age),
        ];
        for bits in 0..128_u32 {
            let on = |bit: u32| bits & (1 << bit) != 0;
            let filter = ProductFilter {
                category: on(0).then(CategoryId::new),
                min_price: on(1).then_some(1),
                max_price: on(2).then_some(2),
                in_stock: on(3),
                search: on(4).then(|| SearchQuery::parse("a b").expect("a search")),
            };
            for (sort, key) in sorts.clone() {
                let after = on(5).then_some(ProductCursor { sort, key, row: 1 });
                let query = ProductQuery { filter: filter.clone(), sort, after, facets: on(6), ..Default::default() };
                let sql = super::sql(&query);
                // The parser does not know this clause.
                assert_sql("product list", &sql.text.replace(DEEP, ""));
                let last = sql.values.len();
                assert!(sql.text.contains(&format!("@P{last}")) && !sql.text.contains(&format!("@P{}", last + 1)));
            }
        }
    }
}
