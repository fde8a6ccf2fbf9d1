package millstream.peers.jobs;

/** What is done with each value. An instance belongs to one thread: it may reuse what it allocated for the last value. */
public interface Job {

    /** The record goes nowhere. */
    int DROPPED = -1;

    /** The record goes to the rejected topic, unchanged. Outputs follow from 1, in the order of {@link JobKind#outputs}. */
    int REJECTED = 0;

    /** Where a record with this value goes; the value may be null. */
    int decide(byte[] value);

    /** What to write in place of the value that was decided on last. */
    default byte[] rewritten(byte[] value) {
        return value;
    }
}
