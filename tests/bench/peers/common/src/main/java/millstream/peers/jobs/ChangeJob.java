package millstream.peers.jobs;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.SerializedString;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/**
 * The member {@code region} at the top level becomes {@code "eu"}: in its place where there is one, as the last otherwise.
 *
 * <p>The value is copied token by token, without white space. Numbers keep their text; texts keep their characters, but not
 * which of them were escaped.
 */
final class ChangeJob implements Job {

    private static final SerializableString REGION = new SerializedString("region");
    private static final SerializableString EU = new SerializedString("eu");

    private final ByteArrayOutputStream buffer = new ByteArrayOutputStream(4096);
    private byte[] changed;

    @Override
    public int decide(byte[] value) {
        changed = null;
        if (value == null) {
            return REJECTED;
        }
        buffer.reset();
        try (JsonParser parser = Json.FACTORY.createParser(value);
                JsonGenerator generator = Json.FACTORY.createGenerator(buffer)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return REJECTED;
            }
            copy(parser, generator);
            if (parser.nextToken() != null) {
                return REJECTED;
            }
        } catch (IOException malformed) {
            return REJECTED;
        }
        changed = buffer.toByteArray();
        return 1;
    }

    @Override
    public byte[] rewritten(byte[] value) {
        return changed == null ? value : changed;
    }

    /** Copies the object whose start is the current token, up to its end. */
    private static void copy(JsonParser parser, JsonGenerator generator) throws IOException {
        boolean found = false;
        generator.writeStartObject();
        String name;
        while ((name = parser.nextFieldName()) != null) {
            JsonToken token = parser.nextToken();
            if (name.equals("region")) {
                found = true;
                parser.skipChildren();
                generator.writeFieldName(REGION);
                generator.writeString(EU);
            } else {
                generator.writeFieldName(name);
                copyValue(parser, token, generator);
            }
        }
        if (!found) {
            generator.writeFieldName(REGION);
            generator.writeString(EU);
        }
        generator.writeEndObject();
    }

    /** Copies the value whose first token is this, up to its last. */
    private static void copyValue(JsonParser parser, JsonToken first, JsonGenerator generator) throws IOException {
        int depth = 0;
        for (JsonToken token = first; ; token = parser.nextToken()) {
            copyToken(parser, token, generator);
            if (token.isStructStart()) {
                depth++;
            } else if (token.isStructEnd()) {
                depth--;
            }
            if (depth == 0) {
                return;
            }
        }
    }

    private static void copyToken(JsonParser parser, JsonToken token, JsonGenerator generator) throws IOException {
        if (token.isNumeric()) {
            // The generator's own copying goes through a number, which writes 1e5 as 1E+5.
            generator.writeNumber(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
        } else {
            generator.copyCurrentEvent(parser);
        }
    }
}
