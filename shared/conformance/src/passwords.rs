//! Passwords and the sessions that end with them.

use crate::mailbox::{hash, mail_of, prepared, session_of, token, wish_for_address, wish_for_password};
use crate::shop::{
    AnyStore, assert_not_found, assert_refused, at_once, cause, email, newcomer, outbox, person, winners,
};
use chrono::Duration;
use secrecy::ExposeSecret;
use souk_domain::ports::Store;
use souk_domain::{
    Account, Cause, CustomerId, CustomerStatus, DateTime, MailKind, NewCustomer, Role, SessionCutoff, SessionId,
    from_micros, now,
};
use std::sync::Arc;

/// A customer whose password is "old".
async fn ada(store: &AnyStore) -> CustomerId {
    let new = NewCustomer { password_hash: hash("old"), ..newcomer("ada@example.com", "Ada", Role::Customer) };
    store.register_customer(new, &cause()).await.expect("a registration").value.id
}

async fn account(store: &AnyStore, id: CustomerId) -> Account {
    store.account(id).await.expect("an account")
}

/// Checks which password somebody has.
async fn assert_password(store: &AnyStore, id: CustomerId, password: &str) {
    assert_eq!(account(store, id).await.password_hash.expose_secret(), hash(password).expose_secret());
}

fn at(moment: DateTime) -> Cause {
    Cause { at: moment, ..cause() }
}

/// A moment to end sessions at, later than all that began in a test.
fn soon() -> DateTime {
    now() + Duration::seconds(1)
}

/// The link of a reset gives another password, ends the sessions that there were and tells the owner.
pub async fn a_reset_gives_another_password_and_ends_the_sessions(store: Arc<dyn Store>) {
    let (id, session, end) = (ada(&store).await, SessionId::new(), soon());
    wish_for_password(&store, "ADA@example.com", 1).await;
    assert_password(&store, id, "old").await;
    let done = store.reset_password(token(1), hash("new"), &at(end)).await.expect("a reset");
    assert_eq!(done.value, id);
    assert_password(&store, id, "new").await;
    let account = account(&store, id).await;
    assert_eq!(account.cutoff, SessionCutoff { at: end, kept: None });
    assert!(account.cutoff.ends(session) && !account.cutoff.ends(session_of(end + Duration::seconds(1))));
    let mail = prepared(&store, mail_of(&done.events, MailKind::PasswordChanged), 2).await;
    assert_eq!((mail.email, mail.name), (email("ada@example.com"), Some(account.customer.name)));
    assert_eq!(mail.account, Some(CustomerStatus::Active));
}

/// A link gives one password, and one that nobody got gives none.
pub async fn the_link_of_a_reset_works_once(store: Arc<dyn Store>) {
    let id = ada(&store).await;
    wish_for_password(&store, "ada@example.com", 1).await;
    store.reset_password(token(1), hash("new"), &cause()).await.expect("a reset");
    let events = outbox(&store).await.len();
    for number in [1, 2] {
        assert_refused(store.reset_password(token(number), hash("newer"), &cause()).await, "invalid_link");
    }
    assert_password(&store, id, "new").await;
    assert_eq!(outbox(&store).await.len(), events);
}

/// A link that opens an account works until its time is over, counted from the wish, to the microsecond.
pub async fn a_link_to_a_password_works_until_its_time_is_over(store: Arc<dyn Store>) {
    let wished = from_micros(4_000_000_000_123_457);
    ada(&store).await;
    let reset = store.request_password_reset(&email("ada@example.com"), &at(wished)).await.expect("a wish");
    let new = newcomer("eve@example.com", "Eve", Role::Manager);
    let invitation = store.invite_staff(new, None, &at(wished)).await.expect("an invitation");
    let mails = [(MailKind::PasswordReset, reset.events), (MailKind::Invitation, invitation.events)];
    for (number, (kind, events)) in (1..).zip(mails) {
        let mail = store.prepare_mail(mail_of(&events, kind), token(number), wished).await;
        mail.expect("an answer").expect("a mail");
        let end = wished + kind.link_life().expect("a link");
        for over in [end, end + Duration::microseconds(1), end + Duration::days(9)] {
            assert_refused(store.reset_password(token(number), hash("late"), &at(over)).await, "invalid_link");
        }
        let last = end - Duration::microseconds(1);
        store.reset_password(token(number), hash("new"), &at(last)).await.expect("the last moment");
    }
}

