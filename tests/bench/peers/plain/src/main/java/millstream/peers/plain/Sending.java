package millstream.peers.plain;

import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;

/** What came of one poll and is not acknowledged yet: one object for all its records, which is also their callback. */
final class Sending implements Callback {

    private final Map<TopicPartition, OffsetAndMetadata> next;
    private final AtomicReference<Exception> failure;

    /** Begins with one for the polling thread: the count must not reach zero while more may follow. */
    private final AtomicInteger missing = new AtomicInteger(1);

    /**
     * @param next where each partition goes on after this poll
     * @param failure takes the first one
     */
    Sending(Map<TopicPartition, OffsetAndMetadata> next, AtomicReference<Exception> failure) {
        this.next = next;
        this.failure = failure;
    }

    void expectOne() {
        missing.incrementAndGet();
    }

    void allHandedOver() {
        missing.decrementAndGet();
    }

    boolean isAcknowledged() {
        return missing.get() == 0;
    }

    Map<TopicPartition, OffsetAndMetadata> next() {
        return next;
    }

    /** Runs on the producer's thread. A record that failed stays missing, so that its offset is never committed. */
    @Override
    public void onCompletion(RecordMetadata metadata, Exception exception) {
        if (exception == null) {
            missing.decrementAndGet();
        } else {
            failure.compareAndSet(null, exception);
        }
    }
}
