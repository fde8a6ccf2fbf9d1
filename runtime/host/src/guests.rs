//! Guests as lanes hold them: behind one pointer, so that a revision can bring another kind of guest (a component, or code
//! compiled in) while its transform runs.

use std::sync::Arc;
use std::time::Duration;

use crate::{source::TopicPartition, tables::Joined};
use futures_util::future::BoxFuture;
use millstream_engine::{Batch, Description, Failure, Guest, Limits, Module, Observer, Plan};

/// A [`Guest`] whose kind is not known. Costs one allocation a batch.
pub trait AnyGuest: Send {
    /// See [`Guest::apply`].
    fn apply<'a>(&'a mut self, batch: Batch<'a>) -> BoxFuture<'a, Result<Plan, Failure>>;
    /// See [`Guest::memory`].
    fn memory(&self) -> u64;
    /// See [`Guest::wants_replacing`].
    fn wants_replacing(&self) -> bool;
    /// See [`Guest::cpu`].
    fn cpu(&self) -> Duration;
}

impl<G: Guest> AnyGuest for G {
    fn apply<'a>(&'a mut self, batch: Batch<'a>) -> BoxFuture<'a, Result<Plan, Failure>> {
        Box::pin(Guest::apply(self, batch))
    }
    fn memory(&self) -> u64 {
        Guest::memory(self)
    }
    fn wants_replacing(&self) -> bool {
        Guest::wants_replacing(self)
    }
    fn cpu(&self) -> Duration {
        Guest::cpu(self)
    }
}

/// Where lanes get their guests from: one module with one set of settings.
pub trait Guests: Send + Sync + 'static {
    /// A new guest, configured.
    ///
    /// # Errors
    /// The module's failure, or the host's ([`Failure::Host`]) where there is no room for another instance now.
    fn create(&self) -> BoxFuture<'_, Result<Box<dyn AnyGuest>, Failure>>;

    /// From now on its guests get batches of these partitions, and of no others.
    fn own(&self, _partitions: &[TopicPartition]) {}
}

impl<F, G> Guests for F
where
    F: Fn() -> Result<G, Failure> + Send + Sync + 'static,
    G: Guest + 'static,
{
    fn create(&self) -> BoxFuture<'_, Result<Box<dyn AnyGuest>, Failure>> {
        let guest = self().map(|guest| Box::new(guest) as Box<dyn AnyGuest>);
        Box::pin(std::future::ready(guest))
    }
}

/// Instances of a component with its settings.
pub struct Component {
    /// The component.
    pub module: Module,
    /// What `configure` is given.
    pub settings: Vec<(String, String)>,
    /// What an instance may use.
    pub limits: Limits,
    /// What `configure` has answered to these settings.
    pub description: Description,
    /// Who is told what instances log and count.
    pub observer: Arc<dyn Observer>,
}

/// Guests whose tables follow the partitions that they get batches of.
#[derive(Debug)]
pub struct WithTables {
    pub guests: Component,
    pub tables: Arc<Joined>,
}

impl Guests for WithTables {
    fn create(&self) -> BoxFuture<'_, Result<Box<dyn AnyGuest>, Failure>> {
        self.guests.create()
    }

    fn own(&self, partitions: &[TopicPartition]) {
        self.tables.own(partitions);
    }
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Component")
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

impl Guests for Component {
    fn create(&self) -> BoxFuture<'_, Result<Box<dyn AnyGuest>, Failure>> {
        Box::pin(async move {
            let observer = Arc::clone(&self.observer);
            let instance = self
                .module
                .instantiate(&self.settings, &self.limits, &self.description, observer)
                .await?;
            Ok(Box::new(instance) as Box<dyn AnyGuest>)
        })
    }
}
