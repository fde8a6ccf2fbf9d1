package millstream.peers.streams;

import millstream.peers.Progress;
import millstream.peers.jobs.Job;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/** Does the job and forwards to the sink of the destination. There is one for each task, which is one partition. */
final class JobProcessor implements Processor<byte[], byte[], byte[], byte[]> {

    /** By destination: a name is looked up for every record, so none is put together there. */
    private static final String[] SINKS = {"rejected", "output-1", "output-2", "output-3"};

    private final Job job;
    private final Progress.Tally tally = Progress.tally();
    private ProcessorContext<byte[], byte[]> context;

    JobProcessor(Job job) {
        this.job = job;
    }

    /** The sink's name in the topology. */
    static String sink(int destination) {
        return SINKS[destination];
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
        this.context = context;
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        byte[] value = record.value();
        int destination = job.decide(value);
        if (destination != Job.DROPPED) {
            byte[] rewritten = job.rewritten(value);
            context.forward(rewritten == value ? record : record.withValue(rewritten), sink(destination));
        }
        tally.count(destination);
    }
}
