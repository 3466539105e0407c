use crate::{
    CategoryId, CategoryName, DateTime, Description, Error, Grams, Limit, Money, ProductId, ProductName, SearchQuery,
    Sku, Version, search_terms,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether a product is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductStatus {
    /// On sale.
    Active,
    /// No longer sold; kept for the orders that name it.
    Discontinued,
}

impl ProductStatus {
    /// The word that stands for the status in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            ProductStatus::Active => "active",
            ProductStatus::Discontinued => "discontinued",
        }
    }

    /// The status that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        [ProductStatus::Active, ProductStatus::Discontinued].into_iter().find(|status| status.as_str() == word)
    }
}

/// What a client may set on a product again and again; its SKU is set once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProductFields {
    /// What it is called.
    pub name: ProductName,
    /// What there is to say about it.
    pub description: Description,
    /// Where it stands.
    pub category_id: CategoryId,
    /// Of one piece.
    pub price: Money,
    /// Of one piece as it is sent, in grams; 0 when nobody weighed it.
    #[serde(default)]
    pub weight_grams: Grams,
}

/// Something that the shop sells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Stable name for programs.
    pub id: ProductId,
    /// Unique in the shop; set once.
    pub sku: Sku,
    /// What it is called.
    pub name: ProductName,
    /// What there is to say about it.
    pub description: Description,
    /// Where it stands.
    pub category_id: CategoryId,
    /// Of one piece.
    pub price: Money,
    /// Of one piece as it is sent, in grams; 0 when nobody weighed it.
    #[serde(default)]
    pub weight_grams: Grams,
    /// Whether it is sold.
    pub status: ProductStatus,
    /// Sent back in `If-Match`.
    #[schema(value_type = i64, minimum = 1, example = 3)]
    pub version: Version,
    /// UTC.
    pub created_at: DateTime,
    /// UTC.
    pub updated_at: DateTime,
}

impl Product {
    /// A product at version 1, on sale.
    pub fn new(sku: Sku, fields: ProductFields, at: DateTime) -> Self {
        let ProductFields { name, description, category_id, price, weight_grams } = fields;
        Self {
            id: ProductId::new(),
            sku,
            name,
            description,
            category_id,
            price,
            weight_grams,
            status: ProductStatus::Active,
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }

    /// The product with other values. Its version and time stay: the store sets them when it keeps the change.
    pub fn with_fields(&self, fields: ProductFields) -> Self {
        let ProductFields { name, description, category_id, price, weight_grams } = fields;
        Self { name, description, category_id, price, weight_grams, ..self.clone() }
    }

    /// The words that find the product: of its SKU, its name and its description, each once.
    pub fn search_terms(&self) -> Vec<String> {
        let of_sku = self.sku.search_terms();
        let mut more = text_terms(&self.name, &self.description);
        more.retain(|term| !of_sku.contains(term));
        [of_sku, more].concat()
    }
}

/// The words of a product's texts that find it.
pub fn text_terms(name: &ProductName, description: &Description) -> Vec<String> {
    search_terms(&format!("{name} {description}"))
}

/// A product and how many pieces of it can be ordered now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StockedProduct {
    /// The product.
    #[serde(flatten)]
    pub product: Product,
    /// Pieces on hand that no order has reserved. May lag behind by the time an event takes.
    #[schema(example = 112)]
    pub available: i64,
}

/// Which products a list holds. Discontinued ones are never listed.
#[derive(Clone, Debug, Default)]
pub struct ProductFilter {
    /// In this category or below it.
    pub category: Option<CategoryId>,
    /// From this price on, in minor units.
    pub min_price: Option<i64>,
    /// Up to this price, in minor units.
    pub max_price: Option<i64>,
    /// Only what can be ordered now.
    pub in_stock: bool,
    /// Only what these words find.
    pub search: Option<SearchQuery>,
}

/// The order of a list of products. Ties are broken by age.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ProductSort {
    /// A to Z, whatever the case and accents.
    #[default]
    #[serde(rename = "name")]
    Name,
    /// Z to A.
    #[serde(rename = "-name")]
    NameDescending,
    /// Cheapest first.
    #[serde(rename = "price")]
    Price,
    /// Dearest first.
    #[serde(rename = "-price")]
    PriceDescending,
    /// Latest first.
    #[serde(rename = "newest")]
    Newest,
}

/// The value that a list is sorted by, of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SortKey {
    /// Of a sort by price.
    Price(i64),
    /// Of a sort by name.
    Name(String),
    /// Of a sort by age, which the row number tells.
    Age,
}

