//! What the revisions of the log add up to.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    sync::Arc,
};

use super::record::Revision;

/// The latest revision of every transform that ever was, and who asked for what.
#[derive(Clone, Debug, Default)]
pub struct Deployments {
    latest: BTreeMap<String, Arc<Revision>>,
    requests: HashMap<String, Arc<Revision>>,
}

impl Deployments {
    /// Takes the next record in. Records come in the order of the log, so a lower number is one that was seen before.
    /// `true`: it is the transform's latest now.
    pub fn apply(&mut self, revision: Revision) -> bool {
        let revision = Arc::new(revision);
        if !revision.request_id.is_empty() {
            self.requests
                .insert(revision.request_id.clone(), Arc::clone(&revision));
        }
        match self.latest.entry(revision.name.clone()) {
            Entry::Occupied(known) if known.get().number >= revision.number => false,
            Entry::Occupied(mut known) => {
                known.insert(revision);
                true
            }
            Entry::Vacant(place) => {
                place.insert(revision);
                true
            }
        }
    }

    /// The latest revision of a name, be it a delete.
    pub fn latest(&self, name: &str) -> Option<&Arc<Revision>> {
        self.latest.get(name)
    }

    /// The latest revision of a transform that is there.
    pub fn live(&self, name: &str) -> Option<&Arc<Revision>> {
        self.latest(name).filter(|revision| !revision.is_delete())
    }

    /// Every transform that is there, by name.
    pub fn all_live(&self) -> impl Iterator<Item = &Arc<Revision>> {
        self.latest
            .values()
            .filter(|revision| !revision.is_delete())
    }

    /// Every latest revision, deletes included.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Revision>> {
        self.latest.values()
    }

    /// What a request has become, if it was carried out.
    pub fn by_request(&self, id: &str) -> Option<&Arc<Revision>> {
        self.requests.get(id)
    }

    /// A live revision whose module is this one: its chunks can be shared.
    pub fn with_module(&self, digest: &str) -> Option<&Arc<Revision>> {
        self.all_live().find(|revision| {
            revision
                .deployment()
                .is_some_and(|d| d.module.digest == digest)
        })
    }
}
