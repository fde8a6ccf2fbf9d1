//! Whose fault it is that a call ended in an error, and what to tell people.

use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};

use crate::budget::{BudgetSpent, mebibytes};
use crate::meter::{Panicked, TimeUp};
use crate::raw::{AnswerTooLarge, BatchTooLarge};
use crate::state::{HostTrap, State};
use crate::tables::TableError;
use crate::{Failure, Malformed};

/// Bytes of a guest's own text that are kept.
const MAX_TEXT: usize = 4 * 1024;

/// What wasmtime says when the lists of an answer pass `Limits::result_bytes`; the error's type is private.
const FUEL: &str = "fuel allocated for hostcalls has been exhausted";

pub(super) fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_TEXT));
    text
}

/// Names that a guest declares may be of any length.
pub(super) fn shortened(failure: Failure) -> Failure {
    match failure {
        Failure::Description(why) => Failure::Description(cut(why)),
        other => other,
    }
}

pub(super) fn of_panic(panicked: &Panicked) -> Failure {
    tracing::error!("the host panicked within a call of a guest: {}", panicked.0);
    Failure::Host(format!("it panicked within the call: {}", panicked.0))
}

/// Of instantiation or `configure`; `crossing` bytes may be handed to the host at once.
pub(super) fn of_start(error: wasmtime::Error, state: &mut State, crossing: usize) -> Failure {
    if let Some(failure) = typed(&error, state, crossing) {
        return failure;
    }
    if error.is::<WasmBacktrace>() || error.is::<Trap>() {
        return trap(&error);
    }
    // Memory that cannot be mapped and the like; what the guest can do wrong here has a type above.
    if error.is::<std::io::Error>() {
        return Failure::Host(format!("{error:#}"));
    }
    malformed(&error)
}

/// Of `apply`.
pub(super) fn of_call(error: wasmtime::Error, state: &mut State, crossing: usize) -> Failure {
    if let Some(failure) = typed(&error, state, crossing) {
        return failure;
    }
    if error.is::<WasmBacktrace>() || error.is::<Trap>() {
        return trap(&error);
    }
    malformed(&error)
}

fn typed(error: &wasmtime::Error, state: &mut State, crossing: usize) -> Option<Failure> {
    if let Some(TimeUp(failure)) = error.downcast_ref() {
        return Some(failure.clone());
    }
    if let Some(BudgetSpent(failure)) = error.downcast_ref() {
        return Some(failure.clone());
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Some(Failure::Host(format!("{error:#}; raise --max-instances")));
    }
    if error.is::<AnswerTooLarge>() || format!("{error:#}").contains(FUEL) {
        return Some(Failure::Limit {
            what: "bytes handed to the host at once",
            limit: mebibytes(crossing as u64),
            used: "more".to_owned(),
        });
    }
    if let Some(error) = error.downcast_ref() {
        return Some(of_tables(error));
    }
    if error.is::<BatchTooLarge>() {
        return Some(Failure::Limit {
            what: "bytes of one column",
            limit: "4 GiB".to_owned(),
            used: "more".to_owned(),
        });
    }
    // A guest that cannot have memory usually gives up by a trap that says nothing of it.
    state.share.take_refused()
}

/// Of declared fields, which the guest's memory has no room for.
pub(super) fn of_fields(memory: u64) -> Failure {
    Failure::Limit {
        what: "memory of one instance",
        limit: mebibytes(memory),
        used: "more for the declared fields of one batch".to_owned(),
    }
}

/// Of a lookup, declared or asked for.
pub(super) fn of_tables(error: &TableError) -> Failure {
    match error {
        TableError::TooLarge(limit) => Failure::Limit {
            what: "bytes of values looked up by one call",
            limit: mebibytes(*limit),
            used: "more".to_owned(),
        },
        TableError::TooManyKeys(limit) => Failure::Limit {
            what: "keys looked up by one call",
            limit: limit.to_string(),
            used: "more".to_owned(),
        },
        TableError::Unavailable(why) => Failure::Host(why.clone()),
    }
}

fn trap(error: &wasmtime::Error) -> Failure {
    let backtrace = error
        .downcast_ref::<WasmBacktrace>()
        .map(ToString::to_string)
        .unwrap_or_default();
    let message = match (
        error.downcast_ref::<HostTrap>(),
        error.downcast_ref::<Trap>(),
    ) {
        (Some(HostTrap(text)), _) => text.clone(),
        (_, Some(trap)) => trap.to_string(),
        _ => error.root_cause().to_string(),
    };
    Failure::Trap {
        message: cut(message),
        backtrace: cut(backtrace),
    }
}

fn malformed(error: &wasmtime::Error) -> Failure {
    Malformed::new("the canonical ABI", cut(format!("{error:#}"))).into()
}
