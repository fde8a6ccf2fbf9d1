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

    private static void remove(Path folder) {
        try (Stream<Path> found = Files.walk(folder)) {
            List<Path> deepestFirst = found.sorted(Comparator.reverseOrder()).toList();
            for (Path path : deepestFirst) {
                Files.deleteIfExists(path);
            }
        } catch (IOException | UncheckedIOException e) {
            // Flink, which is ending at the same time, removed or added something: the rest is left to the system.
            System.err.println("could not remove " + folder + ": " + e);
        }
    }
}