/// After a reset no other link to a password works that was wished for before, sent or not; one wished for later does.
pub async fn a_reset_ends_the_other_links(store: Arc<dyn Store>) {
    let id = store.invite_staff(newcomer("eve@example.com", "Eve", Role::Manager), None, &cause()).await;
    let invitation = id.expect("an invitation");
    prepared(&store, mail_of(&invitation.events, MailKind::Invitation), 1).await;
    wish_for_password(&store, "eve@example.com", 2).await;
    wish_for_password(&store, "eve@example.com", 3).await;
    let unsent = store.request_password_reset(&email("eve@example.com"), &cause()).await.expect("a wish");
    store.reset_password(token(2), hash("new"), &cause()).await.expect("a reset");
    let unsent = mail_of(&unsent.events, MailKind::PasswordReset);
    assert!(store.prepare_mail(unsent, token(4), now()).await.expect("an answer").is_none(), "a link that is dead");
    for number in [1, 2, 3, 4] {
        assert_refused(store.reset_password(token(number), hash("newer"), &cause()).await, "invalid_link");
    }
    assert_password(&store, invitation.value.id, "new").await;
    wish_for_password(&store, "eve@example.com", 5).await;
    store.reset_password(token(5), hash("newest"), &cause()).await.expect("a later wish");
}

/// Whoever knew the old password may have asked for links: another one ends them all, to whatever address they went.
pub async fn another_password_ends_every_link_of_the_account(store: Arc<dyn Store>) {
    let id = ada(&store).await;
    wish_for_address(&store, id, "thief@example.com", 1).await;
    wish_for_password(&store, "ada@example.com", 2).await;
    store.reset_password(token(2), hash("new"), &cause()).await.expect("a reset");
    assert_refused(store.verify_email(token(1), &cause()).await, "invalid_link");
    wish_for_address(&store, id, "thief@example.com", 3).await;
    wish_for_password(&store, "ada@example.com", 4).await;
    store.change_password(id, hash("newer"), SessionId::new(), &cause()).await.expect("a change");
    assert_refused(store.verify_email(token(3), &cause()).await, "invalid_link");
    assert_refused(store.reset_password(token(4), hash("other"), &cause()).await, "invalid_link");
    assert_password(&store, id, "newer").await;
    wish_for_address(&store, id, "new@example.com", 5).await;
    store.verify_email(token(5), &cause()).await.expect("another address");
}

/// Of several links to one account that are used at once, one gives a password.
pub async fn one_of_several_resets_at_once_succeeds(store: Arc<dyn Store>) {
    let id = ada(&store).await;
    for number in 0..6 {
        wish_for_password(&store, "ada@example.com", number).await;
    }
    let events = outbox(&store).await.len();
    // Each link twice.
    let reset = |n: u8| {
        let store = store.clone();
        async move { store.reset_password(token(n % 6), hash(&format!("new{n}")), &cause()).await }
    };
    let results = at_once((0..12).map(reset)).await;
    assert_eq!(winners(&results, "invalid_link"), 1);
    let winner = results.iter().position(Result::is_ok).expect("a winner");
    assert_password(&store, id, &format!("new{winner}")).await;
    assert_eq!(outbox(&store).await.len(), events + 1);
}

/// A wish for an address that nobody has opens nothing.
pub async fn a_reset_of_an_unknown_address_opens_nothing(store: Arc<dyn Store>) {
    let id = ada(&store).await;
    wish_for_password(&store, "nobody@example.com", 1).await;
    assert_refused(store.reset_password(token(1), hash("new"), &cause()).await, "invalid_link");
    assert_password(&store, id, "old").await;
}

