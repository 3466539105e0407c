use crate::command::{claims_of, none};
use crate::run::Repeat;
use crate::statements::Command;
use crate::value::{Keys, Value, json};
use crate::{SqlServerStore, people, rows, statements};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use souk_domain::ports::Customers;
use souk_domain::{
    Account, AuditAction, AuditEntry, AuditQuery, Cause, Committed, Customer, CustomerId, CustomerQuery,
    CustomerStatus, Email, Error, MailId, MailKind, NewCustomer, NewRegistration, Page, Profile, Result, SessionId,
    TokenHash, Version,
};

fn broken(constraint: &str) -> Option<Error> {
    (constraint == "customer_email_unique").then_some(Error::EMAIL_TAKEN)
}

/// What a person is made of.
fn made_of(new: &NewCustomer) -> Vec<Value> {
    let own: [Value; 5] = [
        CustomerId::new().uuid().into(),
        new.email.as_str().into(),
        new.name.as_str().into(),
        new.role.as_str().into(),
        new.password_hash.expose_secret().into(),
    ];
    own.into_iter().chain(people::terms(Some(&new.name), Some(&new.email))).collect()
}

/// The id of a new mail and when it is too old.
fn mail(kind: MailKind, cause: &Cause) -> [Value; 2] {
    [MailId::new().uuid().into(), (cause.at + kind.kept()).into()]
}

impl SqlServerStore {
    async fn request_mail(
        &self,
        kind: MailKind,
        email: &Email,
        customer: Option<CustomerId>,
        registration: Option<&NewRegistration>,
        cause: &Cause,
    ) -> Result<Committed<()>> {
        let [id, expires] = mail(kind, cause);
        let [places, terms] = match kind {
            MailKind::Registration => people::terms(registration.map(|new| &new.name), Some(email)),
            MailKind::EmailChange => people::terms(None, Some(email)),
            _ => people::terms(None, None),
        };
        let values = [
            id,
            kind.as_str().into(),
            email.as_str().into(),
            expires,
            customer.map(CustomerId::uuid).into(),
            registration.map_or("", |new| new.name.as_str()).into(),
            registration.map_or("", |new| new.password_hash.expose_secret()).into(),
            places,
            terms,
        ];
        self.command(&statements::REQUEST_MAIL, cause, values, none).await
    }

    /// Runs a command of the log-in itself, which nobody is told of and no client claims.
    async fn run_quietly<T: DeserializeOwned>(
        &self,
        command: &Command,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<T> {
        Ok(self.command(command, &Cause::internal(""), values, none).await?.value)
    }
}

#[async_trait]
impl Customers for SqlServerStore {
    async fn register_customer(&self, new: NewCustomer, cause: &Cause) -> Result<Committed<Customer>> {
        let made = self.command(&statements::REGISTER_CUSTOMER, cause, made_of(&new), broken).await?;
        people::committed(made)
    }

    async fn invite_staff(
        &self,
        new: NewCustomer,
        by: Option<CustomerId>,
        cause: &Cause,
    ) -> Result<Committed<Customer>> {
        let mut values = made_of(&new);
        values.extend(mail(MailKind::Invitation, cause));
        values.push(by.map(CustomerId::uuid).into());
        people::committed(self.command(&statements::INVITE_STAFF, cause, values, broken).await?)
    }

    async fn request_registration(&self, new: NewRegistration, cause: &Cause) -> Result<Committed<()>> {
        self.request_mail(MailKind::Registration, &new.email, None, Some(&new), cause).await
    }

    async fn request_password_reset(&self, email: &Email, cause: &Cause) -> Result<Committed<()>> {
        self.request_mail(MailKind::PasswordReset, email, None, None, cause).await
    }

    async fn request_email_change(&self, id: CustomerId, email: &Email, cause: &Cause) -> Result<Committed<()>> {
        self.request_mail(MailKind::EmailChange, email, Some(id), None, cause).await
    }

    async fn verify_email(&self, token: TokenHash, cause: &Cause) -> Result<Committed<Customer>> {
        let [notice, expires] = mail(MailKind::EmailChanged, cause);
        let values = [token.into(), CustomerId::new().uuid().into(), notice, expires];
        people::committed(self.command(&statements::VERIFY_EMAIL, cause, values, broken).await?)
    }

    async fn reset_password(
        &self,
        token: TokenHash,
        password_hash: SecretString,
        cause: &Cause,
    ) -> Result<Committed<CustomerId>> {
        let [notice, expires] = mail(MailKind::PasswordChanged, cause);
        let values = [token.into(), password_hash.expose_secret().into(), notice, expires];
        self.command(&statements::RESET_PASSWORD, cause, values, none).await
    }

    async fn change_password(
        &self,
        id: CustomerId,
        password_hash: SecretString,
        kept: SessionId,
        cause: &Cause,
    ) -> Result<Committed<()>> {
        let [notice, expires] = mail(MailKind::PasswordChanged, cause);
        let values = [
            id.uuid().into(),
            password_hash.expose_secret().into(),
            kept.uuid().into(),
            kept.started_at().into(),
            notice,
            expires,
        ];
        self.command(&statements::CHANGE_PASSWORD, cause, values, none).await
    }

