//! What the store does when the wire or the server fails, shown on a server that fails on purpose.

use crate::one_of_everything::{found_order, order};
use crate::pool::Limits;
use crate::stub::{Cell, Reply, Request, Stub, outcome, short, store_at};
use souk_domain::ports::{Categories, Customers, Orders, Outbox};
use souk_domain::{
    AuditAction, Category, CategoryFields, CategoryId, Cause, Claim, Committed, CustomerId, CustomerQuery, Decide,
    Error, Order, OrderChange, OrderId, Result, TokenHash, now,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

const CATEGORY: &str = r#"{"id":"01900000-0000-7000-8000-000000000001","name":"Lighting","version":1,
    "createdAt":"2026-01-02T03:04:05.678901Z","updatedAt":"2026-01-02T03:04:05.678901Z"}"#;

fn pong() -> Reply {
    Reply::Results(vec![vec![("answer", Cell::Int(1))]])
}

/// The replies one after the other, then pongs.
fn first(replies: Vec<Reply>) -> impl Fn(&Request) -> Reply + Send + Sync {
    move |request| replies.get(request.number).cloned().unwrap_or_else(pong)
}

async fn create(store: &impl Categories, claim: bool) -> Result<Committed<Category>> {
    let claim = claim.then(|| Claim { scope: "a".to_owned(), key: "b".to_owned(), fingerprint: [0; 32] });
    let cause = Cause { claim, ..Cause::internal("test") };
    store.create_category(CategoryFields { name: "Lighting".parse().expect("a name"), parent_id: None }, &cause).await
}

