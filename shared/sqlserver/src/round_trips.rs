//! Counts what each use case costs, on the wire, and compares with the table in `docs/architecture.md`.

use crate::SqlServerStore;
use crate::one_of_everything::{REFUSED, REPEATED, script};
use crate::stub::Stub;
use secrecy::SecretString;
use souk_domain::ports::{Categories, Customers, Inventory, Mails, Orders, Outbox, Pricing, Products, Sweep, Webhooks};
use souk_domain::{
    AddressBook, Adjustment, Aggregate, AuditAction, AuditQuery, CategoryFields, CategoryId, Cause, Change, Claim,
    ClaimedDelivery, CustomerId, CustomerQuery, Decide, DecideWebhook, DeliveryId, Description, Email, Error, Event,
    EventId, Grams, ImportRow, Limit, MailId, Money, NewCustomer, NewOrder, NewOrderLine, NewRegistration, OrderId,
    OrderSearch, OrderStatus, OrderText, PersonName, Placement, PricingRule, Product, ProductFields, ProductId,
    ProductQuery, Profile, Quantity, Quote, Result, Role, RuleKind, SealedSecret, SearchQuery, SessionId, StockLevel,
    TaxRate, Terms, TokenHash, Told, Webhook, WebhookAttempt, WebhookDescription, WebhookEventType, WebhookFields,
    WebhookId, WebhookUrl,
};
use std::collections::BTreeMap;
use std::sync::Arc;

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
    let weight_grams = Grams::default();
    ProductFields { name, description: Description::default(), category_id: CategoryId::new(), price, weight_grams }
}

