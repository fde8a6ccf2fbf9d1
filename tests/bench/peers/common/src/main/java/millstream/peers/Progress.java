package millstream.peers;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import millstream.peers.jobs.Job;

/**
 * How far the run is, summed over the threads of the process.
 *
 * <p>Static, because Flink works with deserialized copies of a program's objects: they find their way back only by name.
 */
public final class Progress {

    /** Records read, written to outputs, and written to the rejected topic. */
    public record Total(long read, long written, long rejected) {}

    private static final List<Tally> TALLIES = new CopyOnWriteArrayList<>();

    private Progress() {}

    /** A new share of the sums, for one thread to count in. */
    public static Tally tally() {
        Tally tally = new Tally();
        TALLIES.add(tally);
        return tally;
    }

    public static Total total() {
        long read = 0;
        long written = 0;
        long rejected = 0;
        for (Tally tally : TALLIES) {
            read += tally.read.getAcquire();
            written += tally.written.getAcquire();
            rejected += tally.rejected.getAcquire();
        }
        return new Total(read, written, rejected);
    }

    /** Counted by one thread, read by others: plain loads and stores, where a shared counter would cost a locked add. */
    public static final class Tally {

        private final AtomicLong read = new AtomicLong();
        private final AtomicLong written = new AtomicLong();
        private final AtomicLong rejected = new AtomicLong();

        private Tally() {}

        /** Counts a record that is read and went to this destination. */
        public void count(int destination) {
            if (destination == Job.REJECTED) {
                increment(rejected);
            } else if (destination != Job.DROPPED) {
                increment(written);
            }
            increment(read);
        }

        private static void increment(AtomicLong counter) {
            counter.setRelease(counter.getPlain() + 1);
        }
    }
}
