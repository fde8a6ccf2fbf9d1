package millstream.peers.streams;

import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import millstream.peers.ClientSettings;
import millstream.peers.Options;
import millstream.peers.Peer;
import millstream.peers.Progress;
import millstream.peers.Session;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** A topology of one source, one processor and a sink for each topic, written with the Processor API. */
public final class StreamsPeer implements Peer {

    private static final long LOOK_EVERY_MS = 5;

    private final Options options;
    private final KafkaStreams streams;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    private StreamsPeer(Options options) {
        this.options = options;
        streams = new KafkaStreams(topology(options), settings(options));
        streams.setUncaughtExceptionHandler(thrown -> {
            failure.compareAndSet(null, thrown);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    }

    public static void main(String[] arguments) {
        Session.hold(arguments, StreamsPeer::new);
    }

    /** Closing makes each thread flush its producer and commit its offsets. */
    @Override
    public void run() throws Exception {
        try (streams) {
            streams.start();
            while (Progress.total().read() < options.events()) {
                stopIfFailed();
                Thread.sleep(LOOK_EVERY_MS);
            }
        }
        stopIfFailed();
    }

    private void stopIfFailed() {
        if (failure.get() != null) {
            throw new IllegalStateException("a thread of Kafka Streams failed; see the cause", failure.get());
        }
    }

    private static Topology topology(Options options) {
        if (options.table() != null) {
            return JoinTopology.of(options);
        }
        Topology topology = new Topology();
        topology.addSource("source", new ByteArrayDeserializer(), new ByteArrayDeserializer(), options.source());
        topology.addProcessor("job", () -> new JobProcessor(options.job().create()), "source");
        for (int destination = 0; destination < options.topics().size(); destination++) {
            topology.addSink(
                    JobProcessor.sink(destination),
                    options.topics().get(destination),
                    new ByteArraySerializer(),
                    new ByteArraySerializer(),
                    "job");
        }
        return topology;
    }

    private static Properties settings(Options options) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, options.group());
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.brokers());
        // A new group starts at the earliest offset: that is what Streams does by itself.
        boolean once = options.exactlyOnce();
        settings.put(
                StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
                once ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, options.threads());
        settings.put(
                StreamsConfig.COMMIT_INTERVAL_MS_CONFIG,
                (once ? ClientSettings.TRANSACTION_INTERVAL : ClientSettings.COMMIT_INTERVAL).toMillis());
        // Two polls' worth: with fewer, a partition would be paused after almost every poll.
        settings.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 10_000);
        for (Map.Entry<String, String> setting : ClientSettings.consumer().entrySet()) {
            settings.put(StreamsConfig.mainConsumerPrefix(setting.getKey()), setting.getValue());
        }
        for (Map.Entry<String, String> setting : ClientSettings.producer().entrySet()) {
            settings.put(StreamsConfig.producerPrefix(setting.getKey()), setting.getValue());
        }
        return settings;
    }
}
