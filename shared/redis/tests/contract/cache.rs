use crate::server::{Server, free_port};
use souk_domain::ProductId;
use souk_domain::ports::{Cache, CacheKey, Cached};
use souk_redis::RedisLink;

pub fn copy(version: i64, json: &str) -> Cached {
    Cached { version, json: json.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_kept_until_a_newer_version_is_known_and_an_older_one_never_comes_back() {
    let server = Server::start();
    let cache = server.link();
    let (key, other) = (CacheKey::Product(ProductId::new()), CacheKey::Stock(ProductId::new()));
    assert_eq!(cache.get(&[key, other]).await.unwrap(), [None, None]);
    cache.put(&[(key, copy(3, "three")), (other, copy(1, "o:ne"))]).await.unwrap();
    assert_eq!(cache.get(&[key, other]).await.unwrap(), [Some(copy(3, "three")), Some(copy(1, "o:ne"))]);

    cache.put(&[(key, copy(2, "two"))]).await.unwrap();
    cache.invalidate(&[(key, 3)]).await.unwrap();
    assert_eq!(cache.get(&[key]).await.unwrap(), [Some(copy(3, "three"))], "neither is news");

    cache.invalidate(&[(key, 5)]).await.unwrap();
    assert_eq!(cache.get(&[key]).await.unwrap(), [None]);
    cache.put(&[(key, copy(4, "a slow reader's"))]).await.unwrap();
    assert_eq!(cache.get(&[key]).await.unwrap(), [None]);
    cache.put(&[(key, copy(5, "five"))]).await.unwrap();
    assert_eq!(cache.get(&[key]).await.unwrap(), [Some(copy(5, "five"))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_invalidations_at_once_are_as_exact_as_one() {
    let server = Server::start();
    let cache = server.link();
    let keys: Vec<CacheKey> = (0..40).map(|_| CacheKey::Stock(ProductId::new())).collect();
    let copies: Vec<_> = keys[..20].iter().map(|key| (*key, copy(5, "five"))).collect();
    cache.put(&copies).await.unwrap();
    // Older, equal and newer than the copies, and of things that have none.
    let versions: Vec<_> = keys.iter().zip(0_i64..).map(|(key, n)| (*key, 4 + n % 3)).collect();
    cache.invalidate(&versions).await.unwrap();
    let expected = |n: usize| (n < 20 && n % 3 < 2).then(|| copy(5, "five"));
    assert_eq!(cache.get(&keys).await.unwrap(), (0..40).map(expected).collect::<Vec<_>>());
    cache.put(&[(keys[38], copy(5, "a slow reader's"))]).await.unwrap();
    assert_eq!(cache.get(&[keys[38]]).await.unwrap(), [None], "version 6 of it exists");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_fails_at_once_after_a_few_failures() {
    let link = RedisLink::new(&format!("redis://127.0.0.1:{}", free_port())).unwrap();
    for _ in 0..12 {
        assert!(matches!(Cache::ping(&link).await, Err(souk_domain::Error::Unavailable(_))));
    }
    let error = Cache::ping(&link).await.unwrap_err().to_string();
    assert!(error.contains("failed a moment ago"), "{error}");
}
