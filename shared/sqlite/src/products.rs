use crate::errors::{failed, internal, on_constraint};
use crate::{SqliteStore, categories, inventory, product_list, rows};
use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use souk_domain::ports::Products;
use souk_domain::{
    CategoryFields, CategoryId, CategoryName, Cause, Committed, Error, Event, ImportOutcome, ImportRow, ImportStep,
    Product, ProductFields, ProductId, ProductList, ProductQuery, ProductStatus, Result, Sku, StockLevel,
    StockedProduct, Version, sort_key,
};
use std::collections::HashMap;

/// Rows of an import in one transaction: others write in between.
const IMPORT_CHUNK: usize = 500;

/// The columns that [`read`] reads.
pub(crate) const COLUMNS: &str = "p.product_key, p.id, p.sku, p.name, p.name_key, p.description, c.id AS category_id,
    p.price_minor, p.currency, p.weight_grams, p.status, p.version, p.created_at, p.updated_at";

/// Products and their stock.
const WITH_STOCK: &str = "SELECT p.product_key, p.id, p.sku, p.name, p.name_key, p.description, c.id AS category_id,
    p.price_minor, p.currency, p.weight_grams, p.status, p.version, p.created_at, p.updated_at,
    s.on_hand, s.reserved, s.version AS stock_version, s.updated_at AS stock_updated_at
    FROM product p JOIN category c USING (category_key) JOIN stock s USING (product_key)";

pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Product> {
    Ok(Product {
        id: rows::id(row, "id")?,
        sku: rows::text(row, "sku")?,
        name: rows::text(row, "name")?,
        description: rows::text(row, "description")?,
        category_id: rows::id(row, "category_id")?,
        price: rows::money(row, "price_minor", "currency")?,
        weight_grams: rows::grams(row, "weight_grams")?,
        status: rows::word(row, "status", ProductStatus::from_word)?,
        version: row.get("version")?,
        created_at: rows::at(row, "created_at")?,
        updated_at: rows::at(row, "updated_at")?,
    })
}

pub(crate) fn read_stocked(row: &Row<'_>) -> rusqlite::Result<StockedProduct> {
    Ok(StockedProduct { product: read(row)?, available: row.get("available")? })
}

fn insert(connection: &Connection, product: &Product) -> Result<()> {
    let category = categories::named(connection, product.category_id)?;
    rows::execute(
        connection,
        "INSERT INTO product (id, sku, name, name_key, description, category_key, price_minor, currency, weight_grams,
            status, version, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            product.id.uuid(),
            product.sku.as_str(),
            product.name.as_str(),
            sort_key(product.name.as_str()),
            product.description.as_str(),
            category,
            product.price.amount_minor(),
            product.price.currency().as_str(),
            i64::from(product.weight_grams),
            product.status.as_str(),
            product.version,
            product.created_at.timestamp_micros(),
            product.updated_at.timestamp_micros(),
        ],
    )
    .map_err(on_constraint("product.sku", Error::SKU_TAKEN))?;
    let key = connection.last_insert_rowid();
    rows::execute(
        connection,
        "INSERT INTO stock (product_key, on_hand, reserved, version, updated_at) VALUES (?1, 0, 0, 1, ?2)",
        params![key, product.created_at.timestamp_micros()],
    )
    .map_err(failed)?;
    index(connection, key, product)
}

/// Writes the words that find the product.
fn index(connection: &Connection, key: i64, product: &Product) -> Result<()> {
    for term in product.search_terms() {
        rows::execute(connection, "INSERT INTO product_term VALUES (?1, ?2)", params![term, key]).map_err(failed)?;
    }
    Ok(())
}

fn update(connection: &Connection, key: i64, old: &Product, new: &Product) -> Result<()> {
    let category = categories::named(connection, new.category_id)?;
    rows::execute(
        connection,
        "UPDATE product SET name = ?2, name_key = ?3, description = ?4, category_key = ?5, price_minor = ?6,
            currency = ?7, weight_grams = ?8, status = ?9, version = ?10, updated_at = ?11
         WHERE product_key = ?1",
        params![
            key,
            new.name.as_str(),
            sort_key(new.name.as_str()),
            new.description.as_str(),
            category,
            new.price.amount_minor(),
            new.price.currency().as_str(),
            i64::from(new.weight_grams),
            new.status.as_str(),
            new.version,
            new.updated_at.timestamp_micros(),
        ],
    )
    .map_err(failed)?;
    if (&old.name, &old.description) != (&new.name, &new.description) {
        rows::execute(connection, "DELETE FROM product_term WHERE product_key = ?1", [key]).map_err(failed)?;
        index(connection, key, new)?;
    }
    Ok(())
}

/// A product and its row number.
fn find(connection: &Connection, id: ProductId) -> Result<(i64, Product)> {
    let sql = format!("SELECT {COLUMNS} FROM product p JOIN category c USING (category_key) WHERE p.id = ?1");
    rows::one(connection, "product", &sql, [id.uuid()], |row| Ok((row.get("product_key")?, read(row)?)))
}

/// Products and their stock; `ids` is a JSON array.
pub(crate) fn by_id(connection: &Connection, ids: &str) -> Result<Vec<(Product, StockLevel)>> {
    let sql = format!("{WITH_STOCK} WHERE p.id IN (SELECT unhex(replace(value, '-', '')) FROM json_each(?1))");
    rows::all(connection, &sql, [ids], |row| Ok((read(row)?, inventory::read(row)?)))
}

