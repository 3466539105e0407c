//! HTTPS as every client of the shop speaks it: rustls on aws-lc, and the root certificates of this machine.

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use souk_domain::{Error, Result};
use std::env::var_os;
use std::sync::Arc;

/// All root certificates in one file: of Amazon Linux, where functions run, and of Debian.
const BUNDLES: [&str; 2] = ["/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"];
/// Who sets one of these has certificates somewhere else.
const ELSEWHERE: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// TLS that trusts what this machine trusts.
///
/// # Errors
/// `Internal` when there are no root certificates on this machine.
pub fn trusting_this_machine() -> Result<ClientConfig> {
    let roots = roots(ELSEWHERE.iter().any(|name| var_os(name).is_some()));
    if roots.is_empty() {
        return Err(Error::configuration("no root certificates on this machine, so no HTTPS"));
    }
    trusting(roots)
}

/// TLS that trusts nobody, for a client that never uses it: it needs no certificates of the machine.
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

fn roots(are_elsewhere: bool) -> RootCertStore {
    // The usual way reads the bundle and then a folder with the same certificates, one by one: longer than the rest of the start of a
    // function.
    let bundle = BUNDLES.iter().find_map(|path| CertificateDer::pem_file_iter(path).ok()).filter(|_| !are_elsewhere);
    let certificates = match bundle {
        Some(certificates) => certificates.flatten().collect(),
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    roots
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_machine_is_trusted_with_its_bundle_or_without() {
        let has_bundle = BUNDLES.iter().any(|path| Path::new(path).exists());
        let has_others = !rustls_native_certs::load_native_certs().certs.is_empty();
        assert_eq!(!roots(false).is_empty(), has_bundle || has_others);
        assert_eq!(!roots(true).is_empty(), has_others);
    }

    #[test]
    fn who_trusts_nobody_needs_no_certificates() {
        assert!(trusting_nobody().is_ok());
    }
}
