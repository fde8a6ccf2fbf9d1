//! What is not public otherwise, for fuzzing alone.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use millstream_kafka::log::LogRecord;

use super::{Host, Letter, LetterFilter};
use crate::{
    deployments::{record::ModuleRef, state::Deployments},
    failure::FailurePolicy,
    logs::Line,
    modules::{self, ModuleError},
};

/// Makes a host believe that it has read all of the control topics, and this is what they said.
pub fn catch_up(host: &Host, deployments: Deployments, lines: Vec<Line>) {
    let inner = &host.inner;
    inner.deployments.send_replace(Arc::new(deployments));
    for line in lines {
        inner.book.add(line);
    }
    inner.caught_up.store(true, Relaxed);
}

/// A module put together of the records that its chunks are among, and verified.
///
/// # Errors
/// What is wrong with it.
pub fn module(module: &ModuleRef, records: Vec<LogRecord>) -> Result<Vec<u8>, ModuleError> {
    let bytes = modules::chunks_of(module, "modules", records)?;
    modules::verify(module, &bytes)?;
    Ok(bytes)
}

/// Whether `rejected` shows this letter as one of a transform's.
#[must_use]
pub fn is_letter_of(letter: &Letter, transform: &str, code: Option<&str>) -> bool {
    let code = code.map(str::to_owned);
    letter.is(transform, &LetterFilter { code, most: 1 })
}

/// The policy that a runner makes of the limits of a deployment.
#[must_use]
pub fn search_cpu(limits: &millstream_engine::Limits) -> std::time::Duration {
    FailurePolicy::search_cpu(limits.batch_time)
}
