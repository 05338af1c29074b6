//! The header of a stored message.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::failure::Failure;

/// Reads the header block of a message file, the empty line that ends it included.
///
/// A file whose lines all end with LF alone, and that holds no CR at all, is read as if they ended with CRLF: so messages are
/// stored where mail does not travel. Any other file is taken octet by octet, for the library to refuse what is ambiguous.
pub(crate) fn read_header(file: &Path) -> Result<Vec<u8>, Failure> {
    let read = || -> io::Result<Vec<u8>> {
        if file == Path::new("-") { header(io::stdin().lock()) } else { header(BufReader::new(File::open(file)?)) }
    };
    read().map_err(|error| Failure::read(file, error))
}

fn header(mut message: impl BufRead) -> io::Result<Vec<u8>> {
    let mut block = Vec::new();
    loop {
        let start = block.len();
        let left = (LONGEST_HEADER + 1).saturating_sub(start as u64);
        message.by_ref().take(left).read_until(b'\n', &mut block)?;
        let line = block.get(start..).unwrap_or_default();
        if matches!(line, [] | [b'\n'] | [b'\r', b'\n']) {
            break;
        }
    }
    if block.contains(&b'\r') || holds_cr(message)? {
        return Ok(block);
    }
    Ok(block.split_inclusive(|&octet| octet == b'\n').flat_map(with_crlf).copied().collect())
}

fn with_crlf(line: &[u8]) -> impl Iterator<Item = &u8> {
    let (text, end): (&[u8], &[u8]) = match line.strip_suffix(b"\n") {
        Some(text) => (text, b"\r\n"),
        None => (line, b""),
    };
    text.iter().chain(end)
}

/// Whether the rest of the file holds a CR; it is read in pieces.
fn holds_cr(mut rest: impl BufRead) -> io::Result<bool> {
    loop {
        let piece = rest.fill_buf()?;
        if piece.is_empty() {
            return Ok(false);
        }
        if piece.contains(&b'\r') {
            return Ok(true);
        }
        let length = piece.len();
        rest.consume(length);
    }
}

/// More than this is not read; it is twice what the library's limits permit, so that it is refused there.
const LONGEST_HEADER: u64 = 2 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lf_alone_is_read_as_crlf() -> io::Result<()> {
        assert_eq!(header(&b"A: b\n c\n\nbody\n"[..])?, b"A: b\r\n c\r\n\r\n");
        assert_eq!(header(&b"A: b"[..])?, b"A: b");
        Ok(())
    }

    #[test]
    fn any_cr_keeps_every_octet() -> io::Result<()> {
        assert_eq!(header(&b"A: b\n\nbody\r\n"[..])?, b"A: b\n\n");
        assert_eq!(header(&b"A: b\r\n\r\nbody\n"[..])?, b"A: b\r\n\r\n");
        assert_eq!(header(&b"A: b\nC: d\r\n\r\n"[..])?, b"A: b\nC: d\r\n\r\n");
        Ok(())
    }

    #[test]
    fn an_endless_header_is_cut_over_the_limit() -> io::Result<()> {
        let endless = io::repeat(b'x').take(LONGEST_HEADER * 3);
        assert_eq!(header(BufReader::new(endless))?.len() as u64, LONGEST_HEADER + 1);
        Ok(())
    }
}
