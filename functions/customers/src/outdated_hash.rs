//! A hash that another tuning made is replaced at the next log-in.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

use crate::{Authenticators, LogIn, log_in};
use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pem::Pem;
use secrecy::ExposeSecret;
use souk_domain::ports::Customers;
use souk_domain::{Cause, Email, NewCustomer, PersonName, Role};
use souk_lambda::{Access, Announcer, Copies, Door, Ports, TokenIssuer, TokenKeys};
use souk_redis::RedisLink;
use souk_sqlite::SqliteStore;
use std::sync::Arc;
use tower::ServiceExt;

const PASSWORD: &str = "correct horse battery";

/// The function on a store of its own. Nothing listens at its Redis: a log-in does without.
fn log_in(store: &SqliteStore) -> axum::Router {
    let pair = Ed25519KeyPair::generate().unwrap();
    let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let pem = |tag: &str, der: &[u8]| pem::encode(&Pem::new(tag, der));
    let keys = TokenKeys::new(&pem("PUBLIC KEY", public.as_ref())).unwrap();
    let issuer = TokenIssuer::new(&pem("PRIVATE KEY", private.as_ref()).into()).unwrap();
    let redis = Arc::new(RedisLink::new("redis://127.0.0.1:1").unwrap());
    let store = Arc::new(store.clone());
    let ports = Ports {
        copies: Copies::new(redis.clone()),
        sessions: redis.clone(),
        carts: redis.clone(),
        announcer: Announcer::new(redis.clone(), redis.clone(), store.clone()),
        access: Access { keys, door: Door::new(redis, 1) },
        store,
        payment_window: chrono::Duration::minutes(30),
    };
    let authenticators = Authenticators::new(&STANDARD.encode([7; 32]).into()).unwrap();
    let (router, _) = log_in::router().with_state(LogIn::new(ports, authenticators, issuer)).split_for_parts();
    souk_lambda::wrap(router)
}

async fn status(function: &axum::Router, password: &str) -> StatusCode {
    let body = format!(r#"{{"email":"ada@example.com","password":"{password}"}}"#);
    let request = Request::post("/api/v1/sessions").header("Content-Type", "application/json").body(Body::from(body));
    function.clone().oneshot(request.unwrap()).await.unwrap().status()
}

#[tokio::test]
async fn a_log_in_replaces_a_hash_of_another_tuning_and_a_wrong_password_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("souk.db")).unwrap();
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let hash = weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    let (email, name) = (Email::parse("ada@example.com").unwrap(), PersonName::parse("Ada").unwrap());
    let new = NewCustomer { email: email.clone(), name, role: Role::Customer, password_hash: hash.clone().into() };
    store.register_customer(new, &Cause::internal("test")).await.unwrap();
    let kept = async || store.account_of(&email).await.unwrap().unwrap().password_hash.expose_secret().to_owned();

    let function = log_in(&store);
    assert_eq!(status(&function, "wrong and long").await, StatusCode::UNAUTHORIZED);
    assert_eq!(kept().await, hash);
    assert_eq!(status(&function, PASSWORD).await, StatusCode::OK);
    let upgraded = kept().await;
    assert!(upgraded.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{upgraded}");
    assert_eq!(status(&function, PASSWORD).await, StatusCode::OK);
    assert_eq!(kept().await, upgraded);
}
