//! `GET /.well-known/jwks.json`: the public keys that check access tokens. For everybody.

use crate::Customers;
use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use souk_lambda::{Access, QueryFailures, router};
use utoipa_axum::router::OpenApiRouter;

/// Get the keys that check access tokens
///
/// A JWK set (RFC 7517), without the envelope that other answers have: libraries read it as it is. During a rotation it holds two keys.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "customers",
    responses(
        (status = 200, description = "A JWK set", body = Object, example = json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }] })),
        QueryFailures,
    ),
)]
async fn get_token_keys(State(access): State<Access>) -> impl IntoResponse {
    // Shorter than any rotation takes.
    ([(CACHE_CONTROL, "public, max-age=300")], Json(access.keys.public().clone()))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(get_token_keys)
}
