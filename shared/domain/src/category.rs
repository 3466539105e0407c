use crate::{CategoryId, CategoryName, DateTime, Version};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;

/// What a client may set on a category.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CategoryFields {
    /// Unique among the children of one parent.
    pub name: CategoryName,
    /// The category above, absent at the top.
    pub parent_id: Option<CategoryId>,
}

/// A shelf of the catalog. Categories nest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Category {
    /// Stable name for programs.
    pub id: CategoryId,
    /// Unique among the children of one parent.
    pub name: CategoryName,
    /// The category above, absent at the top.
    pub parent_id: Option<CategoryId>,
    /// Sent back in `If-Match`.
    #[schema(value_type = i64, minimum = 1, example = 3)]
    pub version: Version,
    /// UTC.
    pub created_at: DateTime,
    /// UTC.
    pub updated_at: DateTime,
}

/// A category with everything below it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CategoryTree {
    /// The category.
    #[serde(flatten)]
    pub category: Category,
    /// The categories directly below, by name.
    #[schema(no_recursion, example = json!([]))]
    pub children: Vec<CategoryTree>,
}

impl CategoryTree {
    /// Nests a flat list, keeping its order among siblings. A category whose parent is not in the list is left out.
    pub fn nest(categories: Vec<Category>) -> Vec<CategoryTree> {
        let mut by_parent: HashMap<Option<CategoryId>, Vec<Category>> = HashMap::new();
        for category in categories {
            by_parent.entry(category.parent_id).or_default().push(category);
        }
        children(None, &mut by_parent)
    }
}

fn children(
    parent: Option<CategoryId>,
    by_parent: &mut HashMap<Option<CategoryId>, Vec<Category>>,
) -> Vec<CategoryTree> {
    let siblings = by_parent.remove(&parent).unwrap_or_default();
    let nest = |category: Category| CategoryTree { children: children(Some(category.id), by_parent), category };
    siblings.into_iter().map(nest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(name: &str, parent_id: Option<CategoryId>) -> Category {
        let name = CategoryName::parse(name).expect("a name");
        let at = crate::now();
        Category { id: CategoryId::new(), name, parent_id, version: 1, created_at: at, updated_at: at }
    }

    #[test]
    fn categories_nest_below_their_parents_in_order() {
        let home = category("Home", None);
        let (a, b) = (category("A", Some(home.id)), category("B", Some(home.id)));
        let deep = category("Deep", Some(b.id));
        let tree = CategoryTree::nest(vec![deep.clone(), home.clone(), a.clone(), b.clone()]);
        assert_eq!(tree.len(), 1);
        let names: Vec<_> = tree[0].children.iter().map(|child| child.category.name.as_str()).collect();
        assert_eq!(names, ["A", "B"]);
        assert_eq!(tree[0].children[1].children[0].category, deep);
    }
}
