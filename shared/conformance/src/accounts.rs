//! How people come to have an account: registrations that the owner of the address confirms, invitations of staff.

use crate::mailbox::{
    hash, mail_of, prepared, registration, token, wish_for_address, wish_for_password, wish_to_register,
};
use crate::shop::{assert_refused, at_once, cause, code, email, newcomer, outbox, person, winners};
use chrono::Duration;
use secrecy::ExposeSecret;
use souk_domain::ports::Store;
use souk_domain::{Cause, CustomerStatus, MailKind, NewRegistration, Role, SessionCutoff, from_micros, now};
use std::sync::Arc;

/// A wish to register is not somebody yet; the link in the mail makes a customer of it, with the name and password of the wish.
pub async fn a_confirmed_registration_makes_a_customer(store: Arc<dyn Store>) {
    let new = registration("Ada@Example.com", "Ada Ñandú 𠮷 😀");
    let wish = store.request_registration(new.clone(), &cause()).await.expect("a wish");
    prepared(&store, mail_of(&wish.events, MailKind::Registration), 1).await;
    assert!(store.account_of(&new.email).await.expect("an answer").is_none());
    let cause = Cause { at: now() + Duration::microseconds(1), ..cause() };
    let done = store.verify_email(token(1), &cause).await.expect("a customer");
    assert!(done.events.is_empty() && done.replayed.is_none());
    let customer = done.value;
    assert_eq!((&customer.email, &customer.name, customer.role), (&new.email, &new.name, Role::Customer));
    assert_eq!((customer.status, customer.version), (CustomerStatus::Active, 1));
    assert_eq!((customer.created_at, customer.updated_at), (cause.at, cause.at));
    assert!(customer.addresses.addresses().is_empty() && !customer.second_factor);
    let account = store.account_of(&new.email).await.expect("an answer").expect("an account");
    assert_eq!(account.password_hash.expose_secret(), new.password_hash.expose_secret());
    assert_eq!((account.cutoff, &account.sealed_secret), (SessionCutoff::NEVER, &None));
    assert_eq!(account.customer, customer);
    assert_eq!(store.customer(customer.id).await.expect("a customer"), customer);
}

/// A link that was used, or that nobody got, confirms nothing.
pub async fn the_link_of_a_registration_works_once(store: Arc<dyn Store>) {
    assert_refused(store.verify_email(token(1), &cause()).await, "invalid_link");
    wish_to_register(&store, "ada@example.com", 1).await;
    let customer = store.verify_email(token(1), &cause()).await.expect("a customer").value;
    for _ in 0..2 {
        assert_refused(store.verify_email(token(1), &cause()).await, "invalid_link");
    }
    assert_refused(store.verify_email(token(2), &cause()).await, "invalid_link");
    assert_eq!(store.customer(customer.id).await.expect("a customer"), customer);
}

/// A link to confirm an address works until its time is over, counted from the wish, to the microsecond.
pub async fn a_link_to_confirm_works_until_its_time_is_over(store: Arc<dyn Store>) {
    let cause = |at| Cause { at, ..cause() };
    let (wished, id) = (from_micros(4_000_000_000_123_457), person(&store, "old@example.com", Role::Customer).await.id);
    let registration = store.request_registration(registration("ada@example.com", "Ada"), &cause(wished)).await;
    let change = store.request_email_change(id, &email("new@example.com"), &cause(wished)).await;
    let wishes = [(MailKind::Registration, registration), (MailKind::EmailChange, change)];
    for (number, (kind, wish)) in (1..).zip(wishes) {
        let mail = mail_of(&wish.expect("a wish").events, kind);
        // It may be sent late; that makes it work no longer.
        let late = wished + Duration::hours(1);
        store.prepare_mail(mail, token(number), late).await.expect("an answer").expect("a mail");
        let end = wished + kind.link_life().expect("a link");
        for over in [end, end + Duration::microseconds(1), end + Duration::days(1)] {
            assert_refused(store.verify_email(token(number), &cause(over)).await, "invalid_link");
        }
        let last = end - Duration::microseconds(1);
        store.verify_email(token(number), &cause(last)).await.expect("the last moment");
    }
    assert_eq!(store.customer(id).await.expect("a customer").email, email("new@example.com"));
}

/// Whoever confirms an address that is somebody's already is told so, and the link stays as it was.
pub async fn a_registration_of_a_taken_address_fails_when_it_is_confirmed(store: Arc<dyn Store>) {
    let owner = person(&store, "ada@example.com", Role::Customer).await;
    let account = store.account(owner.id).await.expect("an account");
    wish_to_register(&store, "ada@example.com", 1).await;
    let events = outbox(&store).await.len();
    for _ in 0..2 {
        assert_refused(store.verify_email(token(1), &cause()).await, "email_taken");
    }
    let same = store.account(owner.id).await.expect("an account");
    assert_eq!(same.customer, owner);
    assert_eq!(same.password_hash.expose_secret(), account.password_hash.expose_secret());
    assert_eq!(outbox(&store).await.len(), events);
    wish_for_address(&store, owner.id, "other@example.com", 2).await;
    store.verify_email(token(2), &cause()).await.expect("another address");
    let customer = store.verify_email(token(1), &cause()).await.expect("the address is free").value;
    assert_eq!((customer.email, customer.name.as_str()), (email("ada@example.com"), "Ada"));
}

