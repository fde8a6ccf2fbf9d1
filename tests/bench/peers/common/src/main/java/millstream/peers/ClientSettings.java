package millstream.peers;

import static org.apache.kafka.clients.consumer.ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG;
import static org.apache.kafka.clients.consumer.ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG;
import static org.apache.kafka.clients.consumer.ConsumerConfig.MAX_POLL_RECORDS_CONFIG;
import static org.apache.kafka.clients.consumer.ConsumerConfig.RECEIVE_BUFFER_CONFIG;
import static org.apache.kafka.clients.producer.ProducerConfig.ACKS_CONFIG;
import static org.apache.kafka.clients.producer.ProducerConfig.BATCH_SIZE_CONFIG;
import static org.apache.kafka.clients.producer.ProducerConfig.BUFFER_MEMORY_CONFIG;
import static org.apache.kafka.clients.producer.ProducerConfig.COMPRESSION_TYPE_CONFIG;
import static org.apache.kafka.clients.producer.ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG;
import static org.apache.kafka.clients.producer.ProducerConfig.LINGER_MS_CONFIG;
import static org.apache.kafka.clients.producer.ProducerConfig.MAX_REQUEST_SIZE_CONFIG;
import static org.apache.kafka.clients.producer.ProducerConfig.SEND_BUFFER_CONFIG;

import java.time.Duration;
import java.util.Map;

/** How Kafka's own clients are set up, in every peer alike. README.md has the reasons. */
public final class ClientSettings {

    /** How often each peer commits offsets, or makes a checkpoint. */
    public static final Duration COMMIT_INTERVAL = Duration.ofSeconds(1);

    /** The same where outputs and offsets are committed together: nobody sees an output before. */
    public static final Duration TRANSACTION_INTERVAL = Duration.ofMillis(100);

    private ClientSettings() {}

    /** Without brokers, group, start and deserializers, which each peer sets in its own way. */
    public static Map<String, String> consumer() {
        return Map.of(
                ENABLE_AUTO_COMMIT_CONFIG, "false",
                MAX_POLL_RECORDS_CONFIG, "5000",
                MAX_PARTITION_FETCH_BYTES_CONFIG, Integer.toString(1 << 20),
                RECEIVE_BUFFER_CONFIG, Integer.toString(1 << 20));
    }

    /** Without brokers and serializers, which each peer sets in its own way. */
    public static Map<String, String> producer() {
        return Map.of(
                ACKS_CONFIG, "all",
                ENABLE_IDEMPOTENCE_CONFIG, "true",
                COMPRESSION_TYPE_CONFIG, "none",
                LINGER_MS_CONFIG, "5",
                BATCH_SIZE_CONFIG, Integer.toString(256 << 10),
                BUFFER_MEMORY_CONFIG, Integer.toString(64 << 20),
                // Room for a full batch of each of many partitions in one request.
                MAX_REQUEST_SIZE_CONFIG, Integer.toString(4 << 20),
                SEND_BUFFER_CONFIG, Integer.toString(1 << 20));
    }
}
