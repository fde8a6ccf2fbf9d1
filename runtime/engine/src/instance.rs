//! One sandboxed guest: a store with its limits, `configure` called once, `apply` called a batch at a time.

mod failure;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use millstream_fields::{Joiner, Refused};
use wasmtime::component::TypedFunc;
use wasmtime::{Store, UpdateDeadline};

use crate::engine::Inner;
use crate::meter::Meter;
use crate::module::Module;
use crate::observer::Observer;
use crate::raw::BatchArg;
use crate::raw::shapes::{DescriptionShape, FailureShape, OutputShape};
use crate::state::State;
use crate::tables::{TableError, Tables, View};
use crate::{Batch, Description, Failure, Guest, Limits, Malformed, Plan, Row};

pub(crate) type ConfigureParams = (Vec<(String, String)>,);
pub(crate) type ConfigureResult = (Result<DescriptionShape, String>,);
pub(crate) type ApplyParams<'a> = (BatchArg<'a>,);
pub(crate) type ApplyResult = (Result<OutputShape, FailureShape>,);

/// Bytes that `configure` may return.
const MAX_DESCRIPTION: usize = 1 << 20;

/// A guest in its sandbox.
pub struct Instance {
    store: Store<State>,
    apply: TypedFunc<ApplyParams<'static>, ApplyResult>,
    meter: Arc<Meter>,
    engine: Arc<Inner>,
    observer: Arc<dyn Observer>,
    description: Description,
    /// `None`: neither fields nor lookups are declared.
    joiner: Option<Joiner>,
    tables: Arc<dyn Tables>,
    limits: Limits,
    soft_memory: u64,
    /// Bytes of the batch that the last call copied into the guest.
    copied: AtomicU64,
    /// A call is running, was abandoned, or ended in a way that leaves the guest in no known state.
    unusable: bool,
}

impl Instance {
    /// Makes an instance and calls `configure`. All limits hold from the first instruction of a start function on.
    pub(crate) async fn start(
        module: &Module,
        settings: &[(String, String)],
        limits: &Limits,
        expected: Option<&Description>,
        observer: Arc<dyn Observer>,
    ) -> Result<Instance, Failure> {
        let engine = module.engine.clone();
        let state = State::new(&engine.config, engine.budget.clone(), limits);
        let meter = state.meter.clone();
        let mut store = Store::new(&engine.wasmtime, state);
        store.limiter(|state| &mut state.share);
        refuel(&mut store, &engine);
        store.set_hostcall_fuel(MAX_DESCRIPTION);
        store.epoch_deadline_callback(|store| {
            store.data().meter.check()?;
            Ok(UpdateDeadline::Yield(1))
        });
        store.set_epoch_deadline(1);
        store.data_mut().begin_call();

        let settings = settings.to_vec();
        let started = {
            let _running = engine.ticker.running();
            let start = async {
                let instance = module.pre.instantiate_async(&mut store).await?;
                let configure = instance.get_typed_func::<ConfigureParams, ConfigureResult>(
                    &mut store,
                    module.configure,
                )?;
                let apply = instance.get_typed_func::<ApplyParams<'static>, ApplyResult>(
                    &mut store,
                    module.apply,
                )?;
                let (answer,) = configure.call_async(&mut store, (settings,)).await?;
                Ok((answer, apply))
            };
            meter.run(start).await
        };
        let description = match started {
            Err(panicked) => Err(failure::of_panic(&panicked)),
            Ok(Err(error)) => Err(failure::of_start(error, store.data_mut(), MAX_DESCRIPTION)),
            Ok(Ok((Err(refused), _))) => Err(Failure::Refused(failure::cut(refused))),
            Ok(Ok((Ok(description), apply))) => description
                .checked()
                .map_err(failure::shortened)
                .and_then(|d| same(d, expected))
                .map(|d| (d, apply)),
        };
        store.data_mut().end_call(&*observer, description.is_ok());
        let (description, apply) = description?;

        store.set_hostcall_fuel(usize::try_from(limits.result_bytes).unwrap_or(usize::MAX));
        store
            .data_mut()
            .counters
            .declare(description.counters.len());
        let soft_memory = limits.soft_memory_from(store.data().share.memory());
        let limits = limits.clone();
        let (fields, lookups) = (&description.fields, &description.lookups);
        let joiner = (!fields.is_empty() || !lookups.is_empty())
            .then(|| Joiner::new(fields, lookups, &description.tables));
        Ok(Instance {
            store,
            apply,
            meter,
            engine,
            observer,
            description,
            joiner,
            tables: module.tables.clone(),
            limits,
            soft_memory,
            copied: AtomicU64::new(0),
            unusable: false,
        })
    }

    /// Bytes of columns that the last call copied into the guest: what it reads, once, and the columns' ends and nulls.
    #[must_use]
    pub fn copied_bytes(&self) -> u64 {
        self.copied.load(Relaxed)
    }

    /// About how many instructions of WebAssembly the last call executed, the same on every machine; `None` where the engine was not
    /// told to count.
    #[must_use]
    pub fn fuel(&self) -> Option<u64> {
        let left = self.store.get_fuel().ok()?;
        Some(u64::MAX - left)
    }

    /// What `configure` answered.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }
}

/// A full tank, in an engine that counts. Time is what limits a guest; fuel only measures.
fn refuel(store: &mut Store<State>, engine: &Inner) {
    if engine.config.count_fuel {
        // Fails only in an engine that does not count.
        let _ = store.set_fuel(u64::MAX);
    }
}

