//! HTTPS as every client of the shop speaks it: rustls on aws-lc, and the authorities that it trusts (docs/decisions/0009).

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use souk_domain::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names a PEM file of the authorities that are trusted in the place of the public ones, as it does for most programs.
const OTHERS: &str = "SSL_CERT_FILE";

/// The file of the authorities that are trusted in the place of the public ones, if there is one.
pub fn other_authorities() -> Option<PathBuf> {
    std::env::var_os(OTHERS).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// TLS that trusts the public authorities, which come with the program, or those of a file that replaces them.
///
/// # Errors
/// `Internal` when there is such a file and nobody can be trusted because of it.
pub fn trusting_authorities() -> Result<ClientConfig> {
    trusting(match other_authorities() {
        Some(file) => of_file(&file)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    })
}

/// TLS that trusts nobody, for a client that never uses it.
///
/// # Errors
/// `Internal`, which only a mistake in this crate could cause.
pub fn trusting_nobody() -> Result<ClientConfig> {
    trusting(RootCertStore::empty())
}

fn trusting(roots: RootCertStore) -> Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(Error::configuration)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn of_file(file: &Path) -> Result<RootCertStore> {
    let wrong = |what: &str| Error::configuration(format!("{OTHERS}, {}: {what}", file.display()));
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| wrong(&error.to_string()))?;
    let mut roots = RootCertStore::empty();
    // What is no certificate of an authority is left out, so that one bad entry does not close the shop.
    roots.add_parsable_certificates(certificates.flatten());
    if roots.is_empty() { Err(wrong("no certificate in it")) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::CertifiedKey;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(&file, text).expect("written");
        file
    }

    #[test]
    fn a_file_of_authorities_is_trusted_but_for_what_is_none_of_them() {
        let CertifiedKey { cert, .. } =
            rcgen::generate_simple_self_signed(["shop.example".to_owned()]).expect("a certificate");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let roots = of_file(file(&[broken, &cert.pem()].concat()).path()).expect("authorities");
        assert_eq!(roots.len(), 1);
        assert!(trusting(roots).is_ok());
    }

    #[test]
    fn a_file_without_an_authority_is_a_mistake_that_names_it() {
        for file in [file("no certificate"), file("")] {
            let error = of_file(file.path()).expect_err("nobody to trust").to_string();
            assert!(error.contains(&*file.path().to_string_lossy()), "{error}");
        }
        assert!(of_file(Path::new("/nowhere/certificates.pem")).is_err());
    }

    #[test]
    fn the_public_authorities_come_with_the_program_and_nobody_needs_none() {
        assert!(!webpki_roots::TLS_SERVER_ROOTS.is_empty());
        assert!(trusting_nobody().is_ok());
    }
}
