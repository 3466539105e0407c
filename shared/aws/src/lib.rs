//! AWS behind the domain's ports: the connection table on DynamoDB, pushes through API Gateway, invocations of Lambda
//! functions. Every adapter takes an endpoint, so that the same code runs against local stand-ins.

mod connection_items;
mod connections;
mod http;
mod invoker;
mod push;
mod settings;

pub use connections::DynamoConnections;
pub use invoker::LambdaInvoker;
pub use push::GatewayPush;
pub use settings::AwsSettings;
