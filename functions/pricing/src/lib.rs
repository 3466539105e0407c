//! The shop's rules of what an order costs: tax, shipping, coupons.

pub mod list_coupons;
pub mod list_shipping_methods;
pub mod list_tax_rates;
pub mod remove_coupon;
pub mod remove_shipping_method;
pub mod remove_tax_rate;
pub mod save_coupon;
pub mod save_shipping_method;
pub mod save_tax_rate;

use axum::extract::FromRef;
use souk_domain::ports;
use souk_lambda::{Access, Ports};
use std::sync::Arc;
use utoipa::PartialSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa_axum::router::OpenApiRouter;

/// What the pricing functions touch.
#[derive(Clone, FromRef)]
pub struct Pricing {
    pricing: Arc<dyn ports::Pricing>,
    access: Access,
}

impl From<Ports> for Pricing {
    fn from(ports: Ports) -> Self {
        Self { pricing: ports.store, access: ports.access }
    }
}

/// The HTTP functions by their names in the catalogue.
pub fn http_functions() -> Vec<(&'static str, OpenApiRouter<Pricing>)> {
    vec![
        ("list-coupons", list_coupons::router()),
        ("list-shipping-methods", list_shipping_methods::router()),
        ("list-tax-rates", list_tax_rates::router()),
        ("remove-coupon", remove_coupon::router()),
        ("remove-shipping-method", remove_shipping_method::router()),
        ("remove-tax-rate", remove_tax_rate::router()),
        ("save-coupon", save_coupon::router()),
        ("save-shipping-method", save_shipping_method::router()),
        ("save-tax-rate", save_tax_rate::router()),
    ]
}

/// The schema of `T` among other properties: a request that has a property more is refused, a list names what it lists beside it.
fn open_schema<T: PartialSchema>() -> RefOr<Schema> {
    let mut schema = T::schema();
    if let RefOr::T(Schema::Object(object)) = &mut schema {
        object.additional_properties = None;
    }
    schema
}
