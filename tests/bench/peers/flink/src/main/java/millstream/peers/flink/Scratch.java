package millstream.peers.flink;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder for what Flink unpacks and stores while it runs, removed with the process: Flink itself leaves jars behind. */
final class Scratch {

    private static final int ATTEMPTS = 30;
    private static final long PAUSE_MS = 100;

    private Scratch() {}

    static Path folder() {
        try {
            Path folder = Files.createTempDirectory("peer-flink-");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(folder), "remove " + folder));
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Flink needs a folder for temporary files; set -Djava.io.tmpdir to one that can be written", e);
        }
    }

    /** Flink ends at the same time, and adds and removes files while this looks at them: hence more than one attempt. */
    private static void remove(Path folder) {
        Exception last = null;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try (Stream<Path> found = Files.walk(folder)) {
                List<Path> deepestFirst = found.sorted(Comparator.reverseOrder()).toList();
                for (Path path : deepestFirst) {
                    Files.deleteIfExists(path);
                }
                return;
            } catch (IOException | UncheckedIOException e) {
                last = e;
            }
            try {
                Thread.sleep(PAUSE_MS);
            } catch (InterruptedException e) {
                break;
            }
        }
        System.err.println("could not remove " + folder + ", remove it by hand: " + last);
    }
}
