//! The Lambda function `default`.

use souk_lambda::{Served, serve_event, start_logging};
use souk_realtime::default;

#[tokio::main]
async fn main() -> Served {
    start_logging("info");
    serve_event(default::handle).await
}
