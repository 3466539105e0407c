//! What a server with one of everything answers.

use crate::stub::{Cell, Column, Reply, Request, outcome};
use serde_json::json;
use uuid::Uuid;

const ID: &str = "01900000-0000-7000-8000-000000000001";
/// The fingerprint of a command that ran before.
pub(crate) const REPEATED: [u8; 32] = *b"a command with this ran before..";
/// The fingerprint of an order whose products are gone.
pub(crate) const REFUSED: [u8; 32] = *b"an order with this is refused...";
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
    json!({
        "id": ID, "email": "a@example.com", "name": "Ada", "role": "customer", "status": "active", "addresses": "[]",
        "secondFactor": false, "version": 1, "createdAt": AT, "updatedAt": AT,
    })
    .to_string()
}

pub(crate) fn order() -> String {
    json!({
        "id": ID, "number": "S-2026-000001", "customerId": ID, "status": "pending_payment", "fulfilment": "unfulfilled",
        "lines": [{
            "productId": ID, "sku": "A", "name": "Lamp", "quantity": 1, "unitPrice": money(), "lineTotal": money(),
            "discount": money(), "tax": money(), "total": money(), "shipped": 0, "cancelled": 0, "returned": 0, "refunded": 0,
        }],
        "totals": {
            "goods": money(), "discount": money(), "shipping": money(), "shippingTax": money(), "tax": money(),
            "grandTotal": money(), "paid": money(), "refunded": money(),
        },
        "tax": { "basisPoints": 0, "isIncluded": false }, "payments": [], "shipments": [], "returns": [], "notes": [],
        "history": [], "version": 1, "paymentDueAt": AT, "placedAt": AT, "updatedAt": AT,
    })
    .to_string()
}

fn rule() -> String {
    json!({ "kind": "tax_rate", "code": "*", "rule": { "basisPoints": 2000, "isIncluded": true } }).to_string()
}

fn webhook() -> String {
    json!({
        "id": ID, "url": "https://example.com/", "subscriptions": [{ "eventType": "souk.OrderPlaced", "since": AT }],
        "description": "", "secret": "sealed", "version": 1, "createdAt": AT, "updatedAt": AT,
    })
    .to_string()
}

fn found_webhook() -> Vec<Column> {
    vec![("webhook_key", Cell::Long(1)), ("document", Cell::Text(webhook()))]
}

fn delivery() -> String {
    json!({
        "id": ID, "eventId": ID, "eventType": "souk.OrderPlaced", "subject": ID, "subjectVersion": 1, "status": "pending",
        "attempts": 0, "nextAttemptAt": AT, "createdAt": AT,
    })
    .to_string()
}

fn logged_delivery() -> Vec<Column> {
    vec![("delivery_key", Cell::Long(1)), ("document", Cell::Text(delivery()))]
}

fn claimed_delivery() -> Vec<Column> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let stock = json!({ "productId": ID, "sku": "A", "onHand": 3, "reserved": 1, "available": 2 }).to_string();
    vec![
        ("delivery_key", Cell::Long(1)),
        ("webhook_key", Cell::Long(1)),
        ("id", Cell::Id(Uuid::nil())),
        ("attempts", Cell::Long(0)),
        ("event_id", Cell::Id(Uuid::nil())),
        ("type", text("souk.InventoryChanged")),
        ("subject", Cell::Id(Uuid::nil())),
        ("version", Cell::Long(1)),
        ("correlation_id", text("x")),
        ("data", Cell::Text(stock)),
        ("created_at", Cell::Epoch),
    ]
}

/// The kept result of a command that ran before, or nothing.
fn first_result(is_there: bool) -> Vec<Column> {
    let text = |text: &str| Cell::Text(text.to_owned());
    match is_there {
        true => vec![("same", Cell::Int(1)), ("result", Cell::Text(order())), ("request_id", text("first"))],
        false => Vec::new(),
    }
}

