//! The conversation with one client, and the three questions to the library.

use std::io;
use std::net::IpAddr;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sendas::{
    Action, Channel, ClientIp, CredentialFacts, CredentialKind, Decision, EnvelopeSender, Header, Profile, Request,
    Session, Timestamp, Tls, Verdict,
};
use tokio::task::block_in_place;

use crate::command::{Command, Misread};
use crate::connection::{Connection, Data, Line};
use crate::spool::Shelf;
use crate::{Server, log};

/// What the server knows of one client.
pub(crate) struct Dialogue<'s> {
    server: &'s Server,
    connection: Option<Connection>,
    client_ip: IpAddr,
    tls: Tls,
    greeted: bool,
    authenticated: bool,
    /// What the library knows of the client; before AUTH that it has no account.
    session: Session,
    transaction: Option<Transaction>,
    mistakes: u32,
}

/// What MAIL FROM and RCPT TO said, octet by octet.
struct Transaction {
    envelope: Vec<u8>,
    recipients: usize,
    smtputf8: bool,
}

/// Whether the conversation goes on.
enum Next {
    Continue,
    End,
}

impl<'s> Dialogue<'s> {
    pub(crate) fn new(server: &'s Server, connection: Connection, client_ip: IpAddr) -> Self {
        let session = block_in_place(|| server.gate.current()).session(&client(client_ip, Tls::Plain, None));
        Self {
            server,
            connection: Some(connection),
            client_ip,
            tls: Tls::Plain,
            greeted: false,
            authenticated: false,
            session,
            transaction: None,
            mistakes: 0,
        }
    }

    pub(crate) async fn run(mut self) -> io::Result<()> {
        self.reply("220 localhost ESMTP sendas example").await?;
        loop {
            let line = match self.connection()?.line().await? {
                Line::Whole(line) => line,
                Line::Broken => {
                    self.mistake("500 5.5.2 Line too long, or not ended with CRLF").await?;
                    continue;
                }
                Line::End => return Ok(()),
            };
            if let Next::End = self.command(&line).await? {
                return Ok(());
            }
        }
    }

    async fn command(&mut self, line: &[u8]) -> io::Result<Next> {
        match Command::read(line) {
            Ok(Command::Ehlo) => self.ehlo().await?,
            Ok(Command::Helo) => {
                self.greeted = true;
                self.transaction = None;
                self.reply("250 localhost").await?;
            }
            Ok(Command::Starttls) => self.starttls().await?,
            Ok(Command::Auth { mechanism, initial }) => self.auth(mechanism, initial).await?,
            Ok(Command::Mail { path, smtputf8, size }) => self.mail(path, smtputf8, size).await?,
            Ok(Command::Rcpt { path }) => self.rcpt(path).await?,
            Ok(Command::Data) => self.data().await?,
            Ok(Command::Rset) => {
                self.transaction = None;
                self.reply("250 2.0.0 Ok").await?;
            }
            Ok(Command::Noop) => self.reply("250 2.0.0 Ok").await?,
            Ok(Command::Vrfy) => self.reply("252 2.5.0 Send some mail, and see").await?,
            Ok(Command::Quit) => {
                self.reply("221 2.0.0 Bye").await?;
                return Ok(Next::End);
            }
            Err(Misread::Argument) => self.mistake("501 5.5.4 Bad argument").await?,
            Err(Misread::Parameter) => self.mistake("555 5.5.4 Parameter not recognized").await?,
            Err(Misread::Unknown) => self.mistake("500 5.5.1 Command not recognized").await?,
        }
        if self.mistakes < MOST_MISTAKES {
            return Ok(Next::Continue);
        }
        self.reply("421 4.7.0 Too many errors").await?;
        Ok(Next::End)
    }

    async fn ehlo(&mut self) -> io::Result<()> {
        self.greeted = true;
        self.transaction = None;
        let security = if self.tls == Tls::Plain { "STARTTLS" } else { "AUTH PLAIN LOGIN" };
        self.reply(&format!(
            "250-localhost\r\n250-{security}\r\n250-SIZE {LARGEST_MESSAGE}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
             250-PIPELINING\r\n250 ENHANCEDSTATUSCODES"
        ))
        .await
    }

