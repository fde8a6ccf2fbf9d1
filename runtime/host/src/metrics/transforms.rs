//! The series of each transform.

use std::{fmt, sync::atomic::Ordering::Relaxed};

use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use std::sync::Arc;

use super::family;
use crate::{
    stats::{HistogramSnapshot, StatsSnapshot},
    supervisor::View,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTransform {
    transform: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutput {
    transform: String,
    output: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCode {
    transform: String,
    code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    transform: String,
    state: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCounter {
    transform: String,
    counter: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPartition {
    transform: String,
    topic: String,
    partition: i32,
}

/// Name, help, and the number.
type Plain = (&'static str, &'static str, fn(&StatsSnapshot) -> f64);

struct One {
    name: String,
    view: Arc<View>,
    stats: StatsSnapshot,
}

pub(super) fn encode(views: &[Arc<View>], encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let all: Vec<One> = views
        .iter()
        .map(|view| One {
            name: view.name.to_string(),
            stats: view.snapshot(),
            view: Arc::clone(view),
        })
        .collect();
    // Names end up as millstream_NAME_total for counters.
    let plain: &[Plain] = &[
        ("records_in", "Input records that are finished", |s| {
            s.records_in as f64
        }),
        ("bytes_in", "Bytes of their keys, values and headers", |s| {
            s.bytes_in as f64
        }),
        ("batches", "Batches that guests were called with", |s| {
            s.batches as f64
        }),
        ("failed_calls", "Calls that stopped the transform", |s| {
            s.failures.values().sum::<u64>() as f64
        }),
        (
            "went_back",
            "Times that a partition was read again because writing failed",
            |s| s.went_back as f64,
        ),
        (
            "lost_offsets",
            "Offsets that were gone before they were read, and passed over",
            |s| s.lost_offsets as f64,
        ),
        (
            "transactions",
            "Transactions that were committed (exactly-once only)",
            |s| s.transactions as f64,
        ),
        (
            "transactions_aborted",
            "Transactions that were aborted, or of which it was not known what became of them",
            |s| s.aborts as f64,
        ),
        (
            "instance_restarts",
            "Instances replaced because they failed or grew",
            |s| s.restarts as f64,
        ),
        (
            "suppressed_log_lines",
            "Log lines that were not kept",
            |s| s.suppressed_logs as f64,
        ),
        ("guest_cpu_seconds", "CPU time in guest calls", |s| {
            s.guest_cpu.as_secs_f64()
        }),
        (
            "host_cpu_seconds",
            "CPU time of lanes outside of guest calls",
            |s| s.host_cpu.as_secs_f64(),
        ),
    ];
    for (name, help, value) in plain {
        let series = all.iter().map(|one| {
            (
                OfTransform {
                    transform: one.name.clone(),
                },
                value(&one.stats),
            )
        });
        family(encoder, (name, help, MetricType::Counter), series)?;
    }
    let out = all.iter().flat_map(|one| {
        one.stats.records_out.iter().map(|(output, count)| {
            (
                OfOutput {
                    transform: one.name.clone(),
                    output: output.to_string(),
                },
                *count as f64,
            )
        })
    });
    family(
        encoder,
        (
            "records_out",
            "Records written, by output",
            MetricType::Counter,
        ),
        out,
    )?;
    let rejected = all.iter().flat_map(|one| {
        one.stats.rejected.iter().map(|(code, count)| {
            (
                OfCode {
                    transform: one.name.clone(),
                    code: code.clone(),
                },
                *count as f64,
            )
        })
    });
    family(
        encoder,
        (
            "records_rejected",
            "Rows that could not be processed, by code",
            MetricType::Counter,
        ),
        rejected,
    )?;
    let counters = all.iter().flat_map(|one| {
        let counters = one.view.counters().into_iter();
        counters.map(|(counter, value)| {
            (
                OfCounter {
                    transform: one.name.clone(),
                    counter,
                },
                value.load(Relaxed) as f64,
            )
        })
    });
    family(
        encoder,
        (
            "guest_counter",
            "The module's own counters",
            MetricType::Counter,
        ),
        counters,
    )?;
    gauges(&all, encoder)?;
    histogram(
        &all,
        encoder,
        ("batch_records", "Records of one batch"),
        |s| &s.batch_records,
    )?;
    let help = "Seconds from taking a batch to its acknowledgement";
    histogram(&all, encoder, ("batch_latency_seconds", help), |s| {
        &s.latency
    })
}

fn gauges(all: &[One], encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let state = all.iter().map(|one| {
        let state = one.view.state().0.as_str().to_owned();
        (
            OfState {
                transform: one.name.clone(),
                state,
            },
            1.0,
        )
    });
    family(
        encoder,
        (
            "state",
            "1 for the state that the transform is in on this host",
            MetricType::Gauge,
        ),
        state,
    )?;
    let revision = all.iter().map(|one| {
        (
            OfTransform {
                transform: one.name.clone(),
            },
            one.view.revision() as f64,
        )
    });
    family(
        encoder,
        (
            "revision",
            "The revision that this host is at",
            MetricType::Gauge,
        ),
        revision,
    )?;
    let of_partitions = |value: fn(&crate::stats::PartitionSnapshot) -> Option<f64>| {
        all.iter().flat_map(move |one| {
            one.stats
                .partitions
                .iter()
                .filter_map(move |(at, partition)| {
                    let labels = OfPartition {
                        transform: one.name.clone(),
                        topic: at.topic().to_string(),
                        partition: at.partition(),
                    };
                    Some((labels, value(partition)?))
                })
        })
    };
    let records = of_partitions(|partition| partition.lag_records.map(|lag| lag as f64));
    family(
        encoder,
        (
            "lag_records",
            "Records between what is finished and the last stable offset",
            MetricType::Gauge,
        ),
        records,
    )?;
    let seconds = of_partitions(|partition| partition.lag.map(|lag| lag.as_secs_f64()));
    family(
        encoder,
        (
            "lag_seconds",
            "Age of the last finished record; 0 at the end",
            MetricType::Gauge,
        ),
        seconds,
    )
}

fn histogram(
    all: &[One],
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    of: fn(&StatsSnapshot) -> &HistogramSnapshot,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for one in all {
        let labels = OfTransform {
            transform: one.name.clone(),
        };
        let histogram = of(&one.stats);
        // Both sides count by bucket; the encoder adds them up.
        let mut series: MetricEncoder<'_> = metric.encode_family(&labels)?;
        series.encode_histogram::<NoLabelSet>(
            histogram.sum,
            histogram.count,
            &histogram.buckets,
            None,
        )?;
    }
    Ok(())
}
