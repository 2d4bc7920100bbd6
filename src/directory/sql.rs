//! Every statement on the database of subscribers, and its schema in numbered steps.
//!
//! In: a connection, inside a transaction where more than one statement belongs together. Out: rows
//! as plain values. Law: the statements are those that SQLite and PostgreSQL share (`$1`, `ON
//! CONFLICT`, `RETURNING`); what is SQLite's own is in [`connect`], [`BEGIN`] and [`STEPS`]. What
//! the values mean is not here.

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row};
use std::path::Path;
use std::time::Duration;

/// The connection.
pub(super) type Database = SqliteConnection;

/// Begins a transaction that writes. It has the only write lock from here on, so what it reads no
/// other writer changes before it ends.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(5);

/// The schema, step by step; a database says how many of them it has taken. A step that is out is
/// never changed: what comes new, in a table or in a document, is a new step, so that an older
/// program refuses the database and loses nothing of it.
const STEPS: &[&str] = &[
    "
    CREATE TABLE revision (number BIGINT NOT NULL);
    INSERT INTO revision (number) VALUES (0);
    CREATE TABLE services (
        mailbox TEXT NOT NULL PRIMARY KEY,
        revision BIGINT NOT NULL,
        document TEXT NOT NULL
    );
    CREATE INDEX services_by_revision ON services (revision);
    CREATE TABLE recordings (
        id TEXT NOT NULL PRIMARY KEY,
        mailbox TEXT NOT NULL,
        sound BLOB NOT NULL
    );
    CREATE TABLE locks (
        guarded TEXT NOT NULL PRIMARY KEY,
        revision BIGINT NOT NULL,
        writer TEXT NOT NULL,
        wrong BIGINT NOT NULL,
        series BIGINT NOT NULL,
        until_ms BIGINT NOT NULL,
        last_ms BIGINT NOT NULL
    );
    CREATE INDEX locks_by_revision ON locks (revision);
",
    // Documents with call waiting and the last caller; no table is another one.
    "",
    super::bindings_sql::STEP,
];

/// The steps this program knows.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// A row of `locks`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LockRow {
    pub(super) guarded: String,
    pub(super) wrong: i64,
    pub(super) series: i64,
    pub(super) until_ms: i64,
    pub(super) last_ms: i64,
}

/// Opens the file, which exists. A commit returns once it is on disk for good.
pub(super) async fn connect(file: &Path) -> sqlx::Result<Database> {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE)
        // What is written here is private, and how long it took is of no use in the log.
        .disable_statement_logging()
        .connect()
        .await
}

/// How many steps the database has taken; 0 of a new one.
pub(super) async fn version(database: &mut Database) -> sqlx::Result<i64> {
    let create = "CREATE TABLE IF NOT EXISTS schema_steps (taken BIGINT NOT NULL)";
    sqlx::query(create).execute(&mut *database).await?;
    let row = sqlx::query("SELECT MAX(taken) AS taken FROM schema_steps")
        .fetch_one(&mut *database)
        .await?;
    Ok(row.try_get::<Option<i64>, _>("taken")?.unwrap_or(0))
}

