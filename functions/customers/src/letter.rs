//! What the mails say.

use secrecy::{ExposeSecret, SecretString};
use souk_domain::{CustomerStatus, MailKind, MailToSend, OutgoingMail};

/// Where the links in mails lead.
#[derive(Clone, Debug)]
pub struct Links {
    shop: String,
}

impl Links {
    /// To pages of the shop at this URL.
    pub fn new(shop: &str) -> Self {
        Self { shop: shop.trim_end_matches('/').to_owned() }
    }

    /// The token stands behind the `#`: browsers send it to no server, and no log or referrer holds it.
    fn to(&self, action: &str, token: &SecretString) -> String {
        format!("{}/account#{action}={}", self.shop, token.expose_secret())
    }
}

/// The mail, or `None` when there is nothing to say to the owner of the address.
pub(crate) fn write(mail: &MailToSend, token: &SecretString, links: &Links) -> Option<OutgoingMail> {
    let is_active = mail.account == Some(CustomerStatus::Active);
    let verify = || links.to("verify", token);
    let choose = || links.to("password", token);
    let shop = &links.shop;
    let (subject, text) = match mail.kind {
        MailKind::Registration if mail.account.is_some() => (
            "You have an account already",
            format!(
                "somebody, probably you, wanted to register with this address. It has an account already: log in at {shop}, or ask \
                 there for a new password.\n\nIf it was not you, there is nothing to do."
            ),
        ),
        MailKind::Registration => (
            "Confirm your e-mail address",
            format!(
                "welcome! Confirm that this address is yours, within a day:\n\n{}\n\nIf you did not register, there is nothing to do: without a confirmation there is no account.",
                verify()
            ),
        ),
        MailKind::PasswordReset if is_active => (
            "Choose a new password",
            format!(
                "choose a new password, within half an hour:\n\n{}\n\nIf you did not ask for it, there is nothing to do: your password stays as it is.",
                choose()
            ),
        ),
        // To nobody, and to whoever was shut out.
        MailKind::PasswordReset => return None,
        // Somebody has the address by now; verifying would fail.
        MailKind::EmailChange if mail.account.is_some() => return None,
        MailKind::EmailChange => (
            "Confirm your new e-mail address",
            format!(
                "confirm that this is the new address of your account, within a day:\n\n{}\n\nIf you did not ask for it, there is nothing to do.",
                verify()
            ),
        ),
        MailKind::Invitation if is_active => (
            "You are invited to the staff",
            format!("you work for the shop now. Choose a password, within a week:\n\n{}", choose()),
        ),
        MailKind::Invitation => return None,
        MailKind::EmailChanged => (
            "Your e-mail address was changed",
            format!("your account has another e-mail address now.\n\nIf that was not you, write to us at once: {shop}"),
        ),
        MailKind::PasswordChanged => (
            "Your password was changed",
            format!(
                "your account has another password now, and other sessions have ended.\n\nIf that was not you, ask for a new password at once: {shop}"
            ),
        ),
        MailKind::SecondFactorChanged => (
            "Your second factor was changed",
            format!(
                "a second factor was set up for your account, or removed.\n\nIf that was not you, change your password at once: {shop}"
            ),
        ),
    };
    // Whoever registered may be a stranger: what they call themselves is not for this mailbox.
    let name = mail.name.as_ref().filter(|_| mail.kind != MailKind::Registration);
    let greeting = name.map_or_else(|| "Hello".to_owned(), |name| format!("Hello {name}"));
    let text = format!("{greeting},\n\n{text}\n");
    Some(OutgoingMail { id: mail.id, to: mail.email.clone(), subject: subject.to_owned(), text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::MailId;

    fn letter(kind: MailKind, account: Option<CustomerStatus>) -> Option<String> {
        let mail = MailToSend {
            id: MailId::new(),
            kind,
            email: "ada@example.com".parse().expect("an address"),
            name: "Ada".parse().ok(),
            account,
        };
        write(&mail, &"secret-token".to_owned().into(), &Links::new("https://shop.example/")).map(|mail| mail.text)
    }

    #[test]
    fn only_whoever_may_use_a_token_gets_one() {
        use CustomerStatus::{Active, Disabled};
        let has_token = |kind, account| letter(kind, account).is_some_and(|text| text.contains("secret-token"));
        assert!(has_token(MailKind::Registration, None));
        assert!(!has_token(MailKind::Registration, Some(Active)));
        assert!(has_token(MailKind::PasswordReset, Some(Active)));
        assert_eq!(letter(MailKind::PasswordReset, None), None);
        assert_eq!(letter(MailKind::PasswordReset, Some(Disabled)), None);
        assert!(has_token(MailKind::EmailChange, None));
        assert_eq!(letter(MailKind::EmailChange, Some(Active)), None);
        assert!(has_token(MailKind::Invitation, Some(Active)));
        for kind in [MailKind::EmailChanged, MailKind::PasswordChanged, MailKind::SecondFactorChanged] {
            assert!(letter(kind, Some(Active)).is_some() && !has_token(kind, Some(Active)));
        }
    }

    #[test]
    fn a_link_keeps_its_token_from_servers() {
        let text = letter(MailKind::Registration, None).expect("a letter");
        assert!(text.starts_with("Hello,"), "a stranger's name is not passed on");
        assert!(text.contains("https://shop.example/account#verify=secret-token\n"), "{text}");
    }
}
