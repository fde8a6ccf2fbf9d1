//! A loaded component: compiled, its imports linked, its exports of the right types. Makes instances.

use std::fmt;
use std::sync::Arc;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use crate::engine::Inner;
use crate::instance::{ApplyParams, ApplyResult, ConfigureParams, ConfigureResult, Instance};
use crate::observer::{Deaf, Observer};
use crate::state::State;
use crate::tables::{NoTables, Tables};
use crate::{Description, Failure, Limits, LoadError, imports};

/// SHA-256 of an upload; shown in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// A component that can be instantiated. Cheap to clone.
#[derive(Clone)]
pub struct Module {
    pub(crate) engine: Arc<Inner>,
    pub(crate) pre: InstancePre<State>,
    pub(crate) configure: ComponentExportIndex,
    pub(crate) apply: ComponentExportIndex,
    digest: Digest,
    pub(crate) tables: Arc<dyn Tables>,
}

impl Module {
    pub(crate) fn link(
        engine: Arc<Inner>,
        component: Component,
        guest: &str,
        digest: Digest,
    ) -> Result<Module, LoadError> {
        let linker = imports::link(&engine.wasmtime, &component)?;
        let linked = |e: wasmtime::Error| {
            LoadError::World(format!("an import has another type than the host's: {e:#}"))
        };
        let pre = linker.instantiate_pre(&component).map_err(linked)?;

        let ty = linker
            .substituted_component_type(&component)
            .map_err(linked)?;
        let world = |e: &dyn fmt::Display| {
            LoadError::World(format!(
                "the component exports `{guest}` with other types than millstream:transform 0.1 has: {e}; build it with \
                 the WIT of this version"
            ))
        };
        let Some(ComponentItem::ComponentInstance(exported)) =
            ty.get_export(&engine.wasmtime, guest).map(|e| e.ty)
        else {
            return Err(world(&"it is not an instance"));
        };
        let func = |name: &str| match exported.get_export(&engine.wasmtime, name).map(|e| e.ty) {
            Some(ComponentItem::ComponentFunc(func)) => Ok(func),
            _ => Err(world(&format!("there is no function `{name}`"))),
        };
        let (configure, apply) = (func("configure")?, func("apply")?);
        let types = ty.instance_type();
        configure
            .typecheck::<ConfigureParams, ConfigureResult>(&types)
            .map_err(|e| world(&format!("configure: {e:#}")))?;
        apply
            .typecheck::<ApplyParams<'static>, ApplyResult>(&types)
            .map_err(|e| world(&format!("apply: {e:#}")))?;

        let index = |name: &str| {
            let instance = component.get_export_index(None, guest);
            let index = instance.and_then(|i| component.get_export_index(Some(&i), name));
            index.ok_or_else(|| world(&format!("there is no function `{name}`")))
        };
        let (configure, apply) = (index("configure")?, index("apply")?);
        Ok(Module {
            engine,
            pre,
            configure,
            apply,
            digest,
            tables: Arc::new(NoTables),
        })
    }

    /// The same module, whose instances look into these tables.
    #[must_use]
    pub fn with_tables(self, tables: Arc<dyn Tables>) -> Module {
        Module { tables, ..self }
    }

    /// SHA-256 of the component.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Makes an instance, asks it what it is, and drops it.
    ///
    /// # Errors
    /// [`Failure::Refused`] for the settings, [`Failure::Description`] for what it answered, or how the call failed.
    pub async fn describe(
        &self,
        settings: &[(String, String)],
        limits: &Limits,
    ) -> Result<Description, Failure> {
        self.describe_to(settings, limits, Arc::new(Deaf)).await
    }

    /// As [`Module::describe`], with what the module says on the way going to the observer.
    ///
    /// # Errors
    /// As [`Module::describe`].
    pub async fn describe_to(
        &self,
        settings: &[(String, String)],
        limits: &Limits,
        observer: Arc<dyn Observer>,
    ) -> Result<Description, Failure> {
        Ok(Instance::start(self, settings, limits, None, observer)
            .await?
            .description()
            .clone())
    }

    /// Makes an instance that is ready for batches. It must describe itself as `description` says.
    ///
    /// # Errors
    /// As [`Module::describe`]; [`Failure::Malformed`] where it describes itself differently.
    pub async fn instantiate(
        &self,
        settings: &[(String, String)],
        limits: &Limits,
        description: &Description,
        observer: Arc<dyn Observer>,
    ) -> Result<Instance, Failure> {
        Instance::start(self, settings, limits, Some(description), observer).await
    }
}
