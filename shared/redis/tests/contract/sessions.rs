use crate::server::Server;
use souk_domain::ports::{Gate, Sessions};
use souk_domain::{
    CustomerId, DateTime, REFRESH_GRACE, Refreshed, Role, Session, SessionCutoff, SessionId, SessionLife, TokenHash,
};
use souk_redis::RedisLink;
use std::time::Duration;

fn session_of(customer_id: CustomerId) -> Session {
    let id = SessionId::new();
    let user_agent = "Mozilla/5.0 (Обозреватель; 浏览器) 🦊 \"quoted\"\r\n".to_owned();
    Session { id, customer_id, started_at: id.started_at(), last_used_at: souk_domain::now(), user_agent }
}

/// The hash of the `n`th token.
fn token(n: u8) -> TokenHash {
    TokenHash([n; 32])
}

/// A salt that begins with zeros, and the hash of the token that it makes.
fn successor(n: u8) -> ([u8; 16], TokenHash) {
    ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n], token(n))
}

fn replaced(n: u8) -> Refreshed {
    Refreshed::Replaced { salt: successor(n).0 }
}

fn customers() -> SessionLife {
    SessionLife::of(Role::Customer)
}

/// A session with token 1.
async fn start(sessions: &RedisLink, customer: CustomerId) -> Session {
    let session = session_of(customer);
    sessions.start(&session, token(1), customers()).await.unwrap();
    session
}

/// Shows one token, which `next` would replace.
async fn refresh(sessions: &RedisLink, id: SessionId, shown: u8, next: u8, now: DateTime) -> Refreshed {
    sessions.refresh(id, token(shown), successor(next), customers(), now).await.unwrap()
}

async fn is_ended(gate: &RedisLink, session: &Session) -> bool {
    let who = Some((session.customer_id, session.id));
    gate.admit(who, &[], souk_domain::now()).await.unwrap().is_ended
}

/// What is left of a session's life.
async fn life(server: &Server, id: SessionId) -> Duration {
    let key = format!("souk:session:{id}");
    let left: i64 = redis::cmd("PTTL").arg(key).query_async(&mut server.raw().await).await.unwrap();
    Duration::from_millis(left.try_into().unwrap())
}

/// What the list of a customer's sessions is made from, in the order in which they began.
async fn names(server: &Server, customer: CustomerId) -> Vec<SessionId> {
    let key = format!("souk:sessions:{customer}");
    let names: Vec<String> = redis::cmd("SMEMBERS").arg(key).query_async(&mut server.raw().await).await.unwrap();
    let mut ids: Vec<SessionId> = names.iter().map(|name| name.parse().unwrap()).collect();
    ids.sort_unstable();
    ids
}

