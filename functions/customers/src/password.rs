use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use souk_domain::{Error, Violation};
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;

/// A password as somebody typed it: 10 to 128 characters.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Password(SecretString);

impl TryFrom<String> for Password {
    type Error = Violation;
    fn try_from(text: String) -> Result<Self, Violation> {
        let fits = text.len() <= 512 && (10..=128).contains(&text.chars().count());
        if fits {
            return Ok(Self(SecretString::from(text)));
        }
        Err(Violation::new("invalid_password", "a password has 10 to 128 characters"))
    }
}

impl Password {
    /// A password that is tried at a log-in: whatever its length, it may only be wrong.
    pub fn tried(text: SecretString) -> Self {
        Self(text)
    }
}

/// Hashes and checks passwords, a few at a time: each takes tens of milliseconds of a core and 19 MiB.
#[derive(Clone)]
pub struct Passwords {
    places: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { places: Arc::new(Semaphore::new(cores)) }
    }
}

/// Argon2id with the first choice of OWASP's Password Storage Cheat Sheet for 19 MiB: 2 passes, 1 lane.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None).unwrap_or(Params::DEFAULT))
}

/// What an unknown address is compared with, so that it costs as much as a known one.
fn nobody<'a>() -> &'a str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| argon2().hash_password(b"nobody").map(|hash| hash.to_string()).unwrap_or_default())
}

impl Passwords {
    /// The hash to keep, as a PHC string with a salt of its own.
    ///
    /// # Errors
    /// `Internal`
    pub async fn hash(&self, password: Password) -> Result<SecretString, Error> {
        self.work(move || {
            let hash = argon2().hash_password(password.0.expose_secret().as_bytes());
            hash.map(|hash| SecretString::from(hash.to_string())).map_err(internal)
        })
        .await
    }

    /// Whether the password made the hash. Without a hash the answer is no, after the same work.
    ///
    /// # Errors
    /// `Internal`
    pub async fn verify(&self, password: Password, hash: Option<SecretString>) -> Result<bool, Error> {
        self.work(move || {
            let text = hash.as_ref().map_or_else(nobody, ExposeSecret::expose_secret);
            let parsed = PasswordHash::new(text).map_err(internal)?;
            let fits = argon2().verify_password(password.0.expose_secret().as_bytes(), &parsed).is_ok();
            Ok(fits && hash.is_some())
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _place = self.places.acquire().await.map_err(internal)?;
        tokio::task::spawn_blocking(work).await.map_err(internal)?
    }
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::try_from(text.to_owned()).expect("a password")
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_only() {
        let passwords = Passwords::default();
        let hash = passwords.hash(password("correct horse")).await.expect("a hash");
        assert!(hash.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify(password("correct horse"), Some(hash.clone())).await.expect("an answer"));
        assert!(!passwords.verify(password("wrong horse"), Some(hash)).await.expect("an answer"));
        assert!(!passwords.verify(Password::tried("nobody".into()), None).await.expect("an answer"));
    }

    #[test]
    fn passwords_have_ten_to_128_characters_and_are_not_printed() {
        for text in ["short", &"x".repeat(129), &"x".repeat(1 << 20)] {
            assert_eq!(Password::try_from(text.to_owned()).expect_err("refused").code, "invalid_password");
        }
        assert!(!format!("{:?}", password("correct horse")).contains("horse"));
    }
}
