//! HTTP, no more of it than is needed.

use crate::answer::{Answer, LARGEST};
use crate::resolver::Resolver;
use http::Request;
use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use souk_domain::{Result, WebhookReach};
use std::time::Duration;

/// Connections that are unused for longer are closed.
const IDLE: Duration = Duration::from_secs(15);
/// Connections that are kept for each receiver.
const KEPT: usize = 2;

/// Keeps connections to receivers.
#[derive(Debug)]
pub(crate) struct Client(legacy::Client<HttpsConnector<HttpConnector<Resolver>>, String>);

impl Client {
    pub(crate) fn new(reach: WebhookReach) -> Result<Self> {
        let mut http = HttpConnector::new_with_resolver(Resolver { reach });
        // Which scheme is allowed is said below.
        http.enforce_http(false);
        http.set_nodelay(true);
        let tls = souk_https::trusting_authorities().or_else(|error| {
            tracing::warn!(%error, "no webhook can be sent over HTTPS");
            souk_https::trusting_nobody()
        })?;
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls);
        let builder = if reach == WebhookReach::Public { builder.https_only() } else { builder.https_or_http() };
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(KEPT)
            .build(builder.enable_http1().wrap_connector(http));
        Ok(Self(client))
    }

    /// Sends a request and reads how the answer begins.
    pub(crate) async fn send(&self, request: Request<String>) -> std::result::Result<Answer, legacy::Error> {
        let (head, mut body) = self.0.request(request).await?.into_parts();
        let mut text = Vec::new();
        // A body that breaks off changes nothing: the status was said.
        while text.len() < LARGEST
            && let Some(Ok(frame)) = body.frame().await
        {
            let data = frame.data_ref().map_or(&[][..], |data| &data[..data.len().min(LARGEST - text.len())]);
            text.extend_from_slice(data);
        }
        Ok(Answer { status: head.status, text: String::from_utf8_lossy(&text).into_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::in_words;
    use std::error::Error as _;
    use tokio::net::TcpListener;

    /// What a name leads to is looked at where the connection is made, whatever was found out before.
    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_connected_to() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let request = |scheme: &str| Request::post(format!("{scheme}://localhost:{port}/")).body(String::new());
        let client = Client::new(WebhookReach::Public).expect("a client");
        let refused = client.send(request("https").expect("a request")).await.expect_err("refused");
        assert_eq!(in_words(&refused), "the name leads to no address of the Internet");
        // Nor is anything sent without TLS.
        let refused = client.send(request("http").expect("a request")).await.expect_err("refused");
        assert!(refused.is_connect() && refused.source().is_some(), "{refused:?}");
        // The first who connects is this test.
        let own = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
        let (_, first) = listener.accept().await.expect("a connection");
        assert_eq!(first, own.local_addr().expect("an address"));

        let client = Client::new(WebhookReach::Anywhere).expect("a client");
        let (sent, accepted) = tokio::join!(client.send(request("http").expect("a request")), async {
            listener.accept().await.map(|(_, from)| from)
        });
        assert!(sent.is_err(), "the connection was closed without an answer");
        assert!(accepted.expect("a connection").ip().is_loopback());
    }
}
