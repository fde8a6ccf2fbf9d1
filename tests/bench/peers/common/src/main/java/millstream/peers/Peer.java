package millstream.peers;

/** One way to run a job. Its constructor does all that can be done before the first record is read. */
public interface Peer {

    /**
     * Reads the whole source once. Returns when everything written is acknowledged and the offsets are committed.
     *
     * @throws Exception if any record could not be read, processed or written
     */
    void run() throws Exception;
}
