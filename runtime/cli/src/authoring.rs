//! Writing transforms: `millstream new`, `build` and `test`. Works in a project's folder, with cargo and with the engine;
//! knows nothing of hosts and brokers.

pub(crate) mod build;
pub(crate) mod new;
pub(crate) mod test;
