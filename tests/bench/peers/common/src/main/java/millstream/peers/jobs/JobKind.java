package millstream.peers.jobs;

import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The jobs that a peer can be asked for. */
public enum JobKind {
    COPY("copy", List.of("copy"), CopyJob::new),
    ROUTE("route", List.of("swipes", "messages", "profiles"), RouteJob::new),
    CHANGE("change", List.of("changed"), ChangeJob::new),
    /** Needs a table, so no job that only looks at values can do it. */
    JOIN("join", List.of("joined"), null);

    private final String label;
    private final List<String> outputs;
    private final Supplier<Job> constructor;

    JobKind(String label, List<String> outputs, Supplier<Job> constructor) {
        this.label = label;
        this.outputs = outputs;
        this.constructor = constructor;
    }

    /**
     * @throws IllegalArgumentException if there is none of this name
     */
    public static JobKind named(String label) {
        return Arrays.stream(values())
                .filter(kind -> kind.label.equals(label))
                .findAny()
                .orElseThrow(() -> new IllegalArgumentException("there is no job " + label + "; there are "
                        + Arrays.stream(values()).map(JobKind::label).collect(Collectors.joining(", "))));
    }

    public String label() {
        return label;
    }

    public List<String> outputs() {
        return outputs;
    }

    /** A new instance, for one thread. */
    public Job create() {
        if (constructor == null) {
            throw new IllegalStateException("this peer cannot do the job " + label + ", which needs a table");
        }
        return constructor.get();
    }
}
