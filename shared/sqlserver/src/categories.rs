use crate::value::key;
use crate::{SqlServerStore, rows, statements};
use async_trait::async_trait;
use souk_domain::ports::Categories;
use souk_domain::{Category, CategoryFields, CategoryId, Cause, Committed, Error, Result, Version, sort_key};

/// What the constraints of a category mean to somebody who makes or changes one.
fn broken(constraint: &str) -> Option<Error> {
    match constraint {
        "category_name_unique" => Some(Error::CATEGORY_NAME_TAKEN),
        // The parent was removed a moment ago.
        "category_parent" => Some(Error::UnknownCategory),
        _ => None,
    }
}

/// What they mean to somebody who removes one.
fn broken_by_removal(constraint: &str) -> Option<Error> {
    match constraint {
        "product_category" => Some(Error::CATEGORY_IN_USE),
        "category_parent" => Some(Error::CATEGORY_HAS_CHILDREN),
        _ => None,
    }
}

#[async_trait]
impl Categories for SqlServerStore {
    async fn create_category(&self, fields: CategoryFields, cause: &Cause) -> Result<Committed<Category>> {
        let CategoryFields { name, parent_id } = fields;
        let name_key = key(&sort_key(name.as_str()));
        let values =
            [CategoryId::new().uuid().into(), name.as_str().into(), name_key, parent_id.map(CategoryId::uuid).into()];
        self.command(&statements::CREATE_CATEGORY, cause, values, broken).await
    }

    async fn update_category(
        &self,
        id: CategoryId,
        expected: Option<Version>,
        fields: CategoryFields,
        cause: &Cause,
    ) -> Result<Committed<Category>> {
        let CategoryFields { name, parent_id } = fields;
        let name_key = key(&sort_key(name.as_str()));
        let values = [
            id.uuid().into(),
            expected.unwrap_or_default().into(),
            name.as_str().into(),
            name_key,
            parent_id.map(CategoryId::uuid).into(),
        ];
        self.command(&statements::UPDATE_CATEGORY, cause, values, broken).await
    }

    async fn delete_category(&self, id: CategoryId, cause: &Cause) -> Result<Committed<()>> {
        self.command(&statements::DELETE_CATEGORY, cause, [id.uuid().into()], broken_by_removal).await
    }

    async fn category(&self, id: CategoryId) -> Result<Category> {
        let found = self.query(statements::CATEGORY, [id.uuid().into()]).await?;
        rows::document(&rows::one(found, "category")?, "document")
    }

    async fn categories(&self) -> Result<Vec<Category>> {
        let found = self.query(statements::CATEGORIES, []).await?;
        rows::only(found).iter().map(|row| rows::document(row, "document")).collect()
    }
}
