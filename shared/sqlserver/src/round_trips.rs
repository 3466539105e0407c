//! Counts what each use case costs, on the wire, and compares with the table in `docs/architecture.md`.

use crate::SqlServerStore;
use crate::stub::{Cell, Reply, Request, Stub, outcome};
use secrecy::SecretString;
use serde_json::json;
use souk_domain::ports::{Categories, Customers, Inventory, Orders, Outbox, Products};
use souk_domain::{
    Adjustment, CategoryFields, CategoryId, Cause, Change, Claim, CustomerId, Description, EventId, ImportRow, Limit,
    Money, NewCustomer, NewOrder, NewOrderLine, OrderId, ProductFields, ProductId, ProductQuery, Quantity, Result,
    Role,
};
use std::collections::BTreeMap;
use uuid::Uuid;

const ID: &str = "01900000-0000-7000-8000-000000000001";
/// The correlation id of a command that ran before.
const REPEATED: &str = "this one ran before";
const AT: &str = "2026-01-02T03:04:05.678901Z";

fn category() -> String {
    json!({ "id": ID, "name": "Lighting", "version": 1, "createdAt": AT, "updatedAt": AT }).to_string()
}

fn product() -> String {
    json!({
        "id": ID, "sku": "A", "name": "Lamp", "description": "", "categoryId": ID, "price": money(), "status": "active",
        "version": 1, "createdAt": AT, "updatedAt": AT,
    })
    .to_string()
}

fn money() -> serde_json::Value {
    json!({ "amountMinor": 100, "currency": "GBP" })
}

fn stock() -> String {
    let (on_hand, reserved) = (3, 1);
    json!({
        "productId": ID, "sku": "A", "onHand": on_hand, "reserved": reserved, "available": on_hand - reserved, "version": 1,
        "updatedAt": AT,
    })
    .to_string()
}

fn customer() -> String {
    json!({ "id": ID, "email": "a@example.com", "name": "Ada", "role": "customer", "createdAt": AT }).to_string()
}

fn order() -> String {
    json!({
        "order": {
            "id": ID, "customerId": ID, "status": "placed", "total": money(), "version": 1, "placedAt": AT, "updatedAt": AT,
        },
        "lines": [{
            "productId": ID, "sku": "A", "name": "Lamp", "quantity": 1, "unitPrice": money(), "lineTotal": money(),
        }],
    })
    .to_string()
}

