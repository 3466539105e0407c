//! The audit log: who did what to whom.

use crate::hooks::{STOCK, always, fields, new_webhook, rotation};
use crate::mailbox::{hash, token, wish_for_address, wish_for_password, wish_to_register};
use crate::shop::{AnyStore, ENDLESS, assert_refused, cause, claimed, limit, newcomer, person};
use souk_domain::ports::Store;
use souk_domain::{
    AuditAction, AuditEntry, AuditQuery, Cause, CustomerId, CustomerQuery, DecideWebhook, DisabledReason, Role,
    SearchQuery, SessionId, from_micros, now,
};
use std::sync::Arc;

/// Every line that the query finds, newest first.
async fn lines(store: &AnyStore, query: AuditQuery) -> Vec<AuditEntry> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.audit_entries(AuditQuery { limit: limit(4), after, ..query }).await.expect("a page");
        assert!(page.items.len() == 4 || page.next.is_none());
        found.extend(page.items);
        assert!(found.len() <= ENDLESS, "the pages have no end");
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

/// Causes that can be told from each other, and the lines that they should have left.
#[derive(Default)]
struct Ledger {
    lines: Vec<AuditEntry>,
}

impl Ledger {
    /// The cause of a command that leaves this line.
    fn cause(&mut self, action: AuditAction, actor_id: Option<CustomerId>, subject_id: Option<CustomerId>) -> Cause {
        let cause = self.unknown();
        self.knows(&cause, action, actor_id, subject_id);
        cause
    }

    /// The cause of a command about somebody who is yet to come.
    fn unknown(&self) -> Cause {
        let cause = Cause::internal(&format!("request-{} é😀", self.lines.len()));
        Cause { at: from_micros(now().timestamp_micros() + 1), ..cause }
    }

    fn knows(
        &mut self,
        cause: &Cause,
        action: AuditAction,
        actor_id: Option<CustomerId>,
        subject_id: Option<CustomerId>,
    ) {
        self.lines.push(AuditEntry {
            at: cause.at,
            action,
            actor_id,
            subject_id,
            request_id: cause.request_id.clone(),
        });
    }
}

