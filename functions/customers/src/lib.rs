//! The people who can log in: how they register, come in, look after their account and leave; and what staff does with them.

pub mod change_email;
pub mod change_password;
pub mod confirm_second_factor;
pub mod create_admin;
pub mod disable_customer;
pub mod enable_customer;
pub mod end_session;
pub mod enrol_second_factor;
pub mod erase_customer;
pub mod expire_mails;
pub mod export_data;
pub mod get_profile;
pub mod get_token_keys;
pub mod invite_staff;
pub mod list_audit_entries;
pub mod list_customers;
pub mod list_sessions;
pub mod log_in;
pub mod log_out;
pub mod log_out_everywhere;
pub mod refresh_session;
pub mod register_customer;
pub mod remove_second_factor;
pub mod request_password_reset;
pub mod reset_password;
pub mod send_mail;
pub mod update_profile;
pub mod verify_email;

mod authenticator;
mod entry;
mod letter;
#[cfg(test)]
mod outdated_hash;
mod password;
mod secret;

pub use authenticator::Authenticators;
pub use letter::Links;
pub use password::{Fit, Password};

use axum::extract::FromRef;
use souk_domain::ports;
use souk_lambda::{Access, Announcer, Ports, TokenIssuer};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// What the customers' functions touch.
#[derive(Clone, FromRef)]
pub struct Customers {
    customers: Arc<dyn ports::Customers>,
    orders: Arc<dyn ports::Orders>,
    sessions: Arc<dyn ports::Sessions>,
    announcer: Announcer,
    access: Access,
}

impl From<Ports> for Customers {
    fn from(ports: Ports) -> Self {
        let Ports { store, sessions, announcer, access, .. } = ports;
        Self { customers: store.clone(), orders: store, sessions, announcer, access }
    }
}

/// What a log-in touches.
#[derive(Clone, FromRef)]
pub struct LogIn {
    shop: Customers,
    carts: Arc<dyn ports::Carts>,
    authenticators: Authenticators,
    issuer: TokenIssuer,
    access: Access,
}

/// What refreshing a session touches.
#[derive(Clone, FromRef)]
pub struct Refresh {
    shop: Customers,
    issuer: TokenIssuer,
    access: Access,
}

/// What the functions touch that know authenticators and hand out no tokens.
#[derive(Clone, FromRef)]
pub struct SecondFactor {
    shop: Customers,
    authenticators: Authenticators,
    announcer: Announcer,
    access: Access,
}

impl LogIn {
    /// The ports, what seals authenticators, and the key that signs.
    pub fn new(ports: Ports, authenticators: Authenticators, issuer: TokenIssuer) -> Self {
        let (carts, access) = (ports.carts.clone(), ports.access.clone());
        Self { shop: ports.into(), carts, authenticators, issuer, access }
    }
}

impl Refresh {
    /// The ports, and the key that signs.
    pub fn new(ports: Ports, issuer: TokenIssuer) -> Self {
        let access = ports.access.clone();
        Self { shop: ports.into(), issuer, access }
    }
}

impl SecondFactor {
    /// The ports, and what seals authenticators.
    pub fn new(ports: Ports, authenticators: Authenticators) -> Self {
        let (announcer, access) = (ports.announcer.clone(), ports.access.clone());
        Self { shop: ports.into(), authenticators, announcer, access }
    }
}

/// The HTTP functions by their names in the catalogue.
pub fn http_functions() -> Vec<(&'static str, OpenApiRouter<Customers>)> {
    vec![
        ("change-email", change_email::router()),
        ("change-password", change_password::router()),
        ("disable-customer", disable_customer::router()),
        ("enable-customer", enable_customer::router()),
        ("end-session", end_session::router()),
        ("erase-customer", erase_customer::router()),
        ("export-data", export_data::router()),
        ("get-profile", get_profile::router()),
        ("get-token-keys", get_token_keys::router()),
        ("invite-staff", invite_staff::router()),
        ("list-audit-entries", list_audit_entries::router()),
        ("list-customers", list_customers::router()),
        ("list-sessions", list_sessions::router()),
        ("log-out", log_out::router()),
        ("log-out-everywhere", log_out_everywhere::router()),
        ("register-customer", register_customer::router()),
        ("request-password-reset", request_password_reset::router()),
        ("reset-password", reset_password::router()),
        ("update-profile", update_profile::router()),
        ("verify-email", verify_email::router()),
    ]
}

/// The HTTP function that hands out the first tokens.
pub fn log_in_functions() -> Vec<(&'static str, OpenApiRouter<LogIn>)> {
    vec![("log-in", log_in::router())]
}

/// The HTTP function that hands out the next ones.
pub fn refresh_functions() -> Vec<(&'static str, OpenApiRouter<Refresh>)> {
    vec![("refresh-session", refresh_session::router())]
}

/// The HTTP functions that know authenticators.
pub fn second_factor_functions() -> Vec<(&'static str, OpenApiRouter<SecondFactor>)> {
    vec![
        ("confirm-second-factor", confirm_second_factor::router()),
        ("enrol-second-factor", enrol_second_factor::router()),
        ("remove-second-factor", remove_second_factor::router()),
    ]
}