    async fn upgrade_password_hash(&self, id: CustomerId, old: &SecretString, new: &SecretString) -> Result<()> {
        let values = [id.uuid().into(), old.expose_secret().into(), new.expose_secret().into()];
        self.query(statements::UPGRADE_PASSWORD_HASH, values).await.map(drop)
    }

    async fn end_sessions(&self, id: CustomerId, cause: &Cause) -> Result<Committed<()>> {
        self.command(&statements::END_SESSIONS, cause, [id.uuid().into()], none).await
    }

    async fn offer_second_factor(
        &self,
        id: CustomerId,
        sealed_secret: Vec<u8>,
        recovery: Vec<TokenHash>,
    ) -> Result<()> {
        let mut keys = Keys::default();
        let places = recovery.iter().map(|code| keys.add(code.0, serde_json::json!({}))).collect();
        let values = [id.uuid().into(), sealed_secret.into(), json(places), keys.into()];
        self.run_quietly(&statements::OFFER_SECOND_FACTOR, values).await
    }

    async fn confirm_second_factor(
        &self,
        id: CustomerId,
        step: i64,
        kept: SessionId,
        cause: &Cause,
    ) -> Result<Committed<Customer>> {
        let [notice, expires] = mail(MailKind::SecondFactorChanged, cause);
        let values = [id.uuid().into(), step.into(), kept.uuid().into(), kept.started_at().into(), notice, expires];
        people::committed(self.command(&statements::CONFIRM_SECOND_FACTOR, cause, values, none).await?)
    }

    async fn use_step(&self, id: CustomerId, step: i64) -> Result<bool> {
        self.run_quietly(&statements::USE_STEP, [id.uuid().into(), step.into()]).await
    }

    async fn use_recovery_code(&self, id: CustomerId, code: TokenHash) -> Result<bool> {
        self.run_quietly(&statements::USE_RECOVERY_CODE, [id.uuid().into(), code.into()]).await
    }

    async fn remove_second_factor(&self, id: CustomerId, cause: &Cause) -> Result<Committed<Customer>> {
        let [notice, expires] = mail(MailKind::SecondFactorChanged, cause);
        let values = [id.uuid().into(), notice, expires];
        people::committed(self.command(&statements::REMOVE_SECOND_FACTOR, cause, values, none).await?)
    }

    async fn update_profile(
        &self,
        id: CustomerId,
        expected: Option<Version>,
        profile: Profile,
        cause: &Cause,
    ) -> Result<Committed<Customer>> {
        let [places, terms] = people::terms(Some(&profile.name), None);
        let values = [
            id.uuid().into(),
            expected.unwrap_or_default().into(),
            profile.name.as_str().into(),
            serde_json::json!(profile.addresses).to_string().into(),
            places,
            terms,
        ];
        people::committed(self.command(&statements::UPDATE_PROFILE, cause, values, none).await?)
    }

    async fn set_customer_status(
        &self,
        id: CustomerId,
        is_disabled: bool,
        by: CustomerId,
        cause: &Cause,
    ) -> Result<Committed<Customer>> {
        let (status, action) = match is_disabled {
            true => (CustomerStatus::Disabled, AuditAction::CustomerDisabled),
            false => (CustomerStatus::Active, AuditAction::CustomerEnabled),
        };
        let values = [id.uuid().into(), status.as_str().into(), action.as_str().into(), by.uuid().into()];
        people::committed(self.command(&statements::SET_CUSTOMER_STATUS, cause, values, none).await?)
    }

    async fn erase_customer(&self, id: CustomerId, cause: &Cause) -> Result<Committed<()>> {
        let (first, last) = claims_of(&id.to_string()).into_inner();
        let values = [
            id.uuid().into(),
            Customer::erased_email(id).into(),
            Customer::ERASED_NAME.into(),
            first.into(),
            last.into(),
        ];
        self.command(&statements::ERASE_CUSTOMER, cause, values, none).await
    }

    async fn account_of(&self, email: &Email) -> Result<Option<Account>> {
        let found = rows::only(self.query(statements::ACCOUNT_OF, [email.as_str().into()]).await?);
        found.first().map(people::read_account).transpose()
    }

    async fn account(&self, id: CustomerId) -> Result<Account> {
        let found = self.query(statements::ACCOUNT, [id.uuid().into()]).await?;
        people::read_account(&rows::one(found, "customer")?)
    }

    async fn customer(&self, id: CustomerId) -> Result<Customer> {
        let found = self.query(statements::CUSTOMER, [id.uuid().into()]).await?;
        people::read(&rows::one(found, "customer")?)
    }

    async fn customers(&self, query: CustomerQuery, by: CustomerId, cause: &Cause) -> Result<Page<Customer, i64>> {
        let sql = people::list(&query, by, cause);
        // A second line would tell of a second look.
        let found = self.runner.run(sql.named("customers"), &sql.values, Repeat::Harmful).await?;
        people::read_list(&query, &rows::only(found))
    }

    async fn audit_entries(&self, query: AuditQuery) -> Result<Page<AuditEntry, i64>> {
        self.read_audit(query).await
    }

    async fn record_audit(
        &self,
        action: AuditAction,
        actor: CustomerId,
        subject: CustomerId,
        cause: &Cause,
    ) -> Result<()> {
        self.write_audit(action, actor, subject, cause).await
    }
}
