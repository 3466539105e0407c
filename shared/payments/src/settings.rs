//! Which provider, and how to prove who asks, as a URL tells it.

use secrecy::{ExposeSecret, SecretString};
use souk_domain::{Error, Result};
use std::time::Duration;
use url::Url;

/// How long a wish may take when the URL does not say: a card's bank may need some seconds, an API Gateway waits up to 29.
const PATIENCE: Duration = Duration::from_secs(8);
/// Keys with which real money moves.
const LIVE_KEYS: [&str; 2] = ["sk_live_", "rk_live_"];

/// A provider and the secrets that it shares with the shop.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The name under which orders remember the provider.
    pub(crate) name: &'static str,
    /// Scheme, host and port, without a slash at the end.
    pub(crate) base: String,
    /// Proves to the provider who asks.
    pub(crate) secret_key: SecretString,
    /// Proves to the shop who notices.
    pub(crate) webhook_secret: SecretString,
    /// How long a wish may take, all its calls together.
    pub(crate) patience: Duration,
}

impl Settings {
    /// Reads the URL that [`provider`](crate::provider) describes.
    ///
    /// # Errors
    /// `Internal` says what is wrong, without a word of the URL.
    pub(crate) fn parse(url: &SecretString) -> Result<Self> {
        let url = Url::parse(url.expose_secret()).map_err(|error| wrong(&format!("is not a URL: {error}")))?;
        let (name, scheme) = match url.scheme() {
            "stripe" => ("stripe", "https"),
            "sandbox" => ("sandbox", "http"),
            _ => return Err(wrong("does not start with stripe:// or sandbox://")),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("has no host"))?;
        if !matches!(url.path(), "" | "/") {
            return Err(wrong("has a path"));
        }
        let secret_key = secret(url.username(), "has no secret key")?;
        let webhook_secret = secret(url.password().unwrap_or_default(), "has no webhook secret")?;
        if name == "sandbox" && LIVE_KEYS.iter().any(|live| secret_key.expose_secret().starts_with(live)) {
            return Err(wrong("would show the key to real money over plain HTTP"));
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let mut settings =
            Self { name, base: format!("{scheme}://{host}{port}"), secret_key, webhook_secret, patience: PATIENCE };
        for (name, value) in url.query_pairs() {
            settings.set(&name, &value)?;
        }
        Ok(settings)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        if name != "timeout_ms" {
            // Neither name nor value is told: they may be a part of a secret with an unescaped `?`.
            return Err(wrong("has a parameter that is not timeout_ms"));
        }
        let milliseconds = value.parse().ok().filter(|number| (100..=60_000).contains(number));
        let milliseconds = milliseconds.ok_or_else(|| wrong("has a timeout_ms other than 100 to 60000"))?;
        self.patience = Duration::from_millis(milliseconds);
        Ok(())
    }
}

/// Secrets go into headers, so they are visible ASCII; what a URL would have to escape is in none that Stripe makes.
fn secret(text: &str, missing: &str) -> Result<SecretString> {
    match text {
        "" => Err(wrong(missing)),
        _ if text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'%') => Ok(SecretString::from(text)),
        _ => Err(wrong("has a secret with signs that a URL must escape")),
    }
}

fn wrong(what: &str) -> Error {
    Error::configuration(format!("the URL of the payment provider {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Settings> {
        Settings::parse(&SecretString::from(url))
    }

    #[test]
    fn stripe_is_always_spoken_to_over_https() {
        let settings = parse("stripe://sk_test_1:whsec_2@api.stripe.com").expect("settings");
        assert_eq!((settings.name, settings.base.as_str()), ("stripe", "https://api.stripe.com"));
        assert_eq!(settings.patience, Duration::from_secs(8));
        let settings = parse("stripe://sk_test_1:whsec_2@127.0.0.1:80").expect("settings");
        assert_eq!(settings.base, "https://127.0.0.1:80");
    }

    #[test]
    fn the_sandbox_is_spoken_to_over_http_where_the_url_says() {
        let settings = parse("sandbox://sk_sandbox:whsec_2@127.0.0.1:4242/?timeout_ms=150").expect("settings");
        assert_eq!((settings.name, settings.base.as_str()), ("sandbox", "http://127.0.0.1:4242"));
        assert_eq!(settings.patience, Duration::from_millis(150));
        assert_eq!(settings.secret_key.expose_secret(), "sk_sandbox");
        assert_eq!(settings.webhook_secret.expose_secret(), "whsec_2");
    }

    #[test]
    fn a_wrong_url_is_refused_without_being_shown() {
        for url in [
            "no URL hush",
            "https://hush:hush@api.stripe.com",
            "stripe://hush@api.stripe.com",
            "stripe://:hush@api.stripe.com",
            "stripe://hush:hush@",
            "stripe://hush:hush@api.stripe.com/v1",
            "stripe://hu%20sh:hush@api.stripe.com",
            "stripe://hush:hush@api.stripe.com?timeout_ms=5",
            "stripe://hush:hush@api.stripe.com?hush=8000",
            "sandbox://sk_live_hush:hush@127.0.0.1",
        ] {
            let error = parse(url).expect_err(url).to_string();
            assert!(error.contains("the URL of the payment provider") && !error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn debug_text_has_no_secrets() {
        let text = format!("{:?}", parse("stripe://sk_hush:whsec_hush@api.stripe.com").expect("settings"));
        assert!(!text.contains("hush"), "{text}");
    }
}
