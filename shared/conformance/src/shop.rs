//! A small shop to test on, and the values that tests are made of.

use chrono::Duration;
use souk_domain::ports::Store;
use souk_domain::{
    Address, Adjustment, CategoryFields, CategoryId, CategoryName, Cause, Change, Claim, Committed, CountryCode,
    CurrencyCode, Customer, CustomerId, DateTime, Description, Email, Error, Event, Grams, ImportRow, Limit, Money,
    Movement, NewCustomer, NewOrder, NewOrderLine, PersonName, Product, ProductFields, ProductId, ProductName,
    Quantity, Reason, Result, Role, Sku, StockLevel,
};
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

/// More than any test makes: a walk that finds so much goes round in circles.
pub(crate) const ENDLESS: usize = 20_000;

/// Later than any moment that tests run at.
pub(crate) const FAR: DateTime = DateTime::from_timestamp_micros(7_000_000_000_000_000).expect("a moment");

pub(crate) type AnyStore = Arc<dyn Store>;

/// A store with a member of staff and one category in it.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) store: AnyStore,
    pub(crate) staff: CustomerId,
    pub(crate) category: CategoryId,
}

impl Shop {
    pub(crate) async fn open(store: AnyStore) -> Self {
        let staff = person(&store, "staff@example.com", Role::Manager).await.id;
        let category = category(&store, "Things", None).await;
        Self { store, staff, category }
    }

    /// A product at 1.00 with empty stock.
    pub(crate) async fn product(&self, code: &str) -> Product {
        self.product_with(code, self.fields(&format!("Thing {code}"), 100)).await
    }

    pub(crate) async fn product_with(&self, code: &str, fields: ProductFields) -> Product {
        self.store.create_product(sku(code), fields, &cause()).await.expect("a product").value
    }

    /// A product at 1.00 with so many pieces in the house.
    pub(crate) async fn stocked(&self, code: &str, pieces: i64) -> Product {
        let product = self.product(code).await;
        self.adjust(product.id, Change::To(pieces)).await.expect("stock");
        product
    }

    pub(crate) fn fields(&self, name: &str, minor: i64) -> ProductFields {
        let (name, description) = (product_name(name), Description::default());
        ProductFields {
            name,
            description,
            category_id: self.category,
            price: gbp(minor),
            weight_grams: Grams::default(),
        }
    }

    pub(crate) fn adjustment(&self, product_id: ProductId, change: Change) -> Adjustment {
        Adjustment { product_id, change, reason: reason("stocktaking"), actor: self.staff }
    }

    pub(crate) async fn adjust(&self, id: ProductId, change: Change) -> Result<Committed<StockLevel>> {
        self.store.adjust_stock(self.adjustment(id, change), None, &cause()).await
    }

    pub(crate) async fn stock(&self, id: ProductId) -> StockLevel {
        self.store.stock(id).await.expect("a stock level")
    }

    pub(crate) async fn customer(&self, name: &str) -> CustomerId {
        person(&self.store, &format!("{name}@example.com"), Role::Customer).await.id
    }

    /// The whole ledger of a product, newest first.
    pub(crate) async fn ledger(&self, id: ProductId) -> Vec<Movement> {
        let (mut ledger, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.movements(id, limit(100), after).await.expect("a page");
            ledger.extend(page.items);
            assert!(ledger.len() <= ENDLESS, "the pages have no end");
            after = page.next;
            if after.is_none() {
                return ledger;
            }
        }
    }

    /// Checks that the ledger sums up to the stock, without a gap in the versions.
    pub(crate) async fn assert_ledger_balances(&self, id: ProductId) {
        let (stock, ledger) = (self.stock(id).await, self.ledger(id).await);
        let on_hand: i64 = ledger.iter().map(|movement| movement.on_hand_change).sum();
        let reserved: i64 = ledger.iter().map(|movement| movement.reserved_change).sum();
        assert_eq!((on_hand, reserved), (stock.on_hand, stock.reserved), "the ledger is not the stock");
        assert_eq!(stock.available, stock.on_hand - stock.reserved);
        assert!(0 <= stock.reserved && stock.reserved <= stock.on_hand, "oversold: {stock:?}");
        let versions: Vec<_> = ledger.iter().map(|movement| movement.version).collect();
        let expected: Vec<_> = (2..=stock.version).rev().collect();
        assert_eq!(versions, expected, "one movement for each version of the stock, newest first");
    }
}

pub(crate) async fn person(store: &AnyStore, address: &str, role: Role) -> Customer {
    let new = newcomer(address, "Somebody", role);
    store.register_customer(new, &cause()).await.expect("a registration").value
}

pub(crate) fn newcomer(address: &str, name: &str, role: Role) -> NewCustomer {
    NewCustomer {
        email: email(address),
        name: person_name(name),
        role,
        password_hash: "$argon2id$v=19$secret".to_owned().into(),
    }
}

pub(crate) async fn category(store: &AnyStore, name: &str, parent: Option<CategoryId>) -> CategoryId {
    store.create_category(shelf(name, parent), &cause()).await.expect("a category").value.id
}

pub(crate) fn shelf(name: &str, parent_id: Option<CategoryId>) -> CategoryFields {
    CategoryFields { name: category_name(name), parent_id }
}

pub(crate) fn cause() -> Cause {
    Cause::internal("conformance")
}

