//! `POST /api/v1/sessions`: a password, and a code where there is a second factor, become tokens. For everybody.

use crate::entry::{self, LoggedIn};
use crate::{Customers, Fit, LogIn, Password};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, USER_AGENT};
use axum::response::IntoResponse;
use secrecy::SecretString;
use serde::Deserialize;
use souk_domain::{Account, CartId, CustomerId, CustomerStatus, Email, Rate, SessionId, ports};
use souk_lambda::{ApiError, ClientAddress, Command, CommandFailures, Envelope, Failure, QueryFailures, Reply, router};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// Longest name of a browser that is kept, in characters.
const USER_AGENT_LENGTH: usize = 200;

/// Who says they are who.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogInRequest {
    /// The address they registered with.
    email: Email,
    /// The password they chose.
    #[schema(value_type = String, format = Password, max_length = 512, example = "correct horse battery")]
    password: SecretString,
    /// Of the authenticator, or a recovery code; where a second factor is set up.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "123456")]
    code: Option<SecretString>,
    /// A guest's cart that is merged into theirs.
    #[serde(default)]
    cart_id: Option<CartId>,
}

/// Log in
///
/// `invalid_credentials` for a wrong password, an unknown address and a disabled account alike, after the same work;
/// `second_factor_required` when the password is right and a code is missing, `invalid_second_factor` when it is wrong. An
/// `Idempotency-Key` has no effect: logging in again does no harm, and tokens are not kept. Admins without a second factor get tokens
/// that can do nothing but set one up.
#[utoipa::path(
    post,
    path = "/api/v1/sessions",
    tag = "customers",
    request_body = LogInRequest,
    responses(
        (status = 200, description = "Tokens", body = Envelope<LoggedIn>),
        (status = 401, description = "`invalid_credentials`, `invalid_second_factor`, `invalid_token`, \
            `second_factor_required`, `session_ended`", body = Failure),
        (status = 422, description = "`invalid_email`, `invalid_id`", body = Failure),
        CommandFailures, QueryFailures,
    ),
)]
async fn log_in(
    State(state): State<LogIn>,
    address: ClientAddress,
    headers: HeaderMap,
    Command(request, _): Command<LogInRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let LogIn { shop, carts, authenticators, issuer, .. } = &state;
    let LogInRequest { email, password, code, cart_id } = request;
    // It begins before the account is read: whoever changes the password from now on ends it.
    let session = SessionId::new();
    let account = check_password(shop, address, &email, password).await?;
    if account.customer.second_factor {
        let missing = || ApiError::unauthenticated("second_factor_required", "a code of the authenticator is missing");
        let code = code.ok_or_else(missing)?;
        if !entry::use_code(&*shop.customers, authenticators, &account, &code).await? {
            return Err(ApiError::unauthenticated("invalid_second_factor", "the code is wrong or was used"));
        }
    }
    let agent = headers.get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned());
    let agent = agent.unwrap_or_default().chars().take(USER_AGENT_LENGTH).collect();
    let refresh_token = entry::begin_session(&*shop.sessions, session, &account.customer, agent).await?;
    still_open(shop, &account, session).await?;
    let cart_id = merge_cart(&**carts, account.customer.id, cart_id).await;
    let logged_in = LoggedIn::new(issuer, account.customer, session, refresh_token, cart_id)?;
    Ok(([(CACHE_CONTROL, "no-store")], Reply::ok(logged_in)))
}

/// The account, when the password is its own and nobody has shut it out.
async fn check_password(
    shop: &Customers,
    address: ClientAddress,
    email: &Email,
    password: SecretString,
) -> Result<Account, ApiError> {
    let door = &shop.access.door;
    door.admit(None, &[door.mailbox(Rate::LOG_IN_ACCOUNT, email), door.meter(Rate::LOG_IN_ADDRESS, address)]).await?;
    let account = shop.customers.account_of(email).await?;
    let account = account.filter(|account| account.customer.status == CustomerStatus::Active);
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let fit = Password::tried(password.clone()).fits(hash).await?;
    let Some(account) = account.filter(|_| fit != Fit::No) else {
        return Err(ApiError::unauthenticated("invalid_credentials", "e-mail address or password is wrong"));
    };
    if fit == Fit::Outdated {
        let new = Password::tried(password).hash().await?;
        shop.customers.upgrade_password_hash(account.customer.id, &account.password_hash, &new).await?;
    }
    Ok(account)
}

/// Looks once more: whoever shut the account out, or gave it another password, while the old one was being checked ends this session.
async fn still_open(shop: &Customers, account: &Account, session: SessionId) -> Result<(), ApiError> {
    let now = shop.customers.account(account.customer.id).await?;
    if now.customer.status == CustomerStatus::Active && !now.cutoff.ends(session) {
        return Ok(());
    }
    shop.sessions.end(account.customer.id, session).await?;
    Err(ApiError::unauthenticated("invalid_credentials", "e-mail address or password is wrong"))
}

/// Nobody is kept out because a cart cannot be had: `POST /api/v1/carts` merges it later.
async fn merge_cart(carts: &dyn ports::Carts, customer: CustomerId, guests: Option<CartId>) -> Option<CartId> {
    let opened = carts.open_cart(Some(customer), Some(guests?)).await;
    opened.inspect_err(|error| tracing::warn!(%error, "a guest's cart was not merged")).ok().map(|cart| cart.id)
}

/// The function.
pub fn router() -> OpenApiRouter<LogIn> {
    router!(log_in)
}
