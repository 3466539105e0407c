//! Names become addresses here, and those that the shop does not send to are left out.

use hyper_util::client::legacy::connect::dns::Name;
use souk_domain::WebhookReach;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::Service;

/// The resolver of this machine, behind a filter.
#[derive(Clone, Debug)]
pub(crate) struct Resolver {
    pub(crate) reach: WebhookReach,
}

/// A name leads to addresses, and to none that is sent to.
#[derive(Debug)]
pub(crate) struct OutOfReach;

impl fmt::Display for OutOfReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to no address of the Internet")
    }
}

impl std::error::Error for OutOfReach {}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let reach = self.reach;
        Box::pin(async move {
            // The client puts the port of the URL in.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found.filter(|address| reach.allows(address.ip())).collect();
            match allowed.is_empty() {
                true => Err(io::Error::other(OutOfReach)),
                false => Ok(allowed.into_iter()),
            }
        })
    }
}
