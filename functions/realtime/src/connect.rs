//! `$connect`: a browser opens a connection, with a token in `access_token` or as a guest.

use crate::Realtime;
use crate::socket::{self, SocketReply, SocketRequest};
use souk_domain::Error;
use souk_lambda::{ApiError, token_from};

/// Handles the event. A token that is there must be good: 401 or 403 keeps the connection closed.
///
/// # Errors
/// When the table is away; API Gateway refuses the connection.
pub async fn handle(request: SocketRequest, realtime: &Realtime) -> Result<SocketReply, Error> {
    let connection = socket::connection(&request)?;
    let in_query = request.query_string_parameters.first("access_token");
    let token = match in_query.map_or_else(|| token_from(&request.headers), |token| Ok(Some(token))) {
        Ok(token) => token,
        Err(error) => return Ok(SocketReply::refuse(401, &error, &request)),
    };
    let identity = match token {
        None => None,
        Some(token) => match realtime.access.identify(token).await {
            Ok(bearer) if bearer.must_enrol => {
                return Ok(SocketReply::refuse(403, &ApiError::second_factor_required(), &request));
            }
            Ok(bearer) => Some(bearer.identity),
            Err(error) => return Ok(SocketReply::refuse(401, &error, &request)),
        },
    };
    realtime.connections.connect(&connection, identity, socket::expiry()).await?;
    Ok(SocketReply::ok())
}
