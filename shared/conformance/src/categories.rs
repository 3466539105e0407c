//! The tree of categories.

use crate::shop::{
    Shop, assert_not_found, assert_refused, assert_stale, at_once, category, category_name, cause, shelf, winners,
};
use souk_domain::ports::Store;
use souk_domain::{CategoryId, CategoryTree, Cause, from_micros, sort_key};
use std::sync::Arc;

fn at(micros: i64) -> Cause {
    Cause { at: from_micros(micros), ..cause() }
}

/// A new category has version 1 and the moment of its command, and reads back as it was answered.
pub async fn a_new_category_reads_back_as_it_was_answered(store: Arc<dyn Store>) {
    let cause = at(1_700_000_000_123_457);
    let top = store.create_category(shelf("Home", None), &cause).await.expect("a category");
    assert_eq!((top.value.version, top.value.created_at, top.value.updated_at), (1, cause.at, cause.at));
    assert_eq!((top.value.parent_id, top.value.name.as_str()), (None, "Home"));
    assert!(top.events.is_empty() && top.replayed.is_none());
    let below = store.create_category(shelf("Lamps", Some(top.value.id)), &cause).await.expect("a category").value;
    assert_eq!(below.parent_id, Some(top.value.id));
    for made in [top.value, below] {
        assert_eq!(store.category(made.id).await.expect("a category"), made);
    }
}

/// A category that does not exist is not found, nor changed, nor removed.
pub async fn an_unknown_category_is_not_found(store: Arc<dyn Store>) {
    let nobody = CategoryId::new();
    assert_not_found(store.category(nobody).await, "category");
    assert_not_found(store.update_category(nobody, None, shelf("A", None), &cause()).await, "category");
    assert_not_found(store.delete_category(nobody, &cause()).await, "category");
}

/// A parent must exist, for a new category and for one that moves.
pub async fn a_parent_must_exist(store: Arc<dyn Store>) {
    let nobody = Some(CategoryId::new());
    assert_refused(store.create_category(shelf("A", nobody), &cause()).await, "unknown_category");
    let id = category(&store, "A", None).await;
    assert_refused(store.update_category(id, None, shelf("A", nobody), &cause()).await, "unknown_category");
    assert_eq!(store.category(id).await.expect("a category").version, 1);
}

/// A change gives a category its new name and place, one version more, and keeps when it was created.
pub async fn a_change_makes_a_new_version(store: Arc<dyn Store>) {
    let old = store.create_category(shelf("Old", None), &at(1_700_000_000_000_001)).await.expect("a category").value;
    let parent = category(&store, "Parent", None).await;
    let later = at(1_700_000_999_000_002);
    let new = store.update_category(old.id, Some(1), shelf("New", Some(parent)), &later).await.expect("a change").value;
    assert_eq!((new.id, new.version, new.parent_id), (old.id, 2, Some(parent)));
    assert_eq!((new.name.as_str(), new.created_at, new.updated_at), ("New", old.created_at, later.at));
    assert_eq!(store.category(old.id).await.expect("a category"), new);
    let top = store.update_category(old.id, None, shelf("New", None), &later).await.expect("a change").value;
    assert_eq!((top.version, top.parent_id), (3, None));
    assert_eq!(store.category(old.id).await.expect("a category"), top);
}

/// A change on the ground of another version than the present one is refused and tells the present one.
pub async fn a_change_of_another_version_is_stale(store: Arc<dyn Store>) {
    let id = category(&store, "A", None).await;
    store.update_category(id, Some(1), shelf("B", None), &cause()).await.expect("a change");
    for expected in [1, 3] {
        assert_stale(store.update_category(id, Some(expected), shelf("C", None), &cause()).await, 2);
    }
    assert_eq!(store.category(id).await.expect("a category").name.as_str(), "B");
}

/// Of several changes of one version at once, one succeeds and the others are stale.
pub async fn one_of_several_changes_at_once_succeeds(store: Arc<dyn Store>) {
    let id = category(&store, "A", None).await;
    let change = |n: i32| {
        let store = store.clone();
        async move { store.update_category(id, Some(1), shelf(&format!("B{n}"), None), &cause()).await }
    };
    assert_eq!(winners(&at_once((0..8).map(change)).await, "stale"), 1);
    assert_eq!(store.category(id).await.expect("a category").version, 2);
}

