//! Tables as people look into them.

use std::{collections::BTreeSet, sync::Arc};

use super::Host;
use crate::tables::Table;

impl Host {
    /// Every table that this host has, by topic, with the transforms that look into it.
    pub fn tables(&self) -> Vec<(Arc<Table>, BTreeSet<String>)> {
        let tables = self.inner.supervisor.workshop().shelf.all().into_iter();
        tables
            .map(|table| {
                let transforms = self.who_looks_into(table.topic());
                (table, transforms)
            })
            .collect()
    }

    /// The table of a topic. `None`: no transform that is deployed has one.
    pub fn table(&self, topic: &str) -> Option<(Arc<Table>, BTreeSet<String>)> {
        let mut tables = self.tables().into_iter();
        tables.find(|(table, _)| table.topic() == topic)
    }

    fn who_looks_into(&self, topic: &str) -> BTreeSet<String> {
        let deployments = self.deployments();
        let looks = |manifest: &crate::manifest::Manifest| {
            manifest.tables.values().any(|table| table.topic == topic)
        };
        deployments
            .all_live()
            .filter(|revision| {
                let deployment = revision.deployment();
                deployment.is_some_and(|deployment| looks(&deployment.manifest))
            })
            .map(|revision| revision.name.clone())
            .collect()
    }
}
