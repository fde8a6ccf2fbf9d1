package millstream.peers.flink;

import java.util.List;
import millstream.peers.Progress;
import millstream.peers.jobs.Job;
import millstream.peers.jobs.JobKind;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichFlatMapFunction;
import org.apache.flink.api.common.typeinfo.TypeHint;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Does the job; what goes nowhere is not collected. */
final class JobFunction extends RichFlatMapFunction<ConsumerRecord<byte[], byte[]>, ProducerRecord<byte[], byte[]>> {

    static final TypeInformation<ProducerRecord<byte[], byte[]>> RESULT = TypeInformation.of(new TypeHint<>() {});

    private static final long serialVersionUID = 1;

    private final JobKind kind;
    private final List<String> topics;
    private transient Job job;
    private transient Progress.Tally tally;

    JobFunction(JobKind kind, List<String> topics) {
        this.kind = kind;
        this.topics = topics;
    }

    @Override
    public void open(OpenContext context) {
        job = kind.create();
        tally = Progress.tally();
    }

    @Override
    public void flatMap(ConsumerRecord<byte[], byte[]> record, Collector<ProducerRecord<byte[], byte[]>> results) {
        int destination = job.decide(record.value());
        if (destination != Job.DROPPED) {
            results.collect(new ProducerRecord<>(
                    topics.get(destination),
                    null,
                    record.timestamp(),
                    record.key(),
                    job.rewritten(record.value()),
                    record.headers()));
        }
        tally.count(destination);
    }
}
