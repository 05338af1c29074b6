//! Starts the real server on a free port, with a policy file that can be replaced.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running server; it ends with this value.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    child: Child,
    directory: TempDir,
}

impl Server {
    /// Starts with this policy. Each account and credential in `users` has the password `correct horse`.
    pub(crate) fn start(policy: &str, users: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        let hash = hash_password(PASSWORD);
        let users: String = users
            .iter()
            .map(|(account, id)| {
                format!("[[user]]\naccount = \"{account}\"\ncredential = \"{id}\"\npassword = \"{hash}\"\n")
            })
            .collect();
        fs::write(path("policy.toml"), policy).expect("a file");
        fs::write(path("users.toml"), users).expect("a file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_sendas-smtp-server"))
            .args(["serve", "--listen", "127.0.0.1:0", "--policy"])
            .arg(path("policy.toml"))
            .arg("--users")
            .arg(path("users.toml"))
            .arg("--spool")
            .arg(path("spool"))
            .stdout(Stdio::piped())
            .stderr(File::create(path("log")).expect("a file"))
            .spawn()
            .expect("the server starts");
        let mut said = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut said).expect("a line");
        let address = said.trim().strip_prefix("listening on ").and_then(|address| address.parse().ok());
        let address =
            address.unwrap_or_else(|| panic!("{said}{}", fs::read_to_string(path("log")).unwrap_or_default()));
        Self { address, child, directory }
    }

    /// Puts another policy in the place of the file, whole and at once.
    pub(crate) fn replace_policy(&self, policy: &str) {
        let new = self.directory.path().join("policy.new");
        fs::write(&new, policy).expect("a file");
        fs::rename(new, self.directory.path().join("policy.toml")).expect("a file renamed");
    }

    /// Returns the messages in a part of the spool, with their envelopes, in no order.
    pub(crate) fn spooled(&self, shelf: &str) -> Vec<(String, String)> {
        let files = fs::read_dir(self.directory.path().join("spool").join(shelf)).expect("a directory");
        let files = files.map(|file| file.expect("an entry").path());
        let messages = files.filter(|file| file.extension().is_some_and(|extension| extension == "eml"));
        let read = |file: PathBuf| fs::read_to_string(file).expect("a file of text");
        messages.map(|file| (read(file.with_extension("envelope")), read(file))).collect()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).expect("a file")
    }

    /// Waits until the log says this, which can be after the client was answered.
    pub(crate) fn wait_for_log(&self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.log().contains(text) {
            assert!(Instant::now() < deadline, "the log does not say `{text}`: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether the process that was started is still running.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a state").is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which `runs` shows.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn hash_password(password: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sendas-smtp-server"))
        .arg("hash-password")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    writeln!(child.stdin.take().expect("a pipe"), "{password}").expect("a password written");
    let output = child.wait_with_output().expect("the program ends");
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

pub(crate) const PASSWORD: &str = "correct horse";
