//! `POST /api/v1/customers/me/second-factor`: the caller sets up an authenticator. For whoever logged in.

use crate::{SecondFactor, entry};
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use souk_lambda::{
    ApiError, Bearer, BearerFailures, Command, CommandFailures, Envelope, Failure, QueryFailures, Reply, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// That it is really them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnrolmentRequest {
    /// The caller's.
    #[schema(value_type = String, format = Password, max_length = 512, example = "correct horse battery")]
    password: SecretString,
}

/// What to set the authenticator up with. It is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferedSecondFactor {
    /// For typing, in base32.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    secret: String,
    /// For a QR code: `otpauth://…`.
    #[schema(example = "otpauth://totp/Souk:ada@example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Souk")]
    uri: String,
    /// Each lets its owner in once when the authenticator is lost.
    #[schema(example = json!(["7QK2-M9X4", "4H8T-ZC3N"]))]
    recovery_codes: Vec<String>,
}

/// Set up a second factor
///
/// It counts once `POST /api/v1/customers/me/second-factor/confirmation` has confirmed it; until then, asking again gives another one. An
/// `Idempotency-Key` has no effect: secrets are not kept. `second_factor_enabled` when one is confirmed.
#[utoipa::path(
    post,
    path = "/api/v1/customers/me/second-factor",
    tag = "customers",
    security(("token" = [])),
    request_body = EnrolmentRequest,
    responses(
        (status = 200, description = "What to set the authenticator up with", body = Envelope<OfferedSecondFactor>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`second_factor_enabled`", body = Failure),
        (status = 422, description = "`invalid_credentials`", body = Failure),
        CommandFailures, QueryFailures, BearerFailures,
    ),
)]
async fn enrol_second_factor(
    State(SecondFactor { shop, authenticators, .. }): State<SecondFactor>,
    bearer: Bearer,
    Command(request, _): Command<EnrolmentRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let account = entry::confirm_password(&shop, bearer.identity.id, request.password).await?;
    let enrolment = authenticators.enrol(&account.customer)?;
    shop.customers.offer_second_factor(bearer.identity.id, enrolment.sealed, enrolment.recovery_hashes).await?;
    let offered =
        OfferedSecondFactor { secret: enrolment.secret, uri: enrolment.uri, recovery_codes: enrolment.recovery_codes };
    Ok(([(CACHE_CONTROL, "no-store")], Reply::ok(offered)))
}

/// The function.
pub fn router() -> OpenApiRouter<SecondFactor> {
    router!(enrol_second_factor)
}
