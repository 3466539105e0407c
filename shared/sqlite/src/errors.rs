//! SQLite's errors in terms of the domain.

use rusqlite::ErrorCode;
use souk_domain::Error;
use std::fmt::Display;

/// The store cannot be used now.
pub(crate) fn unavailable(error: impl Display) -> Error {
    Error::Unavailable(error.to_string())
}

/// A defect.
pub(crate) fn internal(error: impl Display) -> Error {
    Error::Internal(error.to_string())
}

/// Any failure of a statement: the disk's and the lock's troubles pass, everything else is a defect.
pub(crate) fn failed(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly,
        ) => unavailable(error),
        _ => internal(error),
    }
}

/// A statement that may break the constraint which SQLite calls `name`; that is `otherwise` in terms of the domain.
pub(crate) fn on_constraint(name: &'static str, otherwise: Error) -> impl FnOnce(rusqlite::Error) -> Error {
    move |error| match &error {
        rusqlite::Error::SqliteFailure(cause, Some(text))
            if cause.code == ErrorCode::ConstraintViolation && text.contains(name) =>
        {
            otherwise
        }
        _ => failed(error),
    }
}
