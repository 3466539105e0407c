//! `$disconnect`: a connection is gone. Best effort: what it misses expires or is cleaned up by the next push.

use crate::socket::{self, SocketReply, SocketRequest};
use souk_domain::Error;
use souk_domain::ports::ConnectionTable;

/// Handles the event.
///
/// # Errors
/// When the table is away.
pub async fn handle(request: SocketRequest, connections: &dyn ConnectionTable) -> Result<SocketReply, Error> {
    connections.disconnect(&socket::connection(&request)?).await?;
    Ok(SocketReply::ok())
}
