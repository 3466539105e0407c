//! Secrets that people carry: refresh tokens, the tokens of links, recovery codes. Only their hashes are kept.

use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use souk_domain::{Error, SessionId, TokenHash};

/// Random bytes that nobody can foresee.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| Error::Internal("no randomness".to_owned()))?;
    Ok(bytes)
}

/// A secret of 256 bits and its hash.
pub(crate) fn new_secret() -> Result<(SecretString, TokenHash), Error> {
    let text = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let hash = hash(&text);
    Ok((text.into(), hash))
}

/// What is kept of a secret.
pub(crate) fn hash(secret: &str) -> TokenHash {
    TokenHash(Sha256::digest(secret).into())
}

/// The secret that follows one: whoever shows the same one again gets the same successor, and whoever has only what is kept gets none.
pub(crate) fn successor(secret: &str, salt: &[u8; 16]) -> (SecretString, TokenHash) {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let text = URL_SAFE_NO_PAD.encode(hmac::sign(&key, salt));
    let hash = hash(&text);
    (text.into(), hash)
}

/// A refresh token as its owner carries it: the session, and a secret.
pub(crate) fn write_refresh_token(session: SessionId, secret: &SecretString) -> String {
    format!("{session}.{}", secrecy::ExposeSecret::expose_secret(secret))
}

/// The session and the secret of a refresh token.
pub(crate) fn read_refresh_token(token: &str) -> Option<(SessionId, &str)> {
    let (session, secret) = token.split_once('.')?;
    (secret.len() <= 100).then_some((session.parse().ok()?, secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_successor_depends_on_secret_and_salt_alone() {
        let (secret, _) = new_secret().expect("a secret");
        let text = |secret: &str, salt: u8| successor(secret, &[salt; 16]).0.expose_secret().to_owned();
        assert_eq!(text(secret.expose_secret(), 1), text(secret.expose_secret(), 1));
        assert_ne!(text(secret.expose_secret(), 1), text(secret.expose_secret(), 2));
        assert_ne!(text(secret.expose_secret(), 1), text("another", 1));
    }

    #[test]
    fn a_refresh_token_reads_back() {
        let session = SessionId::new();
        let (secret, _) = new_secret().expect("a secret");
        let token = write_refresh_token(session, &secret);
        assert_eq!(read_refresh_token(&token), Some((session, secret.expose_secret())));
        for text in ["", ".", "x.y", &"x".repeat(1000), &format!("{session}"), &format!("{token}{token}{token}")] {
            assert_eq!(read_refresh_token(text), None, "{text}");
        }
    }
}
