//! What the mailers do, with a server that speaks as much SMTP (RFC 5321) as a client needs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

use souk_domain::ports::Mailer;
use souk_domain::{Email, Error, MailId, OutgoingMail};
use souk_mail::{FolderMailer, mailer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

fn mail() -> OutgoingMail {
    OutgoingMail {
        id: MailId::new(),
        to: Email::parse("ada@example.com").unwrap(),
        subject: "Grüße aus dem Laden".to_owned(),
        text: "Hello Ada,\n\n.a line that begins with a dot\n".to_owned(),
    }
}

/// A server for one conversation: answers each recipient with `verdict`, gives back what it was told.
async fn server(verdict: &'static str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        let (mut heard, mut in_data) = (String::new(), false);
        writer.write_all(b"220 ready\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            heard += &format!("{line}\n");
            let answer = match line.split(' ').next().unwrap_or_default() {
                "." if in_data => {
                    in_data = false;
                    "250 taken\r\n".to_owned()
                }
                _ if in_data => continue,
                "EHLO" => "250 hello\r\n".to_owned(),
                "RCPT" => format!("{verdict}\r\n"),
                "DATA" => {
                    in_data = true;
                    "354 go on\r\n".to_owned()
                }
                "QUIT" => break,
                _ => "250 fine\r\n".to_owned(),
            };
            writer.write_all(answer.as_bytes()).await.unwrap();
        }
        heard
    });
    (url, heard)
}

#[tokio::test]
async fn a_mail_goes_to_the_server_whole_and_under_its_own_id() {
    let (url, heard) = server("250 known").await;
    let mail = mail();
    let mailer = mailer(&url.into(), "Souk <shop@souk.example>").unwrap();
    mailer.send(&mail).await.unwrap();
    drop(mailer);
    let heard = heard.await.unwrap();
    assert!(heard.contains("RCPT TO:<ada@example.com>"), "{heard}");
    assert!(heard.contains(&format!("Message-ID: <{}@souk.example>", mail.id)), "{heard}");
    assert!(heard.contains("\n..a line that begins with a dot"), "{heard}");
    assert!(heard.contains("From: Souk <shop@souk.example>"), "{heard}");
}

#[tokio::test]
async fn a_refusal_for_good_is_told_from_trouble_that_passes() {
    for (verdict, is_for_good) in [("550 nobody <ada@example.com>", true), ("451 later", false)] {
        let (url, _heard) = server(verdict).await;
        let error = mailer(&url.into(), "shop@souk.example").unwrap().send(&mail()).await.unwrap_err();
        assert_eq!(matches!(error, Error::Internal(_)), is_for_good, "{error}");
        assert!(!error.to_string().contains("ada@"), "{error}");
    }
}

#[tokio::test]
async fn without_a_server_the_mail_is_to_be_sent_later() {
    let mailer = mailer(&"smtp://127.0.0.1:1".to_owned().into(), "shop@souk.example").unwrap();
    assert!(matches!(mailer.send(&mail()).await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn a_url_that_is_none_is_not_shown() {
    let error = mailer(&"imap://shop:secret@host".to_owned().into(), "shop@souk.example").err().unwrap();
    assert!(!error.to_string().contains("secret"));
    assert!(mailer(&"smtp://host".to_owned().into(), "nobody").is_err());
}

#[tokio::test]
async fn the_folder_shows_each_mail_once_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = FolderMailer::new(&folder.path().join("mail"));
    assert_eq!(mailer.sent(None, 10).await.unwrap(), []);
    let (first, second) = (mail(), OutgoingMail { to: Email::parse("bob@example.com").unwrap(), ..mail() });
    for mail in [&first, &second, &first] {
        mailer.send(mail).await.unwrap();
    }
    let sent = mailer.sent(None, 10).await.unwrap();
    assert_eq!(sent.iter().map(|mail| mail.id).collect::<Vec<_>>(), [second.id, first.id]);
    assert_eq!(mailer.sent(Some("ada@example.com"), 10).await.unwrap(), [sent[1].clone()]);
    assert_eq!(mailer.sent(None, 1).await.unwrap().len(), 1);
}
