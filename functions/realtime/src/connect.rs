//! `$connect`: a browser opens a connection, with a token in `access_token` or as a guest.

use crate::socket::{self, SocketReply, SocketRequest};
use souk_domain::Error;
use souk_domain::ports::ConnectionTable;
use souk_lambda::{Access, token_from};

/// Handles the event. A token that is there must be good: 401 or 403 keeps the connection closed.
///
/// # Errors
/// When the table is away; API Gateway refuses the connection.
pub async fn handle(
    request: SocketRequest,
    connections: &dyn ConnectionTable,
    access: &Access,
) -> Result<SocketReply, Error> {
    let connection = socket::connection(&request)?;
    let in_query = request.query_string_parameters.first("access_token");
    let principal = match in_query.map_or_else(|| token_from(&request.headers), |token| Ok(Some(token))) {
        Ok(None) => Ok(None),
        Ok(Some(token)) => access.identify(token).await.map(Some),
        Err(error) => Err(error),
    };
    match principal {
        Ok(principal) => {
            connections.connect(&connection, principal, socket::expiry()).await?;
            Ok(SocketReply::ok())
        }
        Err(error) => Ok(SocketReply::refuse(&error, &request)),
    }
}
