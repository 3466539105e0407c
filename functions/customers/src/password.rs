use crate::secret;
use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::password_hash::try_generate_salt;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use souk_domain::{Email, Error, Violation};
use std::num::NonZero;
use std::sync::{LazyLock, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Passwords that many people have, one a line, sorted, in lower case: those of ten characters and more among the 20,000 most common
/// ones that Django ships (compiled by Royce Williams).
const COMMON: &str = include_str!("common_passwords.txt");

static COMMON_WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| COMMON.lines().collect());

/// A password that somebody chooses: 10 to 128 characters, and not one that many people have.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Password(SecretString);

impl TryFrom<String> for Password {
    type Error = Violation;
    fn try_from(text: String) -> Result<Self, Violation> {
        let fits = text.len() <= 512 && (10..=128).contains(&text.chars().count());
        if !fits {
            return Err(Violation::new("invalid_password", "a password has 10 to 128 characters"));
        }
        if COMMON_WORDS.binary_search(&text.to_lowercase().as_str()).is_ok() {
            return Err(Violation::new("common_password", "many people have this password; choose another one"));
        }
        Ok(Self(SecretString::from(text)))
    }
}

impl Password {
    /// A password that is tried at a log-in: whatever its length, it may only be wrong.
    pub fn tried(text: SecretString) -> Self {
        Self(text)
    }

    /// A password for an account that its owner has yet to choose one for.
    ///
    /// # Errors
    /// `Internal`
    pub fn nobody_knows() -> Result<Self, Error> {
        secret::new_secret().map(|(secret, _)| Self(secret))
    }

    /// Refuses what a guesser tries first at this account: its own address.
    ///
    /// # Errors
    /// `common_password`
    pub fn not_the_address(&self, email: &Email) -> Result<(), Violation> {
        let chosen = self.0.expose_secret().to_lowercase();
        let mailbox = email.as_str().split('@').next().unwrap_or_default();
        if chosen == email.as_str() || chosen == mailbox {
            return Err(Violation::new("common_password", "a password is not one's own address; choose another one"));
        }
        Ok(())
    }
}

/// How a password compares with a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is another one.
    No,
    /// It made the hash.
    Yes,
    /// It made the hash, with a tuning that is no longer ours: keep a new one.
    Outdated,
}

/// So many hashes are made at once: each takes tens of milliseconds of a core and 19 MiB.
static PLACES: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, NonZero::get)));

/// The memory of hashes that were made, for the next ones; no more than there are places. To get 19 MiB from the system each time takes
/// longer, and its usual allocator does not find such a block again once it was given back: the process would grow.
static MEMORY: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

/// What an unknown address is compared with, so that it costs as much as a known one: random bytes in the place of a hash. To make one
/// when a function starts would be most of its start.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$uFmkCEKq50SQ2F2Gm0k/6w$0Qz+vRYZyrocp+qdOzyWSlHoEnh7pJzJr/DbZaqJuFI";

/// Argon2id with the first choice of OWASP's Password Storage Cheat Sheet for 19 MiB: 2 passes, 1 lane. `make bench` prints what one
/// hash takes.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params())
}

fn params() -> Params {
    Params::new(19 * 1024, 2, 1, None).unwrap_or(Params::DEFAULT)
}

fn is_outdated(hash: &PasswordHash) -> bool {
    let (wanted, had) = (params(), Params::try_from(hash));
    let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    hash.algorithm.as_str() != Algorithm::Argon2id.as_str() || had.is_ok_and(|had| costs(&had) != costs(&wanted))
}

/// What this tuning makes of a password and a salt.
fn digest(tuning: &Argon2, password: &Password, salt: &Salt, length: usize) -> Result<Output, Error> {
    let memories = || MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let mut memory = memories().pop().unwrap_or_default();
    memory.resize(tuning.params().block_count(), Block::new());
    let mut digest = [0; Output::MAX_LENGTH];
    let digest = digest.get_mut(..length).ok_or_else(|| internal("a hash of that length"))?;
    let password = password.0.expose_secret().as_bytes();
    let made = tuning.hash_password_into_with_memory(password, salt, digest, &mut memory);
    memories().push(memory);
    made.map_err(internal)?;
    Output::new(digest).map_err(internal)
}

fn new_hash(password: &Password) -> Result<PasswordHash, Error> {
    let (tuning, salt) = (argon2(), Salt::new(&try_generate_salt().map_err(internal)?).map_err(internal)?);
    let hash = digest(&tuning, password, &salt, Params::DEFAULT_OUTPUT_LEN)?;
    Ok(PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: params().try_into().map_err(internal)?,
        salt: Some(salt),
        hash: Some(hash),
    })
}

fn fits(password: &Password, hash: &PasswordHash) -> Result<bool, Error> {
    let (Some(salt), Some(known)) = (&hash.salt, &hash.hash) else { return Err(internal("a hash without its end")) };
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(internal)?;
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from).map_err(internal)?;
    let tuning = Argon2::new(algorithm, version, Params::try_from(hash).map_err(internal)?);
    // This comparison takes the same time wherever the two differ.
    Ok(digest(&tuning, password, salt, known.len())? == *known)
}

