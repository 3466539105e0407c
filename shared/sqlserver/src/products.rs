use crate::command::{Answer, Batch, RACES, none};
use crate::value::{Keys, Value, json, key};
use crate::{SqlServerStore, product_list, rows, statements};
use async_trait::async_trait;
use serde_json::json as row;
use souk_domain::ports::Products;
use souk_domain::{
    CategoryId, CategoryName, Cause, Committed, Error, Event, ImportOutcome, ImportRow, ImportStep, Product,
    ProductFields, ProductId, ProductList, ProductQuery, Result, Sku, StockLevel, Version, sort_key, text_terms,
};
use std::collections::{HashMap, HashSet};
use tiberius::Row;
use uuid::Uuid;

/// Rows of an import in one transaction: others write in between, and an attempt has its time.
const IMPORT_CHUNK: usize = 250;

fn broken(constraint: &str) -> Option<Error> {
    match constraint {
        "product_sku_unique" => Some(Error::SKU_TAKEN),
        // The category was removed a moment ago.
        "product_category" => Some(Error::UnknownCategory),
        _ => None,
    }
}

/// What a chunk of an import breaks when somebody made the same product or category, or removed a category, since it read.
const OVERTAKEN: [&str; 3] = ["product_sku_unique", "category_name_unique", "product_category"];

/// Products for `OPENJSON`.
pub(crate) fn listed(ids: impl Iterator<Item = ProductId>) -> Value {
    json(ids.map(|id| id.uuid().to_string().into()).collect())
}

/// A row of a product and its stock.
pub(crate) fn read(row: &Row) -> Result<(Product, StockLevel)> {
    Ok((rows::document(row, "product")?, rows::document(row, "stock")?))
}

/// A row for each word that finds the product.
fn terms(product: &Product, keys: &mut Keys) -> Vec<serde_json::Value> {
    let sku = product.sku.search_terms();
    let of_sku = |term: &String| u8::from(sku.contains(term));
    let terms = product.search_terms();
    terms.iter().map(|term| keys.add(term, row!({ "product": product.id, "of_sku": of_sku(term) }))).collect()
}

#[async_trait]
impl Products for SqlServerStore {
    async fn create_product(&self, sku: Sku, fields: ProductFields, cause: &Cause) -> Result<Committed<Product>> {
        let product = Product::new(sku, fields, cause.at);
        let mut keys = Keys::default();
        let terms = terms(&product, &mut keys);
        let values = [
            product.id.uuid().into(),
            product.sku.as_str().into(),
            product.name.as_str().into(),
            key(&sort_key(product.name.as_str())),
            product.description.as_str().into(),
            product.category_id.uuid().into(),
            product.price.amount_minor().into(),
            product.price.currency().as_str().into(),
            json(terms),
            keys.into(),
            i64::from(product.weight_grams).into(),
        ];
        self.command(&statements::CREATE_PRODUCT, cause, values, broken).await
    }

    async fn update_product(
        &self,
        id: ProductId,
        expected: Option<Version>,
        fields: ProductFields,
        cause: &Cause,
    ) -> Result<Committed<Product>> {
        let terms = text_terms(&fields.name, &fields.description);
        let mut keys = Keys::default();
        let terms = terms.iter().map(|term| keys.add(term, row!({}))).collect();
        let values = [
            id.uuid().into(),
            expected.unwrap_or_default().into(),
            fields.name.as_str().into(),
            key(&sort_key(fields.name.as_str())),
            fields.description.as_str().into(),
            fields.category_id.uuid().into(),
            fields.price.amount_minor().into(),
            fields.price.currency().as_str().into(),
            json(terms),
            keys.into(),
            i64::from(fields.weight_grams).into(),
        ];
        self.command(&statements::UPDATE_PRODUCT, cause, values, broken).await
    }

    async fn discontinue_product(&self, id: ProductId, cause: &Cause) -> Result<Committed<Product>> {
        self.command(&statements::DISCONTINUE_PRODUCT, cause, [id.uuid().into()], broken).await
    }

    async fn product(&self, id: ProductId) -> Result<(Product, StockLevel)> {
        read(&rows::one(self.query(statements::PRODUCT, [id.uuid().into()]).await?, "product")?)
    }

    async fn products_by_id(&self, ids: &[ProductId]) -> Result<Vec<(Product, StockLevel)>> {
        let ids = listed(ids.iter().copied());
        let found = rows::only(self.query(statements::PRODUCTS_BY_ID, [ids]).await?);
        found.iter().map(read).collect()
    }

    async fn products(&self, query: ProductQuery) -> Result<ProductList> {
        let sql = product_list::sql(&query);
        product_list::read(&query, self.ask("products", &sql).await?)
    }

    /// Two round trips for each chunk: what is known, and what becomes of it.
    async fn import_products(&self, rows: Vec<ImportRow>, cause: &Cause) -> Result<Committed<Vec<ImportOutcome>>> {
        // The whole import runs under no claim; a repetition finds everything unchanged.
        let cause = Cause { claim: None, ..cause.clone() };
        let mut outcomes = Vec::with_capacity(rows.len());
        let mut events = Vec::new();
        for chunk in chunks(rows) {
            let (chunk_outcomes, chunk_events) = self.import_chunk(&chunk, &cause).await?;
            outcomes.extend(chunk_outcomes);
            events.extend(chunk_events);
        }
        Ok(Committed::first(outcomes, events))
    }
}

