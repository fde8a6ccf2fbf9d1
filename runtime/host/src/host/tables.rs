//! Tables as people look into them.

use std::collections::BTreeSet;

use super::Host;
use crate::{
    manifest::{Manifest, Scope},
    tables::Group,
};

impl Host {
    /// Every table that this host has, by topic, with the transforms that look into it.
    pub fn tables(&self) -> Vec<(Group, BTreeSet<String>)> {
        let tables = self.inner.supervisor.workshop().shelf.all().into_iter();
        tables
            .map(|table| {
                let transforms = self.who_looks_into(&table);
                (table, transforms)
            })
            .collect()
    }

    /// The table of a topic. `None`: no transform that is deployed has one.
    pub fn table(&self, topic: &str) -> Option<(Group, BTreeSet<String>)> {
        let table = self.inner.supervisor.workshop().shelf.find(topic)?;
        let transforms = self.who_looks_into(&table);
        Some((table, transforms))
    }

    /// What is probably not meant about the topics of tables. Of one whose settings this host may not see nothing is said.
    pub(super) async fn doubts_about_tables(&self, manifest: &Manifest) -> Vec<String> {
        let mut doubts = Vec::new();
        if self.is_embedded() {
            return doubts;
        }
        for (name, table) in &manifest.tables {
            let topic = &table.topic;
            if let Ok(config) = self.inner.admin.topic_config(topic).await
                && !config.is_compacted()
            {
                doubts.push(format!(
                    "the topic \"{topic}\" of the table \"{name}\" is not compacted: a host that starts after retention has deleted a row \
                     does not know of it; set cleanup.policy=compact on the topic"
                ));
            }
        }
        doubts
    }

    fn who_looks_into(&self, group: &Group) -> BTreeSet<String> {
        let deployments = self.deployments();
        let looks = |manifest: &Manifest| {
            let mut tables = manifest.tables.values();
            tables.any(|table| {
                table.topic == group.topic()
                    && (table.scope == Scope::Host) == group.is_whole()
                    && table.key_field.as_deref() == group.key_field()
            })
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
