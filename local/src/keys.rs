//! The keys of the shop, made at the first start and kept in the data folder: the pair that signs access tokens, and what seals the
//! secrets of authenticators and webhooks.

use anyhow::{Context, Result};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pem::Pem;
use rand::distr::{Alphanumeric, SampleString};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Ed25519, in PEM.
pub(crate) struct TokenKeys {
    pub(crate) private: String,
    /// The present key and, after a rotation, the one before it: its tokens stay good until they expire.
    pub(crate) public: String,
}

/// Where a public key in PEM ends.
const END_OF_KEY: &str = "-----END PUBLIC KEY-----";

impl TokenKeys {
    /// The pair of the folder; made when it is missing, or when another one is to take its place.
    pub(crate) fn of(folder: &Path, rotate: bool) -> Result<Self> {
        let (private, public) = (folder.join("token-private.pem"), folder.join("token-public.pem"));
        let read = |path: &Path| std::fs::read_to_string(path).with_context(|| path.display().to_string());
        if !public.exists() {
            // The public half is written last: where it is, the pair is whole.
            let pair = Self::generate()?;
            write_private(&private, &pair.private)?;
            write_private(&public, &pair.public)?;
        } else if rotate {
            // The public halves are written first: whichever key signs after a crash, its tokens are taken.
            let (pair, old) = (Self::generate()?, read(&public)?);
            let last = old.split_inclusive(END_OF_KEY).next().unwrap_or_default();
            write_private(&public, &format!("{}{}\n", pair.public, last.trim_start()))?;
            write_private(&private, &pair.private)?;
        }
        Ok(Self { private: read(&private)?, public: read(&public)? })
    }

    fn generate() -> Result<Self> {
        let pair = Ed25519KeyPair::generate().context("no key could be made")?;
        let private: Pkcs8V1Der<'_> = pair.as_der().context("the private key has no PKCS#8 form")?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().context("the public key has no X.509 form")?;
        let pem = |tag: &str, der: &[u8]| pem::encode(&Pem::new(tag, der));
        Ok(Self { private: pem("PRIVATE KEY", private.as_ref()), public: pem("PUBLIC KEY", public.as_ref()) })
    }
}

/// What seals secrets of one kind: 32 bytes in base64, in a file of its own; made when it is missing.
pub(crate) fn sealing_key(folder: &Path, name: &str) -> Result<String> {
    let path = folder.join(name);
    if !path.exists() {
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).context("no randomness")?;
        write_private(&path, &STANDARD.encode(bytes))?;
    }
    std::fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// What the shop shows the sandbox payment provider, and what that signs its notices with; made when they are missing.
pub(crate) fn sandbox_keys(folder: &Path) -> Result<(String, String)> {
    let path = folder.join("sandbox.keys");
    if !path.exists() {
        let secret = || Alphanumeric.sample_string(&mut rand::rng(), 32);
        write_private(&path, &format!("sk_sandbox_{}\nwhsec_{}\n", secret(), secret()))?;
    }
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let keys = text.trim().split_once('\n').with_context(|| format!("{} holds two lines", path.display()))?;
    Ok((keys.0.to_owned(), keys.1.to_owned()))
}

/// Writes a file that only its owner can read.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_keeps_the_last_public_key_and_no_older_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let of = |rotate| TokenKeys::of(folder.path(), rotate).expect("keys");
        let keys = |keys: &TokenKeys| {
            let keys = keys.public.split_inclusive(END_OF_KEY).map(str::trim).filter(|key| !key.is_empty());
            keys.map(str::to_owned).collect::<Vec<_>>()
        };
        let (first, same) = (of(false), of(false));
        assert_eq!((keys(&first).len(), first.private == same.private), (1, true));
        let (second, third) = (of(true), of(true));
        assert_eq!(keys(&second)[1..], keys(&first));
        assert_eq!(keys(&third)[1..], keys(&second)[..1]);
        assert_eq!(keys(&third).len(), 2);
    }
}