/// Takes the steps that are missing, each whole or not at all.
pub(super) async fn migrate(database: &mut Database) -> sqlx::Result<()> {
    for (number, step) in (1_i64..).zip(STEPS) {
        let mut transaction = database.begin_with(BEGIN).await?;
        // Another process may have taken it meanwhile.
        if version(&mut transaction).await? < number {
            sqlx::raw_sql(*step).execute(&mut *transaction).await?;
            sqlx::query("INSERT INTO schema_steps (taken) VALUES ($1)")
                .bind(number)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
    }
    Ok(())
}

/// The number of the last change.
pub(super) async fn revision(database: &mut Database) -> sqlx::Result<i64> {
    let row = sqlx::query("SELECT number FROM revision")
        .fetch_one(database)
        .await?;
    row.try_get("number")
}

/// The number of the change that is being made. Whoever has it is alone until the transaction ends.
pub(super) async fn next_revision(database: &mut Database) -> sqlx::Result<i64> {
    let row = sqlx::query("UPDATE revision SET number = number + 1 RETURNING number")
        .fetch_one(database)
        .await?;
    row.try_get("number")
}

/// What a subscriber has set.
pub(super) async fn document(
    database: &mut Database,
    mailbox: &str,
) -> sqlx::Result<Option<String>> {
    let row = sqlx::query("SELECT document FROM services WHERE mailbox = $1")
        .bind(mailbox)
        .fetch_optional(database)
        .await?;
    row.map(|row| row.try_get("document")).transpose()
}

/// Every subscriber who set something after this change: mailbox and document.
pub(super) async fn documents_since(
    database: &mut Database,
    revision: i64,
) -> sqlx::Result<Vec<(String, String)>> {
    let select = "SELECT mailbox, document FROM services WHERE revision > $1 ORDER BY revision";
    let rows = sqlx::query(select)
        .bind(revision)
        .fetch_all(database)
        .await?;
    let pair = |row: SqliteRow| Ok((row.try_get("mailbox")?, row.try_get("document")?));
    rows.into_iter().map(pair).collect()
}

/// A subscriber has set this.
pub(super) async fn put_document(
    database: &mut Database,
    mailbox: &str,
    revision: i64,
    document: &str,
) -> sqlx::Result<()> {
    let upsert = "INSERT INTO services (mailbox, revision, document) VALUES ($1, $2, $3) \
                  ON CONFLICT (mailbox) DO UPDATE \
                  SET revision = excluded.revision, document = excluded.document";
    sqlx::query(upsert)
        .bind(mailbox)
        .bind(revision)
        .bind(document)
        .execute(database)
        .await?;
    Ok(())
}

/// A recording, in G.711 A-law.
pub(super) async fn recording(database: &mut Database, id: &str) -> sqlx::Result<Option<Vec<u8>>> {
    let row = sqlx::query("SELECT sound FROM recordings WHERE id = $1")
        .bind(id)
        .fetch_optional(database)
        .await?;
    row.map(|row| row.try_get("sound")).transpose()
}

/// Keeps a recording.
pub(super) async fn put_recording(
    database: &mut Database,
    (mailbox, id): (&str, &str),
    sound: &[u8],
) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO recordings (id, mailbox, sound) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(mailbox)
        .bind(sound)
        .execute(database)
        .await?;
    Ok(())
}

/// Removes a recording.
pub(super) async fn remove_recording(database: &mut Database, id: &str) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM recordings WHERE id = $1")
        .bind(id)
        .execute(database)
        .await?;
    Ok(())
}

/// The locks that others than `writer` changed after this change.
pub(super) async fn locks_since(
    database: &mut Database,
    revision: i64,
    writer: &str,
) -> sqlx::Result<Vec<LockRow>> {
    let select = "SELECT guarded, wrong, series, until_ms, last_ms FROM locks \
                  WHERE revision > $1 AND writer <> $2 ORDER BY revision";
    let rows = sqlx::query(select)
        .bind(revision)
        .bind(writer)
        .fetch_all(database)
        .await?;
    rows.into_iter().map(|row| lock_row(&row)).collect()
}

/// The lock of what is guarded so.
pub(super) async fn lock(database: &mut Database, guarded: &str) -> sqlx::Result<Option<LockRow>> {
    let select = "SELECT guarded, wrong, series, until_ms, last_ms FROM locks WHERE guarded = $1";
    let row = sqlx::query(select)
        .bind(guarded)
        .fetch_optional(database)
        .await?;
    row.map(|row| lock_row(&row)).transpose()
}

fn lock_row(row: &SqliteRow) -> sqlx::Result<LockRow> {
    Ok(LockRow {
        guarded: row.try_get("guarded")?,
        wrong: row.try_get("wrong")?,
        series: row.try_get("series")?,
        until_ms: row.try_get("until_ms")?,
        last_ms: row.try_get("last_ms")?,
    })
}

/// Remembers a lock.
pub(super) async fn put_lock(
    database: &mut Database,
    (revision, writer): (i64, &str),
    lock: &LockRow,
) -> sqlx::Result<()> {
    let upsert = "INSERT INTO locks \
                  (guarded, revision, writer, wrong, series, until_ms, last_ms) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7) \
                  ON CONFLICT (guarded) DO UPDATE SET \
                  revision = excluded.revision, writer = excluded.writer, \
                  wrong = excluded.wrong, series = excluded.series, \
                  until_ms = excluded.until_ms, last_ms = excluded.last_ms";
    sqlx::query(upsert)
        .bind(&lock.guarded)
        .bind(revision)
        .bind(writer)
        .bind(lock.wrong)
        .bind(lock.series)
        .bind(lock.until_ms)
        .bind(lock.last_ms)
        .execute(database)
        .await?;
    Ok(())
}

/// Forgets the locks whose last wrong passcode came before this moment.
pub(super) async fn forget_locks(database: &mut Database, before_ms: i64) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM locks WHERE last_ms < $1")
        .bind(before_ms)
        .execute(database)
        .await?;
    Ok(())
}