/// Everything that may be asked about later leaves a line that says who did it to whom, when and in which request.
pub async fn every_action_leaves_its_line(store: Arc<dyn Store>) {
    let mut ledger = Ledger::default();
    let admin = person(&store, "admin@example.com", Role::Admin).await.id;
    for (address, by) in [("m1@example.com", Some(admin)), ("m2@example.com", None)] {
        let cause = ledger.unknown();
        let invited =
            store.invite_staff(newcomer(address, "Mo", Role::Manager), by, &cause).await.expect(address).value;
        ledger.knows(&cause, AuditAction::StaffInvited, by, Some(invited.id));
    }
    wish_to_register(&store, "ada@example.com", 1).await;
    let cause = ledger.unknown();
    let ada = store.verify_email(token(1), &cause).await.expect("a customer").value.id;
    ledger.knows(&cause, AuditAction::CustomerRegistered, Some(ada), Some(ada));
    let mut of_ada = |action| ledger.cause(action, Some(ada), Some(ada));
    wish_for_address(&store, ada, "new@example.com", 2).await;
    store.verify_email(token(2), &of_ada(AuditAction::EmailChanged)).await.expect("an address");
    wish_for_password(&store, "new@example.com", 3).await;
    let reset = of_ada(AuditAction::PasswordReset);
    store.reset_password(token(3), hash("new"), &reset).await.expect("a reset");
    let change = of_ada(AuditAction::PasswordChanged);
    store.change_password(ada, hash("newer"), SessionId::new(), &change).await.expect("a change");
    store.offer_second_factor(ada, b"sealed".to_vec(), Vec::new()).await.expect("an offer");
    let confirm = of_ada(AuditAction::SecondFactorConfirmed);
    store.confirm_second_factor(ada, 1, SessionId::new(), &confirm).await.expect("a confirmation");
    store.remove_second_factor(ada, &of_ada(AuditAction::SecondFactorRemoved)).await.expect("a removal");
    store.end_sessions(ada, &of_ada(AuditAction::SessionsEnded)).await.expect("the end");
    let export = of_ada(AuditAction::DataExported);
    store.record_audit(AuditAction::DataExported, ada, ada, &export).await.expect("a line");
    let shut = ledger.cause(AuditAction::CustomerDisabled, Some(admin), Some(ada));
    store.set_customer_status(ada, true, admin, &shut).await.expect("a change");
    let open = ledger.cause(AuditAction::CustomerEnabled, Some(admin), Some(ada));
    store.set_customer_status(ada, false, admin, &open).await.expect("a change");
    let list = ledger.cause(AuditAction::CustomersListed, Some(admin), None);
    store.customers(CustomerQuery::default(), admin, &list).await.expect("a page");
    let erase = ledger.cause(AuditAction::CustomerErased, Some(ada), Some(ada));
    store.erase_customer(ada, &erase).await.expect("an erasure");
    let webhook = new_webhook(&[STOCK], now());
    let (id, subject) = (webhook.id, Some(webhook.id.uuid().into()));
    let make = ledger.cause(AuditAction::WebhookCreated, Some(admin), subject);
    store.create_webhook(webhook, admin, &make).await.expect("a webhook");
    let rotate = ledger.cause(AuditAction::WebhookSecretRotated, Some(admin), subject);
    store.change_webhook(id, rotation("two"), Some(admin), &rotate).await.expect("a change");
    let give_up: DecideWebhook = Arc::new(|webhook| Ok(webhook.disabled(DisabledReason::Gone, now())));
    let gone = ledger.cause(AuditAction::WebhookDisabled, None, subject);
    store.change_webhook(id, give_up, None, &gone).await.expect("a change");
    let enable = always(|webhook| webhook.with(fields("https://example.com/", &[STOCK], ""), true, now()));
    let change = ledger.cause(AuditAction::WebhookChanged, Some(admin), subject);
    store.change_webhook(id, enable, Some(admin), &change).await.expect("a change");
    let remove = ledger.cause(AuditAction::WebhookRemoved, Some(admin), subject);
    store.remove_webhook(id, admin, &remove).await.expect("a removal");
    ledger.lines.reverse();
    assert_eq!(lines(&store, AuditQuery::default()).await, ledger.lines);
    for action in AuditAction::ALL {
        assert!(ledger.lines.iter().any(|line| line.action == action), "{action:?} is not tried here");
    }
}

/// Lines are found by who did it, by whom it was done to, and by both.
pub async fn lines_are_found_by_actor_and_subject(store: Arc<dyn Store>) {
    let [a, b, c] = [(); 3].map(|()| CustomerId::new());
    let mut written = Vec::new();
    for (actor, subject) in [(a, a), (a, b), (b, a), (b, b), (a, b), (c, c), (a, b), (b, c), (a, a)] {
        let cause = Cause::internal(&written.len().to_string());
        store.record_audit(AuditAction::DataExported, actor, subject, &cause).await.expect("a line");
        written.push((Some(actor), Some(subject)));
    }
    let cause = Cause::internal(&written.len().to_string());
    store.customers(CustomerQuery::default(), a, &cause).await.expect("a page");
    written.push((Some(a), None));
    let (cause, new) = (Cause::internal(&written.len().to_string()), newcomer("m@example.com", "Mo", Role::Manager));
    let invited = store.invite_staff(new, None, &cause).await.expect("an invitation").value.id;
    written.push((None, Some(invited)));
    let actors = [None, Some(a), Some(b), Some(c), Some(invited)];
    let subjects = [None, Some(a), Some(b), Some(c), Some(invited), Some(CustomerId::new())];
    for (actor, subject) in actors.into_iter().flat_map(|actor| subjects.map(|subject| (actor, subject))) {
        let found = lines(&store, AuditQuery { actor, subject, ..Default::default() }).await;
        let found: Vec<_> = found.into_iter().map(|line| line.request_id).collect();
        let fits = |(_, line): &(usize, &(_, _))| {
            (actor.is_none() || actor == line.0) && (subject.is_none() || subject == line.1)
        };
        let expected: Vec<_> = written.iter().enumerate().filter(fits).map(|(n, _)| n.to_string()).rev().collect();
        assert_eq!(found, expected, "{actor:?} {subject:?}");
    }
}

