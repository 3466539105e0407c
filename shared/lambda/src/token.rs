//! Access tokens: JWT signed with Ed25519 (RFC 8037), for 15 minutes.

use crate::ApiError;
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyOperations, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use souk_domain::realtime::Identity;
use souk_domain::{CustomerId, DateTime, Error, Role, SessionId, from_micros};
use std::collections::HashMap;
use std::sync::Arc;

/// How long an access token is good for, in seconds.
const LIFETIME: i64 = 15 * 60;
/// How far clocks of two hosts may be apart, in seconds.
const LEEWAY: u64 = 5;
/// Who issues.
const ISSUER: &str = "souk";
/// Where a public key in PEM ends.
const END_OF_KEY: &str = "-----END PUBLIC KEY-----";

/// Whom an access token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Who, and what they may do.
    pub identity: Identity,
    /// The log-in that it comes from.
    pub session: SessionId,
    /// An admin without a second factor: may set one up, and nothing else.
    pub must_enrol: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: CustomerId,
    sid: SessionId,
    role: Role,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    enrol: bool,
    iat: i64,
    exp: i64,
}

/// The public keys whose tokens are taken: the present one and, after a rotation, the one before it.
#[derive(Clone)]
pub struct TokenKeys {
    keys: Arc<HashMap<String, DecodingKey>>,
    set: Arc<JwkSet>,
    validation: Arc<Validation>,
}

impl TokenKeys {
    /// One or more Ed25519 public keys in PEM, one after the other.
    ///
    /// # Errors
    /// `Internal` when the text holds none, or something else.
    pub fn new(public_keys: &str) -> Result<Self, Error> {
        let (mut keys, mut set) = (HashMap::new(), JwkSet::default());
        let mut rest = public_keys.trim();
        while let Some((key, after)) = rest.split_once(END_OF_KEY) {
            let key = DecodingKey::from_ed_pem(format!("{key}{END_OF_KEY}").as_bytes()).map_err(|_| no_key())?;
            let jwk = Jwk::from_decoding_key(&key, Some(Algorithm::EdDSA)).map_err(|_| no_key())?;
            let jwk = published(jwk)?;
            keys.insert(jwk.common.key_id.clone().unwrap_or_default(), key);
            set.keys.push(jwk);
            rest = after.trim();
        }
        if keys.is_empty() || !rest.is_empty() {
            return Err(no_key());
        }
        // One algorithm only: a token cannot choose `none` or a key of its own kind.
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.leeway = LEEWAY;
        Ok(Self { keys: Arc::new(keys), set: Arc::new(set), validation: Arc::new(validation) })
    }

    /// The keys as others read them (RFC 7517).
    pub fn public(&self) -> &JwkSet {
        &self.set
    }

    /// Whom the token is for.
    ///
    /// # Errors
    /// 401 `invalid_token` when it is forged, expired or no token at all.
    pub fn read(&self, token: &str) -> Result<Bearer, ApiError> {
        self.read_until(token).map(|(bearer, _)| bearer)
    }

    /// Whom the token is for, and until when.
    pub(crate) fn read_until(&self, token: &str) -> Result<(Bearer, DateTime), ApiError> {
        let invalid = || ApiError::unauthenticated("invalid_token", "the token is not valid (any more)");
        let header = decode_header(token).map_err(|_| invalid())?;
        let key = header.kid.as_ref().and_then(|id| self.keys.get(id)).ok_or_else(invalid)?;
        let Claims { sub: id, sid: session, role, enrol: must_enrol, exp, .. } =
            decode::<Claims>(token, key, &self.validation).map_err(|_| invalid())?.claims;
        let bearer = Bearer { identity: Identity { id, role }, session, must_enrol };
        Ok((bearer, from_micros(exp.saturating_mul(1_000_000))))
    }
}

fn no_key() -> Error {
    Error::Internal("not Ed25519 public keys in PEM".to_owned())
}

/// A key under its thumbprint (RFC 7638), which both halves of the pair give.
fn published(mut key: Jwk) -> Result<Jwk, Error> {
    key.common.key_id = Some(key.thumbprint(ThumbprintHash::SHA256).map_err(|_| no_key())?);
    key.common.public_key_use = Some(PublicKeyUse::Signature);
    key.common.key_operations = Some(vec![KeyOperations::Verify]);
    Ok(key)
}

