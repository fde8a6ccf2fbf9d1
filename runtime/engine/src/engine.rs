//! The engine of a host: the pool that instances live in, the clock that interrupts them, the way from an upload to a
//! module that can be instantiated.

use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::budget::Budget;
use crate::cache::Cache;
use crate::compile::{self, CompilerProcess};
use crate::module::{Digest, Module};
use crate::raw::code;
use crate::state::LogProbe;
use crate::ticker::Ticker;
use crate::{EngineError, LoadError, check, config};

/// How an engine is set up.
#[derive(Clone)]
pub struct EngineConfig {
    /// Instances that may exist at once. Default: 1,000.
    pub max_instances: u32,
    /// Bytes of linear memory of all instances together. Default: 2 GiB.
    pub guest_memory: u64,
    /// Where compiled code is kept; `None`: nowhere. Created with mode 0700; must belong to this user alone.
    pub cache_dir: Option<PathBuf>,
    /// Bytes of compiled code to keep there; the oldest is removed. Default: 2 GiB.
    pub cache_bytes: u64,
    /// Where modules are compiled. Default: in this process, which is for tests.
    pub compiler: CompilerProcess,
    /// Bytes of one module. Default: 64 MiB.
    pub max_module_bytes: u64,
    /// Count what guests execute: [`Instance::fuel`](crate::Instance::fuel). Takes them about a third longer, and goes only with
    /// [`CompilerProcess::InProcess`]. Default: false.
    pub count_fuel: bool,
    /// Called with each line that a guest logs, within the import, on the guest's stack. For tests of faults: a panic
    /// in it is a panic of the host within a call.
    pub log_probe: Option<LogProbe>,
}

impl Default for EngineConfig {
    fn default() -> EngineConfig {
        EngineConfig {
            max_instances: 1_000,
            guest_memory: 2 << 30,
            cache_dir: None,
            cache_bytes: 2 << 30,
            compiler: CompilerProcess::InProcess,
            max_module_bytes: 64 << 20,
            count_fuel: false,
            log_probe: None,
        }
    }
}

/// Loads modules and holds what all their instances share. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) wasmtime: wasmtime::Engine,
    pub(crate) config: EngineConfig,
    pub(crate) budget: Arc<Budget>,
    pub(crate) ticker: Ticker,
    cache: Option<Arc<Cache>>,
    /// One compilation at a time.
    compiling: tokio::sync::Mutex<()>,
}

impl Engine {
    /// Reserves the pool and starts the clock.
    ///
    /// # Errors
    /// Where the sizes do not fit (with the arithmetic) or the cache folder is not safe to use.
    pub fn new(config: EngineConfig) -> Result<Engine, EngineError> {
        let mut pooled = config::pooled(config.max_instances, config.guest_memory)?;
        pooled.consume_fuel(config.count_fuel);
        let wasmtime = wasmtime::Engine::new(&pooled).map_err(|e| {
            EngineError::Sizes(format!(
                "cannot reserve room for {} instances: {e:#}; lower --max-instances or lift the limit on the process's \
                 address space (`ulimit -v`)",
                config.max_instances
            ))
        })?;
        let cache = match &config.cache_dir {
            None => None,
            Some(path) => Some(Arc::new(Cache::open(path, config.cache_bytes, &wasmtime)?)),
        };
        let ticker = Ticker::start(&wasmtime).map_err(|e| EngineError::Wasmtime(e.to_string()))?;
        let budget = Budget::new(config.guest_memory);
        let compiling = tokio::sync::Mutex::new(());
        Ok(Engine {
            inner: Arc::new(Inner {
                wasmtime,
                config,
                budget,
                ticker,
                cache,
                compiling,
            }),
        })
    }

    /// Bytes of linear memory that all guests hold.
    #[must_use]
    pub fn guest_memory_used(&self) -> u64 {
        self.inner.budget.used()
    }

    /// Checks a component, compiles it or takes it from the cache, and links its imports.
    ///
    /// # Errors
    /// See [`LoadError`]; nothing is left behind.
    pub async fn load(&self, wasm: &[u8]) -> Result<Module, LoadError> {
        let wasm: Arc<[u8]> = wasm.into();
        let (checked, digest) = {
            let (wasm, limit) = (wasm.clone(), self.inner.config.max_module_bytes);
            blocking(move || {
                Ok((
                    check::check(&wasm, limit)?,
                    Digest(Sha256::digest(&wasm).into()),
                ))
            })
            .await?
        };
        if let Some(component) = self.cached(digest).await? {
            return self.module(component, &checked, digest);
        }
        let _one_at_a_time = self.inner.compiling.lock().await;
        // Whoever held the lock may have compiled this very module.
        if let Some(component) = self.cached(digest).await? {
            return self.module(component, &checked, digest);
        }
        let code =
            compile::compile(&self.inner.config.compiler, &self.inner.wasmtime, wasm).await?;
        let inner = self.inner.clone();
        let component = blocking(move || {
            let component = code::load(&inner.wasmtime, &code).map_err(|e| {
                LoadError::Compile(format!("the compiled code cannot be loaded: {e:#}"))
            })?;
            if let Some(cache) = &inner.cache {
                // The module works without; the next start compiles it again.
                if let Err(e) = cache.put(digest, code.bytes()) {
                    tracing::warn!("cannot keep the compiled module {digest} in the cache: {e}");
                }
            }
            Ok(component)
        })
        .await?;
        self.module(component, &checked, digest)
    }

    async fn cached(
        &self,
        digest: Digest,
    ) -> Result<Option<wasmtime::component::Component>, LoadError> {
        let inner = self.inner.clone();
        blocking(move || {
            let Some(code) = inner.cache.as_ref().and_then(|cache| cache.get(digest)) else { return Ok(None) };
            match code::load(&inner.wasmtime, &code) {
                Ok(component) => Ok(Some(component)),
                Err(e) => {
                    tracing::warn!("the cached code of module {digest} cannot be used, compiling it again: {e:#}");
                    Ok(None)
                }
            }
        })
        .await
    }

    fn module(
        &self,
        component: wasmtime::component::Component,
        checked: &check::Checked,
        digest: Digest,
    ) -> Result<Module, LoadError> {
        Module::link(self.inner.clone(), component, &checked.guest, digest)
    }
}

/// Runs what takes long off the workers.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(e) => Err(LoadError::Host(format!("a task ended unexpectedly: {e}"))),
    }
}
