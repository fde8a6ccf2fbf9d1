package millstream.peers.streams;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import millstream.peers.Options;
import millstream.peers.Progress;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.Stores;

/**
 * The job {@code join}, as Kafka Streams has it: a stream joined with a global table, both by their keys. The table is kept in
 * memory, which is faster than the default.
 */
final class JoinTopology {

    private static final byte[] MEMBER = ",\"profile\":".getBytes(StandardCharsets.UTF_8);

    private JoinTopology() {}

    static Topology of(Options options) {
        StreamsBuilder builder = new StreamsBuilder();
        Consumed<byte[], byte[]> bytes = Consumed.with(Serdes.ByteArray(), Serdes.ByteArray());
        GlobalKTable<byte[], byte[]> users = builder.globalTable(
                options.table(),
                bytes,
                Materialized.<byte[], byte[]>as(Stores.inMemoryKeyValueStore("users"))
                        .withKeySerde(Serdes.ByteArray())
                        .withValueSerde(Serdes.ByteArray())
                        // A global table has no changelog but its topic.
                        .withLoggingDisabled());
        // One for each thread that counts: a join has no place of its own for it.
        ThreadLocal<Progress.Tally> tally = ThreadLocal.withInitial(Progress::tally);
        builder.stream(options.source(), bytes)
                .join(users, (user, event) -> user, (event, profile) -> joined(event, profile))
                .peek((user, event) -> tally.get().count(1))
                .to(options.topics().get(1), Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
        return builder.build();
    }

    /** The event with the profile as its last member. */
    private static byte[] joined(byte[] event, byte[] profile) {
        int open = event.length - 1;
        byte[] joined = Arrays.copyOf(event, open + MEMBER.length + profile.length + 1);
        System.arraycopy(MEMBER, 0, joined, open, MEMBER.length);
        System.arraycopy(profile, 0, joined, open + MEMBER.length, profile.length);
        joined[joined.length - 1] = '}';
        return joined;
    }
}
