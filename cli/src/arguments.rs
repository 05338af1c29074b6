//! What can be said on the command line.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use sendas::record::{CredentialRecord, EnvelopeRecord, HeaderRecord, RequestRecord};
use sendas::{Channel, CredentialKind, Profile, Stage, Timestamp, Tls, View};

use crate::failure::Failure;
use crate::message::read_header;

/// Decides whether an authenticated account may send with an envelope sender and a header From
#[derive(Debug, Parser)]
#[command(name = "sendas", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Decide one message, or recorded requests in bulk
    #[command(after_help = EVALUATE_EXIT_CODES)]
    Evaluate(Evaluate),
    /// Say why a message is decided as it is, and what would nearly have been right
    #[command(after_help = EXIT_CODES)]
    Explain(Explain),
    /// Find everything that is wrong with a policy
    Check(Check),
    /// Compile a policy into a file that opens at once, and that all processes of a machine share
    Seal(Seal),
    /// Write what changed between two sealed snapshots, or apply it
    Delta(Delta),
    /// Give commands that change a policy, kept as a log of records
    Admin(Admin),
    /// Reduce requests and mail logs to tallies of what accounts do
    #[command(after_help = OBSERVE_EXIT_CODES)]
    Observe(Observe),
    /// Say what a command, another policy or a deadline would begin to deny, from what was observed
    #[command(after_help = PREFLIGHT_EXIT_CODES)]
    Preflight(Preflight),
    /// Say which accounts were observed, and how many of their messages are authorised
    Coverage(Coverage),
    /// Print the JSON Schema of policies
    Schema,
    /// Print a completion script
    Completions(Completions),
    /// Print the manual page, or write the pages of all commands into a directory
    Man(Man),
}

