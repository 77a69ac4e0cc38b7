//! Which changes repeat earlier emergencies, computed from the register and the
//! log whenever somebody asks; it is stored nowhere.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::Connection;

use super::{Store, StoreError, log, register};
use crate::domain::change::EmergencyChange;
use crate::domain::id::{ChangeNumber, WorkspaceId};
use crate::domain::ticket::{Past, REPEATS_WITHIN, Repeat, past, repeat_of};

impl Store {
    /// Returns which earlier emergencies each of these changes repeats; those that
    /// repeat none are left out.
    pub async fn repeats(
        &self,
        numbers: Vec<ChangeNumber>,
    ) -> Result<BTreeMap<ChangeNumber, Repeat>, StoreError> {
        self.read(move |connection, workspace| {
            // Several changes of one time have the same past: each is read once.
            let mut read = BTreeMap::new();
            let mut repeats = BTreeMap::new();
            for number in numbers {
                let Some((change, _)) = log::load(connection, workspace, number)? else {
                    continue;
                };
                let others = before(connection, workspace, &change, &mut read)?;
                repeats.extend(repeat_of(&change, &others).map(|repeat| (number, repeat)));
            }
            Ok(repeats)
        })
        .await
    }
}

/// Returns what could be repeated by a change.
fn before(
    connection: &Connection,
    workspace: &WorkspaceId,
    change: &EmergencyChange,
    read: &mut BTreeMap<ChangeNumber, Option<Past>>,
) -> Result<Vec<Past>, StoreError> {
    let Some(this) = past(change).filter(|this| !this.systems.is_empty()) else {
        return Ok(Vec::new());
    };
    let from = this.deployed_at - REPEATS_WITHIN;
    let mut others = Vec::new();
    for number in register::deployed_between(connection, workspace, from, this.deployed_at)? {
        if number == this.number {
            continue;
        }
        let other = match read.entry(number) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let found = log::load(connection, workspace, number)?;
                unknown.insert(found.and_then(|(change, _)| past(&change)))
            }
        };
        others.extend(other.clone());
    }
    Ok(others)
}
