use crate::errors::{failed, on_constraint};
use crate::{SqliteStore, rows};
use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use souk_domain::ports::Categories;
use souk_domain::{Category, CategoryFields, CategoryId, Cause, Committed, Error, Result, Version, sort_key};

const SELECT: &str = "SELECT c.id, c.name, p.id AS parent_id, c.version, c.created_at, c.updated_at
    FROM category c LEFT JOIN category p ON p.category_key = c.parent_key";

fn read(row: &Row<'_>) -> rusqlite::Result<Category> {
    Ok(Category {
        id: rows::id(row, "id")?,
        name: rows::text(row, "name")?,
        parent_id: rows::optional_id(row, "parent_id")?,
        version: row.get("version")?,
        created_at: rows::at(row, "created_at")?,
        updated_at: rows::at(row, "updated_at")?,
    })
}

fn key(connection: &Connection, id: CategoryId) -> Result<Option<i64>> {
    let sql = "SELECT category_key FROM category WHERE id = ?1";
    rows::maybe(connection, sql, [id.uuid()], |row| row.get(0))
}

/// The row number of a category that another row is to name.
pub(crate) fn named(connection: &Connection, id: CategoryId) -> Result<i64> {
    key(connection, id)?.ok_or(Error::UnknownCategory)
}

pub(crate) fn insert(connection: &Connection, fields: CategoryFields, cause: &Cause) -> Result<Category> {
    let parent = fields.parent_id.map(|id| named(connection, id)).transpose()?;
    let CategoryFields { name, parent_id } = fields;
    let at = cause.at;
    let category = Category { id: CategoryId::new(), name, parent_id, version: 1, created_at: at, updated_at: at };
    rows::execute(
        connection,
        "INSERT INTO category (id, parent_key, name, name_key, version, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, 1, ?5, ?5)",
        params![
            category.id.uuid(),
            parent,
            category.name.as_str(),
            sort_key(category.name.as_str()),
            at.timestamp_micros()
        ],
    )
    .map_err(on_constraint("category_name_unique", Error::CATEGORY_NAME_TAKEN))?;
    Ok(category)
}

fn update(connection: &Connection, old: Category, fields: CategoryFields, cause: &Cause) -> Result<Category> {
    let parent = fields.parent_id.map(|id| named(connection, id)).transpose()?;
    if stands_below(connection, parent, old.id)? {
        return Err(Error::CATEGORY_CYCLE);
    }
    let new = Category {
        name: fields.name,
        parent_id: fields.parent_id,
        version: old.version + 1,
        updated_at: cause.at,
        ..old
    };
    rows::execute(
        connection,
        "UPDATE category SET parent_key = ?2, name = ?3, name_key = ?4, version = ?5, updated_at = ?6 WHERE id = ?1",
        params![
            new.id.uuid(),
            parent,
            new.name.as_str(),
            sort_key(new.name.as_str()),
            new.version,
            new.updated_at.timestamp_micros()
        ],
    )
    .map_err(on_constraint("category_name_unique", Error::CATEGORY_NAME_TAKEN))?;
    Ok(new)
}

/// Whether `category` is `ancestor` or stands somewhere below it.
fn stands_below(connection: &Connection, category: Option<i64>, ancestor: CategoryId) -> Result<bool> {
    let sql = "WITH RECURSIVE above (category_key, parent_key, id) AS (
            SELECT category_key, parent_key, id FROM category WHERE category_key = ?1
            UNION ALL
            SELECT c.category_key, c.parent_key, c.id FROM category c JOIN above a ON c.category_key = a.parent_key
        )
        SELECT 1 FROM above WHERE id = ?2";
    Ok(rows::maybe(connection, sql, params![category, ancestor.uuid()], |_| Ok(()))?.is_some())
}

fn delete(connection: &Connection, id: CategoryId) -> Result<()> {
    let key = key(connection, id)?.ok_or(Error::NotFound("category"))?;
    let exists = |sql: &str| rows::maybe(connection, sql, [key], |_| Ok(())).map(|found| found.is_some());
    if exists("SELECT 1 FROM product WHERE category_key = ?1 LIMIT 1")? {
        return Err(Error::CATEGORY_IN_USE);
    }
    if exists("SELECT 1 FROM category WHERE parent_key = ?1 LIMIT 1")? {
        return Err(Error::CATEGORY_HAS_CHILDREN);
    }
    rows::execute(connection, "DELETE FROM category WHERE category_key = ?1", [key]).map(drop).map_err(failed)
}

fn find(connection: &Connection, id: CategoryId) -> Result<Category> {
    rows::one(connection, "category", &format!("{SELECT} WHERE c.id = ?1"), [id.uuid()], read)
}

#[async_trait]
impl Categories for SqliteStore {
    async fn create_category(&self, fields: CategoryFields, cause: &Cause) -> Result<Committed<Category>> {
        self.command(cause, |connection, cause| Ok((insert(connection, fields, cause)?, Vec::new()))).await
    }

    async fn update_category(
        &self,
        id: CategoryId,
        expected: Option<Version>,
        fields: CategoryFields,
        cause: &Cause,
    ) -> Result<Committed<Category>> {
        self.command(cause, move |connection, cause| {
            let old = find(connection, id)?;
            crate::check_version(expected, old.version)?;
            Ok((update(connection, old, fields, cause)?, Vec::new()))
        })
        .await
    }

    async fn delete_category(&self, id: CategoryId, cause: &Cause) -> Result<Committed<()>> {
        self.command(cause, move |connection, _| Ok((delete(connection, id)?, Vec::new()))).await
    }

    async fn category(&self, id: CategoryId) -> Result<Category> {
        self.read(move |connection| find(connection, id)).await
    }

    async fn categories(&self) -> Result<Vec<Category>> {
        self.read(|connection| rows::all(connection, &format!("{SELECT} ORDER BY c.name_key"), [], read)).await
    }
}