/// Names that differ only in case, accents or compatibility forms are one name below one parent.
pub async fn a_name_is_unique_below_its_parent_whatever_case_and_accents(store: Arc<dyn Store>) {
    let parent = category(&store, "Parent", None).await;
    for place in [None, Some(parent)] {
        category(&store, "Café Crème", place).await;
        for same in ["Café Crème", "CAFE CREME", "cafe\u{301} creme", "Ｃａｆｅ crème", "café crèmé"] {
            assert_refused(store.create_category(shelf(same, place), &cause()).await, "category_name_taken");
        }
        let other = category(&store, "Tea", place).await;
        let renamed = store.update_category(other, None, shelf("cafe creme", place), &cause()).await;
        assert_refused(renamed, "category_name_taken");
        assert_eq!(store.category(other).await.expect("a category").name.as_str(), "Tea");
    }
    assert_eq!(store.categories().await.expect("categories").len(), 5);
}

/// The same name may stand below different parents; moving next to it is refused.
pub async fn a_name_may_repeat_below_other_parents(store: Arc<dyn Store>) {
    let (a, b) = (category(&store, "A", None).await, category(&store, "B", None).await);
    category(&store, "Sale", None).await;
    let below_a = category(&store, "Sale", Some(a)).await;
    category(&store, "SALE", Some(b)).await;
    for taken in [None, Some(b)] {
        let moved = store.update_category(below_a, None, shelf("Sale", taken), &cause()).await;
        assert_refused(moved, "category_name_taken");
    }
    assert_eq!(store.category(below_a).await.expect("a category").parent_id, Some(a));
}

/// A category may change the case and accents of its own name.
pub async fn a_category_does_not_stand_in_its_own_way(store: Arc<dyn Store>) {
    let id = category(&store, "Cafe", None).await;
    let renamed = store.update_category(id, None, shelf("CAFÉ", None), &cause()).await.expect("a change");
    assert_eq!(renamed.value.name.as_str(), "CAFÉ");
}

/// Names are one only when the domain folds them to the same key; no collation of a store may join more of them.
pub async fn names_that_fold_differently_are_different(store: Arc<dyn Store>) {
    let names =
        ["Strasse", "Straße", "😀", "😁", "か", "カ", "ae", "æ", "o", "ø", "l", "ł", "co-op", "coop", "a b", "ab"];
    for name in names {
        category(&store, name, None).await;
    }
    let mut found: Vec<_> = store.categories().await.expect("categories").into_iter().map(|c| c.name).collect();
    found.sort_by_key(|name| names.iter().position(|known| *known == name.as_str()));
    assert_eq!(found, names.map(category_name));
}

/// A name that several want at once goes to one of them.
pub async fn a_name_that_several_want_at_once_goes_to_one(store: Arc<dyn Store>) {
    let parent = category(&store, "Parent", None).await;
    for place in [None, Some(parent)] {
        let create = |name: &'static str| {
            let store = store.clone();
            async move { store.create_category(shelf(name, place), &cause()).await }
        };
        let results = at_once(["Sale", "SALE", "sale", "sále", "Sale", "SALÉ"].map(create)).await;
        assert_eq!(winners(&results, "category_name_taken"), 1);
    }
}

/// A category can stand neither below itself nor below anything that is below it.
pub async fn a_category_cannot_stand_below_itself(store: Arc<dyn Store>) {
    let a = category(&store, "A", None).await;
    let child = category(&store, "Child", Some(a)).await;
    let grandchild = category(&store, "Grandchild", Some(child)).await;
    for below in [a, child, grandchild] {
        assert_refused(store.update_category(a, None, shelf("A", Some(below)), &cause()).await, "category_cycle");
    }
    assert_eq!(store.category(a).await.expect("a category").version, 1);
    store.update_category(grandchild, None, shelf("Grandchild", Some(a)), &cause()).await.expect("a move up");
    store.update_category(child, None, shelf("Child", Some(grandchild)), &cause()).await.expect("a move aside");
}

/// Two moves that would make a ring together do not both succeed.
pub async fn two_moves_at_once_make_no_ring(store: Arc<dyn Store>) {
    for round in 0..5 {
        let names = [format!("A{round}"), format!("B{round}")];
        let (a, b) = (category(&store, &names[0], None).await, category(&store, &names[1], None).await);
        let under = |id, name: String, parent| {
            let store = store.clone();
            async move { store.update_category(id, None, shelf(&name, Some(parent)), &cause()).await }
        };
        let results = at_once([under(a, names[0].clone(), b), under(b, names[1].clone(), a)]).await;
        assert_eq!(winners(&results, "category_cycle"), 1);
    }
}

/// A category that any product stands in stays, also when the product is discontinued.
pub async fn a_category_in_use_stays(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.product("A1").await;
    assert_refused(shop.store.delete_category(shop.category, &cause()).await, "category_in_use");
    shop.store.discontinue_product(product.id, &cause()).await.expect("a discontinuation");
    assert_refused(shop.store.delete_category(shop.category, &cause()).await, "category_in_use");
    shop.store.category(shop.category).await.expect("it is there");
}

