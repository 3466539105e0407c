//! Webhooks themselves: made, changed, listed and removed.

use crate::hooks::{PRODUCT, STOCK, always, fields, new_webhook, rotation, sealed};
use crate::shop::{ENDLESS, Shop, assert_not_found, assert_stale, at_once, cause, claimed, limit};
use souk_domain::ports::Store;
use souk_domain::{DecideWebhook, DeliveryId, DisabledReason, Error, WebhookId, now};
use std::sync::Arc;

/// A webhook reads back as it was answered, with every part that may be absent and without.
pub async fn a_new_webhook_reads_back_as_it_was_answered(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let webhook = shop.hears(&[STOCK, PRODUCT]).await;
    assert_eq!(shop.store.webhook(webhook.id).await.expect("a webhook"), webhook);
    let rotated = shop.change_hook(webhook.id, rotation("YW5vdGhlcg==")).await.value;
    assert_eq!(shop.store.webhook(webhook.id).await.expect("a webhook"), rotated);
    assert_eq!(rotated.secrets(now()).collect::<Vec<_>>(), [&sealed("YW5vdGhlcg=="), &sealed("c2VhbGVk")]);
}

/// What concerns an unknown webhook is not found.
pub async fn an_unknown_webhook_is_not_found(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (store, id) = (&shop.store, WebhookId::new());
    assert_not_found(store.webhook(id).await, "webhook");
    assert_not_found(store.change_webhook(id, rotation("x"), Some(shop.staff), &cause()).await, "webhook");
    assert_not_found(store.remove_webhook(id, shop.staff, &cause()).await, "webhook");
    assert_not_found(store.webhook_deliveries(id, limit(1), None).await, "webhook");
    assert_not_found(store.redeliver_webhook(id, DeliveryId::new(), &cause()).await, "delivery");
    let known = shop.hears(&[STOCK]).await.id;
    assert_not_found(store.redeliver_webhook(known, DeliveryId::new(), &cause()).await, "delivery");
}

/// A change is kept as the webhook decided it; one that decides for nothing, or fails, changes nothing.
pub async fn a_change_of_a_webhook_is_what_it_decides(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let webhook = shop.hears(&[STOCK]).await;
    let other = fields("http://127.0.0.1:8080/", &[PRODUCT], "");
    let changed =
        shop.change_hook(webhook.id, always(move |webhook| webhook.with(other.clone(), false, now()))).await.value;
    assert_eq!((changed.version, changed.disabled), (2, Some(DisabledReason::ByStaff)));
    assert_eq!(changed.url.as_str(), "http://127.0.0.1:8080/");
    assert_eq!(shop.change_hook(webhook.id, Arc::new(|_| Ok(None))).await.value, changed);
    let refuse: DecideWebhook = Arc::new(|webhook| Err(Error::Stale { current: webhook.version }));
    assert_stale(shop.store.change_webhook(webhook.id, refuse, Some(shop.staff), &cause()).await, 2);
    assert_eq!(shop.store.webhook(webhook.id).await.expect("a webhook"), changed);
}

/// Of several changes at once none is lost.
pub async fn changes_of_a_webhook_at_once_all_succeed(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.hears(&[STOCK]).await.id;
    let rotate = |n: usize| {
        let shop = shop.clone();
        async move { shop.change_hook(id, rotation(&n.to_string())).await.value.version }
    };
    let mut versions = at_once((0..8).map(rotate)).await;
    versions.sort_unstable();
    assert_eq!(versions, (2..10).collect::<Vec<_>>());
    assert_eq!(shop.store.webhook(id).await.expect("a webhook").version, 9);
}

/// Webhooks are walked newest first, each once.
pub async fn webhooks_are_walked_newest_first(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    assert!(shop.store.webhooks(limit(3), None).await.expect("a page").items.is_empty());
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(shop.hears(&[STOCK]).await);
    }
    made.reverse();
    let (mut walked, mut after) = (Vec::new(), None);
    loop {
        let page = shop.store.webhooks(limit(3), after).await.expect("a page");
        assert!(page.items.len() == 3 || page.next.is_none());
        walked.extend(page.items);
        assert!(walked.len() <= ENDLESS, "the pages have no end");
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(walked, made);
}

/// A removed webhook is gone, with what was on its way; others stay.
pub async fn a_removed_webhook_is_gone_with_its_log(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (gone, stays) = (shop.hears(&[STOCK]).await.id, shop.hears(&[STOCK]).await.id);
    let event = shop.stock_events("A1", 1).await.remove(0);
    assert_eq!(shop.tells(&event).await, 2);
    shop.store.remove_webhook(gone, shop.staff, &cause()).await.expect("a removal");
    assert_not_found(shop.store.webhook(gone).await, "webhook");
    assert_not_found(shop.store.webhook_deliveries(gone, limit(1), None).await, "webhook");
    assert_not_found(shop.store.remove_webhook(gone, shop.staff, &cause()).await, "webhook");
    assert_eq!(shop.log_of(stays).await.len(), 1);
    assert_eq!(shop.due().await.len(), 1);
    assert_eq!(shop.tells(&event).await, 0);
}

/// A webhook that is removed while events are put on their way to it is gone in the end, whoever was faster.
pub async fn a_removal_races_with_events(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    for n in 0..5 {
        let id = shop.hears(&[STOCK]).await.id;
        let event = shop.stock_events(&format!("A{n}"), 1).await.remove(0);
        let telling = {
            let (shop, event) = (shop.clone(), event.clone());
            tokio::spawn(async move { shop.tells(&event).await })
        };
        shop.store.remove_webhook(id, shop.staff, &cause()).await.expect("a removal");
        telling.await.expect("a task");
        assert_not_found(shop.store.webhook(id).await, "webhook");
    }
}

/// With a claim, making, changing, removing and sending again each run once.
pub async fn claimed_commands_on_webhooks_run_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (store, staff) = (&shop.store, shop.staff);
    let (first, second) = (new_webhook(&[STOCK], now()), new_webhook(&[STOCK], now()));
    let made = store.create_webhook(first.clone(), staff, &claimed("a", "make", 1)).await.expect("a webhook");
    let again = store.create_webhook(second, staff, &claimed("a", "make", 1)).await.expect("the first one");
    assert_eq!((&again.value, made.replayed.is_none(), again.replayed.is_some()), (&first, true, true));
    let mut changed = Vec::new();
    for secret in ["one", "two"] {
        let cause = claimed("a", "change", 2);
        let change = store.change_webhook(first.id, rotation(secret), Some(staff), &cause).await;
        changed.push(change.expect("a change").value);
    }
    assert_eq!((&changed[0], changed[0].version), (&changed[1], 2));
    shop.tells(&shop.stock_events("A1", 1).await[0]).await;
    let delivery = shop.log_of(first.id).await.remove(0).id;
    for _ in 0..2 {
        let sent = store.redeliver_webhook(first.id, delivery, &claimed("a", "again", 3)).await.expect("a delivery");
        assert_eq!(sent.value.id, delivery);
    }
    for _ in 0..2 {
        store.remove_webhook(first.id, staff, &claimed("a", "remove", 4)).await.expect("a removal");
    }
}
