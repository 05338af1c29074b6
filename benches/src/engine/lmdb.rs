//! LMDB: a B+ tree in a mapped file, read in a transaction for each decision.

use heed::types::Bytes;
use heed::{Database, Env, EnvFlags, EnvOpenOptions, PutFlags, RoTxn, WithTls};
use sendas::Policy;
use tempfile::TempDir;

use super::Built;
use super::keyed::{Keyed, Store, View, entries};
use super::read::Reader;

struct Tree {
    environment: Env,
    database: Database<Bytes, Bytes>,
    octets: usize,
    _folder: TempDir,
}

/// Writes the tree into a folder that ends with the engine.
pub(super) fn build(policy: &Policy) -> Built {
    let folder = tempfile::tempdir()?;
    let mut options = EnvOpenOptions::new();
    options.map_size(MAP_OCTETS);
    #[expect(unsafe_code, reason = "nothing else opens the file, and nothing is kept on disk")]
    // SAFETY: the folder is new, its name is random, and no other process writes into it.
    let environment = unsafe {
        options.flags(EnvFlags::NO_SYNC | EnvFlags::NO_READ_AHEAD);
        options.open(folder.path())?
    };
    let mut transaction = environment.write_txn()?;
    let database: Database<Bytes, Bytes> = environment.create_database(&mut transaction, None)?;
    for (key, value) in entries(policy) {
        database.put_with_flags(&mut transaction, PutFlags::APPEND, &key, &value)?;
    }
    transaction.commit()?;
    let octets = usize::try_from(environment.non_free_pages_size()?)?;
    let store = Tree { environment, database, octets, _folder: folder };
    Ok(Box::new(Keyed { reader: Reader::header(), store }))
}

impl Store for Tree {
    type View<'s> = (RoTxn<'s, WithTls>, Database<Bytes, Bytes>);

    fn view(&self) -> Option<Self::View<'_>> {
        Some((self.environment.read_txn().ok()?, self.database))
    }

    fn octets(&self) -> usize {
        self.octets
    }
}

impl View for (RoTxn<'_, WithTls>, Database<Bytes, Bytes>) {
    fn get<T>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        self.1.get(&self.0, key).ok()?.map(read)
    }
}

/// Address space, not memory.
const MAP_OCTETS: usize = 16 << 30;
