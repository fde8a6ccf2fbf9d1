//! Which functions are transforms. Knows the contract's types and calls the user's function; the rest of the crate is
//! what that function sees.

use crate::bindings::exports::millstream::transform::guest as wit;
use crate::columns::{Batch, Columns};
use crate::emitter::Emitter;
use crate::outputs::{Counters, Outputs};
use crate::plan::Plan;
use crate::reads::{self, Reads};
use crate::record::Record;
use crate::reject::Failure;
use crate::settings::{self, State};

/// A function that `#[transform]` makes a component of, in one of six shapes:
///
/// ```text
/// fn(Record<'_, R>, &mut Emitter<O>) -> A
/// fn(Record<'_, R>, &mut Emitter<O>, &S) -> A            S: Settings, or any State
/// fn(Record<'_, R>, &mut Emitter<O>, &mut S) -> A
/// fn(Batch<'_, R>, &mut Plan<O>) -> A                    the same three with a whole batch
/// ```
///
/// `R` names what is read ([`Reads`], values unless said otherwise), `O` the outputs ([`Outputs`]; `Emitter<O, C>` adds
/// counters, [`Counters`]), `A` is `()` or a `Result<(), E>` whose error is a [`Reject`](crate::Reject), a [`Failure`] or
/// any error ([`Answer`]).
#[diagnostic::on_unimplemented(
    message = "this function is not a transform",
    label = "not a transform",
    note = "a transform is `fn(record: Record<'_>, out: &mut Emitter<Out>) -> Result<(), Reject>`, perhaps with a third parameter `&Settings`, `&State` or `&mut State`; with `Batch<'_>` and `&mut Plan<Out>` it takes a whole batch"
)]
pub trait Transform<Shape>: 'static {
    #[doc(hidden)]
    type Reads: Reads;
    #[doc(hidden)]
    type Outputs: Outputs;
    #[doc(hidden)]
    type Counters: Counters;
    #[doc(hidden)]
    type State: State;

    #[doc(hidden)]
    fn run(
        &self,
        state: &mut Self::State,
        columns: &Columns<'_>,
    ) -> Result<Plan<Self::Outputs, Self::Counters>, Failure>;
}

/// What a transform may return: nothing, or a result whose error says what is wrong with the record or with the batch.
#[diagnostic::on_unimplemented(
    message = "a transform cannot return `{Self}`",
    note = "it returns nothing, `Result<(), Reject>`, or `Result<(), Failure>`"
)]
pub trait Answer {
    #[doc(hidden)]
    fn into_result(self) -> Result<(), Failure>;
}

impl Answer for () {
    #[inline]
    fn into_result(self) -> Result<(), Failure> {
        Ok(())
    }
}

impl<E: Into<Failure>> Answer for Result<(), E> {
    #[inline]
    fn into_result(self) -> Result<(), Failure> {
        self.map_err(Into::into)
    }
}