/// The log is walked newest first, each line once, while it grows between the pages.
pub async fn the_log_is_walked_newest_first(store: Arc<dyn Store>) {
    let (actor, subject) = (CustomerId::new(), CustomerId::new());
    let write = async |n: usize| {
        let cause = Cause::internal(&format!("{n}"));
        store.record_audit(AuditAction::DataExported, actor, subject, &cause).await.expect("a line");
    };
    for n in 0..8 {
        write(n).await;
    }
    for (asked_actor, asked_subject) in [(None, None), (Some(actor), None), (None, Some(subject))] {
        let newest = lines(&store, AuditQuery::default()).await.len();
        let (mut seen, mut after, mut sizes) = (Vec::new(), None, Vec::new());
        loop {
            let query = AuditQuery { actor: asked_actor, subject: asked_subject, limit: limit(3), after };
            let page = store.audit_entries(query).await.expect("a page");
            sizes.push(page.items.len());
            seen.extend(page.items.into_iter().map(|line| line.request_id));
            assert!(seen.len() <= 100, "the pages have no end");
            write(newest + sizes.len() - 1).await;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let expected: Vec<_> = (0..newest).rev().map(|n| n.to_string()).collect();
        assert_eq!(seen, expected);
        assert_eq!(sizes.len(), newest.div_ceil(3));
    }
}

/// Each look through the people leaves a line, also when nobody is found.
pub async fn a_look_through_the_people_leaves_a_line(store: Arc<dyn Store>) {
    let admin = person(&store, "admin@example.com", Role::Admin).await.id;
    let search = Some(SearchQuery::parse("nobody").expect("a search"));
    for query in [CustomerQuery::default(), CustomerQuery { search, ..Default::default() }] {
        store.customers(query, admin, &cause()).await.expect("a page");
    }
    let found = lines(&store, AuditQuery { actor: Some(admin), ..Default::default() }).await;
    let told: Vec<_> = found.iter().map(|line| (line.action, line.actor_id, line.subject_id)).collect();
    assert_eq!(told, [(AuditAction::CustomersListed, Some(admin), None); 2]);
}

/// What is refused, repeated or wished for only leaves no line.
pub async fn what_did_not_happen_leaves_no_line(store: Arc<dyn Store>) {
    let (admin, ada) = (
        person(&store, "admin@example.com", Role::Admin).await.id,
        person(&store, "ada@example.com", Role::Customer).await.id,
    );
    wish_to_register(&store, "ada@example.com", 1).await;
    wish_for_password(&store, "nobody@example.com", 2).await;
    wish_for_address(&store, ada, "admin@example.com", 3).await;
    for number in [1, 3] {
        assert_refused(store.verify_email(token(number), &cause()).await, "email_taken");
    }
    assert_refused(store.reset_password(token(2), hash("new"), &cause()).await, "invalid_link");
    assert_refused(store.remove_second_factor(ada, &cause()).await, "second_factor_missing");
    assert_refused(store.confirm_second_factor(ada, 1, SessionId::new(), &cause()).await, "second_factor_missing");
    let taken = newcomer("ada@example.com", "Eve", Role::Manager);
    assert_refused(store.invite_staff(taken, Some(admin), &cause()).await, "email_taken");
    store.set_customer_status(ada, false, admin, &cause()).await.expect("nothing to do");
    assert!(lines(&store, AuditQuery::default()).await.is_empty());
    for _ in 0..2 {
        store.end_sessions(ada, &claimed("scope", "key", 1)).await.expect("the end");
    }
    assert_eq!(lines(&store, AuditQuery::default()).await.len(), 1);
}
