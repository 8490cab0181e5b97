//! The databases that people would take instead, each told to lose nothing in a power cut.
use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use redb::{ReadableDatabase as _, TableDefinition};
use rusqlite::Connection;

use super::{
    Durable, PAYLOAD, TASKS,
    group::{Grouped, Sink},
};
use crate::measure::Result;

/// What is written for a transition.
fn payload(count: u64) -> [u8; PAYLOAD] {
    [count as u8; PAYLOAD]
}

struct Sqlite(Connection);

pub(super) fn sqlite(dir: &Path) -> Result<Box<dyn Durable>> {
    let connection = Connection::open(dir.join("sqlite.db"))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.execute("CREATE TABLE task (id INTEGER PRIMARY KEY, count INTEGER, body BLOB)", [])?;
    for id in 0..TASKS {
        connection.execute("INSERT INTO task VALUES (?1, 0, ?2)", (id as i64, payload(0)))?;
    }
    Ok(Box::new(Grouped::new(Sqlite(connection))))
}

impl Sink for Sqlite {
    fn commit(&mut self, batch: &[(usize, u64)]) -> Result<()> {
        let transaction = self.0.transaction()?;
        for (task, count) in batch {
            let mut update =
                transaction.prepare_cached("UPDATE task SET count = ?2, body = ?3 WHERE id = ?1")?;
            update.execute((*task as i64, *count as i64, payload(*count)))?;
        }
        Ok(transaction.commit()?)
    }
}

struct Redb(redb::Database);

const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("task");

pub(super) fn redb(dir: &Path) -> Result<Box<dyn Durable>> {
    let mut sink = Redb(redb::Database::create(dir.join("redb"))?);
    sink.commit(&(0..TASKS).map(|task| (task, 0)).collect::<Vec<_>>())?;
    sink.0.begin_read()?.open_table(TABLE)?;
    Ok(Box::new(Grouped::new(sink)))
}

impl Sink for Redb {
    fn commit(&mut self, batch: &[(usize, u64)]) -> Result<()> {
        // Durability::Immediate is the default.
        let transaction = self.0.begin_write()?;
        let mut table = transaction.open_table(TABLE)?;
        for (task, count) in batch {
            table.insert(*task as u64, payload(*count).as_slice())?;
        }
        drop(table);
        Ok(transaction.commit()?)
    }
}

struct Fjall {
    database: Database,
    tasks: Keyspace,
}

pub(super) fn fjall(dir: &Path) -> Result<Box<dyn Durable>> {
    let database = Database::builder(dir.join("fjall")).open()?;
    let tasks = database.keyspace("task", KeyspaceCreateOptions::default)?;
    Ok(Box::new(Grouped::new(Fjall { database, tasks })))
}

impl Sink for Fjall {
    fn commit(&mut self, batch: &[(usize, u64)]) -> Result<()> {
        let mut writes = self.database.batch().durability(Some(PersistMode::SyncData));
        for (task, count) in batch {
            writes.insert(&self.tasks, task.to_be_bytes(), payload(*count));
        }
        Ok(writes.commit()?)
    }
}
