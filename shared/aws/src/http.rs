//! The HTTP client of the AWS clients: HTTP/1.1 on the TLS of everything else. The one that they bring speaks HTTP/2, too, which no
//! service here needs and which would be in every function, whether it uses AWS or not.

use aws_smithy_runtime_api::client::http::{
    HttpConnector as AwsConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::Request;
use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use souk_domain::{Error, Result};
use std::time::Duration;

/// Connections that are unused for longer are closed: whatever is between here and there may have forgotten them.
const IDLE: Duration = Duration::from_secs(30);

/// Keeps connections to all services. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Client(legacy::Client<HttpsConnector<HttpConnector>, SdkBody>);

impl Client {
    /// A client whose connections open within a time.
    pub(crate) fn new(connect: Duration) -> Self {
        let mut http = HttpConnector::new();
        // Stand-ins on this machine have no TLS.
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(connect));
        let tls = souk_https::trusting_authorities().or_else(|error| {
            tracing::warn!(%error, "AWS cannot be reached");
            souk_https::trusting_nobody()
        });
        let tls = tls.unwrap_or_else(|_| unreachable!("a configuration that trusts nobody"));
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(http);
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Self(client)
    }

    /// For the AWS clients.
    pub(crate) fn shared(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }

    /// Connects to a service, so that its first request need not: a request that is not signed, so that nobody need be allowed to make it.
    /// What the service says of it does not matter.
    ///
    /// # Errors
    /// `Unavailable`
    pub(crate) async fn open(&self, address: &str) -> Result<()> {
        let request = Request::get(address).body(SdkBody::empty()).map_err(Error::configuration)?;
        let answer = self.0.request(request).await.map_err(|error| Error::Unavailable(in_words(&error)))?;
        // Once it is read to its end the connection can be used again.
        answer.into_body().collect().await.map_err(|error| Error::Unavailable(in_words(&error)))?;
        Ok(())
    }
}

fn in_words(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl AwsConnector for Client {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            // Whether the connection, the request or the answer broke: the next attempt may do better.
            let response = client.request(request).await.map_err(|error| ConnectorError::io(error.into()))?;
            let response = HttpResponse::try_from(response.map(SdkBody::from_body_1_x));
            response.map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}
