//! What is printed once everything runs.

use crate::demo::DemoUser;
use serde::Serialize;
use souk_domain::Role;

/// Where everything is.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Addresses {
    /// The HTTP API.
    pub(crate) http: String,
    /// The WebSocket API.
    pub(crate) web_socket: String,
    /// The page to try the HTTP API.
    pub(crate) docs: String,
    /// The OpenAPI document.
    pub(crate) open_api: String,
    /// The page that shows what mail was sent; absent when a mail server delivers it.
    pub(crate) mail: Option<String>,
    /// The page of the sandbox payment provider; absent when another moves money.
    pub(crate) sandbox: Option<String>,
    /// Cache and event streams.
    pub(crate) redis: String,
    /// The connection table.
    pub(crate) dynamo_db: String,
    /// People to log in as.
    pub(crate) users: Vec<DemoUser>,
}

impl Addresses {
    /// One line for scripts.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let Self { http, web_socket, docs, mail, sandbox, redis, dynamo_db, users, .. } = self;
        let mut text = format!(
            "\n  Souk is open.\n\n  \
             HTTP API       {http}\n  \
             WebSocket API  {web_socket}\n  \
             Try it         {docs}\n  \
             Mail           {}\n  \
             Payments       {}\n  \
             Redis          {redis}\n  \
             DynamoDB       {dynamo_db}\n",
            mail.as_deref().unwrap_or("is delivered"),
            sandbox.as_deref().unwrap_or("move money")
        );
        if !users.is_empty() {
            text += "\n  Log in as\n";
        }
        for DemoUser { role, email, password } in users {
            text += &format!("    {:<9} {email:<22} {password}\n", role.as_str());
        }
        let customer = users.iter().find(|user| user.role == Role::Customer);
        text += &format!("\n  A first look\n    curl '{http}/api/v1/products?q=tea&sort=price'\n");
        if let Some(DemoUser { email, password, .. }) = customer {
            text += &format!(
                "    curl {http}/api/v1/sessions -H 'Content-Type: application/json' \\\n      \
                 -d '{{\"email\":\"{email}\",\"password\":\"{password}\"}}'\n"
            );
        }
        text + "\n  Ctrl-C stops it.\n"
    }
}
