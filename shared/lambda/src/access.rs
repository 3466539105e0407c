use crate::ApiError;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use souk_domain::realtime::Identity;
use souk_domain::{CustomerId, Error, Role};
use std::sync::Arc;

/// How long an access token is good for, in seconds.
const LIFETIME: i64 = 15 * 60;
/// Who issues.
const ISSUER: &str = "souk";

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: CustomerId,
    role: Role,
    iat: i64,
    exp: i64,
}

/// Reads access tokens: JWT signed with Ed25519.
#[derive(Clone)]
pub struct Access {
    key: Arc<DecodingKey>,
    validation: Arc<Validation>,
}

impl Access {
    /// Tokens signed with the private half of this public key (PEM).
    ///
    /// # Errors
    /// `Internal` when the text is no such key.
    pub fn new(public_key: &str) -> Result<Self, Error> {
        let key = DecodingKey::from_ed_pem(public_key.as_bytes())
            .map_err(|_| Error::Internal("not an Ed25519 public key in PEM".to_owned()))?;
        // One algorithm only: a token cannot choose `none` or a key of its own kind.
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.leeway = 5;
        Ok(Self { key: Arc::new(key), validation: Arc::new(validation) })
    }

    /// Who the token is for.
    ///
    /// # Errors
    /// 401 `invalid_token` when it is forged, expired or no token at all.
    pub fn identify(&self, token: &str) -> Result<Identity, ApiError> {
        let token = decode::<Claims>(token, &self.key, &self.validation);
        let claims =
            token.map_err(|_| ApiError::unauthenticated("invalid_token", "the token is not valid (any more)"))?;
        Ok(Identity { id: claims.claims.sub, role: claims.claims.role })
    }
}

/// Issues access tokens.
#[derive(Clone)]
pub struct TokenIssuer {
    key: Arc<EncodingKey>,
}

impl TokenIssuer {
    /// Signs with this private key (PKCS#8 in PEM).
    ///
    /// # Errors
    /// `Internal` when the text is no such key; the text is left out.
    pub fn new(private_key: &SecretString) -> Result<Self, Error> {
        let key = EncodingKey::from_ed_pem(private_key.expose_secret().as_bytes())
            .map_err(|_| Error::Internal("not an Ed25519 private key in PEM".to_owned()))?;
        Ok(Self { key: Arc::new(key) })
    }

    /// A token for 15 minutes, and its lifetime in seconds.
    ///
    /// # Errors
    /// `Internal`
    pub fn issue(&self, identity: Identity) -> Result<(SecretString, i64), Error> {
        let iat = souk_domain::now().timestamp();
        let Identity { id: sub, role } = identity;
        let claims = Claims { iss: ISSUER.to_owned(), sub, role, iat, exp: iat + LIFETIME };
        let token = encode(&Header::new(Algorithm::EdDSA), &claims, &self.key);
        let token = token.map_err(|error| Error::Internal(format!("no token could be signed: {error}")))?;
        Ok((SecretString::from(token), LIFETIME))
    }
}

/// The bearer token of a request, when it has one.
///
/// # Errors
/// 401 when the header holds something else.
pub fn token_from(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(header) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let token = header.to_str().ok().and_then(|text| text.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(ApiError::unauthenticated("invalid_token", "the Authorization header holds no bearer token")),
    }
}

/// Whoever calls, logged in or not. A token that is there must be good.
#[derive(Clone, Copy, Debug)]
pub struct MaybeCaller(pub Option<Identity>);

/// Somebody who logged in.
#[derive(Clone, Copy, Debug)]
pub struct Caller(pub Identity);

impl Caller {
    /// Whose things the caller may see: everybody's for staff.
    pub fn sees_only(&self) -> Option<CustomerId> {
        (!self.0.role.is_staff()).then_some(self.0.id)
    }
}

/// A manager or admin.
#[derive(Clone, Copy, Debug)]
pub struct Staff(pub Identity);

impl<S> FromRequestParts<S> for MaybeCaller
where
    S: Send + Sync,
    Access: FromRef<S>,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // Several extractors of one request ask; one signature check answers.
        if let Some(known) = parts.extensions.get::<MaybeCaller>() {
            return Ok(*known);
        }
        let access = Access::from_ref(state);
        let caller = MaybeCaller(token_from(&parts.headers)?.map(|token| access.identify(token)).transpose()?);
        parts.extensions.insert(caller);
        Ok(caller)
    }
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Access: FromRef<S>,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let MaybeCaller(caller) = MaybeCaller::from_request_parts(parts, state).await?;
        caller.map(Caller).ok_or_else(|| ApiError::unauthenticated("unauthenticated", "log in first"))
    }
}

impl<S> FromRequestParts<S> for Staff
where
    S: Send + Sync,
    Access: FromRef<S>,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Caller(identity) = Caller::from_request_parts(parts, state).await?;
        if identity.role.is_staff() { Ok(Staff(identity)) } else { Err(ApiError::forbidden()) }
    }
}
