package millstream.peers.plain;

import static millstream.peers.ClientSettings.COMMIT_INTERVAL;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import millstream.peers.ClientSettings;
import millstream.peers.Options;
import millstream.peers.Peer;
import millstream.peers.Progress;
import millstream.peers.Session;
import millstream.peers.jobs.Job;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * One thread that polls, does the job and hands over to one producer, which sends from a thread of its own.
 *
 * <p>It never waits for the producer: what a poll brought is remembered until the last record that came of it is
 * acknowledged, and offsets are committed up to the first poll of which something is missing.
 */
public final class PlainPeer implements Peer, ConsumerRebalanceListener {

    private static final Duration POLL = Duration.ofMillis(100);

    private final Options options;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final KafkaProducer<byte[], byte[]> producer;
    private final Job job;
    private final Progress.Tally tally = Progress.tally();
    private final Deque<Sending> sendings = new ArrayDeque<>();

    /** Up to where everything is acknowledged, of each partition that this consumer has. */
    private final Map<TopicPartition, OffsetAndMetadata> acknowledged = new HashMap<>();

    private final AtomicReference<Exception> failure = new AtomicReference<>();

    private PlainPeer(Options options) {
        this.options = options;
        Map<String, Object> reading = new HashMap<>(ClientSettings.consumer());
        reading.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, options.brokers());
        reading.put(ConsumerConfig.GROUP_ID_CONFIG, options.group());
        reading.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        Map<String, Object> writing = new HashMap<>(ClientSettings.producer());
        writing.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, options.brokers());
        consumer = new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        producer = new KafkaProducer<>(writing, new ByteArraySerializer(), new ByteArraySerializer());
        job = options.job().create();
        requireTopic(options.source());
        options.topics().forEach(this::requireTopic);
    }

    /** Clients wait long for a topic that is missing. Asking also connects the consumer before anything is measured. */
    private void requireTopic(String topic) {
        if (consumer.partitionsFor(topic).isEmpty()) {
            throw new IllegalArgumentException("there is no topic " + topic + "; create it first");
        }
    }

    public static void main(String[] arguments) {
        Session.hold(arguments, PlainPeer::new);
    }

    @Override
    public void run() {
        try (consumer;
                producer) {
            consumer.subscribe(List.of(options.source()), this);
            long committed = System.nanoTime();
            long read = 0;
            while (read < options.events()) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
                read += records.count();
                send(records);
                if (System.nanoTime() - committed >= COMMIT_INTERVAL.toNanos()) {
                    // Each names all partitions: one that fails is made up for by the next, and the last one waits and reports.
                    consumer.commitAsync(acknowledged(), null);
                    committed = System.nanoTime();
                }
            }
            commitAll();
        }
    }

    private void send(ConsumerRecords<byte[], byte[]> records) {
        if (records.isEmpty()) {
            return;
        }
        Sending sending = new Sending(records.nextOffsets(), failure);
        for (ConsumerRecord<byte[], byte[]> record : records) {
            // Within the poll: once a topic is lost, each further send may wait for a minute.
            stopIfFailed();
            int destination = job.decide(record.value());
            if (destination != Job.DROPPED) {
                sending.expectOne();
                producer.send(
                        new ProducerRecord<>(
                                options.topics().get(destination),
                                null,
                                record.timestamp(),
                                record.key(),
                                job.rewritten(record.value()),
                                record.headers()),
                        sending);
            }
            tally.count(destination);
        }
        sending.allHandedOver();
        sendings.add(sending);
    }

    private Map<TopicPartition, OffsetAndMetadata> acknowledged() {
        while (!sendings.isEmpty() && sendings.peek().isAcknowledged()) {
            acknowledged.putAll(sendings.remove().next());
        }
        return Map.copyOf(acknowledged);
    }

    private void commitAll() {
        producer.flush();
        stopIfFailed();
        consumer.commitSync(acknowledged());
    }

    private void stopIfFailed() {
        if (failure.get() != null) {
            throw new IllegalStateException("a record could not be written; see the cause", failure.get());
        }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        // They start at what is committed, which is all this program knows of them.
    }

    /** Whoever has them next shall not repeat what is written already. */
    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        producer.flush();
        consumer.commitSync(acknowledged());
        acknowledged.keySet().removeAll(partitions);
    }

    /** Others have them already: offsets of theirs would only be refused. */
    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        sendings.clear();
        acknowledged.keySet().removeAll(partitions);
    }
}
