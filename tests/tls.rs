//! A Redis that speaks TLS and wants a password.

use crate::harness::{Browser, Shop, redis_server};
use rcgen::CertifiedKey;
use std::process::Child;
use tempfile::TempDir;

const PASSWORD: &str = "of-this-test-only";

/// A `redis-server`, and the file of the certificate that it has made itself.
struct SecureRedis {
    process: Child,
    url: String,
    certificate: String,
    _folder: TempDir,
}

impl SecureRedis {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let file = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (certificate, key) = (file("cert.pem", cert.pem()), file("key.pem", signing_key.serialize_pem()));
        let tls = ["--port", "0", "--tls-auth-clients", "no", "--requirepass", PASSWORD];
        let options = [&tls[..], &["--tls-cert-file", &certificate, "--tls-key-file", &key]].concat();
        let (process, port) = redis_server(folder.path(), "--tls-port", &options);
        Self { process, url: format!("rediss://:{PASSWORD}@localhost:{port}"), certificate, _folder: folder }
    }
}

impl Drop for SecureRedis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
#[ignore = "wants a redis-server: make test-redis"]
async fn over_tls_everything_works_and_the_password_is_told_to_nobody() {
    let redis = SecureRedis::start();
    // Where the machine's own certificates are read from.
    let trusting = vec![("SSL_CERT_FILE", redis.certificate.clone())];
    let shop = Shop::open_in(trusting, &["--redis-url", &redis.url]).await;
    assert!(!shop.banner.to_string().contains(PASSWORD));
    let (manager, ada) = (shop.manager().await, shop.customer().await);
    let product = manager.product("TLS", 100, 10).await;
    let mut browser = Browser::logged_in(&shop, &ada.token).await;
    browser.subscribe(&format!("customer/{}", ada.id)).await;
    ada.order(&[(&product, 1)]).await.expect(201);
    browser.hear_of("OrderStatusChanged").await;
    assert_eq!(shop.get("/api/v1/ready").await.expect(200)["redis"]["status"], "ok");
    assert!(!shop.log().contains(PASSWORD));
}

#[tokio::test]
#[ignore = "wants a redis-server: make test-redis"]
async fn a_certificate_that_nobody_vouches_for_is_not_taken() {
    let redis = SecureRedis::start();
    let shop = Shop::open_in(Vec::new(), &["--redis-url", &redis.url]).await;
    assert_eq!(shop.get("/api/v1/ready").await.expect(200)["redis"]["status"], "down");
    assert!(!shop.log().contains(PASSWORD));
}
