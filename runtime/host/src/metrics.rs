//! `/metrics`: what the host and its transforms have done, for Prometheus.
//!
//! Nothing is counted here. At each scrape the transforms' own numbers are read and written out, so a transform that is
//! deleted takes its series with it. Labels are types, so that a misspelt one does not compile.

mod tables;
mod transforms;

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, NoLabelSet},
    metrics::{MetricType, gauge::ConstGauge, info::Info},
    registry::Registry,
};

use crate::supervisor::Supervisor;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: String,
    host: String,
}

/// The content type of what [`Metrics::text`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    pub fn new(host: &str, supervisor: Arc<Supervisor>) -> Self {
        let mut registry = Registry::with_prefix("millstream");
        let build = Build {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host: host.to_owned(),
        };
        registry.register("build", "What this host is", Info::new(build));
        registry.register_collector(Box::new(OfHost { supervisor }));
        Metrics { registry }
    }

    /// Everything now, as OpenMetrics text.
    ///
    /// # Errors
    /// If it cannot be formatted, which would be a bug.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

struct OfHost {
    supervisor: Arc<Supervisor>,
}

impl fmt::Debug for OfHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfHost")
    }
}

impl Collector for OfHost {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let workshop = self.supervisor.workshop();
        let mut gauge = |name: &str, help: &str, value: u64| {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
        };
        let budget = workshop.wiring.budget();
        gauge(
            "in_flight_bytes",
            "Bytes of input from the oldest unacknowledged record on",
            budget.used(),
        )?;
        gauge(
            "in_flight_limit_bytes",
            "The most bytes that may be in flight",
            budget.total(),
        )?;
        gauge(
            "guest_memory_bytes",
            "Linear memory of all instances",
            workshop.engine.guest_memory_used(),
        )?;
        let stuck = workshop.wiring.watchdog().stuck().len() as u64;
        gauge(
            "stuck_lanes",
            "Lanes that have work and do not get on with it",
            stuck,
        )?;
        tables::encode(&workshop.shelf.all(), &mut encoder)?;
        transforms::encode(&self.supervisor.views(), &mut encoder)
    }
}

/// Writes one metric: a family with a series for each of what `series` gives.
fn family<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help, kind): (&str, &str, MetricType),
    series: impl Iterator<Item = (L, f64)>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
    for (labels, value) in series {
        let mut one = metric.encode_family(&labels)?;
        match kind {
            MetricType::Counter => one.encode_counter::<NoLabelSet, f64, f64>(&value, None)?,
            _ => one.encode_gauge(&value)?,
        }
    }
    Ok(())
}
