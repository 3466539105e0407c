use crate::server::Server;
use crate::streams::{AT_ONCE, event, group};
use souk_domain::ports::{DeadLetter, DeadLetters, EventPublisher, EventStream, KeptLetter, LetterOrder};
use souk_domain::{EntryId, Error, Event, Limit};

/// Buries so many new entries of a function, one after the other.
pub async fn bury(server: &Server, function: &str, number: i64) -> Vec<Event> {
    let (stream, group) = (server.stream(), group(function, "r"));
    stream.ensure_group(&group).await.unwrap();
    let mut events = Vec::new();
    for version in 1..=number {
        events.push(event(version));
        server.link().publish(&events[events.len() - 1..]).await.unwrap();
        let entries = stream.read(&group, 1, AT_ONCE).await.unwrap();
        let letters = entries.into_iter().map(|entry| DeadLetter { entry, error: format!("reason {version}") });
        stream.bury(&group, &letters.collect::<Vec<_>>()).await.unwrap();
    }
    events
}

pub async fn all(server: &Server, function: &str) -> Vec<KeptLetter> {
    let limit = Limit::new(100).unwrap();
    server.link().letters(function, LetterOrder::OldestFirst, limit, None).await.unwrap().items
}

fn reasons(letters: &[KeptLetter]) -> Vec<&str> {
    letters.iter().map(|letter| letter.error.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_says_what_failed_where_and_why() {
    let server = Server::start();
    let [event] = bury(&server, "fails", 1).await.try_into().unwrap();
    let [letter] = all(&server, "fails").await.try_into().unwrap();
    assert_eq!(Event::from_json(&letter.entry.event).unwrap(), event);
    assert_eq!(
        (letter.stream.as_str(), letter.entry.deliveries, reasons(std::slice::from_ref(&letter))),
        ("inventory", 1, vec!["reason 1"])
    );
    assert_eq!(letter.correlation_id, Some(event.correlation_id));
    assert!((souk_domain::now() - letter.at).num_seconds().abs() < 60);
    assert!(letter.entry.id.parse::<EntryId>().is_ok());
    assert_eq!(server.link().letter("fails", letter.id).await.unwrap(), letter);
    assert_eq!(server.link().letter_count("fails").await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_walked_from_both_ends() {
    let server = Server::start();
    bury(&server, "fails", 5).await;
    let mut expected = vec!["reason 1", "reason 2", "reason 3", "reason 4", "reason 5"];
    for order in [LetterOrder::OldestFirst, LetterOrder::NewestFirst] {
        let (mut walked, mut after) = (Vec::new(), None);
        loop {
            let page = server.link().letters("fails", order, Limit::new(2).unwrap(), after).await.unwrap();
            walked.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(reasons(&walked), expected);
        expected.reverse();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_without_letters_has_none() {
    let server = Server::start();
    bury(&server, "fails", 1).await;
    assert_eq!(all(&server, "works").await, []);
    assert_eq!(server.link().letter_count("works").await.unwrap(), 0);
    let id = all(&server, "fails").await[0].id;
    assert!(matches!(server.link().letter("works", id).await, Err(Error::NotFound(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_fails_again_counts_it_and_keeps_its_id() {
    let server = Server::start();
    bury(&server, "fails", 2).await;
    let before = all(&server, "fails").await;
    for reason in ["again", "and again"] {
        server.link().failed_again("fails", before[0].id, reason).await.unwrap();
    }
    let after = all(&server, "fails").await;
    assert_eq!((after[0].id, after[0].entry.deliveries, after[0].error.as_str()), (before[0].id, 3, "and again"));
    assert_eq!(after[1], before[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_letter_is_gone_and_may_be_discarded_again() {
    let server = Server::start();
    bury(&server, "fails", 2).await;
    let [gone, stays] = all(&server, "fails").await.try_into().unwrap();
    server.link().failed_again("fails", gone.id, "again").await.unwrap();
    for _ in 0..2 {
        server.link().discard("fails", gone.id).await.unwrap();
        assert_eq!(all(&server, "fails").await, std::slice::from_ref(&stays));
    }
    assert!(matches!(server.link().letter("fails", gone.id).await, Err(Error::NotFound(_))));
    server.link().failed_again("fails", gone.id, "too late").await.unwrap();
    let left: i64 = redis::cmd("EXISTS").arg("souk:redrives:fails").query_async(&mut server.raw().await).await.unwrap();
    assert_eq!(left, 0, "nothing is noted of a letter that is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_errors_are_cut() {
    let server = Server::start();
    bury(&server, "fails", 1).await;
    let id = all(&server, "fails").await[0].id;
    server.link().failed_again("fails", id, &"é".repeat(100_000)).await.unwrap();
    assert_eq!(server.link().letter("fails", id).await.unwrap().error, "é".repeat(2000));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_letter_is_lost_to_a_clock_that_is_behind() {
    let server = Server::start();
    let ahead = souk_domain::now().timestamp_millis() + 3_600_000;
    let mut add = redis::cmd("XADD");
    add.arg("souk:dead-letters:fails").arg(format!("{ahead}-0")).arg("error").arg("of another host");
    add.query_async::<String>(&mut server.raw().await).await.unwrap();
    bury(&server, "fails", 2).await;
    assert_eq!(reasons(&all(&server, "fails").await), ["of another host", "reason 1", "reason 2"]);
    assert!(server.stream().left_behind(&group("fails", "r"), 10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_stays_with_its_group() {
    let server = Server::start();
    let ahead = souk_domain::now().timestamp_millis() + 3_600_000;
    let mut raw = server.raw().await;
    let mut add = redis::cmd("XADD");
    add.arg("souk:dead-letters:fails").arg(format!("{ahead}-0")).arg("error").arg("of another host");
    let id: String = add.query_async(&mut raw).await.unwrap();
    server.link().discard("fails", id.parse().unwrap()).await.unwrap();
    let (stream, group) = (server.stream(), group("fails", "r"));
    stream.ensure_group(&group).await.unwrap();
    server.link().publish(&[event(1)]).await.unwrap();
    let entries = stream.read(&group, 1, AT_ONCE).await.unwrap();
    let letters = entries.into_iter().map(|entry| DeadLetter { entry, error: "on purpose".to_owned() });
    assert!(stream.bury(&group, &letters.collect::<Vec<_>>()).await.is_err());
    assert_eq!(stream.left_behind(&group, 10).await.unwrap().len(), 1);
}
