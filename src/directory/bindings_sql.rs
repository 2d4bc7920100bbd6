//! The statements on what is bound: one row for each contact of each device.
//!
//! In: a connection. Out: rows as plain values. Law: the statements are those that SQLite and
//! PostgreSQL share. What a document says is not known here (`bindings`).

use super::sql::Database;
use sqlx::Row;

/// The table, as a step of the schema.
pub(super) const STEP: &str = "
    CREATE TABLE bindings (
        device TEXT NOT NULL,
        contact TEXT NOT NULL,
        until_ms BIGINT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (device, contact)
    );
";

/// A row of `bindings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BindingRow {
    pub(super) device: String,
    pub(super) contact: String,
    pub(super) until_ms: i64,
    pub(super) document: String,
}

/// Every binding, by device and contact.
pub(super) async fn bindings(database: &mut Database) -> sqlx::Result<Vec<BindingRow>> {
    let select = "SELECT device, contact, until_ms, document FROM bindings \
                  ORDER BY device, contact";
    let rows = sqlx::query(select).fetch_all(database).await?;
    let read = |row: &_| read_row(row);
    rows.iter().map(read).collect()
}

fn read_row(row: &<sqlx::Sqlite as sqlx::Database>::Row) -> sqlx::Result<BindingRow> {
    Ok(BindingRow {
        device: row.try_get("device")?,
        contact: row.try_get("contact")?,
        until_ms: row.try_get("until_ms")?,
        document: row.try_get("document")?,
    })
}

/// A contact is bound like this.
pub(super) async fn put_binding(database: &mut Database, row: &BindingRow) -> sqlx::Result<()> {
    let upsert = "INSERT INTO bindings (device, contact, until_ms, document) \
                  VALUES ($1, $2, $3, $4) \
                  ON CONFLICT (device, contact) DO UPDATE SET \
                  until_ms = excluded.until_ms, document = excluded.document";
    sqlx::query(upsert)
        .bind(&row.device)
        .bind(&row.contact)
        .bind(row.until_ms)
        .bind(&row.document)
        .execute(database)
        .await?;
    Ok(())
}

/// A contact is bound no longer.
pub(super) async fn remove_binding(
    database: &mut Database,
    (device, contact): (&str, &str),
) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM bindings WHERE device = $1 AND contact = $2")
        .bind(device)
        .bind(contact)
        .execute(database)
        .await?;
    Ok(())
}
