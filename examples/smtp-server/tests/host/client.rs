//! A real client, lettre, kept on one connection for many transactions.

use std::net::SocketAddr;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{CertificateStore, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;

use crate::server::PASSWORD;

pub(crate) struct Client {
    connection: SmtpConnection,
}

/// The reply line of the server.
type Line = String;

impl Client {
    /// Connects and encrypts; the server's certificate is its own.
    pub(crate) fn connect(server: SocketAddr) -> Self {
        let name = ClientId::Domain("client.example".into());
        let tls = TlsParameters::builder("localhost".into())
            .certificate_store(CertificateStore::None)
            .dangerous_accept_invalid_certs(true)
            .build_rustls();
        let mut connection =
            SmtpConnection::connect(server, Some(Duration::from_secs(20)), &name, None, None).expect("a greeting");
        connection.starttls(&tls.expect("a configuration"), &name).expect("an encrypted connection");
        Self { connection }
    }

    /// Authenticates by AUTH PLAIN.
    pub(crate) fn authenticate(&mut self, account: &str) -> Line {
        let credentials = Credentials::new(account.into(), PASSWORD.into());
        line(self.connection.auth(&[Mechanism::Plain], &credentials))
    }

    /// Says MAIL FROM only; an accepted transaction is reset.
    pub(crate) fn mail_from(&mut self, sender: &str) -> Line {
        let reply = self.mail(sender);
        assert_eq!(line(self.connection.command(Rset)), "250 2.0.0 Ok");
        reply
    }

    /// Sends a message; the first reply that refuses is the answer.
    pub(crate) fn send(&mut self, sender: &str, message: &str) -> Line {
        let mail = self.mail(sender);
        if mail.starts_with('2') { self.finish(message) } else { mail }
    }

    /// Goes on with a transaction that MAIL FROM has begun.
    pub(crate) fn finish(&mut self, message: &str) -> Line {
        let recipient: Address = "customer@list.example".parse().expect("an address");
        assert_eq!(line(self.connection.command(Rcpt::new(recipient, vec![]))), "250 2.1.5 Ok");
        assert!(line(self.connection.command(Data)).starts_with("354 "));
        line(self.connection.message(message.as_bytes()))
    }

    /// Says MAIL FROM.
    pub(crate) fn mail(&mut self, sender: &str) -> Line {
        let sender: Option<Address> =
            Some(sender).filter(|sender| !sender.is_empty()).map(|sender| sender.parse().expect("an address"));
        line(self.connection.command(Mail::new(sender, vec![])))
    }
}

/// Returns the code and the text of a reply, whether it refuses or not.
fn line(reply: Result<Response, lettre::transport::smtp::Error>) -> Line {
    match reply {
        Ok(response) => format!("{} {}", response.code(), response.message().collect::<Vec<_>>().join(" ")),
        Err(error) => {
            let code = error.status().unwrap_or_else(|| panic!("{error}"));
            let text = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            format!("{code} {text}")
        }
    }
}