/// Whoever is shut out gets in by no link, neither one from before nor one from after.
pub async fn a_link_does_not_open_an_account_that_is_shut(store: Arc<dyn Store>) {
    let id = ada(&store).await;
    wish_for_password(&store, "ada@example.com", 1).await;
    store.set_customer_status(id, true, id, &cause()).await.expect("a change");
    wish_for_password(&store, "ada@example.com", 2).await;
    let events = outbox(&store).await.len();
    for number in [1, 2] {
        assert_refused(store.reset_password(token(number), hash("new"), &cause()).await, "invalid_link");
    }
    assert_password(&store, id, "old").await;
    assert_eq!(outbox(&store).await.len(), events);
}

/// A link that went to an address opens nothing once the account has another one.
pub async fn a_link_to_an_old_address_opens_nothing(store: Arc<dyn Store>) {
    let id = ada(&store).await;
    wish_for_password(&store, "ada@example.com", 1).await;
    wish_for_address(&store, id, "new@example.com", 2).await;
    store.verify_email(token(2), &cause()).await.expect("another address");
    assert_refused(store.reset_password(token(1), hash("new"), &cause()).await, "invalid_link");
    assert_password(&store, id, "old").await;
    wish_for_password(&store, "new@example.com", 3).await;
    store.reset_password(token(3), hash("new"), &cause()).await.expect("a reset");
}

/// The link of an invitation gives the password, once.
pub async fn an_invitation_lets_choose_a_password(store: Arc<dyn Store>) {
    let new = newcomer("eve@example.com", "Eve", Role::Manager);
    let done = store.invite_staff(new, None, &cause()).await.expect("an invitation");
    prepared(&store, mail_of(&done.events, MailKind::Invitation), 1).await;
    let chosen = store.reset_password(token(1), hash("chosen"), &cause()).await.expect("a password");
    assert_eq!(chosen.value, done.value.id);
    mail_of(&chosen.events, MailKind::PasswordChanged);
    assert_refused(store.reset_password(token(1), hash("other"), &cause()).await, "invalid_link");
    assert_password(&store, done.value.id, "chosen").await;
}

/// A change keeps the session that it came from, ends the others and tells the owner.
pub async fn a_change_keeps_one_session(store: Arc<dyn Store>) {
    let (id, kept, other, end) = (ada(&store).await, SessionId::new(), SessionId::new(), soon());
    let done = store.change_password(id, hash("new"), kept, &at(end)).await.expect("a change");
    assert_password(&store, id, "new").await;
    let account = account(&store, id).await;
    assert_eq!(account.cutoff, SessionCutoff { at: end, kept: Some(kept) });
    assert!(account.cutoff.ends(other) && !account.cutoff.ends(kept));
    let mail = prepared(&store, mail_of(&done.events, MailKind::PasswordChanged), 1).await;
    assert_eq!((mail.email, mail.account), (email("ada@example.com"), Some(CustomerStatus::Active)));
    store.end_sessions(id, &at(end + Duration::seconds(1))).await.expect("the end");
    assert!(store.account(id).await.expect("an account").cutoff.ends(kept));
}

/// All sessions of a person end at once; those of others go on.
pub async fn sessions_end_for_one_person(store: Arc<dyn Store>) {
    let (id, session, end) = (ada(&store).await, SessionId::new(), soon());
    let other = person(&store, "eve@example.com", Role::Customer).await.id;
    let done = store.end_sessions(id, &at(end)).await.expect("the end");
    assert!(done.events.is_empty());
    assert_eq!(account(&store, id).await.cutoff, SessionCutoff { at: end, kept: None });
    assert!(account(&store, id).await.cutoff.ends(session));
    assert_eq!(account(&store, other).await.cutoff, SessionCutoff::NEVER);
    assert_password(&store, id, "old").await;
}

