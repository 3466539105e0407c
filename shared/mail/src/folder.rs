use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use souk_domain::ports::Mailer;
use souk_domain::{DateTime, Error, MailId, OutgoingMail, Result};
use std::path::{Path, PathBuf};

/// "Sends" into a folder: one JSON file a mail.
pub struct FolderMailer {
    folder: PathBuf,
}

/// A mail in the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentMail {
    /// Which.
    pub id: MailId,
    /// Where to.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// UTC.
    pub sent_at: DateTime,
}

impl FolderMailer {
    /// Mail goes into `folder`, which is made with the first.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The mails of the folder, newest first; up to `most` of those to `to`, when it is given.
    ///
    /// # Errors
    /// `Unavailable` when the folder cannot be read.
    pub async fn sent(&self, to: Option<&str>, most: usize) -> Result<Vec<SentMail>> {
        let mut names = Vec::new();
        let mut entries = match tokio::fs::read_dir(&self.folder).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unavailable(error)),
        };
        while let Some(entry) = entries.next_entry().await.map_err(unavailable)? {
            names.extend(entry.path().extension().filter(|e| *e == "json").map(|_| entry.path()));
        }
        // Their ids are UUIDv7: names sort by time.
        names.sort_unstable_by(|a, b| b.cmp(a));
        let mut sent = Vec::new();
        for name in names {
            let text = tokio::fs::read_to_string(&name).await.map_err(unavailable)?;
            let mail: SentMail = serde_json::from_str(&text).map_err(|error| Error::Internal(error.to_string()))?;
            if to.is_none_or(|to| mail.to == to) {
                sent.push(mail);
            }
            if sent.len() == most {
                break;
            }
        }
        Ok(sent)
    }
}

fn unavailable(error: std::io::Error) -> Error {
    Error::Unavailable(format!("the folder for mail: {error}"))
}

#[async_trait]
impl Mailer for FolderMailer {
    /// The second attempt replaces the file of the first.
    async fn send(&self, mail: &OutgoingMail) -> Result<()> {
        let OutgoingMail { id, to, subject, text } = mail.clone();
        let mail = SentMail { id, to: to.to_string(), subject, text, sent_at: souk_domain::now() };
        let json = serde_json::to_vec(&mail).map_err(|error| Error::Internal(error.to_string()))?;
        let (part, whole) = (self.folder.join(format!("{id}.part")), self.folder.join(format!("{id}.json")));
        tokio::fs::create_dir_all(&self.folder).await.map_err(unavailable)?;
        tokio::fs::write(&part, json).await.map_err(unavailable)?;
        // Whole or not at all for whoever reads at this moment.
        tokio::fs::rename(&part, &whole).await.map_err(unavailable)
    }
}
