package millstream.peers;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import millstream.peers.jobs.JobKind;

/**
 * What the benchmark asks of a peer.
 *
 * @param topics by destination, as {@link millstream.peers.jobs.Job} numbers them: the rejected topic, then the outputs
 * @param events how many records the source holds and the run ends after
 * @param warm how many records are read before the figures begin
 * @param threads that process records, where a peer has more than one
 * @param table the topic of the table that the job looks into, or null
 * @param exactlyOnce whether outputs and offsets are to be committed together; otherwise at least once
 */
public record Options(
        JobKind job, String brokers, String source, List<String> topics, long events, long warm, String group, int threads,
        String table, boolean exactlyOnce)
        implements Serializable {

    private static final String USAGE = "usage: --job copy|route|change|join --brokers HOST:PORT --source TOPIC"
            + " --output NAME=TOPIC [--output ...] --rejected TOPIC --events N --group NAME"
            + " [--table NAME=TOPIC] [--threads T] [--partitions P] [--warm-after PERCENT] [--exactly-once true|false]";

    private static final Set<String> NAMES = Set.of(
            "--job", "--brokers", "--source", "--output", "--rejected", "--events", "--group", "--table", "--threads",
            "--partitions", "--warm-after", "--exactly-once");

    /**
     * @throws IllegalArgumentException if one is missing, unknown or makes no sense
     */
    static Options parse(String[] arguments) {
        Map<String, String> given = new HashMap<>();
        Map<String, String> outputs = new HashMap<>();
        for (int at = 0; at < arguments.length; at += 2) {
            String name = arguments[at];
            if (!NAMES.contains(name)) {
                throw new IllegalArgumentException("there is no option " + name + "; " + USAGE);
            }
            if (at + 1 == arguments.length) {
                throw new IllegalArgumentException(name + " lacks its value; " + USAGE);
            }
            String value = arguments[at + 1];
            if (name.equals("--output")) {
                String[] parts = value.split("=", 2);
                if (parts.length < 2 || outputs.put(parts[0], parts[1]) != null) {
                    throw new IllegalArgumentException("--output " + value + " is not NAME=TOPIC, or names an output twice");
                }
            } else if (given.put(name, value) != null) {
                throw new IllegalArgumentException(name + " is given twice; give it once");
            }
        }
        JobKind job = JobKind.named(required(given, "--job"));
        int threads = Math.toIntExact(number("--threads", given.getOrDefault("--threads", "2")));
        int partitions = Math.toIntExact(number("--partitions", given.getOrDefault("--partitions", "" + threads)));
        long events = number("--events", required(given, "--events"));
        long percent = number("--warm-after", given.getOrDefault("--warm-after", "10"));
        if (percent > 100) {
            throw new IllegalArgumentException("--warm-after " + percent + " is more than 100 percent");
        }
        return new Options(
                job,
                required(given, "--brokers"),
                required(given, "--source"),
                topics(job, required(given, "--rejected"), outputs),
                events,
                (events * percent + 99) / 100,
                required(given, "--group"),
                // A partition is read by one thread: more threads than partitions would only idle.
                Math.min(threads, partitions),
                table(job, given.get("--table")),
                Boolean.parseBoolean(given.get("--exactly-once")));
    }

    private static List<String> topics(JobKind job, String rejected, Map<String, String> outputs) {
        if (!outputs.keySet().equals(new HashSet<>(job.outputs()))) {
            throw new IllegalArgumentException("the job " + job.label() + " writes to the outputs " + job.outputs() + ", but "
                    + outputs.keySet() + " are given; give one --output NAME=TOPIC for each");
        }
        List<String> topics = new ArrayList<>();
        topics.add(rejected);
        job.outputs().forEach(output -> topics.add(outputs.get(output)));
        return List.copyOf(topics);
    }

    private static String table(JobKind job, String pair) {
        if ((job == JobKind.JOIN) != (pair != null)) {
            throw new IllegalArgumentException("the job join needs one --table NAME=TOPIC, and no other takes it");
        }
        return pair == null ? null : pair.substring(pair.indexOf('=') + 1);
    }

    private static String required(Map<String, String> given, String name) {
        String value = given.get(name);
        if (value == null) {
            throw new IllegalArgumentException(name + " is missing; " + USAGE);
        }
        return value;
    }

    private static long number(String name, String value) {
        try {
            long number = Long.parseLong(value);
            if (number > 0) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Falls through to the same complaint.
        }
        throw new IllegalArgumentException(name + " " + value + " is not a number above 0");
    }
}
