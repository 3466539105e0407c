//! Rows of people: how they are read, made and changed.

use crate::errors::{failed, internal, on_constraint};
use crate::{check_version, mails, rows};
use rusqlite::{Connection, Row, params, params_from_iter, types::Value};
use secrecy::{ExposeSecret, SecretString};
use souk_domain::{
    Account, AddressBook, AuditAction, Cause, Customer, CustomerId, CustomerQuery, CustomerStatus, Error, Event,
    MailKind, NewCustomer, Page, Profile, Result, Role, SessionCutoff, SessionId, Version, search_terms,
};

use crate::audit;

pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Customer> {
    Ok(Customer {
        id: rows::id(row, "id")?,
        email: rows::text(row, "email")?,
        name: rows::text(row, "name")?,
        role: rows::word(row, "role", Role::from_word)?,
        status: rows::word(row, "status", CustomerStatus::from_word)?,
        addresses: rows::document(row, "addresses")?,
        second_factor: row.get("second_factor")?,
        version: row.get("version")?,
        created_at: rows::at(row, "created_at")?,
        updated_at: rows::at(row, "updated_at")?,
    })
}

pub(crate) fn read_account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        customer: read(row)?,
        password_hash: SecretString::from(row.get::<_, String>("password_hash")?),
        cutoff: read_cutoff(row)?,
        sealed_secret: row.get("sealed_secret")?,
    })
}

fn read_cutoff(row: &Row<'_>) -> rusqlite::Result<SessionCutoff> {
    Ok(SessionCutoff { at: rows::at(row, "sessions_over")?, kept: rows::optional_id(row, "session_kept")? })
}

/// A person and their row number.
pub(crate) fn find(connection: &Connection, id: CustomerId) -> Result<(i64, Customer)> {
    let sql = "SELECT * FROM customer WHERE id = ?1";
    rows::one(connection, "customer", sql, [id.uuid()], |row| Ok((row.get("customer_key")?, read(row)?)))
}

/// A person who was not forgotten, and their row number: to a command that comes late, others are nobody.
pub(crate) fn find_known(connection: &Connection, id: CustomerId) -> Result<(i64, Customer)> {
    let found = find(connection, id)?;
    if found.1.status == CustomerStatus::Erased { Err(Error::NotFound("customer")) } else { Ok(found) }
}

pub(crate) fn insert(connection: &Connection, new: NewCustomer, cause: &Cause) -> Result<Customer> {
    let NewCustomer { email, name, role, password_hash } = new;
    let customer = Customer {
        id: CustomerId::new(),
        email,
        name,
        role,
        status: CustomerStatus::Active,
        addresses: AddressBook::default(),
        second_factor: false,
        version: 1,
        created_at: cause.at,
        updated_at: cause.at,
    };
    rows::execute(
        connection,
        "INSERT INTO customer (id, email, name, role, password_hash, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        params![
            customer.id.uuid(),
            customer.email.as_str(),
            customer.name.as_str(),
            customer.role.as_str(),
            password_hash.expose_secret(),
            customer.created_at.timestamp_micros()
        ],
    )
    .map_err(on_constraint("customer.email", Error::EMAIL_TAKEN))?;
    index(connection, connection.last_insert_rowid(), &customer)?;
    Ok(customer)
}

/// Writes the words that find the person.
fn index(connection: &Connection, key: i64, customer: &Customer) -> Result<()> {
    rows::execute(connection, "DELETE FROM customer_term WHERE customer_key = ?1", [key]).map_err(failed)?;
    if customer.status == CustomerStatus::Erased {
        return Ok(());
    }
    for term in search_terms(&format!("{} {}", customer.name, customer.email)) {
        rows::execute(connection, "INSERT INTO customer_term VALUES (?1, ?2)", params![term, key]).map_err(failed)?;
    }
    Ok(())
}

/// Writes another version of a person.
pub(crate) fn change(connection: &Connection, key: i64, new: Customer, cause: &Cause) -> Result<Customer> {
    let new = Customer { version: new.version + 1, updated_at: cause.at, ..new };
    rows::execute(
        connection,
        "UPDATE customer SET email = ?2, name = ?3, status = ?4, addresses = ?5, second_factor = ?6, version = ?7,
            updated_at = ?8
         WHERE customer_key = ?1",
        params![
            key,
            new.email.as_str(),
            new.name.as_str(),
            new.status.as_str(),
            serde_json::to_string(&new.addresses).map_err(internal)?,
            new.second_factor,
            new.version,
            new.updated_at.timestamp_micros(),
        ],
    )
    .map_err(on_constraint("customer.email", Error::EMAIL_TAKEN))?;
    index(connection, key, &new)?;
    Ok(new)
}

pub(crate) fn update_profile(
    connection: &Connection,
    id: CustomerId,
    expected: Option<Version>,
    profile: Profile,
    cause: &Cause,
) -> Result<Customer> {
    let (key, old) = find_known(connection, id)?;
    check_version(expected, old.version)?;
    let Profile { name, addresses } = profile;
    change(connection, key, Customer { name, addresses, ..old }, cause)
}

