//! The catalog: categories that nest and the products in them.

pub mod create_category;
pub mod create_product;
pub mod delete_category;
pub mod discontinue_product;
pub mod get_category;
pub mod get_product;
pub mod import_products;
pub mod invalidate_product_cache;
pub mod list_categories;
pub mod list_products;
pub mod update_category;
pub mod update_product;

mod import_file;

use axum::extract::FromRef;
use souk_domain::ports::{Categories, Products};
use souk_lambda::{Access, Announcer, Copies, Ports};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// What the catalog's functions touch.
#[derive(Clone, FromRef)]
pub struct Catalog {
    categories: Arc<dyn Categories>,
    products: Arc<dyn Products>,
    copies: Copies,
    announcer: Announcer,
    access: Access,
}

impl From<Ports> for Catalog {
    fn from(ports: Ports) -> Self {
        let Ports { store, copies, announcer, access, .. } = ports;
        Self { categories: store.clone(), products: store, copies, announcer, access }
    }
}

/// The HTTP functions by their names in the catalogue.
pub fn http_functions() -> Vec<(&'static str, OpenApiRouter<Catalog>)> {
    vec![
        ("create-category", create_category::router()),
        ("create-product", create_product::router()),
        ("delete-category", delete_category::router()),
        ("discontinue-product", discontinue_product::router()),
        ("get-category", get_category::router()),
        ("get-product", get_product::router()),
        ("import-products", import_products::router()),
        ("list-categories", list_categories::router()),
        ("list-products", list_products::router()),
        ("update-category", update_category::router()),
        ("update-product", update_product::router()),
    ]
}