fn import(rows: usize) -> Vec<ImportRow> {
    let row = |n| ImportRow {
        sku: format!("L{n}").parse().expect("a SKU"),
        name: "Lamp".parse().expect("a name"),
        description: None,
        category: "Lighting".parse().expect("a name"),
        price: fields().price,
        weight_grams: None,
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
    let ids = [product, ProductId::new()];
    meter.count("products_by_id", async |s| s.products_by_id(&ids).await).await;
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

    count_people(&mut meter, cause).await;

    count_orders(&mut meter, cause).await;
    count_prices(&mut meter, cause).await;
    count_webhooks(&mut meter, cause).await;

    let now = souk_domain::now();
    let ids: Vec<EventId> = (0..500).map(|_| EventId::new()).collect();
    meter.count("claim_unpublished", async |s| s.claim_unpublished(500, now, now).await).await;
    meter.count("release_claims", async |s| s.release_claims(&ids).await).await;
    meter.count("mark_published", async |s| s.mark_published(&ids).await).await;
    meter.count("last_published", async |s| s.last_published().await).await;
    meter.count("republish", async |s| s.republish(now).await).await;
    meter.count("archive", async |s| s.archive(now).await).await;
    meter.count("events_since", async |s| s.events_since(now, None, 100).await).await;
    meter.count("expire_idempotency_keys", async |s| s.expire_idempotency_keys(now).await).await;
    meter.count("ping", async |s| s.ping().await).await;
    meter.counts
}

async fn count_orders(meter: &mut Meter, cause: &Cause) {
    let with = |fingerprint| {
        let claim = Claim { scope: "a".to_owned(), key: "b".to_owned(), fingerprint };
        Cause { claim: Some(claim), ..cause.clone() }
    };
    let (again, refused) = (with(REPEATED), with(REFUSED));
    let (customer, order, limit, now) = (CustomerId::new(), OrderId::new(), Limit::default(), souk_domain::now());
    let new = wish(customer);
    meter.count("terms", async |s| s.terms(&new, cause).await).await;
    meter.count("terms, repeated", async |s| s.terms(&new, &again).await).await;
    let placement = placement(new);
    meter.count("place_order, repeated", async |s| s.place_order(placement.clone(), &again).await).await;
    let gone = async |s: SqlServerStore| match s.place_order(placement.clone(), &refused).await {
        Err(Error::UnknownProducts(_)) => Ok(()),
        other => panic!("{other:?}"),
    };
    meter.count("place_order, refused", gone).await;
    meter.count("place_order", async |s| s.place_order(placement, cause).await).await;

    // The server's order is unpaid and late, so that it expires.
    let late = now + chrono::Duration::days(10_000);
    let expire: Decide = Arc::new(move |order| order.expire(&Cause { at: late, ..Cause::internal("test") }));
    let nothing: Decide = Arc::new(|_| Ok(None));
    let quietly = Cause::internal("test");
    meter.count("change_order, repeated", async |s| s.change_order(order, None, expire.clone(), &again).await).await;
    meter.count("change_order", async |s| s.change_order(order, None, expire, cause).await).await;
    meter.count("change_order, nothing new", async |s| s.change_order(order, None, nothing, &quietly).await).await;

    meter.count("order", async |s| s.order(order, None).await).await;
    let (number, email) = ("S-2026-000001".parse().expect("a number"), "a@example.com".parse().expect("an address"));
    meter.count("order_by_number", async |s| s.order_by_number(number, &email).await).await;
    meter.count("orders", async |s| s.orders(customer, limit, None).await).await;
    let text = OrderText::parse("ada lo").expect("a search");
    let search = OrderSearch { status: Some(OrderStatus::Paid), text: Some(text), ..Default::default() };
    meter.count("search_orders", async |s| s.search_orders(search).await).await;
    meter.count("waiting_orders", async |s| s.waiting_orders(Sweep::Unpaid, now, limit, None).await).await;
}

fn wish(customer: CustomerId) -> NewOrder {
    let quantity = Quantity::new(1).expect("a quantity");
    let lines = (0..20).map(|_| NewOrderLine { product_id: ProductId::new(), quantity, agreed_price: None });
    NewOrder::new(customer, lines, None).expect("an order")
}

/// The order that a wish becomes where everything is there.
fn placement(new: NewOrder) -> Placement {
    let offer = |line: &NewOrderLine| {
        let product =
            Product { id: line.product_id, ..Product::new("A".parse().expect("a SKU"), fields(), souk_domain::now()) };
        let (product_id, sku, updated_at) = (product.id, product.sku.clone(), product.updated_at);
        let stock = StockLevel { product_id, sku, on_hand: 1, reserved: 0, available: 1, version: 1, updated_at };
        (product, stock)
    };
    let terms = Terms { products: new.lines().iter().map(offer).collect(), ..Default::default() };
    let now = souk_domain::now();
    Placement::new(Quote::new(new, &terms, now).expect("a quote"), now, chrono::Duration::minutes(30))
}

async fn count_prices(meter: &mut Meter, cause: &Cause) {
    let tax = TaxRate { basis_points: 2000, is_included: true };
    let rule = PricingRule::TaxRate { code: "GB".parse().expect("a region"), rule: tax };
    meter.count("save_rule", async |s| s.save_rule(rule, cause).await).await;
    meter.count("remove_rule", async |s| s.remove_rule(RuleKind::TaxRate, "GB", cause).await).await;
    meter.count("rules", async |s| s.rules(RuleKind::TaxRate).await).await;
}

async fn count_webhooks(meter: &mut Meter, cause: &Cause) {
    let (id, staff, limit, now) = (WebhookId::new(), CustomerId::new(), Limit::default(), souk_domain::now());
    let types = vec![WebhookEventType::parse("souk.OrderPlaced").expect("a type")];
    let url = WebhookUrl::parse("https://example.com/").expect("a URL");
    let fields = WebhookFields::new(url, types, WebhookDescription::default()).expect("fields");
    let webhook = Webhook::new(id, fields, SealedSecret(String::new()), now);
    let rotate: DecideWebhook = Arc::new(move |webhook| Ok(Some(webhook.rotated(SealedSecret(String::new()), now))));
    let new = webhook.clone();
    meter.count("create_webhook", async |s| s.create_webhook(new, staff, cause).await).await;
    meter.count("change_webhook", async |s| s.change_webhook(id, rotate, Some(staff), cause).await).await;
    meter.count("remove_webhook", async |s| s.remove_webhook(id, staff, cause).await).await;
    meter.count("webhook", async |s| s.webhook(id).await).await;
    meter.count("webhooks", async |s| s.webhooks(limit, None).await).await;

    let told: Vec<Told> = (0..100).map(|_| Told { subject: OrderId::new().uuid(), version: 1 }).collect();
    meter.count("enqueue_webhooks", async |s| s.enqueue_webhooks(Aggregate::Order, &told, now).await).await;
    meter.count("claim_webhook_deliveries", async |s| s.claim_webhook_deliveries(16, 4, now, now).await).await;
    let product = Product::new("A".parse().expect("a SKU"), self::fields(), now);
    let delivery = ClaimedDelivery {
        id: DeliveryId::new(),
        webhook: Arc::new(webhook),
        event: Some(Event::product_created(&product, cause)),
        attempts: 0,
        claimed_until: now,
    };
    let attempt = WebhookAttempt { status_code: Some(500), error: Some("500".to_owned()), duration_ms: 1 };
    meter.count("webhook_delivered", async |s| s.webhook_delivered(&delivery, &attempt, now).await).await;
    meter.count("webhook_failed", async |s| s.webhook_failed(&delivery, &attempt, now, None).await).await;
    meter.count("webhook_deliveries", async |s| s.webhook_deliveries(id, limit, None).await).await;
    meter.count("redeliver_webhook", async |s| s.redeliver_webhook(id, delivery.id, cause).await).await;
    meter.count("expire_webhook_deliveries", async |s| s.expire_webhook_deliveries(now).await).await;
}

async fn count_people(meter: &mut Meter, cause: &Cause) {
    let (id, staff, token) = (CustomerId::new(), CustomerId::new(), TokenHash([7; 32]));
    let (name, hash) = ("Ada".parse::<PersonName>().expect("a name"), SecretString::from("x"));
    let email: Email = "a@example.com".parse().expect("an address");
    let new =
        NewCustomer { email: email.clone(), name: name.clone(), role: Role::Customer, password_hash: hash.clone() };
    let wish = NewRegistration { email: email.clone(), name: name.clone(), password_hash: hash.clone() };
    meter.count("register_customer", async |s| s.register_customer(new.clone(), cause).await).await;
    meter.count("invite_staff", async |s| s.invite_staff(new, Some(staff), cause).await).await;
    meter.count("request_registration", async |s| s.request_registration(wish, cause).await).await;
    meter.count("request_password_reset", async |s| s.request_password_reset(&email, cause).await).await;
    meter.count("request_email_change", async |s| s.request_email_change(id, &email, cause).await).await;
    meter.count("verify_email", async |s| s.verify_email(token, cause).await).await;
    meter.count("reset_password", async |s| s.reset_password(token, hash.clone(), cause).await).await;
    let session = SessionId::new();
    meter.count("change_password", async |s| s.change_password(id, hash.clone(), session, cause).await).await;
    meter.count("upgrade_password_hash", async |s| s.upgrade_password_hash(id, &hash, &hash).await).await;
    meter.count("end_sessions", async |s| s.end_sessions(id, cause).await).await;

    meter.count("offer_second_factor", async |s| s.offer_second_factor(id, vec![1], vec![token; 8]).await).await;
    meter.count("confirm_second_factor", async |s| s.confirm_second_factor(id, 1, session, cause).await).await;
    meter.count("use_step", async |s| s.use_step(id, 2).await).await;
    meter.count("use_recovery_code", async |s| s.use_recovery_code(id, token).await).await;
    meter.count("remove_second_factor", async |s| s.remove_second_factor(id, cause).await).await;

    let profile = Profile { name, addresses: AddressBook::default() };
    meter.count("update_profile", async |s| s.update_profile(id, Some(1), profile, cause).await).await;
    meter.count("set_customer_status", async |s| s.set_customer_status(id, true, staff, cause).await).await;
    meter.count("erase_customer", async |s| s.erase_customer(id, cause).await).await;
    meter.count("account_of", async |s| s.account_of(&email).await).await;
    meter.count("account", async |s| s.account(id).await).await;
    meter.count("customer", async |s| s.customer(id).await).await;
    let search = SearchQuery::parse("ada lo").expect("a search");
    let list = CustomerQuery { search: Some(search), ..Default::default() };
    meter.count("customers", async |s| s.customers(list, staff, cause).await).await;
    let log = AuditQuery { actor: Some(staff), ..Default::default() };
    meter.count("audit_entries", async |s| s.audit_entries(log).await).await;
    let action = AuditAction::DataExported;
    meter.count("record_audit", async |s| s.record_audit(action, id, id, cause).await).await;

    let (mail, now) = (MailId::new(), souk_domain::now());
    meter.count("prepare_mail", async |s| s.prepare_mail(mail, token, now).await).await;
    meter.count("mail_sent", async |s| s.mail_sent(mail, now).await).await;
    let event = souk_domain::EventId::new();
    meter.count("order_to_mail", async |s| s.order_to_mail(souk_domain::OrderId::new(), event).await).await;
    meter.count("order_mailed", async |s| s.order_mailed(event, now).await).await;
    meter.count("expire_mails", async |s| s.expire_mails(now).await).await;
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
