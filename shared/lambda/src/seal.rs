//! Secrets that must be read again are kept sealed.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use souk_domain::Error;
use std::sync::Arc;
use uuid::Uuid;

/// Seals with a key that the store does not have (AES-256-GCM), each secret bound to the id of whose it is.
#[derive(Clone)]
pub struct Seal {
    key: Arc<RandomizedNonceKey>,
}

impl Seal {
    /// Seals with this key: 32 bytes in base64.
    ///
    /// # Errors
    /// `Internal` when the text is no such key; the text is left out.
    pub fn new(key: &SecretString) -> Result<Self, Error> {
        let bytes = STANDARD.decode(key.expose_secret().trim()).unwrap_or_default();
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes);
        let key = key.map_err(|_| Error::Internal("not 32 bytes in base64".to_owned()))?;
        Ok(Self { key: Arc::new(key) })
    }

    /// What is kept of a secret.
    ///
    /// # Errors
    /// `Internal` when there is no randomness.
    pub fn seal(&self, secret: &[u8], owner: Uuid) -> Result<Vec<u8>, Error> {
        let mut sealed = secret.to_vec();
        let nonce = self.key.seal_in_place_append_tag(Aad::from(owner.into_bytes()), &mut sealed);
        let nonce = nonce.map_err(|_| Error::Internal("a secret could not be sealed".to_owned()))?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// The secret again.
    ///
    /// # Errors
    /// `Internal` when another key sealed it, or for somebody else, or it was changed.
    pub fn open(&self, sealed: &[u8], owner: Uuid) -> Result<Vec<u8>, Error> {
        let unsealable = || Error::Internal("a sealed secret is not of this key".to_owned());
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN).ok_or_else(unsealable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| unsealable())?;
        let mut bytes = sealed.to_vec();
        let secret = self.key.open_in_place(nonce, Aad::from(owner.into_bytes()), &mut bytes);
        secret.map(|secret| secret.to_vec()).map_err(|_| unsealable())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(byte: u8) -> Seal {
        Seal::new(&STANDARD.encode([byte; 32]).into()).expect("a key")
    }

    #[test]
    fn a_secret_opens_for_its_owner_and_key_only_and_unchanged() {
        let (owner, other) = (Uuid::new_v4(), Uuid::new_v4());
        let sealed = seal(1).seal(b"hush", owner).expect("sealed");
        assert_eq!(seal(1).open(&sealed, owner).expect("the secret"), b"hush");
        assert!(seal(1).open(&sealed, other).is_err());
        assert!(seal(2).open(&sealed, owner).is_err());
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(seal(1).open(&changed, owner).is_err() && seal(1).open(&sealed[..place], owner).is_err());
        }
        assert_ne!(seal(1).seal(b"hush", owner).expect("sealed"), sealed);
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        for text in ["", "hush", "aHVzaA=="] {
            let error = Seal::new(&text.into()).err().expect(text).to_string();
            assert_eq!(error, "internal: not 32 bytes in base64");
        }
    }
}
