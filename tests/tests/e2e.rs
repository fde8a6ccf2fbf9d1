//! End to end: the real binary, a real broker, real components. One file a subject, in `e2e/`.

// A test that cannot go on says where.
#![allow(clippy::unwrap_used)]

mod e2e {
    mod brokers;
    mod chaos;
    mod clock;
    mod command_line;
    mod deploy_errors;
    mod deployments;
    mod dev;
    mod disk;
    mod exactly_once;
    mod examples;
    mod failures;
    mod harness;
    mod host_faults;
    mod hostile;
    mod http;
    mod idle;
    mod kill;
    mod load;
    mod membership;
    mod memory;
    mod modules;
    mod records;
    mod redrive;
    mod refused;
    mod rollout;
    mod status;
    mod tables;
    mod tables_by_field;
    mod tables_in_parts;
    #[cfg(feature = "disk-tables")]
    mod tables_on_disk;
    mod topics;
    mod topics_change;
}