fn same(description: Description, expected: Option<&Description>) -> Result<Description, Failure> {
    match expected {
        Some(expected) if *expected != description => Err(Malformed::new(
            "configure",
            "it answers differently than when the module was checked, for the same settings",
        )
        .into()),
        _ => Ok(description),
    }
}

impl Instance {
    /// Calls the guest with these rows; its columns of fields are filled.
    async fn call(&mut self, batch: Batch<'_>) -> Result<Plan, Failure> {
        // Until the answer is there: the future may be dropped at any point.
        self.unusable = true;
        self.store.data_mut().begin_call();
        self.store.set_epoch_deadline(1);
        let arg = BatchArg {
            copied: &self.copied,
            batch,
            reads: self.description.reads,
            joiner: self.joiner.as_ref(),
        };
        let called = {
            let _running = self.engine.ticker.running();
            self.meter
                .run(self.apply.call_async(&mut self.store, (arg,)))
                .await
        };
        let plan = match called {
            Err(panicked) => Err(failure::of_panic(&panicked)),
            Ok(Err(error)) => {
                let crossing = self.store.hostcall_fuel();
                Err(failure::of_call(error, self.store.data_mut(), crossing))
            }
            Ok(Ok((Err(FailureShape::Transient(why)),))) => {
                Err(Failure::Transient(failure::cut(why)))
            }
            Ok(Ok((Err(FailureShape::Permanent(why)),))) => {
                Err(Failure::Permanent(failure::cut(why)))
            }
            Ok(Ok((Ok(output),))) => {
                Plan::from_output(output.into(), batch, &self.description, &self.limits)
            }
        };
        self.unusable = !matches!(
            plan,
            Ok(_) | Err(Failure::Transient(_) | Failure::Permanent(_))
        );
        self.store
            .data_mut()
            .end_call(&*self.observer, plan.is_ok());
        plan
    }
}

impl Instance {
    /// Calls the guest with those rows that it is to see, if there are any. The plan is over all of them.
    async fn join_and_call(&mut self, batch: Batch<'_>) -> Result<Plan, Failure> {
        let refused = self.join(&batch)?;
        if refused.is_empty() {
            return self.call(batch).await;
        }
        let kept: Vec<u32> = Refused::kept(&refused, batch.rows.len()).collect();
        let rows: Vec<Row<'_>> = kept.iter().map(|row| batch.rows[*row as usize]).collect();
        let plan = match rows.as_slice() {
            [] => Plan::default(),
            rows => self.call(Batch { rows, ..batch }).await?,
        };
        let refused = refused
            .iter()
            .map(|refused| (refused.row, refused.code, refused.reason.as_str()));
        Ok(plan.widened(&kept, refused))
    }

    /// Fills the columns of fields and lookups. Returns the rows that the guest is not to see, for which they have no entry.
    fn join(&mut self, batch: &Batch<'_>) -> Result<Vec<Refused>, Failure> {
        let tables = self.description.tables.len();
        let mut view = (tables != 0).then(|| {
            let snapshot = self.tables.snapshot(batch.partition);
            View::new(snapshot, tables, &self.limits)
        });
        let refused = match &mut self.joiner {
            Some(joiner) => joined(joiner, batch, &mut view, &self.limits)?,
            None => Vec::new(),
        };
        // The end of the call takes the view away. Where nobody is called it must not stay: its version of the tables could not
        // be given up until the next batch.
        if refused.len() < batch.rows.len() {
            self.store.data_mut().view = view;
        }
        Ok(refused)
    }
}

/// See [`Instance::join`].
fn joined(
    joiner: &mut Joiner,
    batch: &Batch<'_>,
    view: &mut Option<View>,
    limits: &Limits,
) -> Result<Vec<Refused>, Failure> {
    // The columns are copied into the guest's memory next: what has no room there need not be made here.
    let most = usize::try_from(limits.memory).unwrap_or(usize::MAX);
    let mut refused = joiner
        .take_out(batch.rows, most)
        .map_err(|_| failure::of_fields(limits.memory))?;
    loop {
        let all = joiner.look_up(batch.rows, &mut refused, |table, keys| match view {
            Some(view) => view.get(table as usize, keys),
            // A description whose lookups name no table is refused.
            None => Err(TableError::Unavailable("there are no tables".to_owned())),
        });
        if all.map_err(|error| failure::of_tables(&error))? {
            return Ok(refused);
        }
        if let Some(view) = view {
            view.forget();
        }
    }
}

impl Guest for Instance {
    async fn apply<'a>(&'a mut self, batch: Batch<'a>) -> Result<Plan, Failure> {
        if self.unusable {
            return Err(Failure::Host(
                "an instance was called again after it had failed".to_owned(),
            ));
        }
        self.copied.store(0, Relaxed);
        self.meter.reset();
        refuel(&mut self.store, &self.engine);
        if batch.rows.is_empty() {
            return Ok(Plan::default());
        }
        let plan = self.join_and_call(batch).await;
        if let Some(joiner) = &mut self.joiner {
            joiner.let_go();
        }
        plan
    }

    fn memory(&self) -> u64 {
        self.store.data().share.memory()
    }

    fn wants_replacing(&self) -> bool {
        self.unusable || self.memory() > self.soft_memory
    }

    fn cpu(&self) -> Duration {
        self.meter.cpu()
    }
}