/// A wish of a stranger has the same result and the same one event whoever has the address, and changes nobody.
pub async fn a_wish_does_not_tell_who_is_known(store: Arc<dyn Store>) {
    let known = person(&store, "known@example.com", Role::Customer).await;
    let shut = person(&store, "shut@example.com", Role::Customer).await;
    let shut = store.set_customer_status(shut.id, true, known.id, &cause()).await.expect("a change").value;
    for address in ["known@example.com", "shut@example.com", "unknown@example.com"] {
        let registration = store.request_registration(registration(address, "Ada"), &cause()).await.expect("a wish");
        let reset = store.request_password_reset(&email(address), &cause()).await.expect("a wish");
        mail_of(&registration.events, MailKind::Registration);
        mail_of(&reset.events, MailKind::PasswordReset);
        assert_eq!((registration.value, reset.value), ((), ()));
        assert!(registration.replayed.is_none() && reset.replayed.is_none());
    }
    assert_eq!(outbox(&store).await.len(), 6);
    for somebody in [known, shut] {
        assert_eq!(store.customer(somebody.id).await.expect("a customer"), somebody);
    }
}

/// Of several wishes to register with one address, the one that is confirmed counts.
pub async fn the_first_confirmed_registration_counts(store: Arc<dyn Store>) {
    for (number, name) in [(1, "First"), (2, "Second")] {
        let new = NewRegistration { password_hash: hash(name), ..registration("ada@example.com", name) };
        let wish = store.request_registration(new, &cause()).await.expect("a wish");
        prepared(&store, mail_of(&wish.events, MailKind::Registration), number).await;
    }
    let customer = store.verify_email(token(2), &cause()).await.expect("a customer").value;
    assert_refused(store.verify_email(token(1), &cause()).await, "email_taken");
    let account = store.account(customer.id).await.expect("an account");
    assert_eq!(account.customer.name.as_str(), "Second");
    assert_eq!(account.password_hash.expose_secret(), hash("Second").expose_secret());
}

/// Of several wishes for one address that are confirmed at once, one makes a customer.
pub async fn one_of_several_registrations_confirmed_at_once_succeeds(store: Arc<dyn Store>) {
    for number in 0..12 {
        wish_to_register(&store, "ada@example.com", number).await;
    }
    let verify = |number| {
        let store = store.clone();
        async move { store.verify_email(token(number), &cause()).await }
    };
    let results = at_once((0..12).map(verify)).await;
    assert_eq!(winners(&results, "email_taken"), 1);
    let winner = results.into_iter().find_map(Result::ok).expect("a winner").value;
    let found = store.account_of(&email("ada@example.com")).await.expect("an answer").expect("an account");
    assert_eq!(found.customer, winner);
}

/// One link that is used several times at once makes one customer.
pub async fn one_of_several_uses_of_a_registration_at_once_succeeds(store: Arc<dyn Store>) {
    wish_to_register(&store, "ada@example.com", 1).await;
    let verify = |_| {
        let store = store.clone();
        async move { store.verify_email(token(1), &cause()).await }
    };
    let results = at_once((0..12).map(verify)).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    // The others come too late in both respects.
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert!(matches!(code(error), "invalid_link" | "email_taken"), "{error:?}");
    }
}

/// A link does what its mail says: one that opens an account confirms no address, and the other way round.
pub async fn a_link_does_only_what_it_is_for(store: Arc<dyn Store>) {
    let ada = person(&store, "ada@example.com", Role::Customer).await.id;
    let eve = person(&store, "eve@example.com", Role::Customer).await.id;
    wish_for_password(&store, "ada@example.com", 1).await;
    wish_to_register(&store, "bob@example.com", 2).await;
    wish_for_address(&store, eve, "new@example.com", 3).await;
    assert_refused(store.verify_email(token(1), &cause()).await, "invalid_link");
    for number in [2, 3] {
        assert_refused(store.reset_password(token(number), hash("new"), &cause()).await, "invalid_link");
    }
    // What was tried in vain is not used up.
    assert_eq!(store.reset_password(token(1), hash("new"), &cause()).await.expect("a reset").value, ada);
    for number in [2, 3] {
        store.verify_email(token(number), &cause()).await.expect("an address");
    }
}

/// A member of staff who is invited is there at once and gets mail.
pub async fn an_invited_member_of_staff_gets_mail(store: Arc<dyn Store>) {
    let admin = person(&store, "admin@example.com", Role::Admin).await.id;
    for (number, (role, by)) in (1..).zip([(Role::Manager, Some(admin)), (Role::Admin, None)]) {
        let new = newcomer(&format!("{}@example.org", role.as_str()), "José", role);
        let done = store.invite_staff(new.clone(), by, &cause()).await.expect("an invitation");
        assert_eq!((&done.value.email, done.value.role), (&new.email, role));
        assert_eq!((done.value.status, done.value.version), (CustomerStatus::Active, 1));
        assert_eq!(store.customer(done.value.id).await.expect("a customer"), done.value);
        let mail = prepared(&store, mail_of(&done.events, MailKind::Invitation), number).await;
        assert_eq!((mail.kind, &mail.email), (MailKind::Invitation, &new.email));
        assert_eq!((mail.name, mail.account), (Some(new.name), Some(CustomerStatus::Active)));
        store.mail_sent(mail.id, now()).await.expect("a note");
        store.reset_password(token(number), hash("chosen"), &cause()).await.expect("a password");
    }
}

/// Nobody is invited with an address that is somebody's, and nobody gets mail.
pub async fn an_invitation_to_a_taken_address_is_refused(store: Arc<dyn Store>) {
    let customer = person(&store, "ada@example.com", Role::Customer).await;
    let new = newcomer("ADA@example.com", "Eve", Role::Admin);
    assert_refused(store.invite_staff(new, None, &cause()).await, "email_taken");
    assert_eq!(store.customer(customer.id).await.expect("a customer"), customer);
    assert!(outbox(&store).await.is_empty());
    assert!(store.audit_entries(souk_domain::AuditQuery::default()).await.expect("lines").items.is_empty());
}
