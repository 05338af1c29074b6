//! The host as its clients see it: the real program on a loopback port, real clients, and a policy that changes meanwhile.
#![cfg(test)]

mod client;
mod server;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use client::Client;
use server::{PASSWORD, Server};

const ALICE: &str = "alice@acme.example";

/// What all policies of these tests begin with: another customer, and Alice with one credential.
const POLICY: &str = r#"
schema = 1

[[tenant]]
id = "globex"
domain = [{ name = "globex.example", status = "verified", senders = "any" }]
account = [{ id = "erika", address = "erika@globex.example" }]

[[tenant]]
id = "acme"
domain = [{ name = "acme.example", status = "verified" }]
credential = { require_tls = true }

[[tenant.account]]
id = "alice@acme.example"
address = "alice@acme.example"
credential = [{ id = "laptop", kind = "password", revoked = false }]
"#;

fn message(from: &str) -> String {
    format!("From: {from}\r\nTo: customer@list.example\r\nSubject: Hello\r\n\r\nDear customer,\r\n..\r\n.\r\n")
}

#[test]
fn a_policy_changes_under_an_open_connection() {
    let mut server = Server::start(POLICY, &[(ALICE, "laptop")]);
    let mut client = Client::connect(server.address);
    assert_eq!(client.authenticate(ALICE), "235 2.7.0 Authentication successful");

    // Accepted, and spooled octet by octet.
    let hello = message("Alice <alice@acme.example>");
    assert_eq!(client.send(ALICE, &hello), "250 2.0.0 Ok");
    let envelope = "MAIL FROM:<alice@acme.example>\r\nRCPT TO:<customer@list.example>\r\n";
    let spooled = server.spooled("accepted");
    assert_eq!(spooled.len(), 1);
    assert_eq!((spooled[0].0.as_str(), spooled[0].1.trim_end()), (envelope, hello.trim_end()));

    // Refused at MAIL FROM, and after the header.
    assert_eq!(
        client.mail_from("bob@acme.example"),
        "550 5.7.1 <bob@acme.example>: Sender address rejected: not owned by user alice@acme.example"
    );
    assert_eq!(
        client.send(ALICE, &message("Erika <erika@globex.example>")),
        "550 5.7.1 <erika@globex.example>: Sender address rejected: not owned by user alice@acme.example"
    );
    assert_eq!(
        client.send(
            ALICE,
            &message("a@acme.example, <alice@acme.example>").replace("To:", "From: x@acme.example\r\nTo:")
        ),
        "554 5.6.0 The From header field is repeated"
    );
    assert_eq!(server.spooled("accepted").len(), 1);

    // The next version gives Alice her domain: allowed on the same connection.
    let wider = POLICY.replace(
        r#"status = "verified" }]
credential"#,
        r#"status = "verified", senders = "any" }]
credential"#,
    );
    server.replace_policy(&wider);
    assert_eq!(client.mail_from("bob@acme.example"), "250 2.0.0 Ok");

    // A version that cannot be used changes nothing, and is reported.
    server.replace_policy(&wider.replace("[[tenant.account]]", "[[tenant.acount]]"));
    assert_eq!(client.mail_from("bob@acme.example"), "250 2.0.0 Ok");
    assert!(server.log().contains("did you mean `account`?"), "{}", server.log());
    assert!(server.log().contains("the policy in force stays"), "{}", server.log());

    // The first version again: refused on the same connection.
    server.replace_policy(POLICY);
    assert!(client.mail_from("bob@acme.example").starts_with("550 5.7.1 "));

    // A revoked credential stops the open connection, and opens no other.
    server.replace_policy(&POLICY.replace("revoked = false", "revoked = true"));
    assert_eq!(client.mail_from(ALICE), "550 5.7.1 Authentication credentials invalid");
    let mut other = Client::connect(server.address);
    assert_eq!(other.authenticate(ALICE), "535 5.7.8 Authentication credentials invalid");

    // Given back, it works on without a new AUTH.
    server.replace_policy(POLICY);
    assert_eq!(client.send(ALICE, &hello), "250 2.0.0 Ok");
    assert!(server.runs());
}

#[test]
fn a_transaction_keeps_its_snapshot() {
    let server = Server::start(POLICY, &[(ALICE, "laptop")]);
    let mut client = Client::connect(server.address);
    client.authenticate(ALICE);
    assert_eq!(client.mail(ALICE), "250 2.0.0 Ok");
    server.replace_policy(&POLICY.replace("revoked = false", "revoked = true"));
    // Another connection finds the new version in force.
    assert_eq!(Client::connect(server.address).authenticate(ALICE), "535 5.7.8 Authentication credentials invalid");
    assert_eq!(client.finish(&message(ALICE)), "250 2.0.0 Ok");
    assert_eq!(client.mail_from(ALICE), "550 5.7.1 Authentication credentials invalid");
}

#[test]
fn hold_and_discard_look_like_success() {
    let hold =
        POLICY.replace("credential = { require_tls", "sender = { on_deny = \"hold\" }\ncredential = { require_tls");
    let server = Server::start(&hold, &[(ALICE, "laptop")]);
    let mut client = Client::connect(server.address);
    client.authenticate(ALICE);
    let forged = message("erika@globex.example");
    assert_eq!(client.send(ALICE, &forged), "250 2.0.0 Ok");
    assert_eq!(client.send("erika@globex.example", &forged), "250 2.0.0 Ok");
    assert_eq!((server.spooled("held").len(), server.spooled("accepted").len()), (2, 0));
    server.replace_policy(&hold.replace("\"hold\"", "\"discard\""));
    assert_eq!(client.send(ALICE, &forged), "250 2.0.0 Ok");
    assert_eq!((server.spooled("held").len(), server.spooled("accepted").len()), (2, 0));
}

