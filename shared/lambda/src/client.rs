use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::Extensions;
use axum::http::request::Parts;
use lambda_http::request::RequestContext as LambdaContext;
use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Where a request comes from, as a rate counts it: the address that API Gateway or the socket saw. `X-Forwarded-For` does not count,
/// since anybody can write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAddress(Option<IpAddr>);

impl ClientAddress {
    pub(crate) fn of(extensions: &Extensions) -> Self {
        let at_gateway = extensions.get::<LambdaContext>().and_then(|context| match context {
            LambdaContext::ApiGatewayV2(context) => context.http.source_ip.as_deref()?.parse().ok(),
            #[allow(unreachable_patterns, reason = "the other kinds are behind features of lambda_http")]
            _ => None,
        });
        let at_socket = || extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
        Self(at_gateway.or_else(at_socket))
    }
}

impl fmt::Display for ClientAddress {
    /// An IPv6 network of 64 bits is one household, whatever address its hosts take next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(IpAddr::V4(address)) => address.fmt(f),
            Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(address) => address.fmt(f),
                None => {
                    let [a, b, c, d, ..] = address.segments();
                    write!(f, "{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
                }
            },
            None => f.write_str("unknown"),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_one_network_count_together() {
        let text = |address: &str| ClientAddress(address.parse().ok()).to_string();
        assert_eq!(text("192.0.2.7"), "192.0.2.7");
        assert_eq!(text("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(text("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(text("nonsense"), "unknown");
    }
}
