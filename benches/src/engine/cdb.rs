//! A constant database: one file of a hash table, mapped into memory.

use std::fs::File;

use cdb64::{Cdb, CdbHash, CdbWriter};
use sendas::Policy;

use super::Built;
use super::keyed::{Keyed, Store, View, entries};
use super::read::Reader;

struct Database {
    database: Cdb<File, CdbHash>,
    octets: usize,
}

/// Writes the database to a file without a name, and maps it.
pub(super) fn build(policy: &Policy) -> Built {
    let file = tempfile::NamedTempFile::new()?;
    let mut writer = CdbWriter::<_, CdbHash>::new(std::io::BufWriter::new(file.reopen()?))?;
    for (key, value) in entries(policy) {
        writer.put(&key, &value)?;
    }
    writer.finalize()?;
    drop(writer.into_inner()?.into_inner()?);
    let octets = usize::try_from(file.as_file().metadata()?.len())?;
    let store = Database { database: Cdb::open_mmap(file.path())?, octets };
    Ok(Box::new(Keyed { reader: Reader::header(), store }))
}

impl Store for Database {
    type View<'s> = &'s Cdb<File, CdbHash>;

    fn view(&self) -> Option<Self::View<'_>> {
        Some(&self.database)
    }

    fn octets(&self) -> usize {
        self.octets
    }
}

impl View for &Cdb<File, CdbHash> {
    fn get<T>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        Cdb::get(self, key).ok()?.map(|value| read(&value))
    }
}