    async fn starttls(&mut self) -> io::Result<()> {
        if self.tls != Tls::Plain {
            return self.mistake("503 5.5.1 TLS is in use already").await;
        }
        self.reply("220 2.0.0 Ready to start TLS").await?;
        let Some(connection) = self.connection.take() else { return Err(gone()) };
        self.connection = Some(connection.encrypt(&self.server.tls).await?);
        // RFC 3207 §4.2: what was said before is forgotten.
        self.tls = Tls::Starttls;
        self.greeted = false;
        self.transaction = None;
        self.session = self.open_session(None);
        Ok(())
    }

    /// The first question: may this account, with this credential, from this address, send at all?
    async fn auth(&mut self, mechanism: &str, initial: Option<&str>) -> io::Result<()> {
        if self.tls == Tls::Plain {
            return self.mistake("538 5.7.11 Encryption required: must issue a STARTTLS command first").await;
        }
        if !self.greeted || self.authenticated || self.transaction.is_some() {
            return self.mistake("503 5.5.1 Bad sequence of commands").await;
        }
        let answers = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => self.plain(initial).await?,
            "LOGIN" => self.login(initial).await?,
            _ => return self.mistake("504 5.5.4 Mechanism not supported").await,
        };
        let Some((account, password)) = answers else {
            return self.mistake("501 5.5.2 Authentication cancelled, or not readable").await;
        };
        let credential = block_in_place(|| self.server.users.authenticate(&account, &password));
        let Some(credential) = credential else {
            return self.mistake("535 5.7.8 Authentication credentials invalid").await;
        };
        let session = self.open_session(Some((&account, credential)));
        let decision = *session.decision();
        let reply = session.with_request(Header::NotGiven, |request| {
            record(&decision, request);
            decision.reply(request, Profile::Rfc6409).to_string()
        });
        if decision.verdict() != Verdict::Allow {
            return self.mistake(&reply).await;
        }
        self.session = session;
        self.authenticated = true;
        self.reply(&reply).await
    }

    /// The second question: may it use this envelope sender? The snapshot in force now answers for the whole transaction.
    async fn mail(&mut self, path: &[u8], smtputf8: bool, size: u64) -> io::Result<()> {
        if !self.greeted || self.transaction.is_some() {
            return self.mistake("503 5.5.1 Bad sequence of commands").await;
        }
        if size > LARGEST_MESSAGE as u64 {
            return self.reply("552 5.3.4 Message too large").await;
        }
        let snapshot = block_in_place(|| self.server.gate.current());
        let decision = *self.session.mail_from(&snapshot, EnvelopeSender::Path(path), smtputf8, clock());
        let reply = self.answer(&decision, Header::NotGiven);
        match decision.action() {
            Action::Reject | Action::Tempfail => {}
            // What is to be dropped or held goes on as if it were accepted, to the end of data.
            Action::Accept | Action::Discard | Action::Hold => {
                let envelope = [b"MAIL FROM:", path, b"\r\n"].concat();
                self.transaction = Some(Transaction { envelope, recipients: 0, smtputf8 });
            }
        }
        self.reply(&reply).await
    }

    async fn rcpt(&mut self, path: &[u8]) -> io::Result<()> {
        let reply = match &mut self.transaction {
            None => "503 5.5.1 Bad sequence of commands",
            Some(transaction) if transaction.recipients == MOST_RECIPIENTS => "452 4.5.3 Too many recipients",
            Some(transaction) if !path.is_ascii() && !transaction.smtputf8 => "553 5.6.7 SMTPUTF8 required",
            Some(transaction) => {
                transaction.envelope.extend([b"RCPT TO:", path, b"\r\n"].concat());
                transaction.recipients += 1;
                "250 2.1.5 Ok"
            }
        };
        self.reply(reply).await
    }

    /// The third question, at the end of data: may it use what the header says?
    async fn data(&mut self) -> io::Result<()> {
        let Some(transaction) = self.transaction.take_if(|transaction| transaction.recipients > 0) else {
            return self.mistake("503 5.5.1 Bad sequence of commands").await;
        };
        self.reply("354 End data with <CR><LF>.<CR><LF>").await?;
        let message = match self.connection()?.data(LARGEST_MESSAGE).await? {
            Data::Message(message) => message,
            Data::BareLineEnd => return self.mistake("554 5.6.0 Bare CR or LF in the message").await,
            Data::TooLarge => return self.reply("552 5.3.4 Message too large").await,
        };
        let header = Header::Block(&message);
        let decision = *self.session.message(header);
        let reply = self.answer(&decision, header);
        let shelf = match decision.action() {
            Action::Accept => Some(Shelf::Accepted),
            Action::Hold => Some(Shelf::Held),
            Action::Discard | Action::Reject | Action::Tempfail => None,
        };
        if let Some(shelf) = shelf {
            // The message goes on as it came: what was decided is what is sent.
            if let Err(error) = block_in_place(|| self.server.spool.store(shelf, &transaction.envelope, &message)) {
                log(format_args!("error: nothing spooled: {error}"));
                return self.reply("451 4.3.0 The message cannot be stored now").await;
            }
        }
        self.reply(&reply).await
    }

    /// AUTH PLAIN (RFC 4616): an authorization identity that is empty or the account's own, the account, the password.
    async fn plain(&mut self, initial: Option<&str>) -> io::Result<Option<(String, Vec<u8>)>> {
        let Some(answer) = self.challenge("", initial).await? else { return Ok(None) };
        let parts: Vec<&[u8]> = answer.split(|&octet| octet == 0).collect();
        Ok(match *parts {
            [other, account, password] if other.is_empty() || other == account => {
                String::from_utf8(account.to_vec()).ok().map(|account| (account, password.to_vec()))
            }
            _ => None,
        })
    }

    /// AUTH LOGIN: the account, then the password.
    async fn login(&mut self, initial: Option<&str>) -> io::Result<Option<(String, Vec<u8>)>> {
        let Some(account) = self.challenge("Username:", initial).await? else { return Ok(None) };
        let Some(password) = self.challenge("Password:", None).await? else { return Ok(None) };
        Ok(String::from_utf8(account).ok().map(|account| (account, password)))
    }

    /// Asks, unless the answer came with the command; `None` where the client cancels or sends no base64.
    async fn challenge(&mut self, question: &str, initial: Option<&str>) -> io::Result<Option<Vec<u8>>> {
        let answer = match initial {
            Some("=") => Vec::new(),
            Some(initial) => initial.as_bytes().to_vec(),
            None => {
                self.reply(&format!("334 {}", STANDARD.encode(question))).await?;
                match self.connection()?.line().await? {
                    Line::Whole(line) => line,
                    Line::Broken | Line::End => return Ok(None),
                }
            }
        };
        Ok(STANDARD.decode(answer).ok())
    }

    /// Tells the library who the client is; the credential's id comes from the file of users.
    fn open_session(&self, authenticated: Option<(&str, Option<&str>)>) -> Session {
        block_in_place(|| self.server.gate.current()).session(&client(self.client_ip, self.tls, authenticated))
    }

    fn answer(&self, decision: &Decision, header: Header<'_>) -> String {
        self.session.with_request(header, |request| {
            record(decision, request);
            decision.reply(request, Profile::Rfc6409).to_string()
        })
    }

    fn connection(&mut self) -> io::Result<&mut Connection> {
        self.connection.as_mut().ok_or_else(gone)
    }

    async fn reply(&mut self, reply: &str) -> io::Result<()> {
        self.connection()?.reply(reply).await
    }

    async fn mistake(&mut self, reply: &str) -> io::Result<()> {
        self.mistakes += 1;
        self.reply(reply).await
    }
}

fn client<'a>(ip: IpAddr, tls: Tls, authenticated: Option<(&'a str, Option<&'a str>)>) -> Request<'a> {
    let mut request = Request::new(Channel::Smtp, clock());
    request.client_ip = ClientIp::Address(ip);
    request.tls = Some(tls);
    if let Some((account, id)) = authenticated {
        let mut credential = CredentialFacts::new(CredentialKind::Password);
        credential.id = id.map(str::as_bytes);
        request.account = Some(account.as_bytes());
        request.credential = Some(credential);
    }
    request
}

/// Logs a decision with all of its reasons, which the client is not told.
fn record(decision: &Decision, request: &Request<'_>) {
    let account = String::from_utf8_lossy(request.account.unwrap_or(b"-"));
    log(format_args!("{:?} {}", account, decision.to_json(request, Profile::Rfc6409)));
}

fn clock() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

fn gone() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

const LARGEST_MESSAGE: usize = 10 * 1024 * 1024;
const MOST_RECIPIENTS: usize = 100;
const MOST_MISTAKES: u32 = 10;
