use crate::AwsSettings;
use crate::settings::Lazy;
use async_trait::async_trait;
use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::error::DisplayErrorContext;
use aws_sdk_apigatewaymanagement::operation::delete_connection::DeleteConnectionError;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use souk_domain::ports::{Delivery, Push};
use souk_domain::realtime::ConnectionId;
use souk_domain::{Error, Result};

/// Posts messages to the `@connections` of a WebSocket API.
pub struct GatewayPush {
    client: Lazy<Client>,
}

impl GatewayPush {
    /// `endpoint` is the API's stage, such as `https://{api}.execute-api.{region}.amazonaws.com/{stage}`.
    pub fn new(settings: &AwsSettings, endpoint: &str) -> Self {
        Self { client: settings.lazy(Some(endpoint), Client::new) }
    }
}

#[async_trait]
impl Push for GatewayPush {
    async fn send(&self, connection: &ConnectionId, message: &str) -> Result<Delivery> {
        let post = self.client.post_to_connection().connection_id(&connection.0).data(Blob::new(message));
        match post.send().await {
            Ok(_) => Ok(Delivery::Sent),
            Err(error) => match error.as_service_error() {
                Some(PostToConnectionError::GoneException(_)) => Ok(Delivery::Gone),
                _ => Err(Error::Unavailable(format!("@connections: {}", DisplayErrorContext(&error)))),
            },
        }
    }

    async fn close(&self, connection: &ConnectionId) -> Result<()> {
        match self.client.delete_connection().connection_id(&connection.0).send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteConnectionError::GoneException(_)) => Ok(()),
                _ => Err(Error::Unavailable(format!("@connections: {}", DisplayErrorContext(&error)))),
            },
        }
    }
}
