//! The names of sources and systems, which stand once in the database each.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::id::WorkspaceId;
use crate::store::StoreError;

/// Which of the two tables of names.
#[derive(Debug, Clone, Copy)]
pub(super) enum Table {
    Source,
    System,
}

impl Table {
    fn select(self) -> &'static str {
        match self {
            Self::Source => "SELECT id FROM source WHERE workspace = ?1 AND name = ?2",
            Self::System => "SELECT id FROM system WHERE workspace = ?1 AND name = ?2",
        }
    }

    fn insert(self) -> &'static str {
        match self {
            Self::Source => "INSERT INTO source (workspace, name) VALUES (?1, ?2)",
            Self::System => "INSERT INTO system (workspace, name) VALUES (?1, ?2)",
        }
    }

    fn all(self) -> &'static str {
        match self {
            Self::Source => "SELECT id, name FROM source WHERE workspace = ?1",
            Self::System => "SELECT id, name FROM system WHERE workspace = ?1",
        }
    }
}

/// The names that one transaction has met.
pub(super) struct Names<'c> {
    connection: &'c Connection,
    workspace: &'c WorkspaceId,
    sources: HashMap<String, i64>,
    systems: HashMap<String, i64>,
}

impl<'c> Names<'c> {
    pub(super) fn new(connection: &'c Connection, workspace: &'c WorkspaceId) -> Self {
        Self {
            connection,
            workspace,
            sources: HashMap::new(),
            systems: HashMap::new(),
        }
    }

    /// Returns the place of a source's name, which is written down if it is new.
    pub(super) fn source(&mut self, name: &str) -> Result<i64, StoreError> {
        place(
            self.connection,
            self.workspace,
            Table::Source,
            &mut self.sources,
            name,
        )
    }

    /// Returns the place of a system's name, which is written down if it is new.
    pub(super) fn system(&mut self, name: &str) -> Result<i64, StoreError> {
        place(
            self.connection,
            self.workspace,
            Table::System,
            &mut self.systems,
            name,
        )
    }
}

fn place(
    connection: &Connection,
    workspace: &WorkspaceId,
    table: Table,
    met: &mut HashMap<String, i64>,
    name: &str,
) -> Result<i64, StoreError> {
    if let Some(id) = met.get(name) {
        return Ok(*id);
    }
    let known = connection
        .prepare_cached(table.select())?
        .query_row(params![workspace.as_str(), name], |row| row.get(0))
        .optional()?;
    let id = match known {
        Some(id) => id,
        None => connection
            .prepare_cached(table.insert())?
            .insert(params![workspace.as_str(), name])?,
    };
    met.insert(name.to_owned(), id);
    Ok(id)
}

/// Returns all names of a table, at their places.
pub(super) fn all(
    connection: &Connection,
    workspace: &WorkspaceId,
    table: Table,
) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    let mut statement = connection.prepare_cached(table.all())?;
    let mut rows = statement.query([workspace.as_str()])?;
    while let Some(row) = rows.next()? {
        let place: usize = row.get(0)?;
        if names.len() <= place {
            names.resize(place + 1, String::new());
        }
        if let Some(name) = names.get_mut(place) {
            *name = row.get(1)?;
        }
    }
    Ok(names)
}
