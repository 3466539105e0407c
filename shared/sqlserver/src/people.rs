//! People as the view `customer_document` shows them, the words they are found by, and the list of them.

use crate::composed::Sql;
use crate::rows;
use crate::value::{Keys, Value, json};
use chrono::NaiveDateTime;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json as row;
use souk_domain::{
    Account, Cause, Committed, Customer, CustomerId, CustomerQuery, CustomerStatus, DateTime, Email, Page, PersonName,
    Result, Role, SessionCutoff, Version, search_terms,
};
use tiberius::Row;
use uuid::Uuid;

/// A person, the addresses as the text of a JSON document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerDocument {
    id: CustomerId,
    email: Email,
    name: PersonName,
    role: Role,
    status: CustomerStatus,
    addresses: String,
    second_factor: bool,
    version: Version,
    created_at: DateTime,
    updated_at: DateTime,
}

impl CustomerDocument {
    fn customer(self) -> Result<Customer> {
        Ok(Customer {
            id: self.id,
            email: self.email,
            name: self.name,
            role: self.role,
            status: self.status,
            addresses: rows::parse(&self.addresses)?,
            second_factor: self.second_factor,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

pub(crate) fn committed(
    Committed { value, events, replayed }: Committed<CustomerDocument>,
) -> Result<Committed<Customer>> {
    Ok(Committed { value: value.customer()?, events, replayed })
}

pub(crate) fn read(row: &Row) -> Result<Customer> {
    rows::document::<CustomerDocument>(row, "document")?.customer()
}

pub(crate) fn read_account(row: &Row) -> Result<Account> {
    let kept = rows::maybe::<Uuid>(row, "session_kept")?;
    let at = rows::column::<NaiveDateTime>(row, "sessions_over")?.and_utc();
    Ok(Account {
        customer: read(row)?,
        password_hash: SecretString::from(rows::column::<&str>(row, "password_hash")?),
        cutoff: SessionCutoff { at, kept: kept.map(Into::into) },
        sealed_secret: rows::maybe::<&[u8]>(row, "sealed_secret")?.map(<[u8]>::to_vec),
    })
}

/// A row for each word of a name and of an address, and the words.
pub(crate) fn terms(name: Option<&PersonName>, email: Option<&Email>) -> [Value; 2] {
    let words = |text: Option<&str>, of_email: u8| {
        let words = text.map(search_terms).unwrap_or_default();
        words.into_iter().map(move |word| (word, of_email))
    };
    let words = words(name.map(PersonName::as_str), 0).chain(words(email.map(Email::as_str), 1));
    let mut keys = Keys::default();
    let places = words.map(|(word, of_email)| keys.add(word, row!({ "of_email": of_email }))).collect();
    [json(places), keys.into()]
}

/// The line of the audit log and the page: one batch, whose only result is the page.
pub(crate) fn list(query: &CustomerQuery, by: CustomerId, cause: &Cause) -> Sql {
    let mut sql = Sql::default();
    sql.push("SET NOCOUNT ON;\nINSERT INTO audit_entry (at, action, actor_id, request_id) VALUES (");
    sql.with(cause.at).push(", N'customers_listed', ").with(by.uuid()).push(", ");
    sql.with(cause.request_id.as_str()).push(");\n");
    // The page is cut before its documents are made.
    sql.push("SELECT page.customer_key, d.document FROM (SELECT TOP (").with(query.limit.get() + 1);
    sql.push(") c.customer_key FROM ");
    if let Some(search) = &query.search {
        sql.push_hits(search, "customer_term", "customer_key");
        sql.push(" AS hit JOIN customer AS c ON c.customer_key = hit.customer_key");
    } else {
        sql.push("customer AS c");
    }
    sql.push(" WHERE c.customer_key < ").with(query.after.unwrap_or(i64::MAX));
    if let Some(role) = query.role {
        sql.push(" AND c.role = ").with(role.as_str());
    }
    if let Some(status) = query.status {
        sql.push(" AND c.status = ").with(status.as_str());
    }
    sql.push(
        " ORDER BY c.customer_key DESC) AS page JOIN customer_document AS d ON d.customer_key = page.customer_key",
    );
    sql.push(" ORDER BY page.customer_key DESC");
    sql
}

pub(crate) fn read_list(query: &CustomerQuery, found: &[Row]) -> Result<Page<Customer, i64>> {
    let read = |row| Ok((rows::column(row, "customer_key")?, read(row)?));
    let found: Vec<(i64, Customer)> = found.iter().map(read).collect::<Result<_>>()?;
    let Page { items, next } = Page::cut(found, query.limit, |(key, _)| *key);
    Ok(Page { items: items.into_iter().map(|(_, customer)| customer).collect(), next })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statements::tests::assert_sql;
    use souk_domain::SearchQuery;

    #[test]
    fn every_combination_of_conditions_is_sql() {
        for bits in 0..8_u32 {
            let on = |bit: u32| bits & (1 << bit) != 0;
            let query = CustomerQuery {
                search: on(0).then(|| SearchQuery::parse("ada love").expect("a search")),
                role: on(1).then_some(Role::Admin),
                status: on(2).then_some(CustomerStatus::Disabled),
                ..Default::default()
            };
            let sql = list(&query, CustomerId::new(), &Cause::internal("test"));
            assert_sql("customers", &sql.text);
            let last = sql.values.len();
            assert!(sql.text.contains(&format!("@P{last}")) && !sql.text.contains(&format!("@P{}", last + 1)));
        }
    }
}