/// A session that is over stays over: an earlier command that comes later, or one of that session, does not revive it.
pub async fn a_session_that_is_over_stays_over(store: Arc<dyn Store>) {
    let (id, old, end) = (ada(&store).await, SessionId::new(), soon());
    let between = session_of(end - Duration::milliseconds(200));
    let later = session_of(end + Duration::milliseconds(200));
    store.end_sessions(id, &at(end)).await.expect("the end");
    // It came in before the sessions ended, and the store gets it after.
    store.change_password(id, hash("new"), old, &at(end - Duration::milliseconds(500))).await.expect("a change");
    let cutoff = account(&store, id).await.cutoff;
    assert!(cutoff.ends(old) && cutoff.ends(between) && !cutoff.ends(later), "{cutoff:?}");
    store.change_password(id, hash("newer"), old, &at(end + Duration::seconds(1))).await.expect("a change");
    let cutoff = account(&store, id).await.cutoff;
    assert!(cutoff.ends(old) && cutoff.ends(between) && cutoff.ends(later), "{cutoff:?}");
}

/// A session that goes on may keep itself again and again.
pub async fn a_session_may_be_kept_again(store: Arc<dyn Store>) {
    let (id, kept, end) = (ada(&store).await, SessionId::new(), soon());
    for round in 0..3 {
        let end = end + Duration::seconds(round);
        store.change_password(id, hash("new"), kept, &at(end)).await.expect("a change");
        assert_eq!(account(&store, id).await.cutoff, SessionCutoff { at: end, kept: Some(kept) });
    }
    let fresh = session_of(end + Duration::seconds(5));
    let end = end + Duration::seconds(9);
    store.change_password(id, hash("new"), fresh, &at(end)).await.expect("a change");
    assert_eq!(account(&store, id).await.cutoff, SessionCutoff { at: end, kept: Some(fresh) });
}

/// A better hash takes the place of the one that it was made from, and of no other; nobody is told.
pub async fn a_hash_is_upgraded_when_the_old_one_is_there(store: Arc<dyn Store>) {
    let id = ada(&store).await;
    let before = account(&store, id).await;
    store.upgrade_password_hash(id, &hash("other"), &hash("better")).await.expect("nothing to do");
    assert_password(&store, id, "old").await;
    store.upgrade_password_hash(id, &hash("old"), &hash("better")).await.expect("an upgrade");
    assert_password(&store, id, "better").await;
    store.upgrade_password_hash(id, &hash("old"), &hash("worse")).await.expect("nothing to do");
    store.upgrade_password_hash(CustomerId::new(), &hash("old"), &hash("worse")).await.expect("nobody");
    assert_password(&store, id, "better").await;
    let after = account(&store, id).await;
    assert_eq!((after.customer, after.cutoff), (before.customer, before.cutoff));
    assert!(outbox(&store).await.is_empty());
}

/// A log-in that upgrades the hash does not bring the old password back over a change at the same time.
pub async fn an_upgrade_does_not_undo_a_change(store: Arc<dyn Store>) {
    for round in 0..8 {
        let new = newcomer(&format!("ada{round}@example.com"), "Ada", Role::Customer);
        let old = new.password_hash.clone();
        let id = store.register_customer(new, &cause()).await.expect("a registration").value.id;
        let (changes, upgrades) = (store.clone(), store.clone());
        let upgrade = tokio::spawn(async move { upgrades.upgrade_password_hash(id, &old, &hash("better")).await });
        let change =
            tokio::spawn(async move { changes.change_password(id, hash("new"), SessionId::new(), &cause()).await });
        upgrade.await.expect("a task").expect("an answer");
        change.await.expect("a task").expect("a change");
        assert_password(&store, id, "new").await;
    }
}

/// Nobody who is unknown has a password or sessions.
pub async fn a_password_of_nobody_is_not_found(store: Arc<dyn Store>) {
    let nobody = CustomerId::new();
    assert_not_found(store.change_password(nobody, hash("new"), SessionId::new(), &cause()).await, "customer");
    assert_not_found(store.end_sessions(nobody, &cause()).await, "customer");
    assert_not_found(store.account(nobody).await, "customer");
    assert!(outbox(&store).await.is_empty());
}