fn unavailable<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(Error::Unavailable(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_deadlock_is_tried_again_on_the_same_connection() {
    let deadlock = Reply::Error(1205, "Transaction (Process ID 52) was deadlocked. Rerun the transaction.");
    let stub = Stub::start(first(vec![deadlock.clone(), deadlock, outcome("done", CATEGORY)])).await;
    let made = create(&stub.store(1, short()), false).await.expect("a category");
    assert_eq!((made.value.name.as_str(), stub.requests(), stub.logins()), ("Lighting", 3, 1));
}

#[tokio::test]
async fn every_passing_error_is_tried_again() {
    for number in [1205, 1222, 3960, 40501, 40613, 49918, 10928, 10929, 10053, 10054, 10060, 233, 64, 20] {
        let stub = Stub::start(first(vec![Reply::Error(number, "comes and goes")])).await;
        stub.store(1, short()).ping().await.unwrap_or_else(|error| panic!("{number}: {error}"));
        assert_eq!(stub.requests(), 2, "{number}");
    }
}

#[tokio::test]
async fn a_defect_is_not_tried_again_and_its_text_is_kept_for_the_log() {
    let stub = Stub::start(first(vec![Reply::Error(33_557_097, "function does not exist")])).await;
    let error = stub.store(1, short()).ping().await.expect_err("a defect");
    assert!(matches!(&error, Error::Internal(text) if text.contains("function does not exist")), "{error:?}");
    assert_eq!(stub.requests(), 1);
}

#[tokio::test]
async fn a_broken_constraint_is_what_it_means_and_does_not_show_the_values() {
    let taken =
        "Violation of UNIQUE KEY constraint 'category_name_unique'. The duplicate key value is (ada@example.com).";
    for number in [2627, 2601] {
        let stub = Stub::start(first(vec![Reply::Error(number, taken)])).await;
        let error = create(&stub.store(1, short()), false).await.expect_err("a conflict");
        assert!(matches!(error, Error::Conflict { code: "category_name_taken", .. }), "{error:?}");
    }
    let stub = Stub::start(first(vec![Reply::Error(2627, taken)])).await;
    let error = stub.store(1, short()).ping().await.expect_err("a defect").to_string();
    assert!(error.contains("category_name_unique") && !error.contains("ada@"), "{error}");
}

#[tokio::test]
async fn a_second_run_with_a_claim_waits_and_finds_the_first_result() {
    let running = "Violation of PRIMARY KEY constraint 'idempotency_pk'. Cannot insert duplicate key.";
    let replayed = Reply::Results(vec![vec![
        ("same", Cell::Int(1)),
        ("result", Cell::Text(CATEGORY.to_owned())),
        ("request_id", Cell::Text("the first".to_owned())),
    ]]);
    let stub = Stub::start(first(vec![Reply::Error(2627, running), replayed])).await;
    let made = create(&stub.store(1, short()), true).await.expect("a category");
    assert_eq!(made.replayed.as_deref(), Some("the first"));
}

#[tokio::test]
async fn a_connection_that_breaks_is_thrown_away_and_a_repeatable_call_goes_on() {
    for fault in [Reply::Cut, Reply::CutInside, Reply::Garbage, Reply::Stall] {
        let stub = Stub::start(first(vec![fault.clone()])).await;
        let store = stub.store(1, short());
        store.ping().await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!((stub.requests(), stub.logins()), (2, 2), "{fault:?}");
        store.ping().await.expect("the new connection stays");
        assert_eq!(stub.logins(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn when_one_connection_breaks_the_idle_ones_are_not_tried() {
    let stub = Stub::start(|request| if request.number == 2 { Reply::Cut } else { pong() }).await;
    let store = stub.store(2, short());
    let both = tokio::join!(store.ping(), store.ping());
    assert!(both.0.is_ok() && both.1.is_ok() && stub.logins() == 2, "two connections are open");
    store.ping().await.expect("a new connection");
    assert_eq!((stub.requests(), stub.logins()), (4, 3));
}

#[tokio::test]
async fn a_command_that_may_have_run_is_tried_again_with_a_claim_only() {
    for fault in [Reply::Cut, Reply::CutInside, Reply::Garbage, Reply::Stall, Reply::Error(40613, "fails over")] {
        let stub = Stub::start(first(vec![fault.clone(), outcome("done", CATEGORY)])).await;
        create(&stub.store(1, short()), true).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(stub.requests(), 2, "{fault:?}");

        let stub = Stub::start(first(vec![fault.clone(), outcome("done", CATEGORY)])).await;
        unavailable(create(&stub.store(1, short()), false).await);
        assert_eq!(stub.requests(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn what_tells_whether_it_was_first_runs_once() {
    let (id, cause) = (CustomerId::new(), Cause::internal("test"));
    let stub = Stub::start(|_| Reply::Cut).await;
    let store = stub.store(1, Limits { rest: Duration::ZERO, ..short() });
    unavailable(store.use_step(id, 1).await);
    unavailable(store.use_recovery_code(id, TokenHash([1; 32])).await);
    // A second line would tell of something that happened once.
    unavailable(store.customers(CustomerQuery::default(), id, &cause).await);
    unavailable(store.record_audit(AuditAction::DataExported, id, id, &cause).await);
    assert_eq!(stub.requests(), 4);
}

#[tokio::test]
async fn a_link_that_is_refused_is_what_the_refusal_says() {
    let verify = async |reply: Reply| {
        let stub = Stub::start(first(vec![reply])).await;
        let refused = stub.store(1, short()).verify_email(TokenHash([1; 32]), &Cause::internal("test")).await;
        refused.expect_err("a refusal")
    };
    let error = verify(outcome("invalid_link", "")).await;
    assert!(matches!(&error, Error::Invalid(violation) if violation.code == "invalid_link"), "{error:?}");
    let taken =
        "Violation of UNIQUE KEY constraint 'customer_email_unique'. The duplicate key value is (ada@example.com).";
    let error = verify(Reply::Error(2627, taken)).await;
    assert!(matches!(error, Error::Conflict { code: "email_taken", .. }), "{error:?}");
}

/// The stub's order is unpaid; long after its time.
fn expire(order: &Order) -> Result<Option<OrderChange>> {
    order.expire(&Cause { at: now() + chrono::Duration::days(10_000), ..Cause::internal("test") })
}

/// Somebody keeps another change between the look at an order and the change: it is looked at again, and asked again.
#[tokio::test]
async fn an_order_that_somebody_changed_meanwhile_is_asked_again() {
    let found = || Reply::Results(vec![found_order(), Vec::new()]);
    let replies = vec![found(), outcome("overtaken", "null"), found(), outcome("done", &order())];
    let stub = Stub::start(first(replies)).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let decide: Decide = Arc::new(move |order| {
        counted.fetch_add(1, Ordering::SeqCst);
        expire(order)
    });
    let changed = stub.store(1, short()).change_order(OrderId::new(), None, decide, &Cause::internal("test")).await;
    assert!(changed.is_ok(), "{changed:?}");
    assert_eq!((asked.load(Ordering::SeqCst), stub.requests()), (2, 4));
}

#[tokio::test]
async fn an_order_that_lost_its_products_is_a_defect() {
    let stub =
        Stub::start(first(vec![Reply::Results(vec![found_order(), Vec::new()]), outcome("stock_missing", "null")]))
            .await;
    let refused =
        stub.store(1, short()).change_order(OrderId::new(), None, Arc::new(expire), &Cause::internal("test")).await;
    assert!(matches!(refused, Err(Error::Internal(_))), "{refused:?}");
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_half_read_connection_behind() {
    let stub = Stub::start(first(vec![Reply::Stall])).await;
    let store = stub.store(1, short());
    let gone = tokio::time::timeout(Duration::from_millis(100), store.ping()).await;
    assert!(gone.is_err() && stub.requests() == 1);
    store.ping().await.expect("another connection");
    assert_eq!((stub.requests(), stub.logins()), (2, 2));
}

#[tokio::test]
async fn a_connection_that_was_idle_for_long_is_asked_first() {
    // Request 0 answers; then the environment is frozen and the connection dies; request 1 is the question on it.
    let stub = Stub::start(|request| if request.number == 1 { Reply::Stall } else { outcome("done", CATEGORY) }).await;
    let store = stub.store(1, Limits { idle: Duration::ZERO, ..short() });
    create(&store, false).await.expect("a category");
    create(&store, false).await.expect("the first command after the thaw, which may not run twice");
    assert_eq!((stub.requests(), stub.logins()), (3, 2));
}

#[tokio::test]
async fn when_every_connection_is_in_use_callers_wait_and_then_are_told() {
    let stub = Stub::start(|_| Reply::Stall).await;
    let store = stub.store(2, Limits { attempt: Duration::from_secs(2), ..short() });
    let holders = [store.clone(), store.clone()].map(|store| tokio::spawn(async move { store.ping().await }));
    while stub.requests() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(unavailable(store.ping().await).contains("in use"));
    assert_eq!(stub.logins(), 2, "the pool is capped");
    for holder in holders {
        holder.abort();
    }
}

#[tokio::test]
async fn a_call_ends_within_its_time_whatever_happens() {
    let stub = Stub::start(|_| Reply::Stall).await;
    let limits = Limits { call: Duration::from_millis(800), ..short() };
    let started = Instant::now();
    unavailable(stub.store(1, limits).ping().await);
    // Far above the limit and far below what so many attempts would take: this is not about speed.
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(stub.requests() >= 2, "the time allows a second attempt");
}

#[tokio::test]
async fn when_the_server_is_gone_the_breaker_answers_at_once_and_lets_one_through_later() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let knocks = Arc::new(AtomicUsize::new(0));
    let counted = knocks.clone();
    tokio::spawn(async move {
        // Nobody is at home behind the open port.
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let store = store_at(address, 1, short());
    while !unavailable(store.ping().await).contains("a moment ago") {}
    let before = knocks.load(Ordering::SeqCst);
    assert!(before >= 3, "half of six calls failed: {before}");
    for _ in 0..20 {
        assert!(unavailable(store.ping().await).contains("a moment ago"));
    }
    assert_eq!(knocks.load(Ordering::SeqCst), before, "it is left alone");
    tokio::time::sleep(short().rest * 2).await;
    unavailable(store.ping().await);
    let after = knocks.load(Ordering::SeqCst);
    assert!((1..=2).contains(&(after - before)), "it looks whether the server is back: {before} {after}");
}

#[tokio::test]
async fn the_breaker_closes_when_the_server_is_back() {
    let stub = Stub::start(|request| if request.number < 8 { Reply::Cut } else { pong() }).await;
    let store = stub.store(1, short());
    let started = Instant::now();
    while store.ping().await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(30), "it never closes");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    store.ping().await.expect("and stays closed");
}

#[tokio::test]
async fn refusals_do_not_open_the_breaker() {
    let stub = Stub::start(|_| outcome("unknown_category", "")).await;
    let store = stub.store(1, short());
    for _ in 0..20 {
        let refused = create(&store, false).await;
        assert!(matches!(refused, Err(Error::UnknownCategory)), "{refused:?}");
    }
}

#[tokio::test]
async fn no_error_holds_the_password() {
    let stub = Stub::start(|_| Reply::Cut).await;
    let text = unavailable(stub.store(1, short()).category(CategoryId::new()).await);
    assert!(!text.contains("hunter2") && !text.contains("sqlserver://"), "{text}");
}
