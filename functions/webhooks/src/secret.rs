//! What signs the posts to a webhook: [Standard Webhooks](https://www.standardwebhooks.com), version 1.

use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use souk_domain::{DateTime, Error, SealedSecret, Webhook, WebhookId};
use souk_lambda::Seal;

/// What a secret begins with as its receiver gets it.
const PREFIX: &str = "whsec_";

/// Makes the secrets of webhooks, and signs with them. They are kept sealed, bound to the webhook.
#[derive(Clone)]
pub struct WebhookSecrets {
    seal: Seal,
}

impl WebhookSecrets {
    /// Seals with this key: 32 bytes in base64.
    ///
    /// # Errors
    /// `Internal` when the text is no such key; the text is left out.
    pub fn new(key: &SecretString) -> Result<Self, Error> {
        Ok(Self { seal: Seal::new(key)? })
    }

    /// A new secret of 256 random bits, as it is kept.
    pub(crate) fn make(&self, id: WebhookId) -> Result<SealedSecret, Error> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(|_| Error::Internal("no randomness".to_owned()))?;
        Ok(SealedSecret(STANDARD.encode(self.seal.seal(&bytes, id.uuid())?)))
    }

    /// A secret as its receiver gets it, once.
    pub(crate) fn show(&self, id: WebhookId, sealed: &SealedSecret) -> Result<String, Error> {
        Ok(format!("{PREFIX}{}", STANDARD.encode(self.open(id, sealed)?)))
    }

    /// The signature of a message by each secret that signs at `at`.
    pub(crate) fn sign(&self, webhook: &Webhook, message: &str, body: &str, at: DateTime) -> Result<String, Error> {
        let sign = |sealed| Ok(signature(&self.open(webhook.id, sealed)?, message, at.timestamp(), body));
        Ok(webhook.secrets(at).map(sign).collect::<Result<Vec<_>, Error>>()?.join(" "))
    }

    fn open(&self, id: WebhookId, SealedSecret(sealed): &SealedSecret) -> Result<Vec<u8>, Error> {
        let sealed = STANDARD.decode(sealed).map_err(|_| Error::Internal("a sealed secret is no base64".to_owned()))?;
        self.seal.open(&sealed, id.uuid())
    }
}

fn signature(secret: &[u8], message: &str, timestamp: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signed = format!("{message}.{timestamp}.{body}");
    format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::{WebhookDescription, WebhookEventType, WebhookFields, WebhookUrl};

    fn secrets(byte: u8) -> WebhookSecrets {
        WebhookSecrets::new(&STANDARD.encode([byte; 32]).into()).expect("a key")
    }

    fn webhook(secrets: &WebhookSecrets) -> Webhook {
        let url = WebhookUrl::parse("https://example.com/").expect("a URL");
        let types = vec![WebhookEventType::parse("souk.OrderPlaced").expect("a type")];
        let fields = WebhookFields::new(url, types, WebhookDescription::default()).expect("fields");
        let id = WebhookId::new();
        Webhook::new(id, fields, secrets.make(id).expect("a secret"), souk_domain::now())
    }

    /// Of the specification's own libraries.
    #[test]
    fn a_signature_is_that_of_the_published_example() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_shown_signs_and_nothing_else_does() {
        let (secrets, at) = (secrets(1), souk_domain::now());
        let webhook = webhook(&secrets);
        let shown = secrets.show(webhook.id, &webhook.secret).expect("a secret");
        let secret = STANDARD.decode(shown.strip_prefix(PREFIX).expect("a prefix")).expect("base64");
        assert_eq!(secret.len(), 32);
        let signed = secrets.sign(&webhook, "m", "{}", at).expect("a signature");
        assert_eq!(signed, signature(&secret, "m", at.timestamp(), "{}"));
        assert!(!webhook.secret.0.contains(&shown[PREFIX.len()..]));
        // Another webhook's, or another key's.
        let moved = Webhook { id: WebhookId::new(), ..webhook.clone() };
        assert!(secrets.sign(&moved, "m", "{}", at).is_err());
        assert!(self::secrets(2).show(webhook.id, &webhook.secret).is_err());
    }

    #[test]
    fn after_a_rotation_there_are_two_signatures_for_a_day() {
        let (secrets, at) = (secrets(1), souk_domain::now());
        let first = webhook(&secrets);
        let second = first.rotated(secrets.make(first.id).expect("a secret"), at).webhook;
        let sign = |webhook: &Webhook, at| secrets.sign(webhook, "m", "{}", at).expect("signatures");
        let both = sign(&second, at);
        let (new, old) = both.split_once(' ').expect("two");
        assert_eq!((old, new == old), (sign(&first, at).as_str(), false));
        assert_eq!(sign(&second, at + chrono::Duration::hours(25)).split(' ').count(), 1);
    }
}
