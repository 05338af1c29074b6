//! Lines and message data on a connection that may become encrypted (RFC 5321 §2.3.8, §4.5.2; RFC 3207).

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// One client's connection.
pub(crate) struct Connection {
    stream: BufReader<Box<dyn Stream>>,
}

/// A line of a command.
pub(crate) enum Line {
    /// Without its CRLF.
    Whole(Vec<u8>),
    /// It is too long, or ends with a bare LF.
    Broken,
    /// The client has gone.
    End,
}

/// What the client sent after DATA.
pub(crate) enum Data {
    /// With every CRLF, without the dots that were added.
    Message(Vec<u8>),
    /// It holds a CR or LF alone, which other servers may take for the end of a line.
    BareLineEnd,
    TooLarge,
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream: BufReader::new(Box::new(stream)) }
    }

    /// Encrypts the connection. What the client sent in clear after STARTTLS would be taken for encrypted: that is refused.
    pub(crate) async fn encrypt(self, acceptor: &TlsAcceptor) -> io::Result<Self> {
        if !self.stream.buffer().is_empty() {
            return Err(io::Error::other("commands in clear after STARTTLS"));
        }
        let handshake = acceptor.accept(self.stream.into_inner());
        Ok(Self { stream: BufReader::new(Box::new(timeout(PATIENCE, handshake).await??)) })
    }

    pub(crate) async fn line(&mut self) -> io::Result<Line> {
        let mut line = Vec::new();
        let mut broken = false;
        loop {
            line.clear();
            self.piece(LONGEST_LINE, &mut line).await?;
            match line.as_slice() {
                [] => return Ok(Line::End),
                [.., b'\n'] if broken => return Ok(Line::Broken),
                [text @ .., b'\r', b'\n'] if !text.contains(&b'\r') => return Ok(Line::Whole(text.to_vec())),
                [.., b'\n'] => return Ok(Line::Broken),
                _ => broken = true,
            }
        }
    }

    /// Reads to the line with the final dot; only CRLF ends a line.
    pub(crate) async fn data(&mut self, limit: usize) -> io::Result<Data> {
        let (mut message, mut piece) = (Vec::new(), Vec::new());
        let (mut too_large, mut line_starts) = (false, true);
        loop {
            let cr_before = piece.ends_with(b"\r");
            piece.clear();
            self.piece(LONGEST_LINE, &mut piece).await?;
            let content = match piece.as_slice() {
                [] => return Err(io::ErrorKind::UnexpectedEof.into()),
                b".\r\n" if line_starts => break,
                [b'.', rest @ ..] if line_starts => rest,
                whole => whole,
            };
            line_starts = piece.ends_with(b"\r\n") || cr_before && piece == b"\n";
            too_large |= message.len() + content.len() > limit;
            if !too_large {
                message.extend_from_slice(content);
            }
        }
        Ok(match () {
            () if too_large => Data::TooLarge,
            () if has_bare_line_end(&message) => Data::BareLineEnd,
            () => Data::Message(message),
        })
    }

    pub(crate) async fn reply(&mut self, reply: &str) -> io::Result<()> {
        self.stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    /// Reads up to and with the next LF, but no more than `longest` octets.
    async fn piece(&mut self, longest: u64, piece: &mut Vec<u8>) -> io::Result<()> {
        let mut limited = (&mut self.stream).take(longest);
        timeout(PATIENCE, limited.read_until(b'\n', piece)).await??;
        Ok(())
    }
}

fn has_bare_line_end(message: &[u8]) -> bool {
    let mut before = b'\0';
    for &octet in message {
        if (before == b'\r') != (octet == b'\n') {
            return true;
        }
        before = octet;
    }
    before == b'\r'
}

/// As long as the longest line of AUTH (RFC 4954 §4).
const LONGEST_LINE: u64 = 12_288;
/// RFC 5321 §4.5.3.2.7.
const PATIENCE: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection on which this is read.
    fn reading(octets: &[u8]) -> Connection {
        Connection {
            stream: BufReader::new(Box::new(tokio::io::join(io::Cursor::new(octets.to_vec()), tokio::io::sink()))),
        }
    }

    async fn data(octets: &[u8]) -> Option<Vec<u8>> {
        match reading(octets).data(20_000).await.unwrap() {
            Data::Message(message) => Some(message),
            Data::BareLineEnd | Data::TooLarge => None,
        }
    }

    #[tokio::test]
    async fn dots_are_taken_away() {
        assert_eq!(data(b"a\r\n..b\r\n.c\r\n.\r\nQUIT\r\n").await.as_deref(), Some(&b"a\r\n.b\r\nc\r\n"[..]));
        assert_eq!(data(b".\r\n").await.as_deref(), Some(&b""[..]));
    }

    #[tokio::test]
    async fn only_crlf_dot_crlf_ends_a_message() {
        for smuggled in
            [&b"a\n.\r\nMAIL\r\n.\r\n"[..], b"a\r\n.\nMAIL\r\n.\r\n", b"a\r.\r\nMAIL\r\n.\r\n", b"a\n.\nMAIL\r\n.\r\n"]
        {
            assert_eq!(data(smuggled).await, None, "{smuggled:?}");
        }
    }

    #[tokio::test]
    async fn a_line_may_be_longer_than_a_piece() {
        let mut long = vec![b'x'; 12_287];
        long.extend(b"\r\n.y\r\n");
        let mut sent = long.clone();
        sent.splice(12_289..12_289, *b".");
        sent.extend(b".\r\n");
        assert_eq!(data(&sent).await, Some(long));
        assert_eq!(data(&[&[b'x'; 30_000][..], b"\r\n.\r\n"].concat()).await, None);
    }

    #[tokio::test]
    async fn broken_lines_are_named_and_skipped() {
        let mut connection = reading(&[b"a\nb\r\n", &[b'x'; 20_000][..], b"\r\nc\rd\r\ne\r\n"].concat());
        let mut lines = Vec::new();
        loop {
            match connection.line().await.unwrap() {
                Line::Whole(line) => lines.push(line),
                Line::Broken => lines.push(b"broken".to_vec()),
                Line::End => break,
            }
        }
        assert_eq!(lines, [&b"broken"[..], b"b", b"broken", b"broken", b"e"]);
    }
}
