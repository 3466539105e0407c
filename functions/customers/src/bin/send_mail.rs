//! The Lambda function `send-mail`.

use souk_customers::{Links, send_mail};
use souk_environment::Environment;
use souk_lambda::Served;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (store, mailer) = (environment.store()?, environment.mailer()?);
    let links = Links::new(&environment.shop_url()?);
    environment.serve_consumer("send-mail", |batch| send_mail::handle(batch, &*store, &*mailer, &links)).await
}
