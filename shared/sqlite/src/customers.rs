use crate::errors::failed;
use crate::{SqliteStore, audit, credentials, mails, people, rows};
use async_trait::async_trait;
use rusqlite::params;
use secrecy::{ExposeSecret, SecretString};
use souk_domain::ports::Customers;
use souk_domain::{
    Account, AuditAction, AuditEntry, AuditQuery, Cause, Committed, Customer, CustomerId, CustomerQuery, Email,
    MailKind, NewCustomer, NewRegistration, Page, Profile, Result, SessionCutoff, SessionId, TokenHash, Version,
};

#[async_trait]
impl Customers for SqliteStore {
    async fn register_customer(&self, new: NewCustomer, cause: &Cause) -> Result<Committed<Customer>> {
        self.command(cause, |connection, cause| Ok((people::insert(connection, new, cause)?, Vec::new()))).await
    }

    async fn invite_staff(
        &self,
        new: NewCustomer,
        by: Option<CustomerId>,
        cause: &Cause,
    ) -> Result<Committed<Customer>> {
        self.command(cause, move |connection, cause| people::invite(connection, new, by, cause)).await
    }

    async fn request_registration(&self, new: NewRegistration, cause: &Cause) -> Result<Committed<()>> {
        self.command(cause, move |connection, cause| {
            Ok(((), vec![mails::request_registration(connection, &new, cause)?]))
        })
        .await
    }

    async fn request_password_reset(&self, email: &Email, cause: &Cause) -> Result<Committed<()>> {
        let email = email.clone();
        self.command(cause, move |connection, cause| {
            let event = mails::request(connection, MailKind::PasswordReset, email.as_str(), None, cause)?;
            Ok(((), vec![event]))
        })
        .await
    }

    async fn request_email_change(&self, id: CustomerId, email: &Email, cause: &Cause) -> Result<Committed<()>> {
        let email = email.clone();
        self.command(cause, move |connection, cause| {
            let (key, _) = people::find_known(connection, id)?;
            let event = mails::request(connection, MailKind::EmailChange, email.as_str(), Some(key), cause)?;
            Ok(((), vec![event]))
        })
        .await
    }

    async fn verify_email(&self, token: TokenHash, cause: &Cause) -> Result<Committed<Customer>> {
        self.command(cause, move |connection, cause| credentials::verify_email(connection, token, cause)).await
    }

    async fn reset_password(
        &self,
        token: TokenHash,
        password_hash: SecretString,
        cause: &Cause,
    ) -> Result<Committed<CustomerId>> {
        let work =
            move |connection: &_, cause: &_| credentials::reset_password(connection, token, &password_hash, cause);
        self.command(cause, work).await
    }

    async fn change_password(
        &self,
        id: CustomerId,
        password_hash: SecretString,
        kept: SessionId,
        cause: &Cause,
    ) -> Result<Committed<()>> {
        self.command(cause, move |connection, cause| {
            let (key, customer) = people::find_known(connection, id)?;
            let cutoff = SessionCutoff { at: cause.at, kept: Some(kept) };
            let action = AuditAction::PasswordChanged;
            let event = credentials::set_password(connection, key, &customer, &password_hash, cutoff, action, cause)?;
            Ok(((), vec![event]))
        })
        .await
    }

    async fn upgrade_password_hash(&self, id: CustomerId, old: &SecretString, new: &SecretString) -> Result<()> {
        let (old, new) = (old.clone(), new.clone());
        let sql = "UPDATE customer SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2";
        self.writer
            .write(move |connection| {
                let values = params![id.uuid(), old.expose_secret(), new.expose_secret()];
                rows::execute(connection, sql, values).map(drop).map_err(failed)
            })
            .await
    }

    async fn end_sessions(&self, id: CustomerId, cause: &Cause) -> Result<Committed<()>> {
        self.command(cause, move |connection, cause| {
            let (key, _) = people::find_known(connection, id)?;
            people::end_sessions(connection, key, SessionCutoff { at: cause.at, kept: None })?;
            audit::record(connection, AuditAction::SessionsEnded, Some(id), Some(id), cause)?;
            Ok(((), Vec::new()))
        })
        .await
    }