fn row(columns: Vec<(&'static str, Cell)>) -> Reply {
    Reply::Results(vec![columns])
}

fn document(json: String) -> Reply {
    row(vec![
        ("document", Cell::Text(json)),
        ("order_key", Cell::Long(1)),
        ("entry_key", Cell::Long(1)),
        ("webhook_key", Cell::Long(1)),
        ("customer_key", Cell::Long(1)),
        ("password_hash", Cell::Text("x".to_owned())),
        ("sessions_over", Cell::Epoch),
        ("session_kept", Cell::NullId),
        ("sealed_secret", Cell::Bytes(b"sealed".to_vec())),
    ])
}

fn audit_entry() -> String {
    json!({ "at": AT, "action": "customers_listed", "actorId": ID, "requestId": "x" }).to_string()
}

type Document = fn() -> String;
type Answer = fn() -> Reply;

pub(crate) fn script(request: &Request) -> Reply {
    let nothing: Document = || "null".to_owned();
    // The first text that a batch says decides.
    let commands: [(&str, Document); 24] = [
        ("INTO webhook (", webhook),
        ("document = @P11, is_active", webhook),
        ("DELETE FROM webhook WHERE", nothing),
        ("UPDATE webhook_delivery SET status", delivery),
        ("N'customer_erased', @P7", nothing),
        ("FROM customer_document", customer),
        ("N'password_reset', @customer", || json!(ID).to_string()),
        ("N'password_changed', @P7", nothing),
        ("N'sessions_ended'", nothing),
        ("INTO recovery_code", nothing),
        ("FROM recovery_code", || "true".to_owned()),
        ("SET last_step", || "true".to_owned()),
        ("INTO mail (", nothing),
        ("INTO audit_entry", nothing),
        ("INTO sales_order (", order),
        ("UPDATE sales_order", order),
        ("INTO pricing_rule (", rule),
        ("DELETE FROM pricing_rule", nothing),
        ("FROM OPENJSON(@P9)", nothing),
        ("DELETE FROM category", nothing),
        ("UPDATE category_tree", category),
        ("INTO category (", category),
        ("UPDATE stock SET version", stock),
        ("product_document", product),
    ];
    let is_repeated = request.holds(&REPEATED);
    if request.says("AS outcome") && is_repeated {
        return Reply::Error(2627, "Violation of PRIMARY KEY constraint 'idempotency_pk'.");
    }
    if request.says("AS outcome") && request.holds(&REFUSED) {
        let unknown = json!([{ "line": 1, "product": ID, "quantity": 1, "agreed": 100, "agreed_in": "GBP" }]);
        return outcome("refused_lines", &unknown.to_string());
    }
    if request.says("AS outcome") {
        let found = commands.into_iter().find(|(text, _)| request.says(text)).expect("a known command");
        return outcome("done", &found.1());
    }
    if request.says("FROM pricing_rule WHERE kind = N'shipping_method'") {
        return Reply::Results(vec![offer(), found_rule(), first_result(is_repeated)]);
    }
    if request.says("SELECT webhook_key, document FROM webhook WHERE id") {
        return Reply::Results(vec![found_webhook(), first_result(is_repeated)]);
    }
    if request.says("SELECT order_key, document FROM sales_order WHERE id") {
        return Reply::Results(vec![found_order(), first_result(is_repeated)]);
    }
    let queries: [(&str, Answer); 30] = [
        ("SELECT TOP (@P2) webhook_key", || document(webhook())),
        ("SELECT document FROM webhook", || document(webhook())),
        ("INTO webhook_delivery", || row(vec![("changed", Cell::Int(0))])),
        ("UPDATE webhook_delivery SET claimed_until", || Reply::Results(vec![claimed_delivery(), found_webhook()])),
        ("SET status = N'delivered'", || Reply::Results(Vec::new())),
        ("AS failures", || row(vec![("failures", Cell::Long(1))])),
        ("FROM webhook_delivery_document", || Reply::Results(vec![found_webhook(), logged_delivery()])),
        ("AS same", || row(first_result(true))),
        ("SELECT p.document AS product", || row(offer())),
        ("SELECT page.product_key", product_page),
        ("WHERE sku IN", || Reply::Results(vec![vec![("document", Cell::Text(product()))], known_category()])),
        ("FROM category_document", || document(category())),
        ("FROM stock_document", || document(stock())),
        ("movement_document", || row(vec![("document", Cell::NullText)])),
        ("customer_document", || document(customer())),
        ("FROM audit_entry_document", || document(audit_entry())),
        ("UPDATE mail SET sent_at", || Reply::Results(Vec::new())),
        ("UPDATE mail", mail),
        ("SELECT TOP (@P1) order_key, id", || row(vec![("order_key", Cell::Long(1)), ("id", Cell::Id(Uuid::nil()))])),
        ("o.order_key, o.document", || document(order())),
        ("order_mail AS m", order_to_mail),
        ("FROM sales_order", || document(order())),
        ("FROM pricing_rule", || row(found_rule())),
        ("SELECT MAX(published_at)", || row(vec![("at", Cell::NullTime)])),
        ("AS changed", || row(vec![("changed", Cell::Int(0))])),
        ("created_at >= CAST(@P3", || Reply::Results(Vec::new())),
        ("SET password_hash", || Reply::Results(Vec::new())),
        ("SELECT 1 AS answer", || row(vec![("answer", Cell::Int(1))])),
        ("INSERT INTO order_mail", || Reply::Results(Vec::new())),
        ("UPDATE outbox", || Reply::Results(Vec::new())),
    ];
    queries.into_iter().find(|(text, _)| request.says(text)).expect("a known query").1()
}

fn offer() -> Vec<Column> {
    vec![("product", Cell::Text(product())), ("stock", Cell::Text(stock()))]
}

pub(crate) fn found_order() -> Vec<Column> {
    vec![("order_key", Cell::Long(1)), ("document", Cell::Text(order()))]
}

fn found_rule() -> Vec<Column> {
    vec![("document", Cell::Text(rule())), ("uses", Cell::Long(0)), ("own", Cell::Long(0))]
}

fn mail() -> Reply {
    let text = |text: &str| Cell::Text(text.to_owned());
    let status = ("status", Cell::NullText);
    row(vec![("kind", text("registration")), ("email", text("a@example.com")), ("name", text("Ada")), status])
}

fn order_to_mail() -> Reply {
    let text = |text: &str| Cell::Text(text.to_owned());
    row(vec![("document", Cell::Text(order())), ("email", text("a@example.com")), ("name", text("Ada"))])
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
