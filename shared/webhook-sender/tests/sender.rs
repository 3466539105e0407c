//! What reaches a receiver, and what is made of its answer: against servers on this machine that answer as receivers do.

use souk_domain::ports::WebhookSender;
use souk_domain::{WebhookAttempt, WebhookPost, WebhookReach, WebhookUrl};
use souk_webhook_sender::HttpWebhookSender;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a receiver does with a request that it has read.
enum Does {
    /// Writes this and closes.
    Answers(String),
    /// Writes this, then letters for ever.
    Floods(&'static str),
    /// Nothing.
    Stalls,
}

fn answer(status: &str, more: &str, body: &str) -> Does {
    Does::Answers(format!("HTTP/1.1 {status}\r\n{more}Content-Length: {}\r\n\r\n{body}", body.len()))
}

/// A receiver of one request: its address, and what it will have read.
async fn receiver(does: Does) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let request = read(&mut stream).await;
        match does {
            Does::Answers(text) => stream.write_all(text.as_bytes()).await.expect("an answer"),
            Does::Floods(text) => {
                stream.write_all(text.as_bytes()).await.expect("an answer");
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
            }
            // Until the sender goes away.
            Does::Stalls => drop(stream.read(&mut [0; 16]).await),
        }
        request
    });
    (url, served)
}

/// Head and body of a request.
async fn read(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        let mut bytes = [0; 4096];
        let read = stream.read(&mut bytes).await.expect("a request");
        text += std::str::from_utf8(&bytes[..read]).expect("UTF-8");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        let is_whole = text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length.unwrap_or_default());
        if is_whole || read == 0 {
            return text;
        }
    }
}

fn post(url: &str) -> WebhookPost {
    WebhookPost {
        url: WebhookUrl::parse(url).expect("a URL"),
        id: "msg_1".to_owned(),
        timestamp: 1_614_265_330,
        signature: "v1,abc= v1,def=".to_owned(),
        body: r#"{"name":"é"}"#.to_owned(),
    }
}

async fn sent(url: &str) -> WebhookAttempt {
    HttpWebhookSender::new(WebhookReach::Anywhere).expect("a sender").post(&post(url)).await
}

fn error(attempt: &WebhookAttempt) -> &str {
    attempt.error.as_deref().unwrap_or("none")
}

#[tokio::test]
async fn a_post_arrives_whole_with_its_signature() {
    let (url, served) = receiver(answer("204 No Content", "", "")).await;
    let attempt = sent(&format!("{url}/hooks/souk?shop=1")).await;
    assert_eq!((attempt.status_code, error(&attempt), attempt.is_delivered()), (Some(204), "none", true));
    let request = served.await.expect("a request");
    let (head, body) = request.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("POST /hooks/souk?shop=1 HTTP/1.1\r\n"), "{head}");
    for header in [
        "content-type: application/json",
        "user-agent: Souk-Webhooks/1",
        "webhook-id: msg_1",
        "webhook-timestamp: 1614265330",
        "webhook-signature: v1,abc= v1,def=",
    ] {
        assert!(head.lines().any(|line| line == header), "{header} in {head}");
    }
    assert_eq!(body, r#"{"name":"é"}"#);
}

#[tokio::test]
async fn any_status_that_is_no_success_is_a_failure_told_with_its_first_words() {
    for (status, words, told) in [
        ("500 Oops", "no  database\n", "answered 500: no database"),
        ("404 Not Found", "", "answered 404"),
        ("410 Gone", "", "answered 410"),
        ("429 Too Many Requests", "slow down", "answered 429: slow down"),
    ] {
        let (url, _served) = receiver(answer(status, "", words)).await;
        let attempt = sent(&url).await;
        assert_eq!((error(&attempt), attempt.is_delivered()), (told, false));
        assert_eq!(attempt.status_code, status[..3].parse().ok());
        assert_eq!(attempt.is_gone(), status.starts_with("410"));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, untouched) = receiver(answer("200 OK", "", "")).await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let (url, _served) = receiver(answer(status, &format!("Location: {elsewhere}\r\n"), "")).await;
        let attempt = sent(&url).await;
        assert!(error(&attempt).contains("a redirect, which is not followed"), "{attempt:?}");
    }
    assert!(!untouched.is_finished());
    // It is there for whoever asks for it.
    sent(&elsewhere).await;
    untouched.await.expect("a request");
}

#[tokio::test]
async fn of_an_endless_answer_the_beginning_is_read() {
    let (url, served) = receiver(Does::Floods("HTTP/1.1 200 OK\r\n\r\n")).await;
    assert!(sent(&url).await.is_delivered());
    let (failing, _served) = receiver(Does::Floods("HTTP/1.1 503 No\r\n\r\n")).await;
    let attempt = sent(&failing).await;
    assert_eq!(error(&attempt), format!("answered 503: {}", "x".repeat(200)));
    // The connection was closed on it.
    served.await.expect("a request");
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_in_time_is_given_up() {
    let (url, served) = receiver(Does::Stalls).await;
    let sender = HttpWebhookSender::new(WebhookReach::Anywhere).expect("a sender");
    let attempt = sender.with_patience(Duration::from_millis(250)).post(&post(&url)).await;
    assert_eq!((error(&attempt), attempt.status_code), ("no answer within 0.25 seconds", None));
    served.await.expect("a request");
}

#[tokio::test]
async fn what_is_no_answer_is_a_failure() {
    for text in ["SSH-2.0-OpenSSH_9.6\r\n", "", "HTTP/1.1 200 OK\r\nContent-Le"] {
        let (url, _served) = receiver(Does::Answers(text.to_owned())).await;
        let attempt = sent(&url).await;
        assert!(error(&attempt).starts_with("the connection broke: "), "{text:?}: {attempt:?}");
        assert_eq!(attempt.status_code, None);
    }
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port").local_addr().expect("an address");
    let attempt = sent(&format!("http://{closed}/")).await;
    assert!(error(&attempt).starts_with("no connection: "), "{attempt:?}");
}

#[tokio::test]
async fn without_the_allowance_nothing_goes_to_where_only_the_shop_should_reach() {
    let sender = HttpWebhookSender::new(WebhookReach::Public).expect("a sender");
    let (url, untouched) = receiver(answer("200 OK", "", "")).await;
    for (url, told) in [
        (url.as_str(), "the URL does not begin with https://"),
        ("https://127.0.0.1/", "the URL leads to no address of the Internet"),
        ("https://[::ffff:10.0.0.1]/", "the URL leads to no address of the Internet"),
        ("https://169.254.169.254/latest/", "the URL leads to no address of the Internet"),
        ("https://example.com:6379/", "the URL names another port than 443"),
        ("https://localhost/", "the name leads to no address of the Internet"),
    ] {
        let attempt = sender.post(&post(url)).await;
        assert_eq!((error(&attempt), attempt.status_code), (told, None), "{url}");
    }
    assert!(!untouched.is_finished());
}

#[tokio::test]
async fn over_https_nothing_is_said_in_clear() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("https://{}/hook", listener.local_addr().expect("an address"));
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut bytes = vec![0; 4096];
        let read = stream.read(&mut bytes).await.expect("a greeting");
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("an answer");
        bytes[..read].to_vec()
    });
    let attempt = sent(&url).await;
    assert!(error(&attempt).starts_with("no connection: ") && attempt.status_code.is_none(), "{attempt:?}");
    let heard = served.await.expect("a greeting");
    // A record of the handshake (RFC 8446, 5.1).
    assert_eq!(heard[..2], [22, 3]);
    assert!(!String::from_utf8_lossy(&heard).contains("webhook-signature"));
}
