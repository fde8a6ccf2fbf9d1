//! The names that a transform declares: its outputs and its counters, each an enum.

/// The outputs of a transform, as an enum without data. `#[derive(Outputs)]` names each variant in kebab-case; the
/// deployment says which topic each one is.
///
/// ```
/// use millstream_sdk::prelude::*;
///
/// #[derive(Outputs)]
/// enum Out {
///     Likes,
///     ReportedUsers,          // the output `reported-users`
///     #[output("next")]       // the next step of a deployment that has several
///     Rest,
/// }
/// assert_eq!(Out::NAMES, ["likes", "reported-users", "next"]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which outputs there are",
    note = "put `#[derive(Outputs)]` on an enum that has a variant for each output"
)]
pub trait Outputs: 'static {
    /// The outputs' names, in order; at least one.
    const NAMES: &'static [&'static str];

    /// Which of [`NAMES`](Outputs::NAMES) this is.
    fn index(&self) -> u16;
}

/// Counters of a transform's own, exported with the host's metrics. `#[derive(Counters)]` on an enum without data names
/// each variant in snake_case.
///
/// ```
/// use millstream_sdk::prelude::*;
///
/// #[derive(Outputs)]
/// enum Out {
///     Kept,
/// }
/// #[derive(Counters)]
/// enum Count {
///     EmptyValues, // the counter `empty_values`
/// }
///
/// #[transform]
/// fn count(record: Record<'_>, out: &mut Emitter<Out, Count>) {
///     if record.value().is_none_or(<[u8]>::is_empty) {
///         out.count(Count::EmptyValues, 1);
///     }
///     out.forward(Out::Kept);
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which counters there are",
    note = "put `#[derive(Counters)]` on an enum that has a variant for each counter"
)]
pub trait Counters: 'static {
    /// The counters' names, in order; at most 64.
    const NAMES: &'static [&'static str];

    /// Which of [`NAMES`](Counters::NAMES) this is.
    fn index(&self) -> u32;
}

/// A transform without counters of its own.
#[derive(Debug, Clone, Copy)]
pub enum NoCounters {}

impl Counters for NoCounters {
    const NAMES: &'static [&'static str] = &[];

    fn index(&self) -> u32 {
        match *self {}
    }
}
