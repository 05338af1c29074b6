//! Who may authenticate: a file of accounts with hashed passwords, read once.
//!
//! Authentication is the host's part, and this one is for the example: a real server asks its directory. A password here is one
//! of an account's credentials, with the id that the policy knows it by, so that the policy can revoke it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use serde::Deserialize;

/// All users by account.
pub(crate) struct Users {
    by_account: BTreeMap<String, Vec<Secret>>,
    /// Verified against where there is no such account, so that the time does not tell.
    nobody: String,
}

/// Why there are no users.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsersError {
    #[error("{}: {error}", .file.display())]
    File { file: PathBuf, error: io::Error },
    #[error("{}: {error}", .file.display())]
    Text { file: PathBuf, error: toml::de::Error },
    #[error("the hash of `{account}` is no Argon2 hash; right would be a line that `hash-password` prints: {error}")]
    Hash { account: String, error: argon2::password_hash::Error },
    #[error("a password cannot be hashed: {0}")]
    Hashing(argon2::password_hash::Error),
    #[error("standard input or output: {0}")]
    Terminal(#[from] io::Error),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    user: Vec<User>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    account: String,
    #[serde(flatten)]
    secret: Secret,
}

/// One password of an account.
#[derive(Deserialize)]
struct Secret {
    /// The credential's id in the policy.
    credential: Option<String>,
    /// Its Argon2 hash, as a PHC string.
    password: String,
}

impl Users {
    pub(crate) fn read(file: &Path) -> Result<Self, UsersError> {
        let text = fs::read_to_string(file).map_err(|error| UsersError::File { file: file.into(), error })?;
        let read: File = toml::from_str(&text).map_err(|error| UsersError::Text { file: file.into(), error })?;
        let mut by_account: BTreeMap<String, Vec<Secret>> = BTreeMap::new();
        for User { account, secret } in read.user {
            PasswordHash::new(&secret.password)
                .map_err(|error| UsersError::Hash { account: account.clone(), error: error.into() })?;
            by_account.entry(account).or_default().push(secret);
        }
        let nobody = hash(b"nobody").map_err(UsersError::Hashing)?;
        Ok(Self { by_account, nobody })
    }

    /// Returns the id of the credential that the password is, where it is one of the account's.
    pub(crate) fn authenticate(&self, account: &str, password: &[u8]) -> Option<Option<&str>> {
        let matches = |hash: &str| Argon2::default().verify_password(password, hash).is_ok();
        match self.by_account.get(account) {
            Some(secrets) => {
                secrets.iter().find(|secret| matches(&secret.password)).map(|secret| secret.credential.as_deref())
            }
            None => {
                let _same_time = matches(&self.nobody);
                None
            }
        }
    }
}

/// Reads a password, which is a line, and prints its hash.
pub(crate) fn hash_password(mut input: impl BufRead, mut output: impl Write) -> Result<(), UsersError> {
    let mut password = String::new();
    input.read_line(&mut password)?;
    let hash = hash(password.trim_end_matches(['\r', '\n']).as_bytes()).map_err(UsersError::Hashing)?;
    writeln!(output, "{hash}")?;
    Ok(())
}

fn hash(password: &[u8]) -> argon2::password_hash::Result<String> {
    Ok(Argon2::default().hash_password(password)?.to_string())
}
