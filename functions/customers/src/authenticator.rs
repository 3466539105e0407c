//! The second factor: time-based codes (RFC 6238) of an authenticator app, and recovery codes for the day it is lost.

use crate::secret;
use secrecy::{ExposeSecret, SecretString};
use souk_domain::{Customer, DateTime, Email, Error, TokenHash};
use souk_lambda::Seal;
use totp_rs::{Builder, Secret, Totp};

/// Codes that stand in for the authenticator, each once.
const RECOVERY_CODES: usize = 10;
/// Letters and digits of a recovery code: 24 of them are 120 bits, so that its hash needs no salt (OWASP ASVS 2.6.2).
const RECOVERY_ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Seconds of one time step.
const STEP: u64 = 30;

/// Makes authenticators and checks their codes. Their secrets must be read again, so they are kept sealed, bound to the customer.
#[derive(Clone)]
pub struct Authenticators {
    seal: Seal,
}

/// What somebody sets their authenticator up with. Shown once.
pub(crate) struct Enrolment {
    /// For typing, in base32.
    pub(crate) secret: String,
    /// For a QR code: `otpauth://…`.
    pub(crate) uri: String,
    /// For the day the authenticator is lost.
    pub(crate) recovery_codes: Vec<String>,
    /// To be kept.
    pub(crate) sealed: Vec<u8>,
    /// To be kept.
    pub(crate) recovery_hashes: Vec<TokenHash>,
}

/// A code that somebody typed.
pub(crate) enum Code {
    /// Of the authenticator.
    Time(String),
    /// One of the recovery codes.
    Recovery(TokenHash),
}

impl Code {
    pub(crate) fn read(text: &SecretString) -> Self {
        let text: String = text.expose_secret().chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        match text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Code::Time(text),
            false => Code::Recovery(secret::hash(&text.to_lowercase())),
        }
    }
}

impl Authenticators {
    /// Seals with this key: 32 bytes in base64.
    ///
    /// # Errors
    /// `Internal` when the text is no such key; the text is left out.
    pub fn new(key: &SecretString) -> Result<Self, Error> {
        Ok(Self { seal: Seal::new(key)? })
    }

    pub(crate) fn enrol(&self, customer: &Customer) -> Result<Enrolment, Error> {
        let bytes: [u8; 20] = secret::random()?;
        let totp = totp(&bytes, &customer.email)?;
        let recovery_codes = (0..RECOVERY_CODES).map(|_| recovery_code()).collect::<Result<Vec<_>, _>>()?;
        let hash = |code: &String| secret::hash(&code.replace('-', ""));
        Ok(Enrolment {
            secret: totp.secret().to_base32(),
            uri: totp.to_url().map_err(|error| Error::Internal(error.to_string()))?,
            recovery_hashes: recovery_codes.iter().map(hash).collect(),
            recovery_codes,
            sealed: self.seal.seal(&bytes, customer.id.uuid())?,
        })
    }

    /// The time step of the code, when it is the authenticator's and of now, give or take one step for clocks that differ.
    pub(crate) fn step(
        &self,
        sealed: &[u8],
        customer: &Customer,
        code: &str,
        now: DateTime,
    ) -> Result<Option<i64>, Error> {
        let totp = totp(&self.seal.open(sealed, customer.id.uuid())?, &customer.email)?;
        Ok(totp.check(code, now.timestamp().unsigned_abs()).map(|step| step as i64))
    }
}

fn totp(secret: &[u8], email: &Email) -> Result<Totp, Error> {
    // SHA-1 and six digits: what every authenticator app understands.
    let builder = Builder::new().with_secret(Secret::from(secret)).with_step_duration(STEP).with_skew(1);
    // A colon separates issuer and account in the URI.
    let account = email.as_str().replace(':', "%3A");
    let totp = builder.with_issuer(Some("Souk")).with_account_name(account).build();
    totp.map_err(|error| Error::Internal(error.to_string()))
}

fn recovery_code() -> Result<String, Error> {
    let letters = secret::random::<24>()?.map(|byte| char::from(RECOVERY_ALPHABET[usize::from(byte % 32)]));
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    Ok(groups.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use souk_domain::{AddressBook, CustomerId, CustomerStatus, Role};

    fn authenticators() -> Authenticators {
        Authenticators::new(&STANDARD.encode(secret::random::<32>().expect("bytes")).into()).expect("a key")
    }

    fn customer() -> Customer {
        Customer {
            id: CustomerId::new(),
            email: "ada@example.com".parse().expect("an address"),
            name: "Ada".parse().expect("a name"),
            role: Role::Admin,
            status: CustomerStatus::Active,
            addresses: AddressBook::default(),
            second_factor: false,
            version: 1,
            created_at: souk_domain::now(),
            updated_at: souk_domain::now(),
        }
    }

    #[test]
    fn a_code_is_good_for_its_step_and_the_ones_beside_it() {
        let (authenticators, customer) = (authenticators(), customer());
        let enrolment = authenticators.enrol(&customer).expect("an enrolment");
        assert!(enrolment.uri.starts_with("otpauth://totp/Souk:ada"), "{}", enrolment.uri);
        let app = Builder::new().with_secret(Secret::try_from_base32(&enrolment.secret).expect("base32"));
        let app = app.with_account_name("a").with_issuer(Some("Souk")).build().expect("an app");
        let now = souk_domain::from_micros(1_700_000_010_000_000);
        let step = |seconds: i64| {
            let code = app.generate((now.timestamp() + seconds).unsigned_abs()).to_string();
            authenticators.step(&enrolment.sealed, &customer, &code, now).expect("an answer")
        };
        let present = now.timestamp() / 30;
        assert_eq!([-30, 0, 30].map(step), [-1, 0, 1].map(|offset| Some(present + offset)));
        assert_eq!([-60, 60].map(step), [None, None]);
    }

    #[test]
    fn a_sealed_secret_opens_for_its_customer_and_key_only() {
        let (authenticators, customer, other) = (authenticators(), customer(), customer());
        let sealed = authenticators.enrol(&customer).expect("an enrolment").sealed;
        let now = souk_domain::now();
        assert!(authenticators.step(&sealed, &customer, "000000", now).is_ok());
        assert!(authenticators.step(&sealed, &other, "000000", now).is_err());
        assert!(self::authenticators().step(&sealed, &customer, "000000", now).is_err());
        assert!(authenticators.step(&sealed[..5], &customer, "000000", now).is_err());
    }

    #[test]
    fn a_recovery_code_is_read_however_it_is_typed() {
        let enrolment = authenticators().enrol(&customer()).expect("an enrolment");
        let typed = enrolment.recovery_codes[0].to_uppercase().replace('-', " ");
        assert!(matches!(Code::read(&typed.into()), Code::Recovery(hash) if hash == enrolment.recovery_hashes[0]));
        assert!(matches!(Code::read(&"123 456".to_owned().into()), Code::Time(code) if code == "123456"));
    }
}