#[test]
fn the_null_path_needs_a_good_from() {
    let server = Server::start(POLICY, &[(ALICE, "laptop")]);
    let mut client = Client::connect(server.address);
    client.authenticate(ALICE);
    assert_eq!(client.send("", &message(ALICE)), "250 2.0.0 Ok");
    assert!(client.send("", &message("erika@globex.example")).starts_with("550 5.7.1 <erika@globex.example>: "));
}

/// Says these lines in clear, one after the other, and returns the first word of each reply's last line.
fn in_clear(server: &Server, lines: &[&str]) -> Vec<String> {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut replies = BufReader::new(stream.try_clone().unwrap());
    let mut said = Vec::new();
    for line in std::iter::once("").chain(lines.iter().copied()) {
        stream.write_all(line.as_bytes()).unwrap();
        let mut reply = String::new();
        loop {
            reply.clear();
            replies.read_line(&mut reply).unwrap();
            if reply.as_bytes().get(3) != Some(&b'-') {
                break;
            }
        }
        said.push(reply.trim_end().to_owned());
    }
    said
}

#[test]
fn nothing_is_let_through_in_clear_or_without_a_name() {
    let server = Server::start(POLICY, &[]);
    let replies = in_clear(
        &server,
        &[
            "MAIL FROM:<alice@acme.example>\r\n",
            "EHLO client.example\r\n",
            "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n",
            "MAIL FROM:<alice@acme.example>\r\n",
            "MAIL FROM:<alice@acme.example\r\n",
            "RCPT TO:<customer@list.example>\r\n",
            "DATA\r\n",
            "MAIL TO:<alice@acme.example>\r\n",
            "NOOP\nQUIT\r\n",
            "QUIT\r\n",
        ],
    );
    assert_eq!(
        replies,
        [
            "220 localhost ESMTP sendas example",
            "503 5.5.1 Bad sequence of commands",
            "250 ENHANCEDSTATUSCODES",
            "538 5.7.11 Encryption required: must issue a STARTTLS command first",
            "530 5.7.0 Authentication required",
            "530 5.7.0 Authentication required",
            "503 5.5.1 Bad sequence of commands",
            "503 5.5.1 Bad sequence of commands",
            "501 5.5.4 Bad argument",
            "500 5.5.2 Line too long, or not ended with CRLF",
            "221 2.0.0 Bye",
        ]
    );
}

#[test]
fn a_client_that_errs_too_often_is_sent_away() {
    let server = Server::start(POLICY, &[]);
    let replies = in_clear(&server, &["BOO\r\n"; 9]);
    assert_eq!(replies.last().map(String::as_str), Some("500 5.5.1 Command not recognized"));
    let replies = in_clear(&server, &[&["BOO\r\n"; 9][..], &["BOO\r\n", ""]].concat());
    assert_eq!(replies.last().map(String::as_str), Some("421 4.7.0 Too many errors"));
}

#[test]
fn commands_in_clear_behind_starttls_are_not_believed() {
    let server = Server::start(POLICY, &[]);
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"EHLO client.example\r\nSTARTTLS\r\nEHLO injected.example\r\n").unwrap();
    let mut all = String::new();
    // The server may close with octets unread, which resets the connection behind its last reply.
    let _end = stream.read_to_string(&mut all);
    assert!(all.ends_with("220 2.0.0 Ready to start TLS\r\n"), "{all}");
    server.wait_for_log("commands in clear after STARTTLS");
}

#[test]
fn python_is_a_client_too() {
    let server = Server::start(POLICY, &[(ALICE, "laptop")]);
    let script = r#"
import smtplib, ssl, sys
client = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=20)
client.starttls(context=ssl._create_unverified_context())
client.ehlo()
client.user, client.password = "alice@acme.example", sys.argv[2]
print(client.auth("LOGIN", client.auth_login, initial_response_ok=False)[0])
def send(sender, message):
    try:
        client.sendmail(sender, ["customer@list.example"], message)
        print("accepted")
    except smtplib.SMTPResponseException as refused:
        print(refused.smtp_code, refused.smtp_error.decode())
send("alice@acme.example", "From: alice@acme.example\r\n\r\nHello\r\n.\r\n")
send("erika@globex.example", "From: alice@acme.example\r\n\r\nHello\r\n")
send("alice@acme.example", "From: erika@globex.example\r\n\r\nHello\r\n")
"#;
    let output = Command::new("python3")
        .args(["-c", script, &server.address.port().to_string(), PASSWORD])
        .output()
        .expect("python3 is needed for this test");
    let refused = "550 5.7.1 <erika@globex.example>: Sender address rejected: not owned by user alice@acme.example";
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines, ["235", "accepted", refused, refused], "{}", String::from_utf8_lossy(&output.stderr));
    assert!(server.spooled("accepted")[0].1.ends_with("\r\n\r\nHello\r\n.\r\n"));
}
