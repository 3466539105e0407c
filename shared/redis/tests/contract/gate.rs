use crate::server::Server;
use souk_domain::ports::{Gate, Sessions};
use souk_domain::{Allowance, CustomerId, DateTime, Meter, Rate, SessionCutoff, SessionId};
use souk_redis::RedisLink;
use std::collections::HashSet;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MICROSECOND: Duration = Duration::from_micros(1);

/// So many a minute, for somebody new.
fn meter(burst: u32) -> Meter {
    Meter { rate: Rate { name: "tests", burst, per: 60 * SECOND, is_told: true }, whom: SessionId::new().to_string() }
}

async fn admit(gate: &RedisLink, meters: &[Meter], now: DateTime) -> Vec<Allowance> {
    let admission = gate.admit(None, meters, now).await.unwrap();
    assert!(!admission.is_ended, "without a session none has ended");
    admission.allowances
}

/// One use of one meter: what is left, or the time to wait.
async fn take(gate: &RedisLink, meter: &Meter, now: DateTime) -> Result<u32, Duration> {
    let said = admit(gate, std::slice::from_ref(meter), now).await[0];
    said.retry_after.map_or(Ok(said.remaining), Err)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_allowed_and_then_refused_with_the_time_to_wait() {
    let server = Server::shared();
    let (gate, now, meter) = (server.link(), souk_domain::now(), meter(3));
    for used in 1..=3 {
        let said = admit(&gate, std::slice::from_ref(&meter), now).await;
        let reset = used * 20 * SECOND;
        assert_eq!(said, [Allowance { limit: 3, remaining: 3 - used, reset, retry_after: None }]);
    }
    let said = admit(&gate, &[meter], now).await;
    assert_eq!(said, [Allowance { limit: 3, remaining: 0, reset: 60 * SECOND, retry_after: Some(20 * SECOND) }]);
}

#[tokio::test(flavor = "multi_thread")]
async fn allowance_comes_back_evenly() {
    let server = Server::shared();
    let (gate, now, meter) = (server.link(), souk_domain::now(), meter(3));
    for left in [2, 1, 0] {
        assert_eq!(take(&gate, &meter, now).await, Ok(left));
    }
    assert_eq!(take(&gate, &meter, now + 5 * SECOND).await, Err(15 * SECOND));
    assert_eq!(take(&gate, &meter, now + 20 * SECOND - MICROSECOND).await, Err(MICROSECOND));
    assert_eq!(take(&gate, &meter, now + 20 * SECOND).await, Ok(0), "one came back");
    assert_eq!(take(&gate, &meter, now + 20 * SECOND).await, Err(20 * SECOND));
    assert_eq!(take(&gate, &meter, now + 60 * SECOND).await, Ok(1), "two came back");
    assert_eq!(take(&gate, &meter, now + 600 * SECOND).await, Ok(2), "never more than all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_use_costs_nothing() {
    let server = Server::shared();
    let (gate, now, meter) = (server.link(), souk_domain::now(), meter(1));
    assert_eq!(take(&gate, &meter, now).await, Ok(0));
    for second in 0..60 {
        assert_eq!(take(&gate, &meter, now + second * SECOND).await, Err((60 - second) * SECOND));
    }
    assert_eq!(take(&gate, &meter, now + 60 * SECOND).await, Ok(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_meters_are_used_all_or_none() {
    let server = Server::shared();
    let (gate, now) = (server.link(), souk_domain::now());
    let (roomy, tight) = (meter(10), meter(1));
    let meters = [roomy.clone(), tight.clone()];
    let said = admit(&gate, &meters, now).await;
    assert_eq!(
        said.iter().map(|allowance| (allowance.limit, allowance.remaining)).collect::<Vec<_>>(),
        [(10, 9), (1, 0)]
    );
    for _ in 0..3 {
        let said = admit(&gate, &meters, now).await;
        assert_eq!((said[0].remaining, said[0].reset, said[0].retry_after), (9, 6 * SECOND, None), "it would allow");
        assert_eq!((said[1].remaining, said[1].retry_after), (0, Some(60 * SECOND)));
    }
    assert_eq!(take(&gate, &roomy, now).await, Ok(8), "the refused ones were not counted");
    let backwards = [tight, roomy.clone()];
    assert_eq!(admit(&gate, &backwards, now).await[1].remaining, 8, "whatever their order");
    assert_eq!(take(&gate, &roomy, now).await, Ok(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn different_people_and_different_rates_have_meters_of_their_own() {
    let server = Server::shared();
    let (gate, now, meter) = (server.link(), souk_domain::now(), meter(1));
    let somebody_else = Meter { whom: SessionId::new().to_string(), ..meter.clone() };
    let something_else = Meter { rate: Rate { name: "other-tests", ..meter.rate }, whom: meter.whom.clone() };
    for meter in [&meter, &somebody_else, &something_else] {
        assert_eq!(take(&gate, meter, now).await, Ok(0));
        assert!(take(&gate, meter, now).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_rate_counts_down_exactly() {
    let server = Server::shared();
    let (gate, now) = (server.link(), souk_domain::now());
    // The second one's interval is no whole number of microseconds.
    for burst in [600_000, 420_000] {
        let meter = meter(burst);
        for used in 1..=1000 {
            assert_eq!(take(&gate, &meter, now).await, Ok(burst - used));
        }
        let later = now + 100 * meter.rate.interval() + MICROSECOND;
        assert_eq!(take(&gate, &meter, later).await, Ok(burst - 901), "a hundred came back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_that_does_not_divide_its_time_gives_all_it_promises() {
    let server = Server::shared();
    let (gate, now, meter) = (server.link(), souk_domain::now(), meter(7));
    for left in (0..7).rev() {
        assert_eq!(take(&gate, &meter, now).await, Ok(left));
    }
    let wait = take(&gate, &meter, now).await.unwrap_err();
    assert_eq!(wait, Duration::from_micros(8_571_429));
    assert_eq!(take(&gate, &meter, now + wait).await, Ok(0), "who waits as told gets in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_behind_gets_nothing_more_and_nothing_less() {
    let server = Server::shared();
    let (gate, now, meter) = (server.link(), souk_domain::now(), meter(3));
    assert_eq!(take(&gate, &meter, now + 10 * SECOND).await, Ok(2));
    assert_eq!(take(&gate, &meter, now).await, Ok(1));
    assert_eq!(take(&gate, &meter, now + 10 * SECOND).await, Ok(0));
    assert_eq!(take(&gate, &meter, now).await, Err(20 * SECOND));
    assert_eq!(take(&gate, &meter, now + 30 * SECOND).await, Ok(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meter_is_forgotten_when_it_is_full_again() {
    let server = Server::shared();
    let (gate, now, meter) = (server.link(), souk_domain::now(), meter(3));
    take(&gate, &meter, now).await.unwrap();
    take(&gate, &meter, now).await.unwrap();
    let left: i64 = redis::cmd("PTTL")
        .arg(format!("souk:rate:tests:{}", meter.whom))
        .query_async(&mut server.raw().await)
        .await
        .unwrap();
    assert!((35_000..=41_000).contains(&left), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_at_once_share_one_burst() {
    let server = Server::shared();
    let (gate, now, meter) = (server.link(), souk_domain::now(), meter(10));
    let tries = (0..100).map(|_| {
        let (gate, meter) = (gate.clone(), meter.clone());
        tokio::spawn(async move { take(&gate, &meter, now).await })
    });
    let mut left = Vec::new();
    for outcome in tries.collect::<Vec<_>>() {
        left.extend(outcome.await.unwrap());
    }
    left.sort_unstable();
    assert_eq!(left, (0..10).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_nothing_gets_in() {
    let server = Server::shared();
    assert!(admit(&server.link(), &[], souk_domain::now()).await.is_empty());
}

async fn is_ended(gate: &RedisLink, customer: CustomerId, session: SessionId) -> bool {
    gate.admit(Some((customer, session)), &[], souk_domain::now()).await.unwrap().is_ended
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_is_refused_and_uses_no_meter() {
    let server = Server::shared();
    let (gate, customer, now, meter) = (server.link(), CustomerId::new(), souk_domain::now(), meter(3));
    let (ended, other) = (SessionId::new(), SessionId::new());
    gate.end(customer, ended).await.unwrap();
    let meters = [meter.clone()];
    for _ in 0..5 {
        let admission = gate.admit(Some((customer, ended)), &meters, now).await.unwrap();
        assert!(admission.is_ended);
        assert_eq!(
            admission.allowances,
            [Allowance { limit: 3, remaining: 3, reset: Duration::ZERO, retry_after: None }]
        );
    }
    let admission = gate.admit(Some((customer, other)), &meters, now).await.unwrap();
    assert_eq!((admission.is_ended, admission.allowances[0].remaining), (false, 2), "another session goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cutoff_ends_the_sessions_of_one_customer_but_for_the_one_that_is_kept() {
    let server = Server::shared();
    let (gate, customer, stranger) = (server.link(), CustomerId::new(), CustomerId::new());
    let (old, kept) = (SessionId::new(), SessionId::new());
    let at = souk_domain::now() + SECOND;
    gate.end_all(customer, SessionCutoff { at, kept: Some(kept) }).await.unwrap();
    assert!(is_ended(&gate, customer, old).await);
    assert!(!is_ended(&gate, customer, kept).await);
    assert!(!is_ended(&gate, stranger, SessionId::new()).await, "somebody else's");
    gate.end_all(customer, SessionCutoff { at, kept: None }).await.unwrap();
    assert!(is_ended(&gate, customer, kept).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_begin_after_a_cutoff_pass() {
    let server = Server::shared();
    let (gate, customer, session) = (server.link(), CustomerId::new(), SessionId::new());
    gate.end_all(customer, SessionCutoff { at: session.started_at(), kept: None }).await.unwrap();
    assert!(!is_ended(&gate, customer, session).await);
    gate.end_all(customer, SessionCutoff { at: session.started_at() + MICROSECOND, kept: None }).await.unwrap();
    assert!(is_ended(&gate, customer, session).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_remembered_for_longer_than_an_access_token_is_good() {
    let server = Server::shared();
    let (gate, customer, session, at) = (server.link(), CustomerId::new(), SessionId::new(), souk_domain::now());
    gate.end(customer, session).await.unwrap();
    gate.end_all(customer, SessionCutoff { at, kept: None }).await.unwrap();
    for key in [format!("souk:ended:session:{session}"), format!("souk:ended:customer:{customer}")] {
        let left: i64 = redis::cmd("PTTL").arg(key).query_async(&mut server.raw().await).await.unwrap();
        assert!((15 * 60_000 + 1..=20 * 60_000).contains(&left), "{left}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_sessions_those_that_ended_are_known() {
    let server = Server::shared();
    let (gate, at) = (server.link(), souk_domain::now() + SECOND);
    let sessions: Vec<(CustomerId, SessionId)> = (0..1200).map(|_| (CustomerId::new(), SessionId::new())).collect();
    assert_eq!(gate.ended(&sessions).await.unwrap(), HashSet::new());
    assert_eq!(gate.ended(&[]).await.unwrap(), HashSet::new());

    let [out, everywhere, spared, shut] = [0, 499, 500, 1199].map(|at| sessions[at]);
    gate.end(out.0, out.1).await.unwrap();
    gate.end_all(everywhere.0, SessionCutoff { at, kept: None }).await.unwrap();
    gate.end_all(spared.0, SessionCutoff { at, kept: Some(spared.1) }).await.unwrap();
    gate.end_all(shut.0, SessionCutoff { at, kept: Some(SessionId::new()) }).await.unwrap();
    let ended = gate.ended(&sessions).await.unwrap();
    assert_eq!(ended, HashSet::from([out.1, everywhere.1, shut.1]));
    for (customer, session) in sessions {
        assert_eq!(is_ended(&gate, customer, session).await, ended.contains(&session), "the same as at the door");
    }
}
