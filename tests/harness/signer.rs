use super::{Shop, secrets};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::Value;

/// Signs tokens as a shop does.
pub struct Signer {
    key: EncodingKey,
    /// Of that key, as the shop publishes it.
    pub key_id: String,
}

impl Signer {
    pub fn of(shop: &Shop) -> Self {
        let pem = std::fs::read(shop.folder().join("token-private.pem")).unwrap();
        let key = EncodingKey::from_ed_pem(&pem).unwrap();
        let jwk = Jwk::from_encoding_key(&key, Algorithm::EdDSA).unwrap();
        Self { key, key_id: jwk.thumbprint(ThumbprintHash::SHA256).unwrap() }
    }

    pub fn sign(&self, claims: Value) -> String {
        self.sign_as(&self.key_id, claims)
    }

    /// With a key that the shop may not know.
    pub fn sign_as(&self, key_id: &str, claims: Value) -> String {
        let header = Header { kid: Some(key_id.to_owned()), ..Header::new(Algorithm::EdDSA) };
        let token = encode(&header, &claims, &self.key).unwrap();
        secrets::remember(&token);
        token
    }
}
