//! Where the server is, as a URL tells it.

use secrecy::{ExposeSecret, SecretString};
use souk_domain::{Error, Result};
use tiberius::{AuthMethod, Config, EncryptionLevel};
use url::Url;

/// Connections when the URL does not say: a Lambda environment serves one request at a time, and there are hundreds of them.
const CONNECTIONS: usize = 4;
const PORT: u16 = 1433;

/// A server, a database on it and how to get in.
#[derive(Clone, Debug)]
pub struct Settings {
    host: String,
    port: u16,
    database: String,
    user: String,
    password: SecretString,
    encryption: EncryptionLevel,
    trust: Trust,
    connections: usize,
}

/// Whose certificate the server may have.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Trust {
    /// One that the public authorities vouch for, or those of `souk_https::other_authorities`.
    Authorities,
    /// Or one that an authority of this PEM file vouches for, too.
    AuthoritiesAnd(String),
    /// Any: nobody looks at it.
    Anybody,
}

impl Settings {
    /// Reads `sqlserver://user:password@host:port/database?encrypt=…&authorities=…&trust_certificate=…&connections=…`.
    ///
    /// `encrypt`: `on` (default), `login` (the log-in only) or `off`. `authorities`: a PEM file of those that may vouch for the server
    /// beside the public ones, as RDS has its own. `trust_certificate`: `true` takes any certificate, for a server with one of its own
    /// making. `connections`: the most that are open at once, 4.
    ///
    /// # Errors
    /// `Internal` says what is wrong; it never holds the URL, which has a password in it.
    pub fn parse(url: &str) -> Result<Self> {
        let url = Url::parse(url).map_err(|error| wrong(&format!("is not a URL: {error}")))?;
        if url.scheme() != "sqlserver" {
            return Err(wrong("does not start with sqlserver://"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("has no host"))?;
        let database = decoded(url.path().trim_start_matches('/'))?;
        if database.is_empty() || database.contains('/') {
            return Err(wrong("names no database"));
        }
        let mut settings = Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(PORT),
            database,
            user: decoded(url.username())?,
            password: SecretString::from(decoded(url.password().unwrap_or_default())?),
            encryption: EncryptionLevel::Required,
            trust: Trust::Authorities,
            connections: CONNECTIONS,
        };
        for (name, value) in url.query_pairs() {
            settings.set(&name, &value)?;
        }
        Ok(settings)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match (name, value) {
            ("encrypt", "on" | "true") => self.encryption = EncryptionLevel::Required,
            ("encrypt", "login") => self.encryption = EncryptionLevel::Off,
            ("encrypt", "off" | "false") => self.encryption = EncryptionLevel::NotSupported,
            ("trust_certificate", "true") if self.trust == Trust::Authorities => self.trust = Trust::Anybody,
            ("trust_certificate", "false") => {}
            ("authorities", file) if self.trust == Trust::Authorities && !file.is_empty() => {
                self.trust = Trust::AuthoritiesAnd(file.to_owned());
            }
            ("connections", number) => {
                let number = number.parse().ok().filter(|number| (1..=1000).contains(number));
                self.connections = number.ok_or_else(|| wrong("has connections other than 1 to 1000"))?;
            }
            ("encrypt", _) => return Err(wrong("has an encrypt that is not on, login or off")),
            ("trust_certificate", "true") | ("authorities", _) => {
                return Err(wrong("has trust_certificate=true or the file of authorities, one of them and once"));
            }
            ("trust_certificate", _) => return Err(wrong("has a trust_certificate that is not true or false")),
            // The name only: a value may be a part of a password with an unescaped `?`.
            _ => {
                return Err(wrong(
                    "has a parameter that is not encrypt, authorities, trust_certificate or connections",
                ));
            }
        }
        Ok(())
    }

    /// The most connections that are open at once.
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// What the driver connects with.
    pub fn config(&self) -> Config {
        let mut config = Config::new();
        config.host(&self.host);
        config.port(self.port);
        config.database(&self.database);
        config.application_name("souk");
        // Who sends a batch knows how long it may take; a migration takes the time that it takes.
        config.command_timeout(None);
        config.authentication(AuthMethod::sql_server(&self.user, self.password.expose_secret()));
        config.encryption(self.encryption);
        match &self.trust {
            Trust::Anybody => config.trust_cert(),
            // The driver reads `other_authorities` by itself when it asks the machine whom to trust.
            trust => {
                if souk_https::other_authorities().is_none() {
                    config.trust_webpki_roots();
                }
                if let Trust::AuthoritiesAnd(file) = trust {
                    config.trust_cert_ca(file);
                }
            }
        }
        config
    }
}

fn wrong(what: &str) -> Error {
    Error::configuration(format!("the sqlserver URL {what}"))
}

/// Resolves `%40` and the like.
fn decoded(text: &str) -> Result<String> {
    // A form's decoder, which also reads `+` as a space: protect it.
    let protected = text.replace('+', "%2B");
    let pair = url::form_urlencoded::parse(protected.as_bytes()).next();
    Ok(pair.map(|(text, _)| text.into_owned()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_tells_everything() {
        let url = "sqlserver://souk:p%40ss%2Fw+rd%3D@db.example.com:14330/shop?encrypt=login&trust_certificate=true&connections=3";
        let settings = Settings::parse(url).expect("settings");
        assert_eq!(
            (settings.host.as_str(), settings.port, settings.database.as_str()),
            ("db.example.com", 14330, "shop")
        );
        assert_eq!((settings.user.as_str(), settings.password.expose_secret()), ("souk", "p@ss/w+rd="));
        assert_eq!((settings.encryption, settings.trust), (EncryptionLevel::Off, Trust::Anybody));
        assert_eq!(settings.connections, 3);
    }

    #[test]
    fn what_is_left_out_is_safe() {
        let settings = Settings::parse("sqlserver://souk:secret@db/shop").expect("settings");
        assert_eq!((settings.port, settings.encryption), (PORT, EncryptionLevel::Required));
        assert_eq!(settings.trust, Trust::Authorities);
    }

    #[test]
    fn a_file_of_authorities_or_no_look_at_the_certificate_and_not_both() {
        let trust = |query: &str| {
            Settings::parse(&format!("sqlserver://souk:secret@db/shop?{query}")).map(|settings| settings.trust)
        };
        let file = Trust::AuthoritiesAnd("/opt/certificates.pem".to_owned());
        assert_eq!(trust("authorities=/opt/certificates.pem&trust_certificate=false").expect("a file"), file);
        for both in ["authorities=/a&trust_certificate=true", "trust_certificate=true&authorities=/a", "authorities="] {
            let error = trust(both).expect_err(both).to_string();
            assert!(error.contains("authorities"), "{error}");
        }
    }

    #[test]
    fn no_error_holds_the_password() {
        let urls = [
            "sqlserver://souk:hunter2@db",
            "sqlserver://souk:hunter2@/shop",
            "sqlserver://souk:hunter2@db:port/shop",
            "sqlserver://souk:hunter2@db/shop?encrypt=hunter2",
            "sqlserver://souk:hunter2@db/shop?trust_certificate=hunter2",
            "sqlserver://souk:hunter2@db/shop?connections=hunter2",
            "sqlserver://souk:pass?hunter2=hunter2@db/shop",
            "mssql://souk:hunter2@db/shop",
        ];
        for url in urls {
            let error = Settings::parse(url).expect_err(url).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        let settings = Settings::parse("sqlserver://souk:hunter2@db/shop").expect("settings");
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
