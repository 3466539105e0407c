use crate::{ApiError, Cursor};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use souk_domain::Limit;
use utoipa::IntoParams;

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Items a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// `metadata.nextCursor` of the page before.
    cursor: Option<String>,
}

impl Paging {
    /// How many items, and the position behind which they start.
    ///
    /// # Errors
    /// 400 `invalid_limit` or `invalid_cursor`
    pub fn read<T: DeserializeOwned>(&self) -> Result<(Limit, Option<T>), ApiError> {
        Ok((read_limit(self.limit)?, self.cursor.as_deref().map(Cursor::read).transpose()?))
    }
}

/// The page size that was asked for.
///
/// # Errors
/// 400 `invalid_limit`
pub fn read_limit(asked: Option<i64>) -> Result<Limit, ApiError> {
    let limit = asked.map(Limit::new).transpose();
    Ok(limit.map_err(|violation| ApiError::of_query(violation).field("limit"))?.unwrap_or_default())
}