/// A category stays while others are below it, and goes when they are gone.
pub async fn a_category_with_children_stays(store: Arc<dyn Store>) {
    let parent = category(&store, "Parent", None).await;
    let child = category(&store, "Child", Some(parent)).await;
    assert_refused(store.delete_category(parent, &cause()).await, "category_has_children");
    store.delete_category(child, &cause()).await.expect("a removal");
    store.delete_category(parent, &cause()).await.expect("a removal");
    assert!(store.categories().await.expect("categories").is_empty());
}

/// A category that was removed is gone, and its name is free.
pub async fn a_removed_category_is_gone(store: Arc<dyn Store>) {
    let id = category(&store, "A", None).await;
    store.delete_category(id, &cause()).await.expect("a removal");
    assert_not_found(store.category(id).await, "category");
    assert_not_found(store.delete_category(id, &cause()).await, "category");
    assert_ne!(category(&store, "A", None).await, id);
}

/// Removing a category races with putting a product in it: never does a product stand in a category that is gone.
pub async fn a_removal_races_with_a_new_product(store: Arc<dyn Store>) {
    let shop = Shop::open(store.clone()).await;
    for round in 0..8 {
        let id = category(&store, "Contested", None).await;
        let (fields, code) = (souk_domain::ProductFields { category_id: id, ..shop.fields("P", 1) }, round.to_string());
        let (creator, remover) = (shop.clone(), store.clone());
        let created =
            tokio::spawn(async move { creator.store.create_product(crate::shop::sku(&code), fields, &cause()).await });
        let removed = tokio::spawn(async move { remover.delete_category(id, &cause()).await });
        match (created.await.expect("a task"), removed.await.expect("a task")) {
            (Ok(product), removed) => {
                assert_refused(removed, "category_in_use");
                store.product(product.value.id).await.expect("it is there");
                store.update_category(id, None, shelf(&format!("Kept {round}"), None), &cause()).await.expect("room");
            }
            (created, removed) => {
                assert_refused(created, "unknown_category");
                removed.expect("a removal");
            }
        }
    }
}

/// Removing a category races with putting another below it: never does one stand below a parent that is gone.
pub async fn a_removal_races_with_a_new_child(store: Arc<dyn Store>) {
    for round in 0..8 {
        let id = category(&store, &format!("Contested {round}"), None).await;
        let (creator, remover) = (store.clone(), store.clone());
        let created = tokio::spawn(async move { creator.create_category(shelf("C", Some(id)), &cause()).await });
        let removed = tokio::spawn(async move { remover.delete_category(id, &cause()).await });
        match (created.await.expect("a task"), removed.await.expect("a task")) {
            (Ok(_), removed) => assert_refused(removed, "category_has_children"),
            (created, removed) => {
                assert_refused(created, "unknown_category");
                removed.expect("a removal");
            }
        }
    }
}

/// All categories are listed, siblings in the order of their folded names, byte by byte.
pub async fn siblings_are_listed_by_name(store: Arc<dyn Store>) {
    // U+FFFD sorts before U+1F600 by bytes of UTF-8 and after it by units of UTF-16.
    let names = ["zebra", "Éclair", "eagle", "Apple", "äpfel", "10", "9", "-dash", "_low", "😀", "\u{FFFD}", "灯"];
    let mut expected = names.to_vec();
    expected.sort_by_key(|name| sort_key(name));
    let top = category(&store, "Top", None).await;
    for name in names {
        category(&store, name, Some(top)).await;
    }
    let middle = category(&store, "middle", None).await;
    category(&store, "below", Some(middle)).await;
    let tree = CategoryTree::nest(store.categories().await.expect("categories"));
    let tops: Vec<_> = tree.iter().map(|node| node.category.name.as_str()).collect();
    assert_eq!(tops, ["middle", "Top"]);
    let found: Vec<_> = tree[1].children.iter().map(|node| node.category.name.as_str()).collect();
    assert_eq!(found, expected);
    assert_eq!(tree[0].children.len(), 1);
}

/// The longest names are kept and stay unique: supplementary characters, and one that folds to eighteen.
pub async fn the_longest_category_names_are_kept(store: Arc<dyn Store>) {
    for name in ["😀".repeat(100), "\u{FDFA}".repeat(100)] {
        let id = category(&store, &name, None).await;
        assert_eq!(store.category(id).await.expect("a category").name.as_str(), name);
        assert_refused(store.create_category(shelf(&name, None), &cause()).await, "category_name_taken");
    }
}
