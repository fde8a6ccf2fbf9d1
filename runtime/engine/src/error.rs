//! Why a module was refused and why a call failed, told apart by who is to blame.

use std::time::Duration;

/// The engine could not be set up as asked: the operator's flags are to blame.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The sizes asked for do not fit; the text has the arithmetic.
    #[error("{0}")]
    Sizes(String),
    /// The cache folder cannot be used safely.
    #[error("cannot use {path} as the cache of compiled modules: {reason}")]
    Cache {
        /// The folder.
        path: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// wasmtime refused the configuration.
    #[error("cannot set up the WebAssembly engine: {0}")]
    Wasmtime(String),
}

/// A module was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Larger than `EngineConfig::max_module_bytes`.
    #[error(
        "the module has {size} bytes, the limit is {limit}: build it in release mode and strip it"
    )]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Not WebAssembly, or not valid.
    #[error("not a valid WebAssembly component: {0}")]
    Invalid(String),
    /// A core module, not a component.
    #[error(
        "this is a core WebAssembly module, not a component: build with `cargo build --target wasm32-wasip2` (Rust), \
         or make a component of it (`millstream componentize core.wasm -o x.wasm`)"
    )]
    CoreModule,
    /// It exports something else than the world asks for.
    #[error("{0}")]
    World(String),
    /// It imports what no host gives.
    #[error("the component imports `{name}`: {reason}")]
    Import {
        /// The import's name.
        name: String,
        /// Why it is refused and what to do.
        reason: String,
    },
    /// It is out of a limit on what a module may be made of.
    #[error("the component has {count} {what}, the limit is {limit}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much of it there is.
        count: u64,
        /// How much may be.
        limit: u64,
    },
    /// The compiler passed a limit or failed on this module.
    #[error("the module cannot be compiled: {0}")]
    Compile(String),
    /// Not the module's fault: the compiler could not be run, or not to its end.
    #[error("cannot compile modules on this host: {0}")]
    Host(String),
}

impl LoadError {
    /// Whether the upload is to blame, not the host.
    #[must_use]
    pub fn is_modules_fault(&self) -> bool {
        !matches!(self, LoadError::Host(_))
    }

    /// A stable name of the kind, for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            LoadError::TooLarge { .. } => "module-too-large",
            LoadError::Invalid(_) => "module-invalid",
            LoadError::CoreModule => "module-not-a-component",
            LoadError::World(_) => "module-wrong-world",
            LoadError::Import { .. } => "module-import-refused",
            LoadError::TooMany { .. } => "module-too-complex",
            LoadError::Compile(_) => "module-does-not-compile",
            LoadError::Host(_) => "host-cannot-compile",
        }
    }
}

/// A call did not end in an accepted answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// `configure` answered an error: the settings are refused.
    #[error("the module refuses its settings: {0}")]
    Refused(String),
    /// `configure` answered a description that breaks the contract or asks for what this version does not have.
    #[error("the module's description is refused: {0}")]
    Description(String),
    /// `apply` answered `transient`: the batch may succeed later.
    #[error("the module asks to try again later: {0}")]
    Transient(String),
    /// `apply` answered `permanent`: it never will.
    #[error("the module cannot process the batch: {0}")]
    Permanent(String),
    /// The guest trapped.
    #[error("the module trapped: {message}")]
    Trap {
        /// What the trap was.
        message: String,
        /// Where, innermost first, for the guest's author; may be empty.
        backtrace: String,
    },
    /// The guest passed a limit.
    #[error("the module passed its limit on {what}: {used}, the limit is {limit}")]
    Limit {
        /// What is limited, as in "CPU time" or "memory".
        what: &'static str,
        /// The limit, for people.
        limit: String,
        /// What it came to, for people.
        used: String,
    },
    /// The answer breaks a rule of the contract.
    #[error("the module's answer is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// Never the guest's fault: no room for an instance, a bug in the host.
    #[error("the host could not run the module: {0}")]
    Host(String),
}

impl Failure {
    /// Whether the guest or its rows are to blame. A failure of the host is never charged to a row.
    #[must_use]
    pub fn is_guests_fault(&self) -> bool {
        !matches!(self, Failure::Host(_))
    }

    /// A stable name of the kind, for machines: fits a rejection's code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Failure::Refused(_) => "settings-refused",
            Failure::Description(_) => "description-refused",
            Failure::Transient(_) => "transient",
            Failure::Permanent(_) => "permanent",
            Failure::Trap { .. } => "trap",
            Failure::Limit { .. } => "limit",
            Failure::Malformed(_) => "malformed",
            Failure::Host(_) => "host",
        }
    }

    pub(crate) fn cpu_limit(limit: Duration, used: Duration) -> Failure {
        Failure::Limit {
            what: "CPU time of one call",
            limit: format!("{limit:?}"),
            used: format!("{used:.1?}"),
        }
    }

    pub(crate) fn wall_limit(limit: Duration, used: Duration) -> Failure {
        Failure::Limit {
            what: "time of one call",
            limit: format!("{limit:?}"),
            used: format!("{used:.1?}"),
        }
    }
}

/// A rule of the contract that an answer breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {rule}")]
pub struct Malformed {
    /// The place in the answer, as in `values.to.ends`.
    pub place: &'static str,
    /// What is wrong there, with the numbers.
    pub rule: String,
}

impl Malformed {
    pub(crate) fn new(place: &'static str, rule: impl Into<String>) -> Malformed {
        Malformed {
            place,
            rule: rule.into(),
        }
    }
}