fn ids(sessions: &[Session]) -> Vec<SessionId> {
    sessions.iter().map(|session| session.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_started_session_reads_back() {
    let server = Server::shared();
    let (sessions, customer) = (server.link(), CustomerId::new());
    let session = start(&sessions, customer).await;
    assert_eq!(sessions.session(session.id).await.unwrap(), Some(session.clone()));
    assert_eq!(sessions.sessions(customer).await.unwrap(), [session]);
    assert_eq!(sessions.session(SessionId::new()).await.unwrap(), None);
    assert_eq!(sessions.sessions(CustomerId::new()).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_without_a_user_agent_reads_back() {
    let server = Server::shared();
    let sessions = server.link();
    let session = Session { user_agent: String::new(), ..session_of(CustomerId::new()) };
    sessions.start(&session, token(1), customers()).await.unwrap();
    assert_eq!(sessions.session(session.id).await.unwrap(), Some(session));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_replaces_the_token_and_tells_when_the_session_was_used() {
    let server = Server::shared();
    let sessions = server.link();
    let session = start(&sessions, CustomerId::new()).await;
    let later = session.last_used_at + Duration::from_secs(600);
    assert_eq!(refresh(&sessions, session.id, 1, 2, later).await, replaced(2));
    let known = sessions.session(session.id).await.unwrap();
    assert_eq!(known, Some(Session { last_used_at: later, ..session.clone() }));
    assert_eq!(refresh(&sessions, session.id, 2, 3, later).await, replaced(3), "the new one is good");
    assert!(!is_ended(&sessions, &session).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_token_within_the_grace_gives_the_same_successor_again() {
    let server = Server::shared();
    let sessions = server.link();
    let session = start(&sessions, CustomerId::new()).await;
    let now = souk_domain::now();
    assert_eq!(refresh(&sessions, session.id, 1, 2, now).await, replaced(2));
    assert_eq!(refresh(&sessions, session.id, 1, 3, now).await, replaced(2));
    assert_eq!(refresh(&sessions, session.id, 1, 4, now + REFRESH_GRACE).await, replaced(2));
    assert_eq!(refresh(&sessions, session.id, 2, 5, now + REFRESH_GRACE).await, replaced(5), "only that one is good");
}

#[tokio::test(flavor = "multi_thread")]
async fn refreshes_at_once_get_the_same_successor() {
    let server = Server::shared();
    let (sessions, now) = (server.link(), souk_domain::now());
    let session = start(&sessions, CustomerId::new()).await;
    let tabs = (2..22).map(|next| {
        let sessions = server.link();
        tokio::spawn(async move { refresh(&sessions, session.id, 1, next, now).await })
    });
    let mut salts = Vec::new();
    for tab in tabs.collect::<Vec<_>>() {
        let Refreshed::Replaced { salt } = tab.await.unwrap() else { panic!("refused") };
        salts.push(salt);
    }
    assert!(salts.iter().all(|salt| *salt == salts[0]), "{salts:?}");
    let winner = salts[0][15];
    assert_eq!(
        refresh(&sessions, session.id, winner, 99, now).await,
        replaced(99),
        "it belongs to the token that is kept"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_comes_again_after_the_grace_ends_the_session() {
    let server = Server::shared();
    let (sessions, customer) = (server.link(), CustomerId::new());
    let session = start(&sessions, customer).await;
    let now = souk_domain::now();
    assert_eq!(refresh(&sessions, session.id, 1, 2, now).await, replaced(2));
    let late = now + REFRESH_GRACE + Duration::from_micros(1);
    assert_eq!(refresh(&sessions, session.id, 1, 3, late).await, Refreshed::Reused);
    assert!(is_ended(&sessions, &session).await);
    assert_eq!(sessions.session(session.id).await.unwrap(), None);
    assert_eq!(sessions.sessions(customer).await.unwrap(), []);
    assert_eq!(refresh(&sessions, session.id, 2, 4, late).await, Refreshed::Unknown, "the thief's or the owner's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_before_the_last_one_ends_the_session_within_the_grace_too() {
    let server = Server::shared();
    let (sessions, now) = (server.link(), souk_domain::now());
    let session = start(&sessions, CustomerId::new()).await;
    assert_eq!(refresh(&sessions, session.id, 1, 2, now).await, replaced(2));
    assert_eq!(refresh(&sessions, session.id, 2, 3, now).await, replaced(3));
    assert_eq!(refresh(&sessions, session.id, 1, 4, now).await, Refreshed::Reused);
    assert!(is_ended(&sessions, &session).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_never_the_sessions_ends_it() {
    let server = Server::shared();
    let (sessions, now) = (server.link(), souk_domain::now());
    let session = start(&sessions, CustomerId::new()).await;
    assert_eq!(refresh(&sessions, session.id, 77, 2, now).await, Refreshed::Reused);
    assert!(is_ended(&sessions, &session).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_of_a_session_that_nobody_knows_says_so_and_ends_nothing() {
    let server = Server::shared();
    let sessions = server.link();
    let session = session_of(CustomerId::new());
    assert_eq!(refresh(&sessions, session.id, 1, 2, souk_domain::now()).await, Refreshed::Unknown);
    assert!(!is_ended(&sessions, &session).await);
    assert_eq!(sessions.session(session.id).await.unwrap(), None, "nor does it make one");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_with_the_latest_use_first() {
    let server = Server::shared();
    let (sessions, customer) = (server.link(), CustomerId::new());
    let (a, b, c) =
        (start(&sessions, customer).await, start(&sessions, customer).await, start(&sessions, customer).await);
    start(&sessions, CustomerId::new()).await;
    assert_eq!(ids(&sessions.sessions(customer).await.unwrap()), [c.id, b.id, a.id]);
    refresh(&sessions, a.id, 1, 2, souk_domain::now() + Duration::from_secs(1)).await;
    assert_eq!(ids(&sessions.sessions(customer).await.unwrap()), [a.id, c.id, b.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_session_vanishes_from_the_list() {
    let server = Server::shared();
    let (sessions, customer) = (server.link(), CustomerId::new());
    let (kept, expired) = (start(&sessions, customer).await, session_of(customer));
    let at_its_end = expired.started_at + customers().longest;
    let expired = Session { last_used_at: at_its_end, ..expired };
    sessions.start(&expired, token(1), customers()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(sessions.session(expired.id).await.unwrap(), None);
    assert_eq!(refresh(&sessions, expired.id, 1, 2, souk_domain::now()).await, Refreshed::Unknown);
    assert_eq!(ids(&sessions.sessions(customer).await.unwrap()), [kept.id]);
    assert_eq!(names(&server, customer).await, [kept.id], "its name is gone too");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_ends_only_sessions_of_their_own() {
    let server = Server::shared();
    let (sessions, customer, stranger) = (server.link(), CustomerId::new(), CustomerId::new());
    let (one, other) = (start(&sessions, customer).await, start(&sessions, customer).await);
    assert!(!sessions.end(stranger, one.id).await.unwrap());
    assert!(!is_ended(&sessions, &one).await);
    assert_eq!(ids(&sessions.sessions(customer).await.unwrap()), [other.id, one.id]);

    assert!(sessions.end(customer, one.id).await.unwrap());
    assert!(is_ended(&sessions, &one).await && !is_ended(&sessions, &other).await);
    assert_eq!(names(&server, customer).await, [other.id]);
    assert_eq!(ids(&sessions.sessions(customer).await.unwrap()), [other.id]);
    assert_eq!(refresh(&sessions, one.id, 1, 2, souk_domain::now()).await, Refreshed::Unknown);
    assert!(!sessions.end(customer, one.id).await.unwrap(), "it is over already");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_without_a_record_is_marked_as_ended_all_the_same() {
    let server = Server::shared();
    let sessions = server.link();
    let session = session_of(CustomerId::new());
    assert!(!sessions.end(session.customer_id, session.id).await.unwrap());
    assert!(is_ended(&sessions, &session).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cutoff_leaves_the_kept_session_and_those_begun_after_it() {
    let server = Server::shared();
    let (sessions, customer) = (server.link(), CustomerId::new());
    let (old, kept) = (start(&sessions, customer).await, start(&sessions, customer).await);
    tokio::time::sleep(Duration::from_millis(2)).await;
    let cutoff = SessionCutoff { at: souk_domain::now(), kept: Some(kept.id) };
    tokio::time::sleep(Duration::from_millis(2)).await;
    let young = start(&sessions, customer).await;
    let strangers = start(&sessions, CustomerId::new()).await;
    sessions.end_all(customer, cutoff).await.unwrap();

    assert_eq!(names(&server, customer).await, [kept.id, young.id]);
    assert_eq!(ids(&sessions.sessions(customer).await.unwrap()), [young.id, kept.id]);
    assert_eq!(sessions.session(old.id).await.unwrap(), None);
    assert_eq!(refresh(&sessions, old.id, 1, 2, souk_domain::now()).await, Refreshed::Unknown);
    for (session, ends) in [(&old, true), (&kept, false), (&young, false), (&strangers, false)] {
        assert_eq!(is_ended(&sessions, session).await, ends);
    }
    assert_eq!(refresh(&sessions, kept.id, 1, 2, souk_domain::now()).await, replaced(2));

    let at = souk_domain::now() + Duration::from_secs(1);
    sessions.end_all(customer, SessionCutoff { at, kept: None }).await.unwrap();
    assert_eq!(sessions.sessions(customer).await.unwrap(), []);
    sessions.end_all(customer, SessionCutoff { at, kept: None }).await.unwrap();
    assert!(is_ended(&sessions, &young).await && !is_ended(&sessions, &strangers).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lives_as_long_as_it_may_be_idle_and_no_longer_than_the_longest() {
    let server = Server::shared();
    let sessions = server.link();
    let session = session_of(CustomerId::new());
    let lives = SessionLife::of(Role::Admin);
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let about = |left: Duration, expected| left <= expected && left + Duration::from_secs(30) > expected;

    sessions.start(&session, token(1), lives).await.unwrap();
    assert!(about(life(&server, session.id).await, minutes(30)));
    let fresh = session.started_at;
    sessions.refresh(session.id, token(1), successor(2), lives, fresh + minutes(20)).await.unwrap();
    assert!(about(life(&server, session.id).await, minutes(30)), "a refresh prolongs it");
    sessions.refresh(session.id, token(2), successor(3), lives, fresh + minutes(11 * 60 + 50)).await.unwrap();
    assert!(about(life(&server, session.id).await, minutes(10)), "to twelve hours in all");
    sessions.refresh(session.id, token(3), successor(4), lives, fresh + minutes(12 * 60)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(sessions.session(session.id).await.unwrap(), None);
}
