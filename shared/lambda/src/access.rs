//! Who may call a function. Its handler's signature says so: [`MaybeCaller`], [`Caller`], [`Staff`] or [`Admin`]; this is the one
//! place where it is checked.

use crate::context::note_caller;
use crate::{ApiError, Bearer, ClientAddress, Door, TokenKeys};
use axum::extract::{FromRef, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use souk_domain::realtime::{Identity, Principal};
use souk_domain::{CustomerId, Rate, Role};

/// Reads access tokens and lets their bearers in.
#[derive(Clone)]
pub struct Access {
    /// Whose tokens are taken.
    pub keys: TokenKeys,
    /// Who may come in now.
    pub door: Door,
}

impl Access {
    /// Whom the token is for, while their session lasts.
    ///
    /// # Errors
    /// 401 `invalid_token`, `session_ended`, 403 `second_factor_required`
    pub async fn identify(&self, token: &str) -> Result<Principal, ApiError> {
        let (bearer, expires_at) = self.keys.read_until(token)?;
        note_caller(bearer.identity.id);
        self.door.admit(Some(bearer), &[]).await?;
        if bearer.must_enrol {
            return Err(ApiError::second_factor_required());
        }
        Ok(Principal { identity: bearer.identity, session: bearer.session, expires_at })
    }

    /// Whether somebody's word of earlier still counts: their token has not expired and their session goes on.
    ///
    /// # Errors
    /// 401 `invalid_token`, `session_ended`
    pub async fn recall(&self, principal: &Principal) -> Result<(), ApiError> {
        if !principal.is_current(souk_domain::now()) {
            return Err(ApiError::unauthenticated(
                "invalid_token",
                "the token has expired; authenticate with a new one",
            ));
        }
        let Principal { identity, session, .. } = *principal;
        note_caller(identity.id);
        self.door.admit(Some(Bearer { identity, session, must_enrol: false }), &[]).await
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
pub struct MaybeCaller(pub Option<Bearer>);

/// Somebody who logged in.
#[derive(Clone, Copy, Debug)]
pub struct Caller(pub Identity);

impl MaybeCaller {
    /// Who it is, when they logged in.
    pub fn id(&self) -> Option<CustomerId> {
        self.0.map(|bearer| bearer.identity.id)
    }
}

impl Caller {
    /// Whose things the caller may see: everybody's for staff.
    pub fn sees_only(&self) -> Option<CustomerId> {
        (!self.0.role.is_staff()).then_some(self.0.id)
    }
}

/// A manager or admin.
#[derive(Clone, Copy, Debug)]
pub struct Staff(pub Identity);

/// An admin.
#[derive(Clone, Copy, Debug)]
pub struct Admin(pub Identity);

impl<S> FromRequestParts<S> for MaybeCaller
where
    S: Send + Sync,
    Access: FromRef<S>,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // Several extractors of one request ask; one signature check and one use of the rate answer.
        if let Some(known) = parts.extensions.get::<MaybeCaller>() {
            return Ok(*known);
        }
        let Access { keys, door } = Access::from_ref(state);
        let bearer = token_from(&parts.headers)?.map(|token| keys.read(token)).transpose()?;
        if let Some(bearer) = bearer {
            note_caller(bearer.identity.id);
        }
        let writes = (!parts.method.is_safe()).then(|| match bearer {
            Some(bearer) => door.meter(Rate::WRITES, bearer.identity.id),
            None => door.meter(Rate::WRITES, ClientAddress::of(&parts.extensions)),
        });
        door.admit(bearer, writes.as_slice()).await?;
        let caller = MaybeCaller(bearer);
        parts.extensions.insert(caller);
        Ok(caller)
    }
}

/// Whoever logged in, also an admin who has yet to set up a second factor: for the functions that they need for that.
impl<S> FromRequestParts<S> for Bearer
where
    S: Send + Sync,
    Access: FromRef<S>,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let MaybeCaller(bearer) = MaybeCaller::from_request_parts(parts, state).await?;
        bearer.ok_or_else(|| ApiError::unauthenticated("unauthenticated", "log in first"))
    }
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Access: FromRef<S>,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let bearer = Bearer::from_request_parts(parts, state).await?;
        if bearer.must_enrol {
            return Err(ApiError::second_factor_required());
        }
        Ok(Caller(bearer.identity))
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

impl<S> FromRequestParts<S> for Admin
where
    S: Send + Sync,
    Access: FromRef<S>,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Caller(identity) = Caller::from_request_parts(parts, state).await?;
        if identity.role == Role::Admin { Ok(Admin(identity)) } else { Err(ApiError::forbidden()) }
    }
}