/// Cuts an import so that no chunk names a product twice: the later row must find what the earlier one made.
fn chunks(rows: Vec<ImportRow>) -> Vec<Vec<ImportRow>> {
    let mut chunks: Vec<Vec<ImportRow>> = Vec::new();
    let mut skus = HashSet::new();
    for row in rows {
        let fits = chunks.last().is_some_and(|chunk| chunk.len() < IMPORT_CHUNK) && !skus.contains(&row.sku);
        if !fits {
            chunks.push(Vec::new());
            skus.clear();
        }
        skus.insert(row.sku.clone());
        if let Some(chunk) = chunks.last_mut() {
            chunk.push(row);
        }
    }
    chunks
}

/// What a chunk is going to write.
#[derive(Default)]
struct Plan {
    categories: Vec<serde_json::Value>,
    created: Vec<serde_json::Value>,
    updated: Vec<serde_json::Value>,
    terms: Vec<serde_json::Value>,
    keys: Keys,
    outcomes: Vec<ImportOutcome>,
}

impl Plan {
    fn add(&mut self, step: ImportStep) {
        let outcome = match step {
            ImportStep::Create(product) => {
                let row = self.row(&product);
                self.created.push(row);
                ImportOutcome::Created(product.id)
            }
            ImportStep::Update(product) => {
                let row = self.row(&product);
                self.updated.push(row);
                ImportOutcome::Updated(product.id)
            }
            ImportStep::Keep(id) => ImportOutcome::Unchanged(id),
            ImportStep::Refuse(error) => ImportOutcome::Refused(error),
        };
        self.outcomes.push(outcome);
    }

    /// The row of a product; its words are added to the terms.
    fn row(&mut self, product: &Product) -> serde_json::Value {
        self.terms.extend(terms(product, &mut self.keys));
        let row = row!({
            "id": product.id, "sku": product.sku, "version": product.version, "name": product.name,
            "description": product.description, "category": product.category_id,
            "price_minor": product.price.amount_minor(), "currency": product.price.currency(),
            "weight_grams": product.weight_grams,
        });
        self.keys.add(sort_key(product.name.as_str()), row)
    }

    fn category(&mut self, name: &CategoryName, name_key: &str) -> CategoryId {
        let id = CategoryId::new();
        self.categories.push(self.keys.add(name_key, row!({ "id": id, "name": name })));
        id
    }

    fn is_empty(&self) -> bool {
        self.created.is_empty() && self.updated.is_empty() && self.categories.is_empty()
    }

    fn values(self) -> ([Value; 5], Vec<ImportOutcome>) {
        let Self { categories, created, updated, terms, keys, outcomes } = self;
        ([json(categories), json(created), json(updated), json(terms), keys.into()], outcomes)
    }
}

/// What the shop knows of the rows of a chunk.
struct Known {
    products: HashMap<Sku, Product>,
    categories: HashMap<String, CategoryId>,
}

impl SqlServerStore {
    async fn import_chunk(&self, chunk: &[ImportRow], cause: &Cause) -> Result<(Vec<ImportOutcome>, Vec<Event>)> {
        for _ in 0..RACES {
            let plan = plan(chunk, self.known(chunk).await?, cause);
            if plan.is_empty() {
                return Ok((plan.outcomes, Vec::new()));
            }
            let (values, outcomes) = plan.values();
            let batch = Batch::new(&statements::IMPORT_PRODUCTS, cause, values);
            match self.attempt::<()>(&batch, none, &OVERTAKEN).await? {
                Answer::Done(committed) => return Ok((outcomes, committed.events)),
                Answer::Refused(error) => return Err(error),
                Answer::Overtaken => {}
            }
        }
        Err(Error::Unavailable("others changed the same products again and again".to_owned()))
    }

    async fn known(&self, chunk: &[ImportRow]) -> Result<Known> {
        let skus = chunk.iter().map(|row| row.sku.as_str().into()).collect();
        let names: HashSet<String> = chunk.iter().map(|row| sort_key(row.category.as_str())).collect();
        let mut keys = Keys::default();
        let names = names.iter().map(|name_key| keys.add(name_key, row!({}))).collect();
        let found = self.query(statements::IMPORT_KNOWN, [json(skus), json(names), keys.into()]).await?;
        let mut known = Known { products: HashMap::new(), categories: HashMap::new() };
        let mut found = found.iter();
        for row in found.next().into_iter().flatten() {
            let product: Product = rows::document(row, "document")?;
            known.products.insert(product.sku.clone(), product);
        }
        for row in found.next().into_iter().flatten() {
            let key = String::from_utf8(rows::column::<&[u8]>(row, "name_key")?.to_vec());
            let key = key.map_err(|error| rows::unreadable("name_key", error))?;
            known.categories.insert(key, rows::column::<Uuid>(row, "id")?.into());
        }
        Ok(known)
    }
}

fn plan(chunk: &[ImportRow], mut known: Known, cause: &Cause) -> Plan {
    let mut plan = Plan::default();
    for row in chunk {
        let name_key = sort_key(row.category.as_str());
        let category_id = match known.categories.get(&name_key) {
            Some(id) => *id,
            None => {
                let id = plan.category(&row.category, &name_key);
                known.categories.insert(name_key, id);
                id
            }
        };
        plan.add(row.clone().step(known.products.get(&row.sku), category_id, cause.at));
    }
    plan
}
