//! Writing transforms: `millstream new`, `build`, `componentize`, `test`, `run`, `bench` and `conformance`.
//! Works in a project's folder, with its language's tools and with the engine; knows nothing of hosts and brokers.

pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod componentize;
pub(crate) mod conformance;
pub(crate) mod dry_run;
mod language;
pub(crate) mod new;
pub(crate) mod test;
pub(crate) mod trial;
