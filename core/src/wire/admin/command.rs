//! Commands as JSON, from the table of commands.

use alloc::string::String;

use crate::admin::{Command, for_each_command};

use super::super::build::RecordBuilder;
use super::super::keys::{Kind, Presence, Table};
use super::super::output::Output;
use super::super::tree::Node;
use super::codec::*;
use super::entry::*;
use super::{ReadError, read};

impl Command {
    /// Reads a command from JSON; its name stands at `command`, and its fields are listed in `docs/administration.md`.
    ///
    /// ```
    /// use sendas::admin::Command;
    /// let text = r#"{"command": "add_domain", "tenant": "acme", "domain": "acme.example", "challenge": "00ff"}"#;
    /// let error = Command::from_json(text).unwrap_err().to_string();
    /// assert_eq!(error, "1:84: challenge: a token or challenge has 16 to 64 octets of a random source");
    /// ```
    ///
    /// # Errors
    ///
    /// Every problem of the text at once: JSON syntax, unknown or missing keys, unreadable values.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self, ReadError> {
        read(text.as_ref(), 1, &COMMAND, read_command)
    }

    /// Writes the command as JSON on one line, without its end. A token stands in it: it is not for a log.
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::line(|output| output.object(|output| write_command(output, self)))
    }
}

macro_rules! wire_commands {
    ($(
        #[doc = $doc:literal]
        $variant:ident $name:literal [$($guard:tt)*] $rules:literal {
            $( $field_doc:literal $field:ident: $type:ty as $codec:ident, )*
        }
    )+) => {
        /// Every command with its keys.
        pub(super) const COMMANDS: &[(&str, Table)] = &[$((
            $name,
            Table {
                name: $name,
                keys: &[
                    key("command", Kind::Choice(&[$name]), Presence::Required, $doc),
                    $( key(stringify!($field), <$codec as Codec>::KIND, <$codec as Codec>::PRESENCE, $field_doc), )*
                ],
                rules: &[],
            },
        )),+];

        fn read_command(builder: &mut RecordBuilder, node: &Node<'_>) -> Option<Command> {
            match node.get("command")?.text()? {
                $( $name => {
                    // Every field is read before one that is missing ends it, so that all problems are reported.
                    $( let $field = <$codec as Codec>::read(builder, node, stringify!($field)); )*
                    Some(Command::$variant { $( $field: $field? ),* })
                } )+
                _ => None,
            }
        }

        fn write_command(output: &mut Output, command: &Command) {
            output.key("command").string(command.name());
            match command {
                $( Command::$variant { $($field),* } => {
                    $( <$codec as Codec>::write(output, stringify!($field), $field); )*
                } )+
            }
        }
    };
}

for_each_command!(wire_commands);

const COMMAND: Kind = Kind::Tagged("command", COMMANDS);
