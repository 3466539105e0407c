use super::is_public_address;
use crate::Violation;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use url::{Host, Url};
use utoipa::ToSchema;

/// The longest address, in bytes.
const LONGEST: usize = 2048;

/// Where a webhook leads: an absolute address of the web, without a user and without a fragment. Whether the shop sends anything there,
/// [`WebhookReach`] says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 2048, example = "https://example.com/hooks/souk")]
pub struct WebhookUrl(Url);

/// Which addresses the shop sends to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookReach {
    /// Those of the Internet, over HTTPS, at its port.
    Public,
    /// All of them, over HTTP as well: for development and tests. Whoever makes a webhook can then reach what only the shop should.
    Anywhere,
}

impl WebhookUrl {
    /// Reads the address and writes it in the one way that browsers do: `https://0x7f.1` is `https://127.0.0.1/`.
    ///
    /// # Errors
    /// `invalid_webhook_url`
    pub fn parse(text: &str) -> Result<Self, Violation> {
        if text.len() > LONGEST {
            return Err(wrong("is longer than 2048 bytes"));
        }
        let url = Url::parse(text.trim()).map_err(|_| wrong("is not an absolute address"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(wrong("begins with https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("names a user; what is sent is signed instead"));
        }
        if url.fragment().is_some() {
            return Err(wrong("has a fragment, which is never sent"));
        }
        match url.as_str().len() <= LONGEST {
            true => Ok(Self(url)),
            false => Err(wrong("is longer than 2048 bytes")),
        }
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The network address in it, where it has no name.
    fn literal(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        }
    }
}

impl WebhookReach {
    /// Checks what an address itself says. What its name leads to is known when it is sent to, and checked then.
    ///
    /// # Errors
    /// `invalid_webhook_url`
    pub fn check(self, url: &WebhookUrl) -> Result<(), Violation> {
        if self == Self::Anywhere {
            return Ok(());
        }
        if url.0.scheme() != "https" {
            return Err(wrong("does not begin with https://"));
        }
        if url.0.port().is_some() {
            return Err(wrong("names another port than 443"));
        }
        match url.literal() {
            Some(address) if !is_public_address(address) => Err(wrong("leads to no address of the Internet")),
            _ => Ok(()),
        }
    }

    /// Whether a connection may go to an address.
    pub fn allows(self, address: IpAddr) -> bool {
        self == Self::Anywhere || is_public_address(address)
    }
}

fn wrong(what: &str) -> Violation {
    Violation::new("invalid_webhook_url", format!("the URL {what}"))
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Some receivers know a sender by a secret in the path or the query.
impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/…", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

impl TryFrom<String> for WebhookUrl {
    type Error = Violation;

    fn try_from(text: String) -> Result<Self, Violation> {
        Self::parse(&text)
    }
}

impl From<WebhookUrl> for String {
    fn from(WebhookUrl(url): WebhookUrl) -> Self {
        url.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> WebhookUrl {
        WebhookUrl::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("https://example.com/{}", "x".repeat(2048));
        for text in [
            "",
            "example.com",
            "/hook",
            "https://",
            "ftp://example.com",
            "file:///etc/passwd",
            "gopher://example.com",
            "https://user@example.com",
            "https://user:password@example.com",
            "https://:password@example.com",
            "https://example.com/#part",
            "https://exa mple.com",
            "https://[::1",
            &long,
        ] {
            let error = WebhookUrl::parse(text).expect_err(text);
            assert_eq!(error.code, "invalid_webhook_url", "{text}");
        }
    }

    #[test]
    fn an_address_of_the_internet_is_reached() {
        for text in [
            "https://example.com",
            "https://example.com/hooks?shop=1",
            "https://example.com:443/",
            "https://xn--bcher-kva.example/",
            "https://1.1.1.1/",
            "https://[2606:4700::1111]/",
            // What a name leads to shows when it is asked for.
            "https://localhost/",
        ] {
            assert_eq!(WebhookReach::Public.check(&parse(text)), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_private_address_is_refused_however_it_is_written() {
        for text in [
            "http://example.com/",
            "https://example.com:8443/",
            "https://example.com:22/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://017700000001/",
            "https://0177.0.0.1/",
            "https://127.0.0.1./",
            "https://１２７.0.0.1/",
            "https://0/",
            "https://10.1.2.3/",
            "https://100.64.0.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://192.0.2.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::]/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://[2001:db8::1]/",
            "https://[fd00:ec2::254]/",
            "https://[fe80::1]/",
            "https://[ff02::1]/",
        ] {
            let url = parse(text);
            assert_eq!(WebhookReach::Public.check(&url).expect_err(text).code, "invalid_webhook_url", "{text}");
            assert_eq!(WebhookReach::Anywhere.check(&url), Ok(()), "{text}");
        }
    }

    #[test]
    fn an_address_reads_back_and_is_not_printed_for_debugging() {
        let url = parse(" https://EXAMPLE.com/hook?token=hush ");
        assert_eq!(url.as_str(), "https://example.com/hook?token=hush");
        let json = serde_json::to_string(&url).expect("JSON");
        assert_eq!(serde_json::from_str::<WebhookUrl>(&json).expect("a URL"), url);
        assert!(!format!("{url:?}").contains("hush"));
    }
}
