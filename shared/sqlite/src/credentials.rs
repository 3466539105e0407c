//! What guards the way in: addresses that are shown to be somebody's, passwords, second factors.

use crate::errors::{failed, internal};
use crate::mails::{self, Link};
use crate::{audit, people, rows};
use rusqlite::{Connection, params};
use secrecy::{ExposeSecret, SecretString};
use souk_domain::{
    AuditAction, Cause, Customer, CustomerId, CustomerStatus, Error, Event, MailKind, NewCustomer, Result, Role,
    SessionCutoff, SessionId, TokenHash,
};

pub(crate) fn verify_email(connection: &Connection, token: TokenHash, cause: &Cause) -> Result<(Customer, Vec<Event>)> {
    let link = mails::redeem(connection, token, [MailKind::Registration, MailKind::EmailChange], cause.at)?;
    match link.kind {
        MailKind::Registration => Ok((register(connection, link, cause)?, Vec::new())),
        _ => change_email(connection, link, cause),
    }
}

fn register(connection: &Connection, link: Link, cause: &Cause) -> Result<Customer> {
    let (Some(name), Some(hash)) = (link.name, link.password_hash) else {
        return Err(internal("a registration without a name"));
    };
    let new = NewCustomer {
        email: link.email,
        name: name.parse()?,
        role: Role::Customer,
        password_hash: SecretString::from(hash),
    };
    let customer = people::insert(connection, new, cause)?;
    audit::record(connection, AuditAction::CustomerRegistered, Some(customer.id), Some(customer.id), cause)?;
    Ok(customer)
}

fn change_email(connection: &Connection, link: Link, cause: &Cause) -> Result<(Customer, Vec<Event>)> {
    let key = link.customer.ok_or_else(|| internal("an e-mail change of nobody"))?;
    let old = rows::one(connection, "customer", "SELECT * FROM customer WHERE customer_key = ?1", [key], people::read)?;
    if old.status != CustomerStatus::Active {
        return Err(Error::invalid_link());
    }
    let told = mails::request(connection, MailKind::EmailChanged, old.email.as_str(), Some(key), cause)?;
    let new = people::change(connection, key, Customer { email: link.email, ..old }, cause)?;
    audit::record(connection, AuditAction::EmailChanged, Some(new.id), Some(new.id), cause)?;
    Ok((new, vec![told]))
}

pub(crate) fn reset_password(
    connection: &Connection,
    token: TokenHash,
    hash: &SecretString,
    cause: &Cause,
) -> Result<(CustomerId, Vec<Event>)> {
    let link = mails::redeem(connection, token, [MailKind::PasswordReset, MailKind::Invitation], cause.at)?;
    let sql = "SELECT * FROM customer WHERE email = ?1 AND status = 'active'";
    let found =
        rows::maybe(connection, sql, [link.email.as_str()], |row| Ok((row.get("customer_key")?, people::read(row)?)))?;
    let (key, customer): (i64, Customer) = found.ok_or_else(Error::invalid_link)?;
    let cutoff = SessionCutoff { at: cause.at, kept: None };
    let event = set_password(connection, key, &customer, hash, cutoff, AuditAction::PasswordReset, cause)?;
    Ok((customer.id, vec![event]))
}

/// Another password: other sessions are over, links that were mailed before work no longer (whoever knew the old password may have
/// asked for them), and the owner is told.
pub(crate) fn set_password(
    connection: &Connection,
    key: i64,
    customer: &Customer,
    hash: &SecretString,
    cutoff: SessionCutoff,
    action: AuditAction,
    cause: &Cause,
) -> Result<Event> {
    let sql = "UPDATE customer SET password_hash = ?2 WHERE customer_key = ?1";
    rows::execute(connection, sql, params![key, hash.expose_secret()]).map_err(failed)?;
    let sql = "UPDATE mail SET used_at = ?3 WHERE (customer_key = ?1 OR email = ?2) AND used_at IS NULL
        AND kind IN ('password_reset', 'invitation', 'email_change')";
    let values = params![key, customer.email.as_str(), cause.at.timestamp_micros()];
    rows::execute(connection, sql, values).map_err(failed)?;
    people::end_sessions(connection, key, cutoff)?;
    audit::record(connection, action, Some(customer.id), Some(customer.id), cause)?;
    mails::request(connection, MailKind::PasswordChanged, customer.email.as_str(), Some(key), cause)
}

pub(crate) fn offer_second_factor(
    connection: &Connection,
    id: CustomerId,
    sealed_secret: &[u8],
    recovery: &[TokenHash],
) -> Result<()> {
    let (key, customer) = people::find_known(connection, id)?;
    if customer.second_factor {
        return Err(Error::SECOND_FACTOR_ENABLED);
    }
    let sql = "UPDATE customer SET sealed_secret = ?2 WHERE customer_key = ?1";
    rows::execute(connection, sql, params![key, sealed_secret]).map_err(failed)?;
    rows::execute(connection, "DELETE FROM recovery_code WHERE customer_key = ?1", [key]).map_err(failed)?;
    for code in recovery {
        rows::execute(connection, "INSERT INTO recovery_code VALUES (?1, ?2)", params![key, code.0]).map_err(failed)?;
    }
    Ok(())
}

pub(crate) fn confirm_second_factor(
    connection: &Connection,
    id: CustomerId,
    step: i64,
    kept: SessionId,
    cause: &Cause,
) -> Result<(Customer, Vec<Event>)> {
    let (key, old) = people::find_known(connection, id)?;
    if old.second_factor {
        return Err(Error::SECOND_FACTOR_ENABLED);
    }
    let sql = "UPDATE customer SET last_step = ?2 WHERE customer_key = ?1 AND sealed_secret IS NOT NULL";
    if rows::execute(connection, sql, params![key, step]).map_err(failed)? == 0 {
        return Err(Error::SECOND_FACTOR_MISSING);
    }
    people::end_sessions(connection, key, SessionCutoff { at: cause.at, kept: Some(kept) })?;
    let new = people::change(connection, key, Customer { second_factor: true, ..old }, cause)?;
    audit::record(connection, AuditAction::SecondFactorConfirmed, Some(id), Some(id), cause)?;
    let told = mails::request(connection, MailKind::SecondFactorChanged, new.email.as_str(), Some(key), cause)?;
    Ok((new, vec![told]))
}

pub(crate) fn remove_second_factor(
    connection: &Connection,
    id: CustomerId,
    cause: &Cause,
) -> Result<(Customer, Vec<Event>)> {
    let (key, old) = people::find_known(connection, id)?;
    if !old.second_factor {
        return Err(Error::SECOND_FACTOR_MISSING);
    }
    let sql = "UPDATE customer SET sealed_secret = NULL WHERE customer_key = ?1";
    rows::execute(connection, sql, [key]).map_err(failed)?;
    rows::execute(connection, "DELETE FROM recovery_code WHERE customer_key = ?1", [key]).map_err(failed)?;
    let new = people::change(connection, key, Customer { second_factor: false, ..old }, cause)?;
    audit::record(connection, AuditAction::SecondFactorRemoved, Some(id), Some(id), cause)?;
    let told = mails::request(connection, MailKind::SecondFactorChanged, new.email.as_str(), Some(key), cause)?;
    Ok((new, vec![told]))
}
