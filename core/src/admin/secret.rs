//! Tokens that prove who reads a mailbox, and challenges that prove who writes a zone.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A token that stands in a mail: 16 to 64 octets of the host's random source. It is never kept; its [`Digest`] is.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Vec<u8>);

impl Token {
    /// Takes the octets of a token.
    ///
    /// # Errors
    ///
    /// [`SecretError::Length`] if there are not 16 to 64 octets.
    pub fn new(octets: &[u8]) -> Result<Self, SecretError> {
        long_enough(octets).map(|()| Self(octets.to_vec()))
    }

    /// Reads the octets as pairs of hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`SecretError::Hexadecimal`] if the text is none, and as [`new`](Self::new).
    pub fn from_hex(text: &str) -> Result<Self, SecretError> {
        Self::new(&octets(text)?)
    }

    /// Returns what is kept of the token, its SHA-256 (FIPS 180-4).
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// Writes the token as it stands in a mail, in lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(..)")
    }
}

/// What is kept of a token. Digests are compared in constant time.
#[derive(Clone, Copy, Debug)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Reads the 64 hexadecimal digits of a digest.
    ///
    /// # Errors
    ///
    /// [`SecretError::Hexadecimal`] and [`SecretError::Digest`] if the text is none.
    pub fn from_hex(text: &str) -> Result<Self, SecretError> {
        octets(text)?.try_into().map(Self).map_err(|_| SecretError::Digest)
    }

    fn of(octets: &[u8]) -> Self {
        Self(Sha256::digest(octets).into())
    }

    /// The first octets, by which a digest is looked up before it is compared.
    pub(super) fn selector(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        [a, b, c, d, e, f, g, h]
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl fmt::Display for Digest {
    /// Writes 64 lower-case hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex(&self.0))
    }
}

/// What a TXT record must say to prove a domain: 16 to 64 octets of the host's random source. It is public.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Challenge(Vec<u8>);

impl Challenge {
    /// Takes the octets of a challenge.
    ///
    /// # Errors
    ///
    /// [`SecretError::Length`] if there are not 16 to 64 octets.
    pub fn new(octets: &[u8]) -> Result<Self, SecretError> {
        long_enough(octets).map(|()| Self(octets.to_vec()))
    }

    /// Reads the octets as pairs of hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`SecretError::Hexadecimal`] if the text is none, and as [`new`](Self::new).
    pub fn from_hex(text: &str) -> Result<Self, SecretError> {
        Self::new(&octets(text)?)
    }

    /// Returns the text of the TXT record.
    ///
    /// ```
    /// use sendas::admin::Challenge;
    /// let challenge = Challenge::new(&[0x5a; 16])?;
    /// assert_eq!(challenge.txt_value(), "sendas-verification=5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a");
    /// # Ok::<(), sendas::admin::SecretError>(())
    /// ```
    #[must_use]
    pub fn txt_value(&self) -> String {
        format!("sendas-verification={self}")
    }

    /// By which it is told that no token has these octets, which anyone can read in the DNS.
    pub(super) fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Display for Challenge {
    /// Writes lower-case hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex(&self.0))
    }
}

/// The reason why octets are no token, digest or challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// A digest has another length.
    #[error("a digest is written with 64 hexadecimal digits")]
    Digest,
    /// The text is not pairs of hexadecimal digits.
    #[error("not pairs of hexadecimal digits")]
    Hexadecimal,
    /// Too few octets to be unguessable, or more than anyone needs.
    #[error("a token or challenge has 16 to 64 octets of a random source")]
    Length,
}

fn long_enough(octets: &[u8]) -> Result<(), SecretError> {
    if (LEAST_OCTETS..=MOST_OCTETS).contains(&octets.len()) { Ok(()) } else { Err(SecretError::Length) }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn octets(text: &str) -> Result<Vec<u8>, SecretError> {
    let digit = |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match *pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect::<Option<_>>().ok_or(SecretError::Hexadecimal)
}

const LEAST_OCTETS: usize = 16;
const MOST_OCTETS: usize = 64;

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::{Challenge, Digest, SecretError, Token};

    #[test]
    fn secrets_are_long_enough_and_read_back() {
        assert_eq!(Token::new(&[0; 15]), Err(SecretError::Length));
        assert_eq!(Token::new(&[0; 65]), Err(SecretError::Length));
        assert_eq!(Challenge::from_hex("0g"), Err(SecretError::Hexadecimal));
        assert_eq!(Challenge::from_hex("0"), Err(SecretError::Hexadecimal));
        let token = Token::new(b"abcdefghijklmnop").unwrap();
        assert_eq!(Token::from_hex(&token.to_hex()).as_ref(), Ok(&token));
        assert_eq!(std::format!("{token:?}"), "Token(..)");
        // FIPS 180-4, SHA-256 of `abcdefghijklmnop`.
        let digest = token.digest();
        assert_eq!(digest.to_string(), "f39dac6cbaba535e2c207cd0cd8f154974223c848f727f98b3564cea569b41cf");
        assert_eq!(Digest::from_hex(&digest.to_string()), Ok(digest));
        assert_eq!(Digest::from_hex("00"), Err(SecretError::Digest));
    }
}
