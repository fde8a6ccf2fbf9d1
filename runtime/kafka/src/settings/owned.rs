//! Properties that cannot be given, each with its reason; and which values may be shown.

/// A property that is refused.
pub(super) struct Owned {
    names: &'static [&'static str],
    pub(super) reason: &'static str,
    pub(super) remedy: &'static str,
}

const DELIVERY: &str = "nothing may be lost or doubled, so the delivery contract sets it";
const REMOVE: &str = "leave it out";

static OWNED: &[Owned] = &[
    Owned {
        names: &[
            "acks",
            "request.required.acks",
            "enable.idempotence",
            "enable.gapless.guarantee",
            "retries",
            "message.send.max.retries",
            "max.in.flight",
            "max.in.flight.requests.per.connection",
            "message.timeout.ms",
            "delivery.timeout.ms",
            "request.timeout.ms",
            "produce.offset.report",
            "delivery.report.only.error",
            "queuing.strategy",
        ],
        reason: DELIVERY,
        remedy: REMOVE,
    },
    Owned {
        names: &["transactional.id", "transaction.timeout.ms"],
        reason: "transactional ids belong to the installation, or two hosts would fence each other",
        remedy: "change the installation's prefix (--prefix) instead",
    },
    Owned {
        names: &[
            "enable.auto.commit",
            "auto.commit.enable",
            "auto.commit.interval.ms",
            "enable.auto.offset.store",
            "offset.store.method",
            "offset.store.path",
            "offset.store.sync.interval.ms",
        ],
        reason: "offsets move only with what came from them, so the delivery contract sets it",
        remedy: REMOVE,
    },
    Owned {
        names: &["auto.offset.reset"],
        reason: "a position that is gone must be noticed, never skipped",
        remedy: "say where a transform starts with `start` in its manifest",
    },
    Owned {
        names: &["isolation.level", "enable.partition.eof", "check.crcs"],
        reason: "what is read, and when its end is reached, is part of the delivery contract",
        remedy: REMOVE,
    },
    Owned {
        names: &[
            "group.id",
            "group.instance.id",
            "partition.assignment.strategy",
            "group.protocol.type",
            "max.poll.interval.ms",
        ],
        reason: "each transform has a group of its own, whose partitions move one by one",
        remedy: "change the installation's prefix (--prefix) to get other groups",
    },
    Owned {
        names: &[
            "queued.max.messages.kbytes",
            "queued.min.messages",
            "fetch.message.max.bytes",
            "max.partition.fetch.bytes",
            "fetch.max.bytes",
            "queue.buffering.max.messages",
            "queue.buffering.max.kbytes",
        ],
        reason: "the host's memory budget sets it",
        remedy: REMOVE,
    },
    Owned {
        names: &[
            "message.max.bytes",
            "batch.size",
            "batch.num.messages",
            "message.copy.max.bytes",
        ],
        reason: "it follows from the limits of the topics written to",
        remedy: "change max.message.bytes of the topic",
    },
    Owned {
        names: &[
            "partitioner",
            "partitioner_cb",
            "sticky.partitioning.linger.ms",
        ],
        reason: "records go where Kafka's Java client would put them",
        remedy: REMOVE,
    },
    Owned {
        names: &["allow.auto.create.topics"],
        reason: "topics are created when asked for only",
        remedy: "deploy with --create-topics",
    },
    Owned {
        names: &["bootstrap.servers", "metadata.broker.list"],
        reason: "brokers have a flag of their own",
        remedy: "use --brokers",
    },
    Owned {
        names: &[
            "plugin.library.paths",
            "ssl.engine.location",
            "ssl.engine.id",
            "ssl.providers",
        ],
        reason: "it loads code into the host",
        remedy: REMOVE,
    },
    Owned {
        names: &["sasl.kerberos.kinit.cmd"],
        reason: "it runs a program of its own (and this build has no Kerberos)",
        remedy: "use SASL PLAIN, SCRAM or OAUTHBEARER",
    },
    Owned {
        names: &[
            "log.queue",
            "log_level",
            "log.thread.name",
            "enable.sasl.queue",
            "enabled_events",
            "statistics.interval.ms",
            "opaque",
            "default_topic_conf",
            "interceptors",
        ],
        reason: "the host reads librdkafka's logs and events itself",
        remedy: "use the host's own logging options (`debug` is allowed)",
    },
    Owned {
        names: &["test.mock.num.brokers", "test.mock.broker.rtt"],
        reason: "it replaces the brokers by mock ones that forget everything",
        remedy: "use `millstream dev`",
    },
];

pub(super) fn find(name: &str) -> Option<&'static Owned> {
    // Topic properties may be written with a prefix.
    let bare = name
        .strip_prefix("topic.")
        .filter(|bare| !bare.starts_with("metadata."))
        .unwrap_or(name);
    OWNED.iter().find(|owned| {
        owned
            .names
            .iter()
            .any(|owned| owned.eq_ignore_ascii_case(bare) || owned.eq_ignore_ascii_case(name))
    })
}

/// Values that may stand in a log: named one by one, since a new secret must not appear by itself.
pub(super) fn is_public(name: &str) -> bool {
    const PUBLIC: &[&str] = &[
        "security.protocol",
        "sasl.mechanism",
        "sasl.mechanisms",
        "compression.type",
        "compression.codec",
        "compression.level",
        "client.id",
        "client.rack",
        "group.protocol",
        "linger.ms",
        "queue.buffering.max.ms",
        "debug",
        "socket.timeout.ms",
        "broker.address.family",
        "enable.ssl.certificate.verification",
        "fetch.wait.max.ms",
        "fetch.min.bytes",
        "metadata.max.age.ms",
        "topic.metadata.refresh.interval.ms",
        "ssl.endpoint.identification.algorithm",
    ];
    PUBLIC.contains(&name)
}

/// Values whose very error message would tell them.
pub(super) fn is_secret(name: &str) -> bool {
    [
        "password",
        "secret",
        "key",
        "pem",
        "jaas",
        "oauthbearer.config",
        "keystore",
        "token",
    ]
    .iter()
    .any(|part| name.contains(part))
}
