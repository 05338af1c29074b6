//! Snapshots that follow a log of records.

use crate::admin::{Directory, Record};

use super::{CompileError, Snapshot};

impl Snapshot {
    /// Returns the snapshot of a directory to which the record has just been applied; this one is of the state before it.
    ///
    /// Only the tenant that the record is about is compiled again; a record of the provider's own settings compiles them all.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::compile`]. The record has been applied nevertheless, and this snapshot still answers.
    pub fn follow(&self, directory: &Directory, record: &Record) -> Result<Self, CompileError> {
        match &record.tenant {
            None => Self::compile(&directory.policy(), self.options()),
            Some(id) => match directory.desk(id) {
                Some(desk) => self.replace_tenant(&desk.tenant),
                None => self.remove_tenant(id),
            },
        }
    }
}
