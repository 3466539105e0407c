//! The HTTP API as the tools use it.

use anyhow::{Context, Result};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// How long any one request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks for a mail, 20 ms apart.
const MAIL_LOOKS: usize = 500;

/// Sends a request, again after the time that the shop wants when it comes too often.
async fn send_patiently(request: RequestBuilder) -> Result<Response> {
    loop {
        let again = request.try_clone().context("a request that cannot be sent twice")?;
        let response = again.send().await?;
        if response.status() != StatusCode::TOO_MANY_REQUESTS {
            return Ok(response);
        }
        let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        tokio::time::sleep(Duration::from_secs(wait.unwrap_or(1))).await;
    }
}

/// Somebody who talks to the shop, logged in or not. Cheap to clone.
#[derive(Clone)]
pub struct Shop {
    http: Client,
    url: String,
    token: Option<String>,
}

/// A product as the shop lists it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The shop's id.
    pub id: String,
    /// Of one piece, in minor units.
    pub price_minor: i64,
}

impl Shop {
    /// A guest at this URL.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(url: &str) -> Result<Self> {
        let http = Client::builder().timeout(PATIENCE).tcp_nodelay(true).build()?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned(), token: None })
    }

    /// The same, logged in.
    ///
    /// # Errors
    /// When the shop refuses.
    pub async fn log_in(&self, email: &str, password: &str) -> Result<Self> {
        let sent = json!({ "email": email, "password": password });
        let session =
            self.ask(self.request(Method::POST, "/api/v1/sessions").json(&sent)).await.context("logging in")?;
        let token = session["accessToken"].as_str().context("no token")?.to_owned();
        Ok(Self { token: Some(token), ..self.clone() })
    }

    /// The access token of whoever logged in.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Registers somebody new and logs in as them.
    ///
    /// # Errors
    /// When the shop refuses.
    pub async fn register(&self, email: &str) -> Result<Self> {
        let password = uuid::Uuid::new_v4().to_string();
        let sent = json!({ "email": email, "name": "Replayed Customer", "password": password });
        self.ask(self.request(Method::POST, "/api/v1/customers").json(&sent)).await.context("registering")?;
        let token = self.mailed_token(email).await?;
        let verification = self.request(Method::POST, "/api/v1/email-verifications").json(&json!({ "token": token }));
        self.ask(verification).await.context("verifying the address")?;
        self.log_in(email, &password).await
    }

    /// The token of the link that was mailed to an address: a local shop shows its mail.
    async fn mailed_token(&self, email: &str) -> Result<String> {
        for _ in 0..MAIL_LOOKS {
            let request = self.request(Method::GET, &format!("/mail.json?to={email}"));
            let response = send_patiently(request).await?;
            anyhow::ensure!(response.status().is_success(), "the shop shows no mail: registering needs a local one");
            let mails: Value = response.json().await?;
            let link = mails[0]["text"].as_str().and_then(|text| text.split_once("#verify="));
            if let Some((_, rest)) = link {
                return Ok(rest.split_whitespace().next().unwrap_or_default().to_owned());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("no mail came")
    }

    /// A request with the caller's token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and takes `data` out of the answer.
    ///
    /// # Errors
    /// When there is no answer or it tells of a failure.
    pub async fn ask(&self, request: RequestBuilder) -> Result<Value> {
        Ok(self.ask_whole(request).await?["data"].take())
    }

    async fn ask_whole(&self, request: RequestBuilder) -> Result<Value> {
        let response = send_patiently(request).await?;
        let status = response.status();
        let body: Value = response.json().await?;
        anyhow::ensure!(status.is_success(), "{status}: {}", body["errors"]);
        Ok(body)
    }

    /// Every product on sale, by SKU.
    ///
    /// # Errors
    /// When the shop does not answer.
    pub async fn products(&self) -> Result<HashMap<String, Listed>> {
        let mut products = HashMap::new();
        let mut path = "/api/v1/products?sort=newest&limit=100".to_owned();
        loop {
            let page = self.ask_whole(self.request(Method::GET, &path)).await?;
            for product in page["data"].as_array().context("no products")? {
                let text = |field: &str| product[field].as_str().map(str::to_owned).context("a field is missing");
                let price_minor = product["price"]["amountMinor"].as_i64().context("no price")?;
                products.insert(text("sku")?, Listed { id: text("id")?, price_minor });
            }
            match page["metadata"]["nextCursor"].as_str() {
                Some(cursor) => path = format!("/api/v1/products?sort=newest&limit=100&cursor={cursor}"),
                None => return Ok(products),
            }
        }
    }

    /// Pieces of a product that can be ordered.
    ///
    /// # Errors
    /// When the shop does not answer.
    pub async fn available(&self, product: &str) -> Result<i64> {
        let stock = self.ask(self.request(Method::GET, &format!("/api/v1/products/{product}/stock"))).await?;
        stock["available"].as_i64().context("no stock level")
    }

    /// Puts pieces on the shelf.
    ///
    /// # Errors
    /// When the shop refuses.
    pub async fn restock(&self, product: &str, pieces: i64) -> Result<()> {
        let path = format!("/api/v1/products/{product}/stock/adjustments");
        let request = self.request(Method::POST, &path).header("If-Match", "*");
        self.ask(request.json(&json!({ "delta": pieces, "reason": "replay" }))).await.map(drop)
    }

    /// Imports a CSV file.
    ///
    /// # Errors
    /// When the shop refuses.
    pub async fn import(&self, csv: Vec<u8>) -> Result<Value> {
        let request = self.request(Method::POST, "/api/v1/products/import").header("Content-Type", "text/csv");
        self.ask(request.body(csv)).await
    }

    /// Places an order, again and again with the same key until there is an answer.
    ///
    /// # Errors
    /// When there is none for a long time.
    pub async fn place(&self, key: &str, lines: &[(String, u32)]) -> Result<Placed> {
        let lines: Vec<Value> =
            lines.iter().map(|(product, quantity)| json!({ "productId": product, "quantity": quantity })).collect();
        let body = json!({ "lines": lines });
        for attempt in 1.. {
            let request = self.request(Method::POST, "/api/v1/orders").header("Idempotency-Key", key).json(&body);
            match send_patiently(request).await {
                Ok(response) if response.status() != StatusCode::SERVICE_UNAVAILABLE => {
                    return read_placed(response).await;
                }
                Err(error) if attempt == 5 => return Err(error),
                _ => tokio::time::sleep(Duration::from_millis(100 << attempt)).await,
            }
            anyhow::ensure!(attempt < 5, "the shop stays unavailable");
        }
        unreachable!("the loop ends by returning")
    }
}

/// What became of an order.
#[derive(Debug)]
pub enum Placed {
    /// It stands.
    Accepted {
        /// In minor units.
        total_minor: i64,
        /// SKU and pieces of each line.
        lines: Vec<(String, i64)>,
    },
    /// It does not, for this reason.
    Refused(String),
}

async fn read_placed(response: Response) -> Result<Placed> {
    let status = response.status();
    let body: Value = response.json().await?;
    if status != StatusCode::CREATED {
        return Ok(Placed::Refused(body["errors"][0]["code"].as_str().unwrap_or(status.as_str()).to_owned()));
    }
    let order = &body["data"];
    let line = |line: &Value| Some((line["sku"].as_str()?.to_owned(), line["quantity"].as_i64()?));
    let lines = order["lines"].as_array().context("no lines")?.iter().map(line).collect::<Option<_>>();
    let total_minor = order["totals"]["grandTotal"]["amountMinor"].as_i64().context("no total")?;
    Ok(Placed::Accepted { total_minor, lines: lines.context("a line without SKU or quantity")? })
}
