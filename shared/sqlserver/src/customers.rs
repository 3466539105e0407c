use crate::{SqlServerStore, rows, statements};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use souk_domain::ports::Customers;
use souk_domain::{Cause, Committed, Credentials, Customer, CustomerId, Email, Error, NewCustomer, Result};

fn broken(constraint: &str) -> Option<Error> {
    (constraint == "customer_email_unique").then_some(Error::EMAIL_TAKEN)
}

#[async_trait]
impl Customers for SqlServerStore {
    async fn register_customer(&self, new: NewCustomer, cause: &Cause) -> Result<Committed<Customer>> {
        let values = [
            CustomerId::new().uuid().into(),
            new.email.as_str().into(),
            new.name.as_str().into(),
            new.role.as_str().into(),
            new.password_hash.expose_secret().into(),
        ];
        self.command(&statements::REGISTER_CUSTOMER, cause, values, broken).await
    }

    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>> {
        let found = self.query(statements::CREDENTIALS, [email.as_str().into()]).await?;
        let Some(row) = rows::only(found).into_iter().next() else { return Ok(None) };
        let password_hash: &str = rows::column(&row, "password_hash")?;
        let password_hash = SecretString::from(password_hash);
        Ok(Some(Credentials { customer: rows::document(&row, "document")?, password_hash }))
    }

    async fn customer(&self, id: CustomerId) -> Result<Customer> {
        let found = self.query(statements::CUSTOMER, [id.uuid().into()]).await?;
        rows::document(&rows::one(found, "customer")?, "document")
    }
}