/// The sessions of a person are over. Those that were so before stay so, whatever comes late or from one of them.
pub(crate) fn end_sessions(connection: &Connection, key: i64, cutoff: SessionCutoff) -> Result<()> {
    let old = rows::one(
        connection,
        "customer",
        "SELECT sessions_over, session_kept FROM customer WHERE customer_key = ?1",
        [key],
        read_cutoff,
    )?;
    let (later, earlier) = if old.at > cutoff.at { (old, cutoff) } else { (cutoff, old) };
    let kept = later.kept.filter(|kept| !earlier.ends(*kept)).map(SessionId::uuid);
    let sql = "UPDATE customer SET sessions_over = ?2, session_kept = ?3 WHERE customer_key = ?1";
    rows::execute(connection, sql, params![key, later.at.timestamp_micros(), kept]).map(drop).map_err(failed)
}

pub(crate) fn set_status(
    connection: &Connection,
    id: CustomerId,
    is_disabled: bool,
    by: CustomerId,
    cause: &Cause,
) -> Result<Customer> {
    let (key, old) = find(connection, id)?;
    let (status, action) = match is_disabled {
        true => (CustomerStatus::Disabled, AuditAction::CustomerDisabled),
        false => (CustomerStatus::Active, AuditAction::CustomerEnabled),
    };
    if old.status == CustomerStatus::Erased {
        return Err(Error::CUSTOMER_ERASED);
    }
    if old.status == status {
        return Ok(old);
    }
    if is_disabled {
        end_sessions(connection, key, SessionCutoff { at: cause.at, kept: None })?;
    }
    audit::record(connection, action, Some(by), Some(id), cause)?;
    change(connection, key, Customer { status, ..old }, cause)
}

pub(crate) fn invite(
    connection: &Connection,
    new: NewCustomer,
    by: Option<CustomerId>,
    cause: &Cause,
) -> Result<(Customer, Vec<Event>)> {
    let customer = insert(connection, new, cause)?;
    let key =
        connection.query_row("SELECT customer_key FROM customer WHERE id = ?1", [customer.id.uuid()], |row| row.get(0));
    let event =
        mails::request(connection, MailKind::Invitation, customer.email.as_str(), Some(key.map_err(failed)?), cause)?;
    audit::record(connection, AuditAction::StaffInvited, by, Some(customer.id), cause)?;
    Ok((customer, vec![event]))
}

/// Forgets who somebody is, wherever it is written.
pub(crate) fn erase(connection: &Connection, id: CustomerId, cause: &Cause) -> Result<()> {
    let (key, old) = find(connection, id)?;
    if old.status == CustomerStatus::Erased {
        return Ok(());
    }
    for sql in [
        "UPDATE customer SET password_hash = '', sealed_secret = NULL, last_step = 0 WHERE customer_key = ?1",
        "DELETE FROM recovery_code WHERE customer_key = ?1",
        // The version rises, so that a change that was decided before does not bring the address back.
        "UPDATE sales_order SET version = version + 1, document = json_set(document, '$.shippingAddress', json('null'),
            '$.notes', json('[]'), '$.version', version + 1) WHERE customer_key = ?1",
        "DELETE FROM mail WHERE customer_key = ?1",
    ] {
        rows::execute(connection, sql, [key]).map_err(failed)?;
    }
    rows::execute(connection, "DELETE FROM mail WHERE email = ?1", [old.email.as_str()]).map_err(failed)?;
    // The kept results of their commands hold names and addresses, and so do those of others' commands on their orders.
    let sql = "DELETE FROM idempotency WHERE scope = ?1 OR result ->> '$.customerId' = ?1";
    rows::execute(connection, sql, [id.to_string()]).map_err(failed)?;
    end_sessions(connection, key, SessionCutoff { at: cause.at, kept: None })?;
    audit::record(connection, AuditAction::CustomerErased, Some(id), Some(id), cause)?;
    let erased = Customer {
        email: Customer::erased_email(id).parse()?,
        name: Customer::ERASED_NAME.parse()?,
        status: CustomerStatus::Erased,
        addresses: AddressBook::default(),
        second_factor: false,
        ..old
    };
    change(connection, key, erased, cause).map(drop)
}

pub(crate) fn page(connection: &Connection, query: &CustomerQuery) -> Result<Page<Customer, i64>> {
    let mut values = vec![Value::from(query.after.unwrap_or(i64::MAX))];
    let mut sql = "SELECT * FROM customer WHERE customer_key < ?".to_owned();
    if let Some(search) = &query.search {
        sql += " AND customer_key IN (";
        for word in &search.words {
            sql += "SELECT customer_key FROM customer_term WHERE term = ? INTERSECT ";
            values.push(word.clone().into());
        }
        sql += "SELECT customer_key FROM customer_term WHERE term >= ? AND term < ?)";
        values.extend([search.prefix.clone().into(), search.prefix_end().into()]);
    }
    if let Some(role) = query.role {
        sql += " AND role = ?";
        values.push(role.as_str().to_owned().into());
    }
    if let Some(status) = query.status {
        sql += " AND status = ?";
        values.push(status.as_str().to_owned().into());
    }
    sql += " ORDER BY customer_key DESC LIMIT ?";
    values.push((query.limit.get() as i64 + 1).into());
    let found = rows::all(connection, &sql, params_from_iter(values), |row| {
        Ok((row.get::<_, i64>("customer_key")?, read(row)?))
    })?;
    let Page { items, next } = Page::cut(found, query.limit, |(key, _)| *key);
    Ok(Page { items: items.into_iter().map(|(_, customer)| customer).collect(), next })
}