/// A command of one client's key, in a request of its own.
pub(crate) fn claimed(scope: &str, key: &str, fingerprint: u8) -> Cause {
    let claim = Claim { scope: scope.to_owned(), key: key.to_owned(), fingerprint: [fingerprint; 32] };
    let request_id = uuid::Uuid::new_v4().to_string();
    Cause { at: souk_domain::now(), request_id, correlation_id: "conformance".to_owned(), claim: Some(claim) }
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::parse(text).expect("a SKU")
}

pub(crate) fn product_name(text: &str) -> ProductName {
    ProductName::parse(text).expect("a product name")
}

pub(crate) fn category_name(text: &str) -> CategoryName {
    CategoryName::parse(text).expect("a category name")
}

pub(crate) fn description(text: &str) -> Description {
    Description::parse(text).expect("a description")
}

pub(crate) fn person_name(text: &str) -> PersonName {
    PersonName::parse(text).expect("a name")
}

pub(crate) fn reason(text: &str) -> Reason {
    Reason::parse(text).expect("a reason")
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).expect("an address")
}

pub(crate) fn limit(items: i64) -> Limit {
    Limit::new(items).expect("a limit")
}

pub(crate) fn grams(weight: i64) -> Grams {
    Grams::try_from(weight).expect("a weight")
}

pub(crate) fn gbp(minor: i64) -> Money {
    money(minor, "GBP")
}

pub(crate) fn money(minor: i64, currency: &str) -> Money {
    Money::new(minor, CurrencyCode::parse(currency).expect("a currency")).expect("an amount")
}

pub(crate) fn pieces(product_id: ProductId, number: u32) -> NewOrderLine {
    NewOrderLine { product_id, quantity: Quantity::new(number).expect("a quantity"), agreed_price: None }
}

/// Pieces of a product at a price that the buyer agreed to.
pub(crate) fn agreed(product_id: ProductId, number: u32, price: Money) -> NewOrderLine {
    NewOrderLine { agreed_price: Some(price), ..pieces(product_id, number) }
}

/// Where something is sent to, with or without the parts that may be absent.
pub(crate) fn address(recipient: &str, full: bool) -> Address {
    Address {
        recipient: person_name(recipient),
        line1: "12 St James's Square".parse().expect("a line"),
        line2: full.then(|| "3. Stock \"links\" 😀".parse().expect("a line")),
        city: "Kraków".parse().expect("a line"),
        postal_code: full.then(|| "SW1Y 4JH".parse().expect("a code")),
        country: CountryCode::parse("GB").expect("a country"),
    }
}

/// Another one each time, told when the test fails; `SOUK_SEED` runs one again.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("SOUK_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(rand::random);
    println!("SOUK_SEED={seed}");
    seed
}

/// An order without an address.
pub(crate) fn order(customer: CustomerId, lines: impl IntoIterator<Item = NewOrderLine>) -> NewOrder {
    NewOrder::new(customer, lines, None).expect("an order")
}

pub(crate) fn row(code: &str, name: &str, category: &str, minor: i64) -> ImportRow {
    let (sku, name, category) = (sku(code), product_name(name), category_name(category));
    ImportRow { sku, name, description: None, category, price: gbp(minor), weight_grams: None }
}

/// Runs futures as tasks that compete for the store; the results in the order of the futures.
pub(crate) async fn at_once<F>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let tasks: Vec<_> = futures.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(task.await.expect("a task that does not panic"));
    }
    results
}

/// The stable word of a refusal: of a conflict or of a value that breaks a rule.
pub(crate) fn code(error: &Error) -> &'static str {
    match error {
        Error::Conflict { code, .. } => code,
        Error::Invalid(violation) => violation.code,
        Error::NotFound(_) => "not_found",
        Error::Stale { .. } => "stale",
        Error::UnknownCategory => "unknown_category",
        Error::UnknownProducts(_) => "unknown_products",
        Error::DiscontinuedProducts(_) => "discontinued_products",
        Error::OfferChanged { .. } => "offer_changed",
        Error::TotalChanged { .. } => "total_changed",
        Error::KeyReused => "key_reused",
        Error::Unavailable(_) => "unavailable",
        Error::Internal(_) => "internal",
    }
}

/// Checks that a command or query was refused with this word.
#[track_caller]
pub(crate) fn assert_refused<T: Debug>(result: Result<T>, expected: &str) {
    let error = result.expect_err(expected);
    assert_eq!(code(&error), expected, "{error:?}");
}

/// Checks that there is no such thing, in the word that the interface makes its code of.
#[track_caller]
pub(crate) fn assert_not_found<T: Debug>(result: Result<T>, what: &str) {
    let error = result.expect_err(what);
    assert!(matches!(&error, Error::NotFound(found) if *found == what), "{error:?}");
}

/// Checks that somebody else was faster and the version is now `expected`.
#[track_caller]
pub(crate) fn assert_stale<T: Debug>(result: Result<T>, expected: i64) {
    let error = result.expect_err("stale");
    assert!(matches!(&error, Error::Stale { current } if *current == expected), "{error:?}");
}

/// How many of the results are values; each other one must be a refusal with this word.
#[track_caller]
pub(crate) fn winners<T: Debug>(results: &[Result<T>], refusal: &str) -> usize {
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert_eq!(code(error), refusal, "{error:?}");
    }
    results.iter().filter(|result| result.is_ok()).count()
}

/// Every event that is in the outbox and not published, in order. They stay claimable.
pub(crate) async fn outbox(store: &AnyStore) -> Vec<Event> {
    let already = souk_domain::now() - Duration::minutes(1);
    // Commands of tests may come in at any moment, also one that is yet to come.
    store.claim_unpublished(100_000, FAR, already).await.expect("events").events
}