#[inline]
fn records<R, O: Outputs, C: Counters, A: Answer>(
    columns: &Columns<'_>,
    mut each: impl FnMut(Record<'_, R>, &mut Emitter<O, C>) -> A,
) -> Result<Plan<O, C>, Failure> {
    let mut emitter = Emitter::new(columns.count);
    for row in 0..columns.count {
        emitter.begin(row);
        match each(Record::new(columns, row), &mut emitter).into_result() {
            Ok(()) => {}
            Err(Failure::Reject(reject)) => emitter.reject(reject),
            Err(failure) => return Err(failure),
        }
    }
    Ok(emitter.into_plan())
}

#[inline]
fn batch<R, O: Outputs, C: Counters, A: Answer>(
    columns: &Columns<'_>,
    all: impl FnOnce(Batch<'_, R>, &mut Plan<O, C>) -> A,
) -> Result<Plan<O, C>, Failure> {
    let mut plan = Plan::new(columns.count);
    match all(Batch::new(columns), &mut plan).into_result() {
        Ok(()) => Ok(plan),
        // There is no record that this could be about: the host finds it.
        Err(Failure::Reject(reject)) => Err(Failure::Permanent(reject.to_string())),
        Err(failure) => Err(failure),
    }
}

#[doc(hidden)]
pub mod shape {
    //! One marker a shape: they keep the implementations below apart.
    use std::marker::PhantomData;

    #[derive(Debug)]
    pub struct Records<P>(PhantomData<P>);
    #[derive(Debug)]
    pub struct RecordsShared<P>(PhantomData<P>);
    #[derive(Debug)]
    pub struct RecordsMut<P>(PhantomData<P>);
    #[derive(Debug)]
    pub struct Batches<P>(PhantomData<P>);
    #[derive(Debug)]
    pub struct BatchesShared<P>(PhantomData<P>);
    #[derive(Debug)]
    pub struct BatchesMut<P>(PhantomData<P>);
}

macro_rules! transform {
    ($shape:ident, ($($parameter:ident)?), fn($($argument:ty),*), $state:ty, |$f:ident, $state_name:ident, $columns:ident| $run:expr) => {
        impl<F, R, O, C, A, $($parameter)?> Transform<shape::$shape<(R, O, C, A, $($parameter)?)>> for F
        where
            F: Fn($($argument),*) -> A + 'static,
            R: Reads,
            O: Outputs,
            C: Counters,
            A: Answer,
            $($parameter: State)?
        {
            type Reads = R;
            type Outputs = O;
            type Counters = C;
            type State = $state;

            #[inline]
            fn run(&self, $state_name: &mut $state, $columns: &Columns<'_>) -> Result<Plan<O, C>, Failure> {
                let $f = self;
                $run
            }
        }
    };
}
transform!(
    Records,
    (),
    fn(Record<'_, R>, &mut Emitter<O, C>),
    (),
    |f, _state, columns| records(columns, |record, out| f(record, out))
);
transform!(
    RecordsShared,
    (S),
    fn(Record<'_, R>, &mut Emitter<O, C>, &S),
    S,
    |f, state, columns| records(columns, |record, out| f(record, out, state))
);
transform!(
    RecordsMut,
    (S),
    fn(Record<'_, R>, &mut Emitter<O, C>, &mut S),
    S,
    |f, state, columns| records(columns, |record, out| f(record, out, state))
);
transform!(
    Batches,
    (),
    fn(Batch<'_, R>, &mut Plan<O, C>),
    (),
    |f, _state, columns| batch(columns, |records, plan| f(records, plan))
);
transform!(
    BatchesShared,
    (S),
    fn(Batch<'_, R>, &mut Plan<O, C>, &S),
    S,
    |f, state, columns| batch(columns, |records, plan| f(records, plan, state))
);
transform!(
    BatchesMut,
    (S),
    fn(Batch<'_, R>, &mut Plan<O, C>, &mut S),
    S,
    |f, state, columns| batch(columns, |records, plan| f(records, plan, state))
);

/// The answer to a batch, and what to add to each counter.
pub(crate) type Answered = Result<(wit::Output, Vec<u64>), wit::Failure>;

/// A transform with its state, whatever its types: what an instance of a component holds.
pub(crate) trait Running {
    fn apply(&mut self, batch: &wit::Batch) -> Answered;
}

struct Ready<T, S> {
    transform: T,
    state: S,
    run: fn(&T, &mut S, &wit::Batch) -> Answered,
}

impl<T, S> Running for Ready<T, S> {
    fn apply(&mut self, batch: &wit::Batch) -> Answered {
        (self.run)(&self.transform, &mut self.state, batch)
    }
}

fn run<Shape, T: Transform<Shape>>(
    transform: &T,
    state: &mut T::State,
    batch: &wit::Batch,
) -> Answered {
    let columns = Columns::of::<T::Reads>(batch).map_err(|column| {
        wit::Failure::Permanent(format!(
            "the host sent no {column}, or too few, for {} rows",
            batch.count
        ))
    })?;
    match transform.run(state, &columns) {
        Ok(plan) => Ok((plan.raw.finish(columns.count), plan.counts)),
        Err(Failure::Transient(message)) => Err(wit::Failure::Transient(message)),
        Err(Failure::Permanent(message)) => Err(wit::Failure::Permanent(message)),
        Err(Failure::Reject(reject)) => Err(wit::Failure::Permanent(reject.to_string())),
    }
}

/// What `configure` does: reads the settings, makes the state, and says what the transform reads and has.
pub(crate) fn configure<Shape, T: Transform<Shape>>(
    transform: T,
    settings: Vec<(String, String)>,
) -> Result<(Box<dyn Running>, wit::Description), String>
where
    T::State: 'static,
{
    let state: T::State = settings::state_from(settings)?;
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let description = wit::Description {
        reads: reads::parts::<T::Reads>(),
        fields: Vec::new(),
        lookups: Vec::new(),
        tables: Vec::new(),
        outputs: names(T::Outputs::NAMES),
        counters: names(T::Counters::NAMES),
        options: Vec::new(),
    };
    let running = Ready {
        transform,
        state,
        run: run::<Shape, T>,
    };
    Ok((Box::new(running), description))
}
