//! What the revisions of the log add up to.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    sync::Arc,
};

use super::{log::LogRecord, record::Revision, redrive::Redrive};

/// The latest revision of every transform that ever was, its redrives, and who asked for what.
#[derive(Clone, Debug, Default)]
pub struct Deployments {
    latest: BTreeMap<String, Arc<Revision>>,
    requests: HashMap<String, Arc<Revision>>,
    /// The number of each transform's latest delete.
    deletes: HashMap<String, u64>,
    redrives: BTreeMap<String, BTreeMap<u64, Arc<Redrive>>>,
    redrive_requests: HashMap<String, Arc<Redrive>>,
}

impl Deployments {
    /// Takes the next record of the log in. `true`: it says something.
    pub fn read(&mut self, record: &LogRecord) -> bool {
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        if let Some(revision) = Revision::decode(key, value, record.timestamp) {
            self.apply(revision);
            return true;
        }
        if let Some(redrive) = Redrive::decode(key, value) {
            self.apply_redrive(redrive);
            return true;
        }
        false
    }

    fn apply_redrive(&mut self, redrive: Redrive) {
        let redrive = Arc::new(redrive);
        self.redrive_requests
            .insert(redrive.request_id.clone(), Arc::clone(&redrive));
        self.redrives
            .entry(redrive.name.clone())
            .or_default()
            .insert(redrive.number, redrive);
    }

    /// Every redrive of a transform, by number.
    pub fn redrives(&self, name: &str) -> impl Iterator<Item = &Arc<Redrive>> {
        self.redrives
            .get(name)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    /// The redrive of a transform that is not over: there is one at a time.
    pub fn open_redrive(&self, name: &str) -> Option<&Arc<Redrive>> {
        let deleted = self.deletes.get(name).copied().unwrap_or(0);
        self.redrives(name)
            .find(|redrive| !redrive.is_over() && redrive.revision > deleted)
    }

    /// All that are not over.
    pub fn open_redrives(&self) -> impl Iterator<Item = &Arc<Redrive>> {
        self.redrives
            .keys()
            .filter_map(|name| self.open_redrive(name))
    }

    /// What a request has become, if it was carried out.
    pub fn redrive_by_request(&self, id: &str) -> Option<&Arc<Redrive>> {
        self.redrive_requests.get(id)
    }

    /// Takes the next record in. Records come in the order of the log, so a lower number is one that was seen before.
    /// `true`: it is the transform's latest now.
    pub fn apply(&mut self, revision: Revision) -> bool {
        let revision = Arc::new(revision);
        if !revision.request_id.is_empty() {
            self.requests
                .insert(revision.request_id.clone(), Arc::clone(&revision));
        }
        if revision.is_delete() {
            let latest = self.deletes.entry(revision.name.clone()).or_default();
            *latest = revision.number.max(*latest);
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