#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    #[command(flatten)]
    pub(crate) policy: Policy,
    /// Decide the requests of this file instead, one JSON record a line; `-` is standard input
    ///
    /// A record has the members `now`, `channel`, `account`, `role`, `client_ip`, `credential`, `tls`, `smtputf8`,
    /// `envelope` and `header`. Each line is answered by one line of JSON, in order; a line that is no record is answered by
    /// its error, and the exit code is then 2.
    #[arg(long, value_name = "FILE", conflicts_with = "Facts")]
    pub(crate) requests: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) answer: Answer,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) facts: Facts,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) policy: Policy,
    /// Who reads the explanation; a tenant sees nothing of other tenants
    #[arg(long, value_parser = named(&View::ALL, View::name), default_value = View::Provider.name())]
    pub(crate) view: View,
    /// The stage to decide
    #[arg(long, value_parser = named(&Stage::ALL, Stage::name), default_value = Stage::Message.name())]
    pub(crate) stage: Stage,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) facts: Facts,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The policy: a sealed snapshot, or `.toml`, `.json`, or `.jsonl` with a tenant a line
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Seal {
    /// The policy: `.toml`, `.json`, or `.jsonl` with a tenant a line, which is compiled as it is read
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The sealed snapshot; one that is there is replaced, and those that have it open keep it
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Take the hash key and the limits of this sealed snapshot, so that what did not change is the same octets
    ///
    /// Without it, the key is random. Only snapshots of one key have a delta.
    #[arg(long, value_name = "SEALED")]
    pub(crate) like: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Delta {
    /// The sealed snapshot that changed
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The sealed snapshot that it became; with `--apply`, the delta
    #[arg(value_name = "NEW")]
    pub(crate) other: PathBuf,
    /// The delta: the tenants that differ, and nothing else; with `--apply`, the new sealed snapshot, octet for octet as it was
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Apply a delta to the sealed snapshot that it was made for; another one is refused
    #[arg(long)]
    pub(crate) apply: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Admin {
    #[command(subcommand)]
    pub(crate) command: AdminCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Decide a command, and write what it changes
    ///
    /// The answer is one line of JSON: the record with its warnings and with what is to be done now, or the refusal. When it
    /// is printed, the record is on the disk. docs/administration.md lists actors and commands.
    #[command(after_help = GIVE_EXIT_CODES)]
    Give(Give),
    /// Take a policy over into an empty log
    Import(Import),
    /// Choose from observations which addresses in use to pre-register, and whom to alert
    ///
    /// Prints a command a line, which `admin give --lines` takes, and says on standard error what is left out and why. Nothing is
    /// changed unless `--give` is given.
    #[command(after_help = GIVE_EXIT_CODES)]
    Preregister(Preregister),
    /// Show the tenants, or the policy
    Show(Show),
}

#[derive(Debug, Args)]
pub(crate) struct Give {
    /// The log; a new one is made where there is none
    #[arg(long, value_name = "FILE")]
    pub(crate) log: PathBuf,
    /// Who gives the command, as JSON such as `{"kind":"provider","name":"support"}`
    #[arg(long, value_name = "JSON")]
    pub(crate) actor: String,
    /// The command's id, the same when it is given again; a random one where none is given
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// The version of the tenant that the actor has seen
    #[arg(long, value_name = "VERSION")]
    pub(crate) expect: Option<u64>,
    /// The instant of the decision (RFC 3339); the clock's where none is given
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
    /// Standard input holds a command a line, each of which is given whatever comes of the others
    #[arg(long, conflicts_with_all = ["id", "expect", "command"])]
    pub(crate) lines: bool,
    /// The command as JSON; `-` is standard input
    #[arg(value_name = "JSON", required_unless_present = "lines")]
    pub(crate) command: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The log; a new one is made where there is none
    #[arg(long, value_name = "FILE")]
    pub(crate) log: PathBuf,
    /// The policy: `.toml`, `.json`, or `.jsonl` with a tenant a line
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,
    /// Which person or program of the provider takes it over, for the record
    #[arg(long, default_value = "sendas")]
    pub(crate) name: String,
    /// The instant of the records (RFC 3339); the clock's where none is given
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct Preregister {
    /// The log
    #[arg(long, value_name = "FILE")]
    pub(crate) log: PathBuf,
    /// The observations, as `sendas observe` writes them; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) observations: PathBuf,
    /// Choose for this tenant only
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<String>,
    /// Choose what was seen in at least so many messages
    #[arg(long, value_name = "MESSAGES", default_value_t = 1)]
    pub(crate) least: u64,
    /// Give the commands, and print what comes of each
    #[arg(long)]
    pub(crate) give: bool,
    /// Which person or program of the provider gives them, for the record
    #[arg(long, default_value = "sendas")]
    pub(crate) name: String,
    /// The instant of the decision (RFC 3339); the clock's where none is given
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct Observe {
    /// Logs to read; `-` is standard input
    ///
    /// A line that begins with `{` is a record of a request, as `evaluate --requests` reads them. Every other line is one of a mail
    /// log of Postfix, of which `smtpd` (`client=`, `sasl_username=`) and `qmgr` (`from=`) are read.
    #[arg(value_name = "LOG", required = true)]
    pub(crate) logs: Vec<PathBuf>,
    /// Add to the observations in this file, and write them back; a new one is made where there is none
    ///
    /// Without it, the observations go to standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) into: Option<PathBuf>,
    /// Keep at most this many tallies; a file that is added to keeps its own bound if that is smaller
    #[arg(long, value_name = "TALLIES", default_value_t = 200_000)]
    pub(crate) most: usize,
    /// The year of the first line of a mail log whose timestamps have none (`Dec  1 09:30:00`)
    #[arg(long, value_parser = clap::value_parser!(i32).range(1970..=9999))]
    pub(crate) year: Option<i32>,
    /// How far the clock of such timestamps is ahead of UTC, as `+01:00`; it has no summer time
    #[arg(long, value_name = "OFFSET", value_parser = offset, default_value = "+00:00", allow_hyphen_values = true)]
    pub(crate) zone: i32,
}

#[derive(Debug, Args)]
pub(crate) struct Preflight {
    #[command(flatten)]
    pub(crate) state: State,
    /// The observations, as `sendas observe` writes them; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) observations: PathBuf,
    /// Who would give the command, as JSON such as `{"kind":"provider","name":"support"}`
    #[arg(long, value_name = "JSON", default_value = r#"{"kind":"provider","name":"sendas"}"#)]
    pub(crate) actor: String,
    /// The instant of the decision (RFC 3339); the clock's where none is given
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) change: Change,
}

/// What is foreseen.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Change {
    /// Compare with this policy: `.toml`, `.json`, or `.jsonl` with a tenant a line
    #[arg(long, value_name = "FILE")]
    pub(crate) candidate: Option<PathBuf>,
    /// Say what begins to be denied if nothing is changed: at deadlines that are set
    #[arg(long)]
    pub(crate) outlook: bool,
    /// The command as JSON
    #[arg(value_name = "JSON")]
    pub(crate) command: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Coverage {
    #[command(flatten)]
    pub(crate) state: State,
    /// The observations, as `sendas observe` writes them; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) observations: PathBuf,
    /// The instant that is asked about (RFC 3339); the clock's where none is given
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What decides today.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct State {
    /// A log of records, as `sendas admin` keeps it
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
    /// A policy: `.toml`, `.json`, or `.jsonl` with a tenant a line
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The log
    #[arg(long, value_name = "FILE")]
    pub(crate) log: PathBuf,
    /// Show this tenant only
    #[arg(long, value_name = "ID", conflicts_with = "policy")]
    pub(crate) tenant: Option<String>,
    /// Print the policy as JSON, which the other commands read
    #[arg(long)]
    pub(crate) policy: bool,
    /// Print what is shown as one JSON text, for programs
    #[arg(long, conflicts_with = "policy")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Where to write one page for each command; without it the main page goes to standard output
    #[arg(value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Policy {
    /// The policy: a sealed snapshot, or `.toml`, `.json`, or `.jsonl` with a tenant a line
    #[arg(long = "policy", value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// How a decision is asked for and answered.
#[derive(Debug, Args)]
pub(crate) struct Answer {
    /// The stage to decide; the header is needed at the last one
    #[arg(long, value_parser = named(&Stage::ALL, Stage::name), default_value = Stage::Message.name())]
    pub(crate) stage: Stage,
    /// The reply codes for missing rights: 550 of RFC 6409, or Postfix's 553
    #[arg(long, value_parser = named(&Profile::ALL, Profile::name), default_value = Profile::Rfc6409.name())]
    pub(crate) profile: Profile,
}

/// What is known of the request; what is not given is not known.
#[derive(Debug, Args)]
#[command(next_help_heading = "Facts")]
pub(crate) struct Facts {
    /// The instant of the decision, as RFC 3339; the present unless given
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
    /// The way in which the message is handed over
    #[arg(long, value_parser = named(&Channel::ALL, Channel::name), default_value = Channel::Smtp.name())]
    pub(crate) channel: Channel,
    /// The authenticated account's id
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// The role in which the account acts; all that it holds unless given
    #[arg(long, value_name = "NAME")]
    pub(crate) role: Option<String>,
    /// The client's network address
    #[arg(long, value_name = "IP", value_parser = ip)]
    pub(crate) client_ip: Option<IpAddr>,
    /// What the account authenticated with
    #[arg(long, value_parser = named(&CredentialKind::ALL, CredentialKind::name))]
    pub(crate) credential_kind: Option<CredentialKind>,
    /// The credential's id, never the secret
    #[arg(long, value_name = "ID", requires = "credential_kind")]
    pub(crate) credential_id: Option<String>,
    /// A scope that the credential presents; can be given several times
    #[arg(long, value_name = "SCOPE", requires = "credential_kind")]
    pub(crate) scope: Vec<String>,
    /// Transport encryption of the client's connection
    #[arg(long, value_parser = named(&Tls::ALL, Tls::name))]
    pub(crate) tls: Option<Tls>,
    /// The client asked for SMTPUTF8
    #[arg(long)]
    pub(crate) smtputf8: bool,
    /// The envelope sender as in MAIL FROM, angle brackets optional; `<>` is the null reverse-path
    #[arg(long, value_name = "PATH")]
    pub(crate) mail_from: Option<String>,
    /// The envelope sender as Postfix hands it to policy services: without quoting
    #[arg(long, value_name = "ADDRESS", conflicts_with = "mail_from")]
    pub(crate) unquoted_sender: Option<String>,
    /// The message; `-` is standard input
    ///
    /// The header is read up to the first empty line. A file in which every line ends with LF alone, and that holds no CR at
    /// all, is read as if its lines ended with CRLF, as mail programs store messages; octets are counted in that form.
    #[arg(long, value_name = "FILE")]
    pub(crate) message: Option<PathBuf>,
}

impl Facts {
    /// Gathers the facts, the header of the message file among them, with `clock` for the instant where none is given.
    pub(crate) fn record(&self, clock: impl FnOnce() -> Timestamp) -> Result<RequestRecord, Failure> {
        let octets = |text: &String| text.clone().into_bytes();
        let mut record = RequestRecord::new(self.channel, self.now.unwrap_or_else(clock));
        record.account = self.account.as_ref().map(octets);
        record.role = self.role.as_ref().map(octets);
        record.client_ip = self.client_ip.map(|ip| ip.to_string().into_bytes());
        record.credential = self.credential_kind.map(|kind| {
            let mut credential = CredentialRecord::new(kind);
            credential.id = self.credential_id.as_ref().map(octets);
            credential.scopes =
                Some(self.scope.iter().map(octets).collect()).filter(|scopes: &Vec<_>| !scopes.is_empty());
            credential
        });
        record.tls = self.tls;
        record.smtputf8 = self.smtputf8;
        record.envelope = match (&self.mail_from, &self.unquoted_sender) {
            (Some(path), _) => EnvelopeRecord::Path(octets(path)),
            (None, Some(address)) => EnvelopeRecord::Unquoted(octets(address)),
            (None, None) => EnvelopeRecord::Unknown,
        };
        if let Some(file) = &self.message {
            record.header = HeaderRecord::Block(read_header(file)?);
        }
        Ok(record)
    }
}

/// Reads a value of one of core's enumerations by its name.
fn named<T>(all: &'static [T], name: fn(T) -> &'static str) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    let names = PossibleValuesParser::new(all.iter().map(|&value| name(value)));
    names.try_map(move |given| all.iter().copied().find(|&value| name(value) == given).ok_or("not a name"))
}

fn ip(text: &str) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| "not an IP address; right would be 192.0.2.10 or 2001:db8::1")
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text)
        .ok_or_else(|| "not an RFC 3339 date-time in whole seconds; right would be 2026-12-07T09:30:00Z".into())
}

/// Reads an offset of RFC 3339, in seconds.
fn offset(text: &str) -> Result<i32, &'static str> {
    let wrong = "not an offset; right would be `+01:00`, `-05:00` or `Z`";
    let midnight = Timestamp::parse(&format!("2000-01-01T00:00:00{text}")).ok_or(wrong)?;
    i32::try_from(946_684_800 - midnight.0).map_err(|_| wrong)
}

const OBSERVE_EXIT_CODES: &str =
    "Exit codes: 0 every line was understood; 1 some were not, and the others are observed; 2 bad input.";
const PREFLIGHT_EXIT_CODES: &str = "Exit codes: 0 clear; 1 something begins to be denied, or may, or an account in reach was never seen; \
    2 bad input; 3 the command would be refused.";
const EXIT_CODES: &str = "Exit codes: 0 allow, 1 deny, 2 bad input, 3 defer.";
const EVALUATE_EXIT_CODES: &str = "Exit codes: 0 allow, 1 deny, 2 bad input, 3 defer; with --requests: 0 whatever was decided, \
    2 if a line or the file cannot be read.";
const GIVE_EXIT_CODES: &str = "Exit codes: 0 carried out, or nothing to do; 1 refused; 2 bad input.";