fn row(columns: Vec<(&'static str, Cell)>) -> Reply {
    Reply::Results(vec![columns])
}

fn document(json: String) -> Reply {
    row(vec![
        ("document", Cell::Text(json)),
        ("order_key", Cell::Long(1)),
        ("password_hash", Cell::Text("x".to_owned())),
    ])
}

type Document = fn() -> String;
type Answer = fn() -> Reply;

/// What a server with one of everything answers.
fn script(request: &Request) -> Reply {
    let commands: [(&str, Document); 9] = [
        ("INTO sales_order (", order),
        ("UPDATE sales_order", order),
        ("INTO customer (", customer),
        ("FROM OPENJSON(@P9)", || "null".to_owned()),
        ("DELETE FROM category", || "null".to_owned()),
        ("UPDATE category_tree", category),
        ("INTO category (", category),
        ("UPDATE stock SET version", stock),
        ("product_document", product),
    ];
    if request.says("AS outcome") && request.says(REPEATED) {
        return Reply::Error(2627, "Violation of PRIMARY KEY constraint 'idempotency_pk'.");
    }
    if request.says("AS outcome") {
        let found = commands.into_iter().find(|(text, _)| request.says(text)).expect("a known command");
        return outcome("done", &found.1());
    }
    let queries: [(&str, Answer); 13] = [
        ("AS same", || {
            let request_id = ("request_id", Cell::Text("first".to_owned()));
            row(vec![("same", Cell::Int(1)), ("result", Cell::Text(order())), request_id])
        }),
        ("SELECT p.document AS product", || {
            row(vec![("product", Cell::Text(product())), ("stock", Cell::Text(stock()))])
        }),
        ("SELECT page.product_key", product_page),
        ("WHERE sku IN", || Reply::Results(vec![vec![("document", Cell::Text(product()))], known_category()])),
        ("FROM category_document", || document(category())),
        ("FROM stock_document", || document(stock())),
        ("movement_document", || row(vec![("document", Cell::NullText)])),
        ("FROM customer_document", || document(customer())),
        ("FROM order_document", || document(order())),
        ("SELECT MAX(published_at)", || row(vec![("at", Cell::NullTime)])),
        ("AS changed", || row(vec![("changed", Cell::Int(0))])),
        ("SELECT 1 AS answer", || row(vec![("answer", Cell::Int(1))])),
        ("UPDATE outbox", || Reply::Results(Vec::new())),
    ];
    queries.into_iter().find(|(text, _)| request.says(text)).expect("a known query").1()
}

fn known_category() -> Vec<(&'static str, Cell)> {
    vec![("id", Cell::Id(Uuid::nil())), ("name_key", Cell::Bytes(b"lighting".to_vec()))]
}

fn product_page() -> Reply {
    Reply::Results(vec![
        vec![
            ("product_key", Cell::Long(1)),
            ("name_key", Cell::Bytes(b"lamp".to_vec())),
            ("available", Cell::Long(2)),
            ("document", Cell::Text(product())),
        ],
        vec![("id", Cell::Id(Uuid::nil())), ("name", Cell::Text("Lighting".to_owned())), ("count", Cell::Long(1))],
    ])
}

struct Meter {
    stub: Stub,
    store: SqlServerStore,
    counts: BTreeMap<String, usize>,
}

impl Meter {
    async fn count<T>(&mut self, use_case: &str, call: impl AsyncFnOnce(SqlServerStore) -> Result<T>) {
        let before = self.stub.requests();
        let result = call(self.store.clone()).await;
        result.map(drop).unwrap_or_else(|error| panic!("{use_case}: {error}"));
        self.counts.insert(use_case.to_owned(), self.stub.requests() - before);
    }
}

/// With an Idempotency-Key, as clients send it.
fn cause() -> Cause {
    let claim = Claim { scope: "a".to_owned(), key: "b".to_owned(), fingerprint: [0; 32] };
    Cause { claim: Some(claim), ..Cause::internal("test") }
}

fn fields() -> ProductFields {
    let price = Money::new(100, "GBP".parse().expect("a currency")).expect("a price");
    let name = "Lamp".parse().expect("a name");
    ProductFields { name, description: Description::default(), category_id: CategoryId::new(), price }
}

fn import(rows: usize) -> Vec<ImportRow> {
    let row = |n| ImportRow {
        sku: format!("L{n}").parse().expect("a SKU"),
        name: "Lamp".parse().expect("a name"),
        description: None,
        category: "Lighting".parse().expect("a name"),
        price: fields().price,
    };
    (0..rows).map(row).collect()
}

async fn measure() -> BTreeMap<String, usize> {
    let stub = Stub::start(script).await;
    let store = stub.store(1, Default::default());
    let mut meter = Meter { stub, store, counts: BTreeMap::new() };
    let (cause, limit) = (&cause(), Limit::default());
    let shelf = || CategoryFields { name: "Lighting".parse().expect("a name"), parent_id: Some(CategoryId::new()) };
    let (product, category) = (ProductId::new(), CategoryId::new());

    meter.count("create_category", async |s| s.create_category(shelf(), cause).await).await;
    meter.count("update_category", async |s| s.update_category(category, Some(1), shelf(), cause).await).await;
    meter.count("delete_category", async |s| s.delete_category(category, cause).await).await;
    meter.count("category", async |s| s.category(category).await).await;
    meter.count("categories", async |s| s.categories().await).await;

    meter.count("create_product", async |s| s.create_product("A".parse()?, fields(), cause).await).await;
    meter.count("update_product", async |s| s.update_product(product, Some(1), fields(), cause).await).await;
    meter.count("discontinue_product", async |s| s.discontinue_product(product, cause).await).await;
    meter.count("product", async |s| s.product(product).await).await;
    let list = ProductQuery { facets: true, ..Default::default() };
    meter.count("products", async |s| s.products(list).await).await;
    meter.count("import_products, 250 rows", async |s| s.import_products(import(250), cause).await).await;

    let adjustment = Adjustment {
        product_id: product,
        change: Change::By(1),
        reason: "stocktaking".parse().expect("a reason"),
        actor: CustomerId::new(),
    };
    meter.count("adjust_stock", async |s| s.adjust_stock(adjustment, Some(1), cause).await).await;
    meter.count("stock", async |s| s.stock(product).await).await;
    meter.count("movements", async |s| s.movements(product, limit, None).await).await;

    let email = "a@example.com".parse().expect("an address");
    let new = NewCustomer {
        email,
        name: "Ada".parse().expect("a name"),
        role: Role::Customer,
        password_hash: SecretString::from("x"),
    };
    let email = new.email.clone();
    meter.count("register_customer", async |s| s.register_customer(new, cause).await).await;
    meter.count("credentials", async |s| s.credentials(&email).await).await;
    meter.count("customer", async |s| s.customer(CustomerId::new()).await).await;

    let quantity = Quantity::new(1).expect("a quantity");
    let lines = (0..20).map(|_| NewOrderLine { product_id: ProductId::new(), quantity });
    let new = NewOrder::new(CustomerId::new(), lines, None).expect("an order");
    let again = Cause { correlation_id: REPEATED.to_owned(), ..cause.clone() };
    meter.count("place_order, repeated", async |s| s.place_order(new.clone(), &again).await).await;
    meter.count("place_order", async |s| s.place_order(new, cause).await).await;
    meter.count("cancel_order", async |s| s.cancel_order(OrderId::new(), None, cause).await).await;
    meter.count("order", async |s| s.order(OrderId::new(), None).await).await;
    meter.count("orders", async |s| s.orders(CustomerId::new(), limit, None).await).await;

    let now = souk_domain::now();
    let ids: Vec<EventId> = (0..500).map(|_| EventId::new()).collect();
    meter.count("claim_unpublished", async |s| s.claim_unpublished(500, now, now).await).await;
    meter.count("release_claims", async |s| s.release_claims(&ids).await).await;
    meter.count("mark_published", async |s| s.mark_published(&ids).await).await;
    meter.count("last_published", async |s| s.last_published().await).await;
    meter.count("republish", async |s| s.republish(now).await).await;
    meter.count("expire_idempotency_keys", async |s| s.expire_idempotency_keys(now).await).await;
    meter.count("ping", async |s| s.ping().await).await;
    meter.counts
}

/// The rows `| use case | SQL Server | …` of the table.
fn documented() -> BTreeMap<String, usize> {
    let text = include_str!("../../../docs/architecture.md");
    let table = text.split_once("## Round trips").expect("the chapter").1;
    let table = table.split_once("\n## ").map_or(table, |(table, _)| table);
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_end_matches('`')).collect();
        (cells[0].to_owned(), cells[1].parse().expect("a number"))
    })
    .collect()
}

#[tokio::test]
async fn every_use_case_costs_the_round_trips_that_the_documentation_says() {
    assert_eq!(measure().await, documented());
}