    async fn offer_second_factor(
        &self,
        id: CustomerId,
        sealed_secret: Vec<u8>,
        recovery: Vec<TokenHash>,
    ) -> Result<()> {
        self.writer
            .write(move |connection| credentials::offer_second_factor(connection, id, &sealed_secret, &recovery))
            .await
    }

    async fn confirm_second_factor(
        &self,
        id: CustomerId,
        step: i64,
        kept: SessionId,
        cause: &Cause,
    ) -> Result<Committed<Customer>> {
        self.command(cause, move |connection, cause| {
            credentials::confirm_second_factor(connection, id, step, kept, cause)
        })
        .await
    }

    async fn use_step(&self, id: CustomerId, step: i64) -> Result<bool> {
        let sql = "UPDATE customer SET last_step = ?2 WHERE id = ?1 AND last_step < ?2";
        let values = (id.uuid(), step);
        self.writer.write(move |connection| Ok(rows::execute(connection, sql, values).map_err(failed)? == 1)).await
    }

    async fn use_recovery_code(&self, id: CustomerId, code: TokenHash) -> Result<bool> {
        let sql = "DELETE FROM recovery_code WHERE code_hash = ?2
            AND customer_key = (SELECT customer_key FROM customer WHERE id = ?1)";
        let values = (id.uuid(), code.0);
        self.writer.write(move |connection| Ok(rows::execute(connection, sql, values).map_err(failed)? == 1)).await
    }

    async fn remove_second_factor(&self, id: CustomerId, cause: &Cause) -> Result<Committed<Customer>> {
        self.command(cause, move |connection, cause| credentials::remove_second_factor(connection, id, cause)).await
    }

    async fn update_profile(
        &self,
        id: CustomerId,
        expected: Option<Version>,
        profile: Profile,
        cause: &Cause,
    ) -> Result<Committed<Customer>> {
        self.command(cause, move |connection, cause| {
            Ok((people::update_profile(connection, id, expected, profile, cause)?, Vec::new()))
        })
        .await
    }

    async fn set_customer_status(
        &self,
        id: CustomerId,
        is_disabled: bool,
        by: CustomerId,
        cause: &Cause,
    ) -> Result<Committed<Customer>> {
        self.command(cause, move |connection, cause| {
            Ok((people::set_status(connection, id, is_disabled, by, cause)?, Vec::new()))
        })
        .await
    }

    async fn erase_customer(&self, id: CustomerId, cause: &Cause) -> Result<Committed<()>> {
        self.command(cause, move |connection, cause| Ok((people::erase(connection, id, cause)?, Vec::new()))).await
    }

    async fn account_of(&self, email: &Email) -> Result<Option<Account>> {
        let email = email.clone();
        let sql = "SELECT * FROM customer WHERE email = ?1";
        self.read(move |connection| rows::maybe(connection, sql, [email.as_str()], people::read_account)).await
    }

    async fn account(&self, id: CustomerId) -> Result<Account> {
        let sql = "SELECT * FROM customer WHERE id = ?1";
        self.read(move |connection| rows::one(connection, "customer", sql, [id.uuid()], people::read_account)).await
    }

    async fn customer(&self, id: CustomerId) -> Result<Customer> {
        self.read(move |connection| people::find(connection, id).map(|(_, customer)| customer)).await
    }

    async fn customers(&self, query: CustomerQuery, by: CustomerId, cause: &Cause) -> Result<Page<Customer, i64>> {
        let cause = cause.clone();
        self.writer
            .write(move |connection| {
                audit::record(connection, AuditAction::CustomersListed, Some(by), None, &cause)?;
                people::page(connection, &query)
            })
            .await
    }

    async fn audit_entries(&self, query: AuditQuery) -> Result<Page<AuditEntry, i64>> {
        self.read(move |connection| audit::page(connection, query)).await
    }

    async fn record_audit(
        &self,
        action: AuditAction,
        actor: CustomerId,
        subject: CustomerId,
        cause: &Cause,
    ) -> Result<()> {
        let cause = cause.clone();
        self.writer.write(move |connection| audit::record(connection, action, Some(actor), Some(subject), &cause)).await
    }
}
