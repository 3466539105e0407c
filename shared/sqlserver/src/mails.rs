use crate::run::Repeat;
use crate::{SqlServerStore, rows, statements};
use async_trait::async_trait;
use souk_domain::ports::Mails;
use souk_domain::{
    CustomerStatus, DateTime, EventId, MailId, MailKind, MailToSend, OrderId, OrderToMail, PersonName, Result,
    TokenHash,
};
use tiberius::Row;

fn read(id: MailId, row: &Row) -> Result<MailToSend> {
    let kind = MailKind::from_word(rows::column(row, "kind")?);
    let kind = kind.ok_or_else(|| rows::unreadable("kind", "an unknown word"))?;
    let email = rows::column::<&str>(row, "email")?.parse().map_err(|error| rows::unreadable("email", error))?;
    let name = rows::maybe(row, "name")?.map(PersonName::parse).transpose();
    let name = name.map_err(|error| rows::unreadable("name", error))?;
    let account = rows::maybe::<&str>(row, "status")?.and_then(CustomerStatus::from_word);
    Ok(MailToSend { id, kind, email, name, account })
}

fn order_to_mail(row: &Row) -> Result<OrderToMail> {
    let email = rows::column::<&str>(row, "email")?.parse().map_err(|error| rows::unreadable("email", error))?;
    let name = PersonName::parse(rows::column(row, "name")?).map_err(|error| rows::unreadable("name", error))?;
    Ok(OrderToMail { order: rows::document(row, "document")?, email, name })
}

#[async_trait]
impl Mails for SqlServerStore {
    async fn prepare_mail(&self, id: MailId, token: TokenHash, now: DateTime) -> Result<Option<MailToSend>> {
        let values = [id.uuid().into(), token.into(), now.into()];
        let found = rows::only(self.query(statements::PREPARE_MAIL, values).await?);
        found.first().map(|row| read(id, row)).transpose()
    }

    async fn mail_sent(&self, id: MailId, now: DateTime) -> Result<()> {
        self.query(statements::MAIL_SENT, [id.uuid().into(), now.into()]).await.map(drop)
    }

    async fn order_to_mail(&self, order: OrderId, event: EventId) -> Result<Option<OrderToMail>> {
        let found = self.query(statements::ORDER_TO_MAIL, [order.uuid().into(), event.uuid().into()]).await?;
        rows::only(found).first().map(order_to_mail).transpose()
    }

    async fn order_mailed(&self, event: EventId, until: DateTime) -> Result<()> {
        let values = [event.uuid().into(), until.into()];
        match self.runner.run(statements::ORDER_MAILED, &values, Repeat::Harmless).await {
            // Somebody else notes the same at this moment.
            Err(failure) if failure.constraint() == Some("order_mail_pk") => Ok(()),
            noted => Ok(noted.map(drop)?),
        }
    }

    async fn expire_mails(&self, now: DateTime) -> Result<usize> {
        self.sweep(statements::EXPIRE_MAILS, now).await
    }
}
