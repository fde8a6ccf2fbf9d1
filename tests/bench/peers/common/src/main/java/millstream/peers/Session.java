package millstream.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.function.Function;

/**
 * The conversation with the benchmark, on stdin and stdout: {@code ready}, a line to begin, {@code warm}, {@code done}, the
 * end of input. README.md says what each promises.
 */
public final class Session {

    private static final long LOOK_EVERY_MS = 5;

    private final PrintStream answers;
    private final BufferedReader orders;

    private Session(PrintStream answers) {
        this.answers = answers;
        this.orders = new BufferedReader(new InputStreamReader(System.in));
    }

    /** Holds it with the peer that is constructed from the options, then ends the process. */
    public static void hold(String[] arguments, Function<Options, Peer> construct) {
        PrintStream answers = System.out;
        // Whatever a library prints must not be taken for an answer.
        System.setOut(System.err);
        try {
            new Session(answers).converse(Options.parse(arguments), construct);
        } catch (Throwable failure) {
            complain(failure);
            System.exit(1);
        }
        // Threads of the libraries may still be there.
        System.exit(0);
    }

    private void converse(Options options, Function<Options, Peer> construct) throws Exception {
        Peer peer = construct.apply(options);
        say("ready");
        if (orders.readLine() == null) {
            throw new IOException("stdin ended before the line that starts the run; write one line to it after \"ready\"");
        }
        Thread warm = new Thread(() -> sayWhenWarm(options.warm()), "warm");
        warm.setDaemon(true);
        warm.start();
        peer.run();
        Progress.Total total = Progress.total();
        if (total.read() < options.events()) {
            throw new IllegalStateException("the topic " + options.source() + " ended after " + total.read()
                    + " records, short of the " + options.events() + " of --events; fill it first, or give --events its size");
        }
        warm.join();
        say("done " + total.read() + " " + total.written() + " " + total.rejected());
        while (orders.readLine() != null) {
            // Only the end matters.
        }
    }

    /** The benchmark measures from there on: what a start costs, and most of what compiling costs, is no matter of events. */
    private void sayWhenWarm(long enough) {
        try {
            long read;
            while ((read = Progress.total().read()) < enough) {
                Thread.sleep(LOOK_EVERY_MS);
            }
            say("warm " + read);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void say(String line) {
        answers.println(line);
        answers.flush();
    }

    private static void complain(Throwable failure) {
        if (failure instanceof IllegalArgumentException) {
            System.err.println(failure.getMessage());
        } else {
            failure.printStackTrace();
        }
    }
}
