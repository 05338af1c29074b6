//! A small submission server (RFC 6409) that asks `sendas` who may send as whom.
//!
//! Read `dialogue.rs` first: it is where a host meets the library, at AUTH, at MAIL FROM and at the end of data. `gate.rs` keeps
//! the snapshot in force and replaces it when the policy file changes. The rest is what any SMTP server needs.
//!
//! It is an example: it spools accepted messages into a directory and delivers nothing.

mod certificate;
mod command;
mod connection;
mod dialogue;
mod gate;
mod settings;
mod spool;
mod users;

use std::error::Error;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use tokio::net::{TcpListener, TcpStream};

use crate::connection::Connection;
use crate::dialogue::Dialogue;
use crate::gate::Gate;
use crate::settings::{Command, Serve, Settings};
use crate::spool::Spool;
use crate::users::Users;

/// What all connections share.
struct Server {
    gate: Gate,
    users: Users,
    spool: Spool,
    tls: tokio_rustls::TlsAcceptor,
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Settings::parse().command {
        Command::Serve(settings) => serve(&settings).await,
        Command::HashPassword => users::hash_password(io::stdin().lock(), io::stdout().lock()).map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(settings: &Serve) -> Result<(), Box<dyn Error + Send + Sync>> {
    let server = Arc::new(Server {
        gate: Gate::open(&settings.policy)?,
        users: Users::read(&settings.users)?,
        spool: Spool::open(&settings.spool)?,
        tls: certificate::acceptor(settings.certificate.as_deref(), settings.key.as_deref())?,
    });
    let listener = TcpListener::bind(settings.listen).await?;
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => drop(tokio::spawn(converse(Arc::clone(&server), stream, peer))),
                Err(error) => log(format_args!("error: no connection accepted: {error}")),
            },
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

async fn converse(server: Arc<Server>, stream: TcpStream, peer: SocketAddr) {
    let connection = Connection::new(stream);
    if let Err(error) = Dialogue::new(&server, connection, peer.ip()).run().await {
        log(format_args!("{peer}: {error}"));
    }
}

/// Writes a line to standard error.
fn log(line: std::fmt::Arguments<'_>) {
    // A server whose log cannot be written goes on serving.
    let _written = writeln!(io::stderr(), "{line}");
}
