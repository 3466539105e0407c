//! How somebody comes in: passwords and codes are checked, sessions begin.

use crate::authenticator::Code;
use crate::password::Fit;
use crate::secret;
use crate::{Authenticators, Customers, Password};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use souk_domain::ports;
use souk_domain::realtime::Identity;
use souk_domain::{
    Account, CartId, Customer, CustomerId, CustomerStatus, Error, Rate, Role, Session, SessionCutoff, SessionId,
    SessionLife,
};
use souk_lambda::{Access, ApiError, Bearer, TokenIssuer};
use utoipa::ToSchema;

/// Tokens and whom they are for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedIn {
    /// A JWT for `Authorization: Bearer` and for the `access_token` of the WebSocket API.
    #[schema(example = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIwMThiY2ZlNSJ9.c2lnbmF0dXJl")]
    access_token: String,
    /// `Bearer`
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How long the access token is good, in seconds.
    #[schema(example = 900)]
    expires_in: i64,
    /// For `POST /api/v1/sessions/refresh`, once. Absent while sessions cannot be kept: log in again when the access token expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "5sQmC3h0b0m1bS2yq8c2Xn4m0kq2jZ1d9o6v7w8x9y0")]
    refresh_token: Option<String>,
    /// Whether this is an admin who must set up a second factor before anything else.
    second_factor_required: bool,
    /// Who logged in.
    customer: Customer,
    /// Their cart, when the log-in named a guest's to be merged into it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cart_id: Option<CartId>,
}

impl LoggedIn {
    /// The answer to somebody who came in.
    pub(crate) fn new(
        issuer: &TokenIssuer,
        customer: Customer,
        session: SessionId,
        refresh_token: Option<String>,
        cart_id: Option<CartId>,
    ) -> Result<Self, Error> {
        let identity = Identity { id: customer.id, role: customer.role };
        // Admins open everything, so a stolen password must not be enough.
        let second_factor_required = customer.role == Role::Admin && !customer.second_factor;
        let (token, expires_in) = issuer.issue(Bearer { identity, session, must_enrol: second_factor_required })?;
        let access_token = token.expose_secret().to_owned();
        Ok(Self {
            access_token,
            token_type: "Bearer",
            expires_in,
            refresh_token,
            second_factor_required,
            customer,
            cart_id,
        })
    }
}

/// Begins a session. Without a refresh token when sessions cannot be kept: a shop without Redis still lets people in.
pub(crate) async fn begin_session(
    sessions: &dyn ports::Sessions,
    id: SessionId,
    customer: &Customer,
    user_agent: String,
) -> Result<Option<String>, Error> {
    let (secret, hash) = secret::new_secret()?;
    let (started_at, last_used_at) = (id.started_at(), souk_domain::now());
    let session = Session { id, customer_id: customer.id, started_at, last_used_at, user_agent };
    match sessions.start(&session, hash, SessionLife::of(customer.role)).await {
        Ok(()) => Ok(Some(secret::write_refresh_token(id, &secret))),
        Err(Error::Unavailable(error)) => {
            tracing::warn!(error, "a session begins that cannot be refreshed");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether a code fits, and uses it up.
pub(crate) async fn use_code(
    customers: &dyn ports::Customers,
    authenticators: &Authenticators,
    account: &Account,
    code: &SecretString,
) -> Result<bool, Error> {
    let customer = &account.customer;
    match (Code::read(code), &account.sealed_secret) {
        (Code::Time(code), Some(sealed)) => match authenticators.step(sealed, customer, &code, souk_domain::now())? {
            Some(step) => customers.use_step(customer.id, step).await,
            None => Ok(false),
        },
        (Code::Recovery(hash), Some(_)) => customers.use_recovery_code(customer.id, hash).await,
        (_, None) => Ok(false),
    }
}

/// Who is logged in shows once more that they know the password: a stolen token alone must not take the account over.
pub(crate) async fn confirm_password(
    shop: &Customers,
    id: CustomerId,
    password: SecretString,
) -> Result<Account, ApiError> {
    let account = shop.customers.account(id).await?;
    count_guess(shop, id).await?;
    let hash = (account.customer.status == CustomerStatus::Active).then(|| account.password_hash.clone());
    match Password::tried(password).fits(hash).await? {
        Fit::No => Err(ApiError::invalid("invalid_credentials", "the password is wrong").field("password")),
        Fit::Yes | Fit::Outdated => Ok(account),
    }
}

/// One guess more at the password of somebody's account.
pub(crate) async fn count_guess(shop: &Customers, id: CustomerId) -> Result<(), ApiError> {
    let Access { door, .. } = &shop.access;
    door.admit(None, &[door.meter(Rate::LOG_IN_ACCOUNT, id)]).await
}

/// Sessions that the store has ended are ended in Redis as well, so that their access tokens are refused at once. When that fails the
/// store's word still keeps them from being refreshed.
pub(crate) async fn end_sessions(sessions: &dyn ports::Sessions, customer: CustomerId, cutoff: SessionCutoff) {
    if let Err(error) = sessions.end_all(customer, cutoff).await {
        tracing::warn!(%error, "access tokens of ended sessions stay good until they expire");
    }
}
