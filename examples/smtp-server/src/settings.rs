//! What can be said on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A small submission server that asks sendas who may send as whom
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Settings {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve until interrupted
    Serve(Serve),
    /// Read a password from standard input and print its hash for the file of users
    HashPassword,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:5870")]
    pub(crate) listen: SocketAddr,
    /// The policy; a changed file is in force from the next MAIL FROM
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) policy: PathBuf,
    /// Who may authenticate: accounts, credential ids and hashes of passwords
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) users: PathBuf,
    /// The directory for messages: `accepted` and `held` below it
    #[arg(long, value_name = "DIR")]
    pub(crate) spool: PathBuf,
    /// The certificate chain; one is made and signed by itself unless given
    #[arg(long, value_name = "FILE.pem", requires = "key")]
    pub(crate) certificate: Option<PathBuf>,
    /// The certificate's private key
    #[arg(long, value_name = "FILE.pem", requires = "certificate")]
    pub(crate) key: Option<PathBuf>,
}