/// The product with other values and the event that tells of it.
fn change(connection: &Connection, key: i64, old: &Product, new: Product, cause: &Cause) -> Result<(Product, Event)> {
    let new = Product { version: old.version + 1, updated_at: cause.at, ..new };
    update(connection, key, old, &new)?;
    let event = Event::product_updated(&new, cause);
    Ok((new, event))
}

/// Imports rows, looking each category up once.
struct Import<'a> {
    connection: &'a Connection,
    cause: &'a Cause,
    categories: HashMap<String, CategoryId>,
    events: Vec<Event>,
}

impl Import<'_> {
    fn row(&mut self, row: ImportRow) -> Result<ImportOutcome> {
        let category_id = self.category(row.category.clone())?;
        let sql = format!("SELECT {COLUMNS} FROM product p JOIN category c USING (category_key) WHERE p.sku = ?1");
        let known = rows::maybe(self.connection, &sql, [row.sku.as_str()], |r| Ok((r.get("product_key")?, read(r)?)))?;
        let old = known.as_ref().map(|(_, old)| old);
        match (row.step(old, category_id, self.cause.at), known) {
            (ImportStep::Update(new), Some((key, old))) => {
                let (product, event) = change(self.connection, key, &old, new, self.cause)?;
                self.events.push(event);
                Ok(ImportOutcome::Updated(product.id))
            }
            (ImportStep::Create(product) | ImportStep::Update(product), _) => {
                insert(self.connection, &product)?;
                self.events.push(Event::product_created(&product, self.cause));
                Ok(ImportOutcome::Created(product.id))
            }
            (ImportStep::Keep(id), _) => Ok(ImportOutcome::Unchanged(id)),
            (ImportStep::Refuse(error), _) => Ok(ImportOutcome::Refused(error)),
        }
    }

    /// The category of that name at the top of the tree, made when it is missing.
    fn category(&mut self, name: CategoryName) -> Result<CategoryId> {
        let name_key = sort_key(name.as_str());
        if let Some(id) = self.categories.get(&name_key) {
            return Ok(*id);
        }
        let sql = "SELECT id FROM category WHERE coalesce(parent_key, 0) = 0 AND name_key = ?1";
        let id = match rows::maybe(self.connection, sql, [&name_key], |row| rows::id(row, "id"))? {
            Some(id) => id,
            None => categories::insert(self.connection, CategoryFields { name, parent_id: None }, self.cause)?.id,
        };
        self.categories.insert(name_key, id);
        Ok(id)
    }
}

#[async_trait]
impl Products for SqliteStore {
    async fn create_product(&self, sku: Sku, fields: ProductFields, cause: &Cause) -> Result<Committed<Product>> {
        self.command(cause, |connection, cause| {
            let product = Product::new(sku, fields, cause.at);
            insert(connection, &product)?;
            let event = Event::product_created(&product, cause);
            Ok((product, vec![event]))
        })
        .await
    }

    async fn update_product(
        &self,
        id: ProductId,
        expected: Option<Version>,
        fields: ProductFields,
        cause: &Cause,
    ) -> Result<Committed<Product>> {
        self.command(cause, move |connection, cause| {
            let (key, old) = find(connection, id)?;
            crate::check_version(expected, old.version)?;
            if old.status == ProductStatus::Discontinued {
                return Err(Error::PRODUCT_DISCONTINUED);
            }
            let (product, event) = change(connection, key, &old, old.with_fields(fields), cause)?;
            Ok((product, vec![event]))
        })
        .await
    }

    async fn discontinue_product(&self, id: ProductId, cause: &Cause) -> Result<Committed<Product>> {
        self.command(cause, move |connection, cause| {
            let (key, old) = find(connection, id)?;
            if old.status == ProductStatus::Discontinued {
                return Ok((old, Vec::new()));
            }
            let new = Product { status: ProductStatus::Discontinued, ..old.clone() };
            let (product, event) = change(connection, key, &old, new, cause)?;
            Ok((product, vec![event]))
        })
        .await
    }

    async fn product(&self, id: ProductId) -> Result<(Product, StockLevel)> {
        self.read(move |connection| {
            let sql = format!("{WITH_STOCK} WHERE p.id = ?1");
            rows::one(connection, "product", &sql, [id.uuid()], |row| Ok((read(row)?, inventory::read(row)?)))
        })
        .await
    }

    async fn products_by_id(&self, ids: &[ProductId]) -> Result<Vec<(Product, StockLevel)>> {
        let ids = serde_json::to_string(ids).map_err(internal)?;
        self.read(move |connection| by_id(connection, &ids)).await
    }

    async fn products(&self, query: ProductQuery) -> Result<ProductList> {
        self.read(move |connection| product_list::list(connection, &query)).await
    }

    async fn import_products(&self, rows: Vec<ImportRow>, cause: &Cause) -> Result<Committed<Vec<ImportOutcome>>> {
        let mut outcomes = Vec::with_capacity(rows.len());
        let mut events = Vec::new();
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let chunk: Vec<_> = rows.by_ref().take(IMPORT_CHUNK).collect();
            let cause = cause.clone();
            let work = move |connection: &Connection| {
                let mut import = Import { connection, cause: &cause, categories: HashMap::new(), events: Vec::new() };
                let outcomes = chunk.into_iter().map(|row| import.row(row)).collect::<Result<Vec<_>>>()?;
                crate::outbox::append(connection, &import.events, cause.at)?;
                Ok((outcomes, import.events))
            };
            let (chunk_outcomes, chunk_events) = self.writer.write(work).await?;
            outcomes.extend(chunk_outcomes);
            events.extend(chunk_events);
        }
        Ok(Committed::first(outcomes, events))
    }
}
