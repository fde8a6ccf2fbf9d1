//! The series of each table.

use std::fmt;

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeLabelSet},
    metrics::MetricType,
};

use super::family;
use crate::tables::{Group, Phase, Report, Size};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTable {
    topic: String,
    /// `host` or `partition`.
    scope: &'static str,
    /// Empty where rows have their records' keys.
    key_field: String,
}

struct One {
    of: OfTable,
    report: Report,
    size: Size,
    limit: u64,
}

/// Name, help, kind, and the number.
type Plain = (&'static str, &'static str, MetricType, fn(&One) -> f64);

const PLAIN: &[Plain] = &[
    ("table_rows", "Rows of a table", MetricType::Gauge, |one| {
        one.size.rows as f64
    }),
    (
        "table_bytes",
        "Memory that a table takes",
        MetricType::Gauge,
        |one| one.size.memory as f64,
    ),
    (
        "table_disk_bytes",
        "Disk that a table takes, where its rows are not in memory",
        MetricType::Gauge,
        |one| one.size.disk.unwrap_or(0) as f64,
    ),
    (
        "table_limit_bytes",
        "Memory that a table may take",
        MetricType::Gauge,
        |one| one.limit as f64,
    ),
    (
        "table_ready",
        "1 if transforms can look into a table, 0 while it is being read or has failed",
        MetricType::Gauge,
        |one| f64::from(u8::from(one.report.phase == Phase::Ready)),
    ),
    (
        "table_records_read",
        "Records of its topic that a table was made of",
        MetricType::Counter,
        |one| one.report.read as f64,
    ),
    (
        "table_lag_records",
        "Offsets of its topic that a table has not read",
        MetricType::Gauge,
        |one| one.report.unread as f64,
    ),
    (
        "table_stale_seconds",
        "Since when a table does not have all of its topic",
        MetricType::Gauge,
        |one| one.report.stale.as_secs_f64(),
    ),
];

pub(super) fn encode(tables: &[Group], encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let all: Vec<One> = tables
        .iter()
        .map(|table| One {
            of: OfTable {
                topic: table.topic().to_owned(),
                scope: table.scope(),
                key_field: table.key_field().unwrap_or_default().to_owned(),
            },
            report: table.report(),
            size: table.size(),
            limit: table.limit(),
        })
        .collect();
    if all.is_empty() {
        return Ok(());
    }
    for (name, help, kind, number) in PLAIN {
        let series = all.iter().map(|one| (one.of.clone(), number(one)));
        family(encoder, (name, help, *kind), series)?;
    }
    Ok(())
}
