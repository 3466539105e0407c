//! The key pair that signs access tokens, made at the first start and kept in the data folder.

use anyhow::{Context, Result};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use pem::Pem;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Ed25519, in PEM.
pub(crate) struct TokenKeys {
    pub(crate) private: String,
    pub(crate) public: String,
}

impl TokenKeys {
    /// The pair of the folder; made when it is missing.
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        let (private, public) = (folder.join("token-private.pem"), folder.join("token-public.pem"));
        // The public half is written last: where it is, the pair is whole.
        if !public.exists() {
            let pair = Self::generate()?;
            write_private(&private, &pair.private)?;
            write_private(&public, &pair.public)?;
        }
        let read = |path: &Path| std::fs::read_to_string(path).with_context(|| path.display().to_string());
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

/// Writes a file that only its owner can read.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| path.display().to_string())
}
