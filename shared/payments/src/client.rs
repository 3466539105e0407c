//! HTTP, no more of it than is needed: no redirects, which could lead a key to somebody else, and no proxies.

use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use souk_domain::Result;
use std::time::Duration;

/// How long a connection may take: a machine that is gone must leave time for a second attempt.
const CONNECT: Duration = Duration::from_secs(2);
/// Connections that are unused for longer are closed: whatever is between here and there may have forgotten them.
const IDLE: Duration = Duration::from_secs(30);
/// The largest answer, in bytes: a hundred payments are far below.
const LARGEST: usize = 4 * 1024 * 1024;

/// Keeps connections to one provider.
#[derive(Debug)]
pub(crate) struct Client(legacy::Client<HttpsConnector<HttpConnector>, String>);

/// Why no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// Nothing was sent.
    Unreachable,
    /// Something may have been sent, and the time is over.
    Late,
    /// Something may have been sent, and the connection is gone.
    Broken,
}

impl Client {
    /// A client that speaks HTTPS only, or plain HTTP only.
    ///
    /// # Errors
    /// `Internal` when HTTPS is wanted and nobody can be trusted.
    pub(crate) fn new(is_secure: bool, patience: Duration) -> Result<Self> {
        let mut http = HttpConnector::new();
        // Which scheme is allowed is said below.
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT.min(patience)));
        let builder = match is_secure {
            true => HttpsConnectorBuilder::new().with_tls_config(souk_https::trusting_authorities()?).https_only(),
            false => HttpsConnectorBuilder::new().with_tls_config(souk_https::trusting_nobody()?).https_or_http(),
        };
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(builder.enable_http1().wrap_connector(http));
        Ok(Self(client))
    }

    /// Sends a request and reads its whole answer within `time`.
    pub(crate) async fn send(
        &self,
        request: Request<String>,
        time: Duration,
    ) -> std::result::Result<Response<Vec<u8>>, Failed> {
        tokio::time::timeout(time, self.exchange(request)).await.unwrap_or(Err(Failed::Late))
    }

    async fn exchange(&self, request: Request<String>) -> std::result::Result<Response<Vec<u8>>, Failed> {
        let response = self.0.request(request).await;
        let response =
            response.map_err(|error| if error.is_connect() { Failed::Unreachable } else { Failed::Broken })?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LARGEST).collect().await.map_err(|_| Failed::Broken)?;
        Ok(Response::from_parts(head, body.to_bytes().to_vec()))
    }
}
