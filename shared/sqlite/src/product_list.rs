//! The list of products: the query is put together from the parts that are asked for.

use crate::errors::failed;
use crate::{products, rows};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use souk_domain::{
    Facet, Page, ProductCursor, ProductFilter, ProductList, ProductQuery, ProductSort, Result, SearchQuery, SortKey,
};

/// SQL text with its positional parameters.
#[derive(Default)]
struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    fn with(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self
    }
}

pub(crate) fn list(connection: &Connection, query: &ProductQuery) -> Result<ProductList> {
    let facets = query.facets.then(|| facets(connection, &query.filter)).transpose()?;
    Ok(ProductList { page: page(connection, query)?, facets })
}

fn page(connection: &Connection, query: &ProductQuery) -> Result<Page<souk_domain::StockedProduct, ProductCursor>> {
    let sql = page_sql(query);
    let mut statement = connection.prepare_cached(&sql.text).map_err(failed)?;
    let found = statement
        .query_map(params_from_iter(sql.values), |row| {
            let row_number: i64 = row.get("product_key")?;
            let name_key: String = row.get("name_key")?;
            Ok((products::read_stocked(row)?, row_number, name_key))
        })
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .map_err(failed)?;
    let position = |(stocked, row, name_key): &(souk_domain::StockedProduct, i64, String)| ProductCursor {
        sort: query.sort,
        key: match query.sort {
            ProductSort::Name | ProductSort::NameDescending => SortKey::Name(name_key.clone()),
            ProductSort::Price | ProductSort::PriceDescending => SortKey::Price(stocked.product.price.amount_minor()),
            ProductSort::Newest => SortKey::Age,
        },
        row: *row,
    };
    let Page { items, next } = Page::cut(found, query.limit, position);
    Ok(Page { items: items.into_iter().map(|(stocked, ..)| stocked).collect(), next })
}

fn page_sql(query: &ProductQuery) -> Sql {
    let mut sql = Sql::default();
    sql.push("SELECT ").push(products::COLUMNS).push(", s.on_hand - s.reserved AS available");
    push_from_where(&mut sql, &query.filter, true);
    push_after(&mut sql, query.after.as_ref());
    sql.push(match query.sort {
        ProductSort::Name => " ORDER BY p.name_key, p.product_key",
        ProductSort::NameDescending => " ORDER BY p.name_key DESC, p.product_key DESC",
        ProductSort::Price => " ORDER BY p.price_minor, p.product_key",
        ProductSort::PriceDescending => " ORDER BY p.price_minor DESC, p.product_key DESC",
        ProductSort::Newest => " ORDER BY p.product_key DESC",
    });
    // One more than asked for tells whether there is a next page.
    sql.push(" LIMIT ?").with(query.limit.get() as i64 + 1);
    sql
}

fn facets(connection: &Connection, filter: &ProductFilter) -> Result<Vec<Facet>> {
    let mut sql = Sql::default();
    sql.push("SELECT c.id, c.name, count(*) AS count");
    push_from_where(&mut sql, filter, false);
    sql.push(" GROUP BY c.category_key ORDER BY c.name_key");
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Facet { category_id: rows::id(row, "id")?, name: rows::text(row, "name")?, count: row.get("count")? })
    };
    rows::all(connection, &sql.text, params_from_iter(sql.values), read)
}

fn push_from_where(sql: &mut Sql, filter: &ProductFilter, with_category: bool) {
    sql.push(" FROM ");
    if let Some(search) = &filter.search {
        push_hits(sql, search);
        // CROSS JOIN keeps SQLite to this order: from the words to the products, never the other way round.
        sql.push(" AS hit CROSS JOIN product p USING (product_key)");
    } else {
        sql.push("product p");
    }
    sql.push(" JOIN category c USING (category_key) JOIN stock s USING (product_key) WHERE p.status = 'active'");
    if let Some(category) = filter.category.filter(|_| with_category) {
        sql.push(
            " AND p.category_key IN (
                WITH RECURSIVE below (category_key) AS (
                    SELECT category_key FROM category WHERE id = ?
                    UNION ALL
                    SELECT child.category_key FROM category child JOIN below ON child.parent_key = below.category_key
                )
                SELECT category_key FROM below)",
        )
        .with(category.uuid().as_bytes().to_vec());
    }
    if let Some(price) = filter.min_price {
        sql.push(" AND p.price_minor >= ?").with(price);
    }
    if let Some(price) = filter.max_price {
        sql.push(" AND p.price_minor <= ?").with(price);
    }
    if filter.in_stock {
        sql.push(" AND s.on_hand > s.reserved");
    }
}

