package millstream.peers.flink;

import java.util.Properties;
import millstream.peers.ClientSettings;
import millstream.peers.Options;
import millstream.peers.Peer;
import millstream.peers.Session;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.WebOptions;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/** A job of source, function and sink, chained into one task per thread, in a mini cluster within this process. */
public final class FlinkPeer implements Peer {

    private final StreamExecutionEnvironment environment;

    private FlinkPeer(Options options) {
        environment = StreamExecutionEnvironment.createLocalEnvironment(options.threads(), settings(options));
        environment
                .fromSource(source(options), WatermarkStrategy.noWatermarks(), "source")
                .flatMap(new JobFunction(options.job(), options.topics()))
                .returns(JobFunction.RESULT)
                .sinkTo(sink(options));
    }

    public static void main(String[] arguments) {
        Session.hold(arguments, FlinkPeer::new);
    }

    /** The source is bounded: the job ends by itself, after a last checkpoint that includes everything. */
    @Override
    public void run() throws Exception {
        environment.execute();
    }

    private static Configuration settings(Options options) {
        Configuration settings = new Configuration();
        // Records pass from function to function as they are, without a copy in between.
        settings.set(PipelineOptions.OBJECT_REUSE, true);
        settings.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, ClientSettings.COMMIT_INTERVAL);
        settings.set(
                CheckpointingOptions.CHECKPOINTING_CONSISTENCY_MODE,
                options.exactlyOnce() ? CheckpointingMode.EXACTLY_ONCE : CheckpointingMode.AT_LEAST_ONCE);
        // A failure is to end the round, not to be repaired within it.
        settings.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        String scratch = Scratch.folder().toString();
        settings.set(CoreOptions.TMP_DIRS, scratch);
        settings.set(WebOptions.TMP_DIR, scratch);
        return settings;
    }

    private static KafkaSource<ConsumerRecord<byte[], byte[]>> source(Options options) {
        Properties settings = new Properties();
        settings.putAll(ClientSettings.consumer());
        return KafkaSource.<ConsumerRecord<byte[], byte[]>>builder()
                .setBootstrapServers(options.brokers())
                .setTopics(options.source())
                .setGroupId(options.group())
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setBounded(OffsetsInitializer.latest())
                .setDeserializer(new WholeRecords())
                .setProperties(settings)
                .build();
    }

    private static KafkaSink<ProducerRecord<byte[], byte[]>> sink(Options options) {
        Properties settings = new Properties();
        settings.putAll(ClientSettings.producer());
        // Within what a broker allows; only an exactly-once sink has transactions.
        settings.put("transaction.timeout.ms", "600000");
        return KafkaSink.<ProducerRecord<byte[], byte[]>>builder()
                .setBootstrapServers(options.brokers())
                .setKafkaProducerConfig(settings)
                .setDeliveryGuarantee(
                        options.exactlyOnce() ? DeliveryGuarantee.EXACTLY_ONCE : DeliveryGuarantee.AT_LEAST_ONCE)
                .setTransactionalIdPrefix(options.group())
                // The function before made them as the producer takes them.
                .setRecordSerializer((record, context, timestamp) -> record)
                .build();
    }
}
