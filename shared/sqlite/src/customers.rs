use crate::errors::on_constraint;
use crate::{SqliteStore, rows};
use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use secrecy::{ExposeSecret, SecretString};
use souk_domain::ports::Customers;
use souk_domain::{Cause, Committed, Credentials, Customer, CustomerId, Email, Error, NewCustomer, Result, Role};

fn read(row: &Row<'_>) -> rusqlite::Result<Customer> {
    Ok(Customer {
        id: rows::id(row, "id")?,
        email: rows::text(row, "email")?,
        name: rows::text(row, "name")?,
        role: rows::word(row, "role", Role::from_word)?,
        created_at: rows::at(row, "created_at")?,
    })
}

fn read_credentials(row: &Row<'_>) -> rusqlite::Result<Credentials> {
    let password_hash = SecretString::from(row.get::<_, String>("password_hash")?);
    Ok(Credentials { customer: read(row)?, password_hash })
}

fn insert(connection: &Connection, new: NewCustomer, cause: &Cause) -> Result<Customer> {
    let NewCustomer { email, name, role, password_hash } = new;
    let customer = Customer { id: CustomerId::new(), email, name, role, created_at: cause.at };
    rows::execute(
        connection,
        "INSERT INTO customer (id, email, name, role, password_hash, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
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
    Ok(customer)
}

#[async_trait]
impl Customers for SqliteStore {
    async fn register_customer(&self, new: NewCustomer, cause: &Cause) -> Result<Committed<Customer>> {
        self.command(cause, |connection, cause| Ok((insert(connection, new, cause)?, Vec::new()))).await
    }

    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>> {
        let email = email.clone();
        let sql = "SELECT * FROM customer WHERE email = ?1";
        self.read(move |connection| rows::maybe(connection, sql, [email.as_str()], read_credentials)).await
    }

    async fn customer(&self, id: CustomerId) -> Result<Customer> {
        let sql = "SELECT * FROM customer WHERE id = ?1";
        self.read(move |connection| rows::one(connection, "customer", sql, [id.uuid()], read)).await
    }
}
