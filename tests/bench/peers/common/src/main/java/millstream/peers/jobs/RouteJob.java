package millstream.peers.jobs;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.Arrays;

/**
 * Each record goes to the output of its {@code type}: a member at the top level, of which the last counts.
 *
 * <p>The value is read to its end even once the type is known: a malformed one must not pass.
 */
final class RouteJob implements Job {

    /** By output, the first of which has the number 1. */
    private static final char[][] TYPES = {"swipe".toCharArray(), "message".toCharArray(), "profile".toCharArray()};

    @Override
    public int decide(byte[] value) {
        if (value == null) {
            return REJECTED;
        }
        try (JsonParser parser = Json.FACTORY.createParser(value)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return REJECTED;
            }
            int destination = REJECTED;
            String name;
            while ((name = parser.nextFieldName()) != null) {
                JsonToken token = parser.nextToken();
                if (name.equals("type")) {
                    destination = token == JsonToken.VALUE_STRING ? byType(parser) : REJECTED;
                }
                // Strings and numbers that nobody asks for are checked, but never built.
                parser.skipChildren();
            }
            boolean ended = parser.nextToken() == null;
            return ended ? destination : REJECTED;
        } catch (IOException malformed) {
            return REJECTED;
        }
    }

    private static int byType(JsonParser parser) throws IOException {
        char[] text = parser.getTextCharacters();
        int start = parser.getTextOffset();
        int end = start + parser.getTextLength();
        for (int at = 0; at < TYPES.length; at++) {
            if (Arrays.equals(text, start, end, TYPES[at], 0, TYPES[at].length)) {
                return 1 + at;
            }
        }
        return DROPPED;
    }
}
