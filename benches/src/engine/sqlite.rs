//! SQLite in memory: one query for the session, and one for each address.

use std::net::IpAddr;

use rusqlite::{Connection, params};
use sendas::Policy;

use super::facts::Facts;
use super::read::{Reader, domain};
use super::{Built, Engine};
use crate::data::{Attempt, Given};

struct Tables {
    reader: Reader,
    connection: Connection,
}

/// Fills the tables.
pub(super) fn build(policy: &Policy) -> Built {
    let mut connection = Connection::open_in_memory()?;
    connection.execute_batch(SCHEMA)?;
    let filling = connection.transaction()?;
    let mut accounts = 0_i64;
    for (tenant, facts) in (0_i64..).zip(policy.tenants.iter().map(Facts::of)) {
        for range in &facts.allowlist {
            let mut insert = filling.prepare_cached("INSERT INTO allowed VALUES (?1, ?2, ?3)")?;
            insert.execute(params![tenant, octets(range.first()), octets(range.last())])?;
        }
        for &kind in &facts.refused {
            filling.prepare_cached("INSERT INTO refused VALUES (?1, ?2)")?.execute(params![tenant, kind as u8])?;
        }
        for address in &facts.identities {
            filling.prepare_cached("INSERT INTO shared VALUES (?1, ?2)")?.execute(params![tenant, address])?;
        }
        for account in &facts.accounts {
            let mut insert = filling.prepare_cached("INSERT INTO account VALUES (?1, ?2, ?3, ?4)")?;
            insert.execute(params![account.id, accounts, tenant, account.active])?;
            for address in &account.identities {
                filling.prepare_cached("INSERT INTO identity VALUES (?1, ?2)")?.execute(params![accounts, address])?;
            }
            for (name, _) in facts.domains.iter().filter(|(_, senders)| senders.contains(&account.id)) {
                filling.prepare_cached("INSERT INTO listed VALUES (?1, ?2)")?.execute(params![accounts, name])?;
            }
            accounts += 1;
        }
    }
    filling.commit()?;
    Ok(Box::new(Tables { reader: Reader::header(), connection }))
}

impl Engine for Tables {
    fn allows(&self, attempt: &Given<'_>) -> bool {
        self.decide(attempt).unwrap_or(false)
    }
}

impl Tables {
    /// `None` where a query has no row, or fails.
    fn decide(&self, attempt: &Attempt) -> Option<bool> {
        let read = self.reader.read(attempt)?;
        let mut session = self.connection.prepare_cached(SESSION).ok()?;
        let client = read.client.map(octets);
        let asked = params![attempt.account, attempt.credential as u8, client];
        let (account, tenant): (i64, i64) = session.query_row(asked, |row| Ok((row.get(0)?, row.get(1)?))).ok()?;
        let gives = |address: &str| -> Option<bool> {
            let mut gives = self.connection.prepare_cached(GIVES).ok()?;
            gives.query_row(params![account, tenant, address, domain(address)], |row| row.get(0)).ok()
        };
        Some(gives(&read.envelope)? && gives(&read.from)?)
    }
}

fn octets(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

const SCHEMA: &str = "
    CREATE TABLE account (id TEXT PRIMARY KEY, number INTEGER, tenant INTEGER, active INTEGER) WITHOUT ROWID;
    CREATE TABLE identity (account INTEGER, address TEXT, PRIMARY KEY (account, address)) WITHOUT ROWID;
    CREATE TABLE listed (account INTEGER, domain TEXT, PRIMARY KEY (account, domain)) WITHOUT ROWID;
    CREATE TABLE shared (tenant INTEGER, address TEXT, PRIMARY KEY (tenant, address)) WITHOUT ROWID;
    CREATE TABLE allowed (tenant INTEGER, first BLOB, last BLOB, PRIMARY KEY (tenant, first)) WITHOUT ROWID;
    CREATE TABLE refused (tenant INTEGER, kind INTEGER, PRIMARY KEY (tenant, kind)) WITHOUT ROWID;
";

const SESSION: &str = "
    SELECT number, tenant FROM account AS a
    WHERE id = ?1 AND active
      AND NOT EXISTS (SELECT 1 FROM refused AS r WHERE r.tenant = a.tenant AND r.kind = ?2)
      AND (NOT EXISTS (SELECT 1 FROM allowed AS l WHERE l.tenant = a.tenant)
           OR EXISTS (SELECT 1 FROM allowed AS l WHERE l.tenant = a.tenant AND ?3 BETWEEN l.first AND l.last))
";

const GIVES: &str = "
    SELECT EXISTS (SELECT 1 FROM identity WHERE account = ?1 AND address = ?3)
        OR EXISTS (SELECT 1 FROM listed WHERE account = ?1 AND domain = ?4)
        OR EXISTS (SELECT 1 FROM shared WHERE tenant = ?2 AND address = ?3)
";