/// Issues access tokens.
#[derive(Clone)]
pub struct TokenIssuer {
    key: Arc<EncodingKey>,
    header: Arc<Header>,
}

impl TokenIssuer {
    /// Signs with this private key (PKCS#8 in PEM).
    ///
    /// # Errors
    /// `Internal` when the text is no such key; the text is left out.
    pub fn new(private_key: &SecretString) -> Result<Self, Error> {
        let no_key = |_| Error::Internal("not an Ed25519 private key in PEM".to_owned());
        let key = EncodingKey::from_ed_pem(private_key.expose_secret().as_bytes()).map_err(no_key)?;
        let public = Jwk::from_encoding_key(&key, Algorithm::EdDSA).map_err(no_key)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = published(public)?.common.key_id;
        Ok(Self { key: Arc::new(key), header: Arc::new(header) })
    }

    /// A token for 15 minutes, and its lifetime in seconds.
    ///
    /// # Errors
    /// `Internal`
    pub fn issue(&self, bearer: Bearer) -> Result<(SecretString, i64), Error> {
        let iat = souk_domain::now().timestamp();
        let Bearer { identity: Identity { id: sub, role }, session: sid, must_enrol: enrol } = bearer;
        let claims = Claims { iss: ISSUER.to_owned(), sub, sid, role, enrol, iat, exp: iat + LIFETIME };
        let token = encode(&self.header, &claims, &self.key);
        let token = token.map_err(|error| Error::Internal(format!("no token could be signed: {error}")))?;
        Ok((SecretString::from(token), LIFETIME))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use pem::Pem;

    /// A private key and its public half.
    fn pair() -> (String, String) {
        let pair = Ed25519KeyPair::generate().expect("a key");
        let private: Pkcs8V1Der<'_> = pair.as_der().expect("DER");
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("DER");
        let pem = |tag: &str, der: &[u8]| pem::encode(&Pem::new(tag, der));
        (pem("PRIVATE KEY", private.as_ref()), pem("PUBLIC KEY", public.as_ref()))
    }

    fn bearer() -> Bearer {
        let identity = Identity { id: CustomerId::new(), role: Role::Manager };
        Bearer { identity, session: SessionId::new(), must_enrol: false }
    }

    #[test]
    fn a_token_is_for_whom_it_was_issued_while_its_key_is_among_the_public_ones() {
        let ((private, public), (_, other)) = (pair(), pair());
        let issuer = TokenIssuer::new(&private.into()).expect("a key");
        let bearer = Bearer { must_enrol: true, ..bearer() };
        let (token, _) = issuer.issue(bearer).expect("a token");
        // A parameter of a deployment is one line.
        let in_one_line = |keys: String| keys.replace(['\r', '\n'], "");
        let both = format!("{other}{public}");
        for keys in [public.clone(), format!("{public}\n{other}"), in_one_line(public), in_one_line(both.clone()), both]
        {
            let keys = TokenKeys::new(&keys).expect("keys");
            assert_eq!(keys.read(token.expose_secret()).expect("a bearer"), bearer);
        }
        assert!(TokenKeys::new(&other).expect("a key").read(token.expose_secret()).is_err());
    }

    #[test]
    fn the_published_set_names_each_key_by_its_thumbprint() {
        let ((private, public), (_, other)) = (pair(), pair());
        let keys = TokenKeys::new(&format!("{public}{other}")).expect("keys");
        let set = serde_json::to_value(keys.public()).expect("JSON");
        assert_eq!(set["keys"].as_array().map(Vec::len), Some(2));
        assert_eq!((&set["keys"][0]["crv"], &set["keys"][0]["use"]), (&"Ed25519".into(), &"sig".into()));
        let (token, _) = TokenIssuer::new(&private.into()).expect("a key").issue(bearer()).expect("a token");
        let header = decode_header(token.expose_secret()).expect("a header");
        assert_eq!(set["keys"][0]["kid"], header.kid.expect("a key id"));
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        let (private, public) = pair();
        for text in ["", "nonsense", &private, &format!("{public}nonsense")] {
            assert!(TokenKeys::new(text).is_err());
        }
    }
}
