//! A shop to look at: people to log in as and products to buy.

use crate::keys::write_private;
use anyhow::{Context, Result};
use rand::distr::{Alphanumeric, SampleString};
use serde::{Deserialize, Serialize};
use souk_customers::Password;
use souk_domain::{
    Adjustment, CategoryFields, CategoryId, Cause, Change, CurrencyCode, CustomerId, Description, Email, Error, Event,
    Grams, Money, NewCustomer, PersonName, ProductFields, ProductName, Reason, Role, Sku,
};
use souk_lambda::Ports;
use std::path::Path;

/// The demo catalog: category path, SKU, name, price in pence, stock.
const CATALOG: &str = include_str!("demo.csv");

/// Somebody to log in as.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DemoUser {
    pub(crate) role: Role,
    pub(crate) email: String,
    pub(crate) password: String,
}

/// The people of the folder; made at the first start, with passwords of their own.
pub(crate) async fn users(folder: &Path, ports: &Ports) -> Result<Vec<DemoUser>> {
    let path = folder.join("demo-users.json");
    if let Ok(text) = std::fs::read_to_string(&path) {
        return serde_json::from_str(&text).with_context(|| path.display().to_string());
    }
    let password = || Alphanumeric.sample_string(&mut rand::rng(), 16);
    let user = |role: Role, email: &str| DemoUser { role, email: email.to_owned(), password: password() };
    let users = vec![
        user(Role::Admin, "admin@souk.example"),
        user(Role::Manager, "manager@souk.example"),
        user(Role::Customer, "ada@souk.example"),
    ];
    for user in &users {
        register(user, ports).await.context("the store has demo people with the passwords of another folder")?;
    }
    write_private(&path, &serde_json::to_string_pretty(&users)?)?;
    Ok(users)
}

async fn register(user: &DemoUser, ports: &Ports) -> Result<CustomerId> {
    let name = match user.role {
        Role::Customer => "Ada Lovelace",
        Role::Manager => "Demo Manager",
        Role::Admin => "Demo Admin",
    };
    let password_hash = Password::try_from(user.password.clone())?.hash().await?;
    let new = NewCustomer {
        email: Email::parse(&user.email)?,
        name: PersonName::parse(name)?,
        role: user.role,
        password_hash,
    };
    Ok(ports.store.register_customer(new, &Cause::internal("demo")).await?.value.id)
}

/// Fills an empty shop with the demo catalog.
pub(crate) async fn catalog(ports: &Ports) -> Result<()> {
    if !ports.store.categories().await?.is_empty() {
        return Ok(());
    }
    let mut known: Vec<(String, CategoryId)> = Vec::new();
    let mut events = Vec::new();
    for line in CATALOG.lines().skip(1) {
        let [path, sku, name, price, stock] = line.splitn(5, ',').collect::<Vec<_>>()[..] else {
            anyhow::bail!("demo.csv: {line}");
        };
        let category_id = category(path, &mut known, ports).await?;
        let price = Money::new(price.parse()?, CurrencyCode::parse("GBP")?)?;
        let fields = ProductFields {
            name: ProductName::parse(name)?,
            description: Description::default(),
            category_id,
            price,
            weight_grams: Grams::default(),
        };
        events.extend(product(Sku::parse(sku)?, fields, stock.parse()?, ports).await?);
    }
    ports.announcer.announce(&events).await;
    Ok(())
}

/// The category at the end of a path such as `Home > Lighting`; made with those above it.
async fn category(
    path: &str,
    known: &mut Vec<(String, CategoryId)>,
    ports: &Ports,
) -> Result<CategoryId, anyhow::Error> {
    let mut parent_id = None;
    let mut walked = String::new();
    for name in path.split(" > ") {
        walked = format!("{walked}/{name}");
        let id = match known.iter().find(|(path, _)| *path == walked) {
            Some((_, id)) => *id,
            None => {
                let fields = CategoryFields { name: name.parse()?, parent_id };
                let id = ports.store.create_category(fields, &Cause::internal("demo")).await?.value.id;
                known.push((walked.clone(), id));
                id
            }
        };
        parent_id = Some(id);
    }
    parent_id.context("an empty category path")
}

async fn product(sku: Sku, fields: ProductFields, stock: i64, ports: &Ports) -> Result<Vec<Event>, Error> {
    let cause = Cause::internal("demo");
    let created = ports.store.create_product(sku, fields, &cause).await?;
    let reason = Reason::parse("opening stock")?;
    let adjustment =
        Adjustment { product_id: created.value.id, change: Change::To(stock), reason, actor: CustomerId::new() };
    let adjusted = ports.store.adjust_stock(adjustment, None, &cause).await?;
    Ok([created.events, adjusted.events].concat())
}
