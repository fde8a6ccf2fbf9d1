//! Which functions are transforms. Knows the contract's types and calls the user's function; the rest of the crate is
//! what that function sees.

use crate::bindings::exports::millstream::transform::guest as wit;
use crate::columns::{Batch, Columns};
use crate::emitter::Emitter;
use crate::fields::{self, Declared, FieldColumn, Fields, Rows};
use crate::outputs::{Counters, Outputs};
use crate::plan::Plan;
use crate::reads::{self, Reads};
use crate::record::{Record, null_value};
use crate::reject::Failure;
use crate::settings::{self, State};
use crate::tables::Tables as _;

/// A function that `#[transform]` makes a component of, in one of these shapes:
///
/// ```text
/// fn(Record<'_, R>, &mut Emitter<O>) -> A
/// fn(F<'_>, &mut Emitter<O>) -> A                        F: Fields
/// fn(F<'_>, Record<'_, R>, &mut Emitter<O>) -> A
/// fn(Batch<'_, R>, &mut Plan<O>) -> A                    a whole batch
/// fn(Rows<'_, F<'_>>, Batch<'_, R>, &mut Plan<O>) -> A
/// ```
///
/// and each of them with a last parameter `&S` or `&mut S`, where `S` is [`Settings`](crate::Settings) or any [`State`].
///
/// `F` declares fields that the host takes out of each record ([`Fields`]). `R` names what is read ([`Reads`], values unless
/// said otherwise), `O` the outputs ([`Outputs`]; `Emitter<O, C>` adds counters, [`Counters`]), `A` is `()` or a
/// `Result<(), E>` whose error is a [`Reject`](crate::Reject), a [`Failure`] or any error ([`Answer`]).
#[diagnostic::on_unimplemented(
    message = "this function is not a transform",
    label = "not a transform",
    note = "a transform is `fn(record: Record<'_>, out: &mut Emitter<Out>) -> Result<(), Reject>`, perhaps with a last parameter `&Settings`, `&State` or `&mut State`, and with a struct of declared fields before or instead of the record; with `Batch<'_>` and `&mut Plan<Out>` it takes a whole batch"
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
    const FIELDS: &'static [Declared] = &[];

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
fn records<'c, R: 'c, O: Outputs, C: Counters, A: Answer>(
    columns: &'c Columns<'c>,
    mut each: impl FnMut(Record<'c, R>, &mut Emitter<O, C>) -> A,
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

/// With the fields of each record. One that cannot have any is a record without a value.
#[inline]
fn fielded<'c, F: Fields, R: 'c, O: Outputs, C: Counters, A: Answer>(
    columns: &'c Columns<'c>,
    mut each: impl FnMut(F::Of<'c>, Record<'c, R>, &mut Emitter<O, C>) -> A,
) -> Result<Plan<O, C>, Failure> {
    records(columns, |record: Record<'c, R>, out| {
        match F::at(columns.fields, record.row()) {
            Some(fields) => each(fields, record, out).into_result(),
            None => Err(Failure::Reject(null_value())),
        }
    })
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

    macro_rules! markers {
        ($($name:ident)*) => {
            $(
                #[derive(Debug)]
                pub struct $name<P>(PhantomData<P>);
            )*
        };
    }
    markers!(Records RecordsShared RecordsMut);
    markers!(Fields FieldsShared FieldsMut);
    markers!(FieldsAndRecords FieldsAndRecordsShared FieldsAndRecordsMut);
    markers!(Batches BatchesShared BatchesMut);
    markers!(FieldsAndBatches FieldsAndBatchesShared FieldsAndBatchesMut);
}

/// Calls a function that is known to take several types: the arguments say which.
macro_rules! call {
    ($name:ident($($argument:ident: $type:ident),*)) => {
        #[inline]
        fn $name<$($type,)* A>(f: &impl Fn($($type),*) -> A, $($argument: $type),*) -> A {
            f($($argument),*)
        }
    };
}
call!(call2(a: X, b: Y));
call!(call3(a: X, b: Y, c: Z));
call!(call4(a: W, b: X, c: Y, d: Z));

/// One shape. A struct of fields (`F: Fields`) stands in the function as the type that it names, from which `F` is known,
/// and as that type for any lifetime.
macro_rules! transform {
    ($shape:ident<$($generic:ident: $bound:ident),*>, fn($($argument:ty),*) $(and fn($($any:ty),*))?,
     reads $reads:ty, state $state:ty, fields $fields:expr, |$f:ident, $state_name:ident, $columns:ident| $run:expr) => {
        impl<T, $($generic,)* O, C, A> Transform<shape::$shape<($($generic,)* O, C, A)>> for T
        where
            T: Fn($($argument),*) -> A + 'static,
            $(T: for<'x> Fn($($any),*) -> A,)?
            O: Outputs,
            C: Counters,
            A: Answer,
            $($generic: $bound,)*
        {
            type Reads = $reads;
            type Outputs = O;
            type Counters = C;
            type State = $state;
            const FIELDS: &'static [Declared] = $fields;

            #[inline]
            fn run(&self, $state_name: &mut $state, $columns: &Columns<'_>) -> Result<Plan<O, C>, Failure> {
                let $f = self;
                $run
            }
        }
    };
}
transform!(
    Records<R: Reads>,
    fn(Record<'_, R>, &mut Emitter<O, C>),
    reads R, state (), fields &[],
    |f, _state, columns| records(columns, |record, out| call2(f, record, out))
);
transform!(
    RecordsShared<R: Reads, S: State>,
    fn(Record<'_, R>, &mut Emitter<O, C>, &S),
    reads R, state S, fields &[],
    |f, state, columns| records(columns, |record, out| call3(f, record, out, &*state))
);
transform!(
    RecordsMut<R: Reads, S: State>,
    fn(Record<'_, R>, &mut Emitter<O, C>, &mut S),
    reads R, state S, fields &[],
    |f, state, columns| records(columns, |record, out| call3(f, record, out, &mut *state))
);
transform!(
    Fields<F: Fields>,
    fn(F, &mut Emitter<O, C>) and fn(F::Of<'x>, &mut Emitter<O, C>),
    reads (), state (), fields F::FIELDS,
    |f, _state, columns| fielded::<F, (), _, _, _>(columns, |fields, _, out| call2(f, fields, out))
);
transform!(
    FieldsShared<F: Fields, S: State>,
    fn(F, &mut Emitter<O, C>, &S) and fn(F::Of<'x>, &mut Emitter<O, C>, &S),
    reads (), state S, fields F::FIELDS,
    |f, state, columns| fielded::<F, (), _, _, _>(columns, |fields, _, out| call3(f, fields, out, &*state))
);
transform!(
    FieldsMut<F: Fields, S: State>,
    fn(F, &mut Emitter<O, C>, &mut S) and fn(F::Of<'x>, &mut Emitter<O, C>, &mut S),
    reads (), state S, fields F::FIELDS,
    |f, state, columns| fielded::<F, (), _, _, _>(columns, |fields, _, out| call3(f, fields, out, &mut *state))
);
transform!(
    FieldsAndRecords<F: Fields, R: Reads>,
    fn(F, Record<'_, R>, &mut Emitter<O, C>) and fn(F::Of<'x>, Record<'_, R>, &mut Emitter<O, C>),
    reads R, state (), fields F::FIELDS,
    |f, _state, columns| fielded::<F, R, _, _, _>(columns, |fields, record, out| call3(f, fields, record, out))
);
transform!(
    FieldsAndRecordsShared<F: Fields, R: Reads, S: State>,
    fn(F, Record<'_, R>, &mut Emitter<O, C>, &S) and fn(F::Of<'x>, Record<'_, R>, &mut Emitter<O, C>, &S),
    reads R, state S, fields F::FIELDS,
    |f, state, columns| fielded::<F, R, _, _, _>(columns, |fields, record, out| call4(f, fields, record, out, &*state))
);
transform!(
    FieldsAndRecordsMut<F: Fields, R: Reads, S: State>,
    fn(F, Record<'_, R>, &mut Emitter<O, C>, &mut S) and fn(F::Of<'x>, Record<'_, R>, &mut Emitter<O, C>, &mut S),
    reads R, state S, fields F::FIELDS,
    |f, state, columns| fielded::<F, R, _, _, _>(columns, |fields, record, out| call4(f, fields, record, out, &mut *state))
);
transform!(
    Batches<R: Reads>,
    fn(Batch<'_, R>, &mut Plan<O, C>),
    reads R, state (), fields &[],
    |f, _state, columns| batch(columns, |records, plan| call2(f, records, plan))
);
transform!(
    BatchesShared<R: Reads, S: State>,
    fn(Batch<'_, R>, &mut Plan<O, C>, &S),
    reads R, state S, fields &[],
    |f, state, columns| batch(columns, |records, plan| call3(f, records, plan, &*state))
);
transform!(
    BatchesMut<R: Reads, S: State>,
    fn(Batch<'_, R>, &mut Plan<O, C>, &mut S),
    reads R, state S, fields &[],
    |f, state, columns| batch(columns, |records, plan| call3(f, records, plan, &mut *state))
);
transform!(
    FieldsAndBatches<F: Fields, R: Reads>,
    fn(Rows<'_, F>, Batch<'_, R>, &mut Plan<O, C>),
    reads R, state (), fields F::FIELDS,
    |f, _state, columns| batch(columns, |records, plan| call3(f, Rows::new(columns), records, plan))
);
transform!(
    FieldsAndBatchesShared<F: Fields, R: Reads, S: State>,
    fn(Rows<'_, F>, Batch<'_, R>, &mut Plan<O, C>, &S),
    reads R, state S, fields F::FIELDS,
    |f, state, columns| batch(columns, |records, plan| call4(f, Rows::new(columns), records, plan, &*state))
);
transform!(
    FieldsAndBatchesMut<F: Fields, R: Reads, S: State>,
    fn(Rows<'_, F>, Batch<'_, R>, &mut Plan<O, C>, &mut S),
    reads R, state S, fields F::FIELDS,
    |f, state, columns| batch(columns, |records, plan| call4(f, Rows::new(columns), records, plan, &mut *state))
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
    let missing = |column: String| {
        wit::Failure::Permanent(format!(
            "the host sent no {column}, or too few, for {} rows",
            batch.count
        ))
    };
    let fields = field_columns(batch, T::FIELDS).map_err(missing)?;
    let columns = Columns::of::<T::Reads>(batch, &fields).map_err(missing)?;
    match transform.run(state, &columns) {
        Ok(plan) => Ok((plan.raw.finish(columns.count), plan.counts)),
        Err(Failure::Transient(message)) => Err(wit::Failure::Transient(message)),
        Err(Failure::Permanent(message)) => Err(wit::Failure::Permanent(message)),
        Err(Failure::Reject(reject)) => Err(wit::Failure::Permanent(reject.to_string())),
    }
}

/// # Errors
/// Says which field is not there as declared.
fn field_columns<'a>(
    batch: &'a wit::Batch,
    declared: &[Declared],
) -> Result<Vec<FieldColumn<'a>>, String> {
    let (mut fields, mut lookups) = (batch.fields.iter(), batch.lookups.iter());
    let of = |declared: &Declared| {
        let column = match declared.lookup {
            Some(_) => lookups.next(),
            None => fields.next(),
        };
        let column = column.and_then(|c| FieldColumn::of(c, declared, batch.count as usize));
        column.ok_or_else(|| format!("field {:?}", declared.path))
    };
    declared.iter().map(of).collect()
}

/// The names of the transform's tables, in order.
pub(crate) fn tables<Shape, T: Transform<Shape>>() -> Vec<&'static str> {
    fields::tables(<T::Reads as Reads>::Tables::NAMES, T::FIELDS)
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
    let tables = tables::<Shape, T>();
    let description = wit::Description {
        reads: reads::parts::<T::Reads>(),
        fields: fields::declared(T::FIELDS),
        lookups: fields::lookups(&tables, T::FIELDS),
        tables: names(&tables),
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
