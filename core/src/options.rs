//! What a host decides once, for every snapshot it compiles.

/// Upper bounds on what a request may make the engine read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Octets of one header field's body; 64 KiB unless set.
    pub field_octets: u32,
    /// Octets of a raw header block, or of all fields together; 1 MiB unless set.
    pub header_octets: u32,
    /// Mailboxes in one field; 64 unless set.
    pub mailboxes: u32,
    /// Depth of nested comments; 16 unless set.
    pub comment_depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { field_octets: 64 * 1024, header_octets: 1024 * 1024, mailboxes: 64, comment_depth: 16 }
    }
}

/// The key of the hash tables in a snapshot, which strangers feed: 128 bits from the host's random source.
///
/// The key is no secret of the policy and changes no answer; it must only be unknown to those who choose addresses.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a newtype without an invariant")]
pub struct HashKey(pub [u8; 16]);

impl HashKey {
    /// The two halves, as SipHash takes them.
    pub(crate) const fn words(&self) -> [u64; 2] {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.0;
        [u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes([i, j, k, l, m, n, o, p])]
    }
}

impl core::fmt::Debug for HashKey {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("HashKey(..)")
    }
}

/// What a snapshot is compiled with.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The key of the snapshot's hash tables.
    pub hash_key: HashKey,
    /// Upper bounds on what a request may make the engine read.
    pub limits: Limits,
}

impl Options {
    /// Creates options with the default limits.
    #[must_use]
    pub fn new(hash_key: HashKey) -> Self {
        Self { hash_key, limits: Limits::default() }
    }
}