impl Password {
    /// The hash to keep, as a PHC string with a salt of its own.
    ///
    /// # Errors
    /// `Internal`
    pub async fn hash(self) -> Result<SecretString, Error> {
        work(move || new_hash(&self).map(|hash| SecretString::from(hash.to_string()))).await
    }

    /// Whether the password made the hash. Without a hash the answer is no, after the same work.
    ///
    /// # Errors
    /// `Internal`
    pub async fn fits(self, hash: Option<SecretString>) -> Result<Fit, Error> {
        work(move || {
            let text = hash.as_ref().map_or(NOBODY, ExposeSecret::expose_secret);
            let parsed = PasswordHash::new(text).map_err(internal)?;
            Ok(match fits(&self, &parsed)? && hash.is_some() {
                false => Fit::No,
                true if is_outdated(&parsed) => Fit::Outdated,
                true => Fit::Yes,
            })
        })
        .await
    }
}

async fn work<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    let place = PLACES.acquire().await.map_err(internal)?;
    // The work keeps its place to its end, also when the caller has gone away.
    let work = move || {
        let _place = place;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(internal)?
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    fn password(text: &str) -> Password {
        Password::try_from(text.to_owned()).expect("a password")
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_only() {
        let hash = password("correct horse").hash().await.expect("a hash");
        assert!(hash.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let fit = async |text: &str, hash| Password::tried(text.into()).fits(hash).await.expect("an answer");
        assert_eq!(fit("correct horse", Some(hash.clone())).await, Fit::Yes);
        assert_eq!(fit("wrong horse", Some(hash)).await, Fit::No);
        assert_eq!(fit("nobody", None).await, Fit::No);
    }

    #[test]
    fn an_unknown_address_costs_what_a_known_one_does() {
        let nobody = PasswordHash::new(NOBODY).expect("a hash");
        assert!(!is_outdated(&nobody));
        let known = argon2().hash_password(b"correct horse").expect("a hash").to_string();
        assert_eq!(NOBODY.len(), known.len());
    }

    #[tokio::test]
    async fn long_and_foreign_passwords_count_to_their_last_character() {
        for (text, other) in [("x".repeat(128), format!("{}y", "x".repeat(127))), ("密".repeat(64), "密".repeat(63))]
        {
            let hash = password(&text).hash().await.expect("a hash");
            let again = password(&text).hash().await.expect("a hash");
            assert_ne!(hash.expose_secret(), again.expose_secret());
            let fit =
                async |text: &str| Password::tried(text.into()).fits(Some(hash.clone())).await.expect("an answer");
            assert_eq!((fit(&text).await, fit(&other).await), (Fit::Yes, Fit::No));
        }
    }

    #[tokio::test]
    async fn a_hash_of_another_tuning_fits_and_is_outdated() {
        for (algorithm, memory) in [(Algorithm::Argon2id, 8), (Algorithm::Argon2i, 19 * 1024)] {
            let other = Argon2::new(algorithm, Version::V0x13, Params::new(memory, 2, 1, None).expect("a tuning"));
            let hash = other.hash_password(b"correct horse").expect("a hash").to_string();
            let fit = async |text: &str| {
                Password::tried(text.into()).fits(Some(hash.clone().into())).await.expect("an answer")
            };
            assert_eq!(fit("correct horse").await, Fit::Outdated);
            assert_eq!(fit("wrong horse").await, Fit::No);
        }
    }

    #[tokio::test]
    async fn memory_that_was_used_before_changes_no_hash() {
        // Of other tunings, too: they leave more or less of it.
        for memory in [19 * 1024, 8, 1024, 32 * 1024, 19 * 1024] {
            let tuning =
                Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, 2, 1, None).expect("a tuning"));
            let hash = tuning.hash_password(b"correct horse").expect("a hash");
            assert!(fits(&password("correct horse"), &hash).expect("an answer"));
            assert!(!fits(&password("wrong horse"), &hash).expect("an answer"));
            let ours = new_hash(&password("correct horse")).expect("a hash");
            assert!(argon2().verify_password(b"correct horse", &ours).is_ok());
        }
    }

    #[test]
    fn passwords_have_ten_to_128_characters_and_are_not_printed() {
        for text in ["short", &"x".repeat(129), &"x".repeat(1 << 20)] {
            assert_eq!(Password::try_from(text.to_owned()).expect_err("refused").code, "invalid_password");
        }
        assert!(!format!("{:?}", password("correct horse")).contains("horse"));
    }

    #[test]
    fn common_passwords_are_refused_whatever_their_case() {
        assert!(COMMON_WORDS.is_sorted() && COMMON_WORDS.len() > 1000);
        for text in ["1234567890", "Qwertyuiop", "BASKETBALL"] {
            assert_eq!(Password::try_from(text.to_owned()).expect_err(text).code, "common_password");
        }
    }

    #[test]
    fn an_address_is_no_password_of_its_owner() {
        let email = Email::parse("ada.lovelace@example.com").expect("an address");
        for text in ["Ada.Lovelace@example.com", "ada.lovelace"] {
            assert!(password(text).not_the_address(&email).is_err());
        }
        assert!(password("another one").not_the_address(&email).is_ok());
    }
}