/// The products that hold every word and a word with the prefix, from the index of words.
fn push_hits(sql: &mut Sql, search: &SearchQuery) {
    sql.push("(");
    for word in &search.words {
        sql.push("SELECT product_key FROM product_term WHERE term = ? INTERSECT ").with(word.clone());
    }
    sql.push("SELECT DISTINCT product_key FROM product_term WHERE term >= ? AND term < ?)")
        .with(search.prefix.clone())
        .with(search.prefix_end());
}

fn push_after(sql: &mut Sql, after: Option<&ProductCursor>) {
    let Some(ProductCursor { sort, key, row }) = after else { return };
    let (column, comparison) = match sort {
        ProductSort::Name => ("p.name_key, ", ">"),
        ProductSort::NameDescending => ("p.name_key, ", "<"),
        ProductSort::Price => ("p.price_minor, ", ">"),
        ProductSort::PriceDescending => ("p.price_minor, ", "<"),
        ProductSort::Newest => ("", "<"),
    };
    let places = if column.is_empty() { "?" } else { "?, ?" };
    sql.push(&format!(" AND ({column}p.product_key) {comparison} ({places})"));
    match key {
        SortKey::Name(name_key) => sql.with(name_key.clone()),
        SortKey::Price(minor) => sql.with(*minor),
        SortKey::Age => sql,
    };
    sql.with(*row);
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::{CategoryId, Limit};

    /// The plan of a list in SQLite's words.
    fn plan(query: &ProductQuery) -> String {
        let mut connection = Connection::open_in_memory().expect("a database");
        crate::migrations::apply(&mut connection).expect("tables");
        let sql = page_sql(query);
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", sql.text)).expect("SQL");
        let lines = statement.query_map(params_from_iter(sql.values), |row| row.get::<_, String>(3)).expect("a plan");
        lines.map(|line| line.expect("a line") + "\n").collect()
    }

    #[test]
    fn a_text_search_goes_from_the_words_to_the_products() {
        for text in ["heart", "white hanging hea"] {
            let search = Some(SearchQuery::parse(text).expect("a search"));
            let plan =
                plan(&ProductQuery { filter: ProductFilter { search, ..Default::default() }, ..Default::default() });
            assert!(plan.contains("SEARCH product_term USING PRIMARY KEY (term>? AND term<?)"), "{plan}");
            assert!(plan.contains("SEARCH p USING INTEGER PRIMARY KEY"), "{plan}");
            assert!(!plan.contains("SCAN p\n") && !plan.contains("SCAN product_term"), "{plan}");
        }
    }

    #[test]
    fn every_sort_walks_an_index_from_its_cursor() {
        let sorts = [
            (ProductSort::Name, SortKey::Name("a".to_owned()), "product_by_name (status=? AND name_key>?"),
            (ProductSort::NameDescending, SortKey::Name("a".to_owned()), "product_by_name (status=? AND name_key<?"),
            (ProductSort::Price, SortKey::Price(1), "product_by_price (status=? AND price_minor>?"),
            (ProductSort::PriceDescending, SortKey::Price(1), "product_by_price (status=? AND price_minor<?"),
            (ProductSort::Newest, SortKey::Age, "product_by_age (status=? AND product_key<?"),
        ];
        for (sort, key, index) in sorts {
            let after = Some(ProductCursor { sort, key, row: 1 });
            let plan = plan(&ProductQuery { sort, after, ..Default::default() });
            assert!(plan.contains(index), "{sort:?}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{sort:?}: {plan}");
        }
    }

    #[test]
    fn every_combination_of_filters_is_sql() {
        for bits in 0..64_u32 {
            let on = |bit: u32| bits & (1 << bit) != 0;
            let filter = ProductFilter {
                category: on(0).then(CategoryId::new),
                min_price: on(1).then_some(1),
                max_price: on(2).then_some(2),
                in_stock: on(3),
                search: on(4).then(|| SearchQuery::parse("a b").expect("a search")),
            };
            let sort = ProductSort::Price;
            let after = on(5).then_some(ProductCursor { sort, key: SortKey::Price(1), row: 1 });
            plan(&ProductQuery { filter, sort, after, limit: Limit::default(), facets: true });
        }
    }
}
