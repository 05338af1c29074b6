//! Reads command lines (RFC 5321 §4.1.1).
//!
//! A path is found, not read: its octets go to the library as the client sent them. A parser that unquotes local parts, drops
//! source routes or knows `<postmaster>` decides something about the address before the library can.

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command<'l> {
    Auth { mechanism: &'l str, initial: Option<&'l str> },
    Data,
    Ehlo,
    Helo,
    Mail { path: &'l [u8], smtputf8: bool, size: u64 },
    Noop,
    Quit,
    Rcpt { path: &'l [u8] },
    Rset,
    Starttls,
    Vrfy,
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misread {
    Argument,
    Parameter,
    Unknown,
}

impl<'l> Command<'l> {
    /// Reads a line without its CRLF.
    pub(crate) fn read(line: &'l [u8]) -> Result<Self, Misread> {
        let at = line.iter().position(|&octet| octet == b' ').unwrap_or(line.len());
        let (verb, rest) = line.split_at(at);
        let argument = rest.trim_ascii();
        let bare = |command| if argument.is_empty() { Ok(command) } else { Err(Misread::Argument) };
        match verb.to_ascii_uppercase().as_slice() {
            b"AUTH" => auth(argument),
            b"DATA" => bare(Command::Data),
            b"EHLO" if !argument.is_empty() => Ok(Command::Ehlo),
            b"HELO" if !argument.is_empty() => Ok(Command::Helo),
            b"EHLO" | b"HELO" => Err(Misread::Argument),
            b"MAIL" => mail(after(argument, b"FROM:")?),
            b"NOOP" => Ok(Command::Noop),
            b"QUIT" => bare(Command::Quit),
            b"RCPT" => rcpt(after(argument, b"TO:")?),
            b"RSET" => bare(Command::Rset),
            b"STARTTLS" => bare(Command::Starttls),
            b"VRFY" => Ok(Command::Vrfy),
            _ => Err(Misread::Unknown),
        }
    }
}

fn auth(argument: &[u8]) -> Result<Command<'_>, Misread> {
    let text = std::str::from_utf8(argument).map_err(|_| Misread::Argument)?;
    match text.split_once(' ') {
        Some((mechanism, initial)) => Ok(Command::Auth { mechanism, initial: Some(initial) }),
        None if !text.is_empty() => Ok(Command::Auth { mechanism: text, initial: None }),
        None => Err(Misread::Argument),
    }
}

fn mail(argument: &[u8]) -> Result<Command<'_>, Misread> {
    let (path, parameters) = split_path(argument);
    let (mut smtputf8, mut size) = (false, 0);
    for parameter in parameters.split(|&octet| octet == b' ').filter(|parameter| !parameter.is_empty()) {
        let parameter = std::str::from_utf8(parameter).map_err(|_| Misread::Parameter)?.to_ascii_uppercase();
        match parameter.split_once('=') {
            None if parameter == "SMTPUTF8" => smtputf8 = true,
            Some(("SIZE", octets)) => size = octets.parse().map_err(|_| Misread::Parameter)?,
            Some(("BODY", "7BIT" | "8BITMIME")) => {}
            // RFC 4954 §5: accepted from anybody, believed from nobody.
            Some(("AUTH", _)) => {}
            _ => return Err(Misread::Parameter),
        }
    }
    Ok(Command::Mail { path, smtputf8, size })
}

fn rcpt(argument: &[u8]) -> Result<Command<'_>, Misread> {
    match split_path(argument) {
        ([b'<', inner @ .., b'>'], b"") if !inner.is_empty() => Ok(Command::Rcpt { path: argument }),
        (_, b"") => Err(Misread::Argument),
        _ => Err(Misread::Parameter),
    }
}

/// What follows a keyword; spaces after the colon are let pass, as everywhere.
fn after<'l>(argument: &'l [u8], keyword: &[u8]) -> Result<&'l [u8], Misread> {
    match argument.split_at_checked(keyword.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(keyword) => Ok(rest.trim_ascii_start()),
        _ => Err(Misread::Argument),
    }
}

/// Splits behind the `>` that ends a path, which is the first that is not quoted; without one everything is path.
fn split_path(argument: &[u8]) -> (&[u8], &[u8]) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, octet) in argument.iter().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => {
                let (path, rest) = argument.split_at(at + 1);
                // `<a@b>c` is one word, and no path.
                return if matches!(rest, [] | [b' ', ..]) { (path, rest) } else { (argument, b"") };
            }
            _ => {}
        }
    }
    (argument, b"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_kept_as_they_came() {
        for path in [
            "<>",
            "<postmaster>",
            "<@a.example:b@c.example>",
            r#"<"a>\"b"@example.org>"#,
            "a@example.org",
            "<a@example.org",
            "<a@example.org>b",
            r#"<"a@example.org>"#,
            "",
        ] {
            let line = format!("mail from: {path}");
            assert_eq!(
                Command::read(line.as_bytes()),
                Ok(Command::Mail { path: path.as_bytes(), smtputf8: false, size: 0 })
            );
        }
    }

    #[test]
    fn parameters_are_read() {
        let line = b"MAIL FROM:<a@example.org> SIZE=12 body=8bitmime SMTPUTF8 AUTH=<>";
        assert_eq!(Command::read(line), Ok(Command::Mail { path: b"<a@example.org>", smtputf8: true, size: 12 }));
        for bad in ["SIZE=x", "RET=FULL", "BODY=BINARYMIME", "SMTPUTF8=1"] {
            assert_eq!(Command::read(format!("MAIL FROM:<a@example.org> {bad}").as_bytes()), Err(Misread::Parameter));
        }
    }

    #[test]
    fn other_commands() {
        assert_eq!(Command::read(b"RCPT TO:<b@example.org>"), Ok(Command::Rcpt { path: b"<b@example.org>" }));
        assert_eq!(Command::read(b"RCPT TO:<>"), Err(Misread::Argument));
        assert_eq!(Command::read(b"RCPT TO:<b@example.org> NOTIFY=NEVER"), Err(Misread::Parameter));
        assert_eq!(Command::read(b"auth plain AGE="), Ok(Command::Auth { mechanism: "plain", initial: Some("AGE=") }));
        assert_eq!(Command::read(b"DATA x"), Err(Misread::Argument));
        assert_eq!(Command::read(b"MAIL TO:<b@example.org>"), Err(Misread::Argument));
        assert_eq!(Command::read(b"EHLO"), Err(Misread::Argument));
        assert_eq!(Command::read(b"BDAT 1"), Err(Misread::Unknown));
        assert_eq!(Command::read(b""), Err(Misread::Unknown));
    }
}