/// The position behind one product of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductCursor {
    /// The order that the position is in.
    #[serde(rename = "s")]
    pub sort: ProductSort,
    /// The product's value in that order.
    #[serde(rename = "k")]
    pub key: SortKey,
    /// The store's row number, which breaks ties.
    #[serde(rename = "r")]
    pub row: i64,
}

impl ProductCursor {
    /// Whether the key is one that the sort makes: a cursor comes from outside.
    pub fn is_coherent(&self) -> bool {
        matches!(
            (self.sort, &self.key),
            (ProductSort::Name | ProductSort::NameDescending, SortKey::Name(_))
                | (ProductSort::Price | ProductSort::PriceDescending, SortKey::Price(_))
                | (ProductSort::Newest, SortKey::Age)
        )
    }
}

/// A question for a list of products.
#[derive(Clone, Debug, Default)]
pub struct ProductQuery {
    /// Which products.
    pub filter: ProductFilter,
    /// In which order.
    pub sort: ProductSort,
    /// How many.
    pub limit: Limit,
    /// Behind which position; of the same sort.
    pub after: Option<ProductCursor>,
    /// Whether to count the matching products by category as well.
    pub facets: bool,
}

/// How many matching products stand directly in one category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Facet {
    /// The category.
    pub category_id: CategoryId,
    /// Its name.
    pub name: CategoryName,
    /// Products.
    #[schema(example = 7)]
    pub count: i64,
}

/// A page of products, with facets when they were asked for.
#[derive(Clone, Debug)]
pub struct ProductList {
    /// The products and the way on.
    pub page: crate::Page<StockedProduct, ProductCursor>,
    /// Counts by category over all matching products, the category filter left aside.
    pub facets: Option<Vec<Facet>>,
}

/// One good row of an import: a product with its category by name.
#[derive(Clone, Debug)]
pub struct ImportRow {
    /// Decides between a new product and a known one.
    pub sku: Sku,
    /// What it is called.
    pub name: ProductName,
    /// Absent: empty for a new product, unchanged for a known one.
    pub description: Option<Description>,
    /// The name of a category at the top of the tree, made when it is missing.
    pub category: CategoryName,
    /// Of one piece.
    pub price: Money,
    /// Of one piece. Absent: not weighed for a new product, unchanged for a known one.
    pub weight_grams: Option<Grams>,
}

/// What one row of an import does to the catalog.
#[derive(Debug)]
pub enum ImportStep {
    /// Makes a product.
    Create(Product),
    /// Gives a product other values.
    Update(Product),
    /// Nothing: the product has these values already.
    Keep(ProductId),
    /// Nothing: the product cannot be changed.
    Refuse(Error),
}

impl ImportRow {
    /// What the row does when its SKU belongs to `known`, or to no product yet. `category_id` is the category it names.
    pub fn step(self, known: Option<&Product>, category_id: CategoryId, at: DateTime) -> ImportStep {
        let Self { sku, name, description, price, weight_grams, .. } = self;
        let Some(known) = known else {
            let (description, weight_grams) = (description.unwrap_or_default(), weight_grams.unwrap_or_default());
            let fields = ProductFields { name, description, category_id, price, weight_grams };
            return ImportStep::Create(Product::new(sku, fields, at));
        };
        if known.status == ProductStatus::Discontinued {
            return ImportStep::Refuse(Error::PRODUCT_DISCONTINUED);
        }
        let description = description.unwrap_or_else(|| known.description.clone());
        let weight_grams = weight_grams.unwrap_or(known.weight_grams);
        let new = known.with_fields(ProductFields { name, description, category_id, price, weight_grams });
        if new == *known { ImportStep::Keep(known.id) } else { ImportStep::Update(new) }
    }
}

/// What became of one row of an import.
#[derive(Debug)]
pub enum ImportOutcome {
    /// A new product.
    Created(ProductId),
    /// A known product with other values.
    Updated(ProductId),
    /// A known product with the same values.
    Unchanged(ProductId),
    /// A row that the store refused.
    Refused(Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_from_outside_must_fit_its_sort() {
        let cursor = |text| serde_json::from_str::<ProductCursor>(text).expect("a cursor");
        assert!(cursor(r#"{"s":"name","k":"a","r":1}"#).is_coherent());
        assert!(cursor(r#"{"s":"newest","k":null,"r":1}"#).is_coherent());
        assert!(!cursor(r#"{"s":"-price","k":"a","r":1}"#).is_coherent());
        assert!(!cursor(r#"{"s":"newest","k":3,"r":1}"#).is_coherent());
    }
}
