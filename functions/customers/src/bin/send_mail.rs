//! The Lambda function `send-mail`.

use souk_customers::{Links, send_mail};
use souk_environment::Environment;
use souk_lambda::{Served, serve_event};

#[tokio::main]
async fn main() -> Served {
    let environment = Environment::from_process().await;
    let (store, mailer) = (environment.store()?, environment.mailer()?);
    let links = Links::new(&environment.shop_url()?);
    serve_event(|batch| send_mail::handle(batch, &*store, &*mailer, &links)).await
}
