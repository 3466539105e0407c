//! The HTTP API: the routes of the catalogue, the OpenAPI document and a page to try them.

use crate::openapi;
use anyhow::{Context, Result};
use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use souk_carts::Carts;
use souk_catalog::Catalog;
use souk_customers::{Authenticators, Customers, LogIn, Refresh, SecondFactor};
use souk_domain::ports::Invoker;
use souk_environment::Environment;
use souk_inventory::Inventory;
use souk_lambda::Ports;
use souk_orders::{Orders, Payments};
use souk_platform::ready::Parts;
use souk_platform::{Consumers, Operations, Redrive};
use souk_pricing::Pricing;
use souk_template::{Template, Trigger};
use souk_webhooks::{Signing, WebhookSecrets, Webhooks};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Souk",
        version = "1",
        description = "An e-commerce management system.\n\nEvery answer is an envelope: `data`, `errors` and `metadata`. \
            Money is in minor units (pence, cents), times are RFC 3339 in UTC. Log in with `POST /api/v1/sessions` and \
            send the token as `Authorization: Bearer`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "catalog", description = "Categories that nest and the products in them"),
        (name = "inventory", description = "The stock of products and its ledger"),
        (name = "customers", description = "The people who can log in"),
        (name = "carts", description = "What people put aside to buy"),
        (name = "orders", description = "What customers buy"),
        (name = "payments", description = "What payment providers tell"),
        (name = "pricing", description = "Tax, shipping and coupons"),
        (name = "webhooks", description = "Third parties that hear of what happens"),
        (name = "platform", description = "How the shop is"),
    ),
    servers((url = "/")),
    // Nobody needs a token, unless an operation says so.
    security(()),
)]
struct Document;

type Functions = BTreeMap<&'static str, OpenApiRouter>;

fn with_state<S: Clone + Send + Sync + 'static>(
    functions: Vec<(&'static str, OpenApiRouter<S>)>,
    state: &S,
) -> impl Iterator<Item = (&'static str, OpenApiRouter)> {
    functions.into_iter().map(|(name, router)| (name, router.with_state(state.clone())))
}

/// Every HTTP function that this process knows, by name.
fn functions(
    template: &Template,
    environment: &Environment,
    ports: &Ports,
    authenticators: &Authenticators,
    invoker: Arc<dyn Invoker>,
) -> Result<Functions> {
    let issuer = environment.token_issuer()?;
    let payments = Payments::new(ports.clone(), environment.till()?);
    let log_in = LogIn::new(ports.clone(), authenticators.clone(), issuer.clone());
    let refresh = Refresh::new(ports.clone(), issuer);
    let (redis, consumers) = (Arc::new(environment.redis()?), Consumers::of(template)?);
    let operations = Operations::new(ports.access.clone(), redis, consumers);
    let redrive = Redrive::new(operations.clone(), invoker);
    let second_factor = SecondFactor::new(ports.clone(), authenticators.clone());
    let reach = environment.webhook_reach()?;
    let (secrets, sender) = (WebhookSecrets::new(&environment.webhook_key()?)?, environment.webhook_sender()?);
    let signing = Signing::new(ports.clone(), reach, secrets, sender);
    let parts =
        Parts { store: ports.store.clone(), redis: ports.copies.clone(), connections: environment.connections()? };
    Ok(with_state(souk_catalog::http_functions(), &Catalog::from(ports.clone()))
        .chain(with_state(souk_inventory::http_functions(), &Inventory::from(ports.clone())))
        .chain(with_state(souk_customers::http_functions(), &Customers::from(ports.clone())))
        .chain(with_state(souk_customers::log_in_functions(), &log_in))
        .chain(with_state(souk_customers::refresh_functions(), &refresh))
        .chain(with_state(souk_customers::second_factor_functions(), &second_factor))
        .chain(with_state(souk_carts::http_functions(), &Carts::from(ports.clone())))
        .chain(with_state(souk_orders::http_functions(), &Orders::from(ports.clone())))
        .chain(with_state(souk_orders::payment_functions(), &payments))
        .chain(with_state(souk_pricing::http_functions(), &Pricing::from(ports.clone())))
        .chain(with_state(souk_webhooks::http_functions(), &Webhooks::new(ports.clone(), reach)))
        .chain(with_state(souk_webhooks::signing_functions(), &signing))
        .chain(with_state(souk_platform::http_functions(), &parts))
        .chain(with_state(souk_platform::operations_functions(), &operations))
        .chain(with_state(souk_platform::redrive_functions(), &redrive))
        .collect())
}

/// Merges the functions that the catalogue routes to. Fails when the two do not say the same.
fn merge(template: &Template, mut functions: Functions) -> Result<OpenApiRouter> {
    let mut merged = OpenApiRouter::with_openapi(Document::openapi());
    for function in template.functions() {
        let Trigger::Http { method, path } = &function.trigger else { continue };
        let router =
            functions.remove(function.name.as_str()).with_context(|| format!("no function {}", function.name))?;
        let declared = routes(router.get_openapi());
        anyhow::ensure!(
            declared == [(method.clone(), path.clone())],
            "{}: template.yaml says {method} {path}, the function {declared:?}",
            function.name
        );
        merged = merged.merge(router);
    }
    anyhow::ensure!(functions.is_empty(), "not in template.yaml: {:?}", functions.keys());
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    merged
        .get_openapi_mut()
        .components
        .get_or_insert_default()
        .add_security_scheme("token", SecurityScheme::Http(scheme));
    Ok(merged)
}

/// Method and path of every operation.
fn routes(document: &utoipa::openapi::OpenApi) -> Vec<(String, String)> {
    let paths = serde_json::to_value(&document.paths).unwrap_or_default();
    let paths = paths.as_object().cloned().unwrap_or_default();
    let of_path = |(path, item): (String, serde_json::Value)| {
        let methods = item.as_object().map(|item| item.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        methods.into_iter().map(move |method| (method.to_uppercase(), path.clone()))
    };
    paths.into_iter().flat_map(of_path).collect()
}

/// The whole HTTP API.
pub(crate) fn router(
    template: &Template,
    environment: &Environment,
    ports: &Ports,
    authenticators: &Authenticators,
    invoker: Arc<dyn Invoker>,
    pages: Router,
) -> Result<Router> {
    let (router, document) =
        merge(template, functions(template, environment, ports, authenticators, invoker)?)?.split_for_parts();
    let document = openapi::complete(serde_json::to_value(document)?)?;
    let page = SwaggerUi::new("/docs").external_url_unchecked("/openapi.json", document);
    let home = get(|| async { Redirect::temporary("/docs/") });
    Ok(souk_lambda::wrap(router.merge(page).merge(pages).route("/", home)))
}
