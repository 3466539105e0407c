//! The Lambda function `send-order-mail`.

use souk_environment::Environment;
use souk_lambda::Served;
use souk_orders::send_order_mail;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Served {
    let environment = Environment::from_process();
    let (store, mailer, shop) = (environment.store()?, environment.mailer()?, environment.shop_url()?);
    environment
        .serve_consumer("send-order-mail", |batch| send_order_mail::handle(batch, &*store, &*mailer, &shop))
        .await
}
