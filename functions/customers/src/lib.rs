//! The people who can log in.

pub mod get_profile;
pub mod log_in;
pub mod register_customer;

mod password;

pub use password::{Password, Passwords};

use axum::extract::FromRef;
use souk_domain::ports;
use souk_lambda::{Access, Ports, TokenIssuer};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// What the customers' functions touch.
#[derive(Clone, FromRef)]
pub struct Customers {
    customers: Arc<dyn ports::Customers>,
    passwords: Passwords,
    access: Access,
}

impl From<Ports> for Customers {
    fn from(ports: Ports) -> Self {
        Self { customers: ports.store, passwords: Passwords::default(), access: ports.access }
    }
}

/// What the functions touch that hand out tokens.
#[derive(Clone, FromRef)]
pub struct LogIn {
    customers: Arc<dyn ports::Customers>,
    passwords: Passwords,
    access: Access,
    issuer: TokenIssuer,
}

impl LogIn {
    /// The customers' ports, and the key that signs.
    pub fn new(customers: Customers, issuer: TokenIssuer) -> Self {
        let Customers { customers, passwords, access } = customers;
        Self { customers, passwords, access, issuer }
    }
}

/// The HTTP functions by their names in the catalogue.
pub fn http_functions() -> Vec<(&'static str, OpenApiRouter<Customers>)> {
    vec![("get-profile", get_profile::router()), ("register-customer", register_customer::router())]
}

/// The HTTP functions that hand out tokens.
pub fn log_in_functions() -> Vec<(&'static str, OpenApiRouter<LogIn>)> {
    vec![("log-in", log_in::router())]
}
