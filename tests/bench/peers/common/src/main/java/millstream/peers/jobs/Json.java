package millstream.peers.jobs;

import com.fasterxml.jackson.core.JsonFactory;

/** The factory of parsers and generators, shared by all threads: it caches the names of members. */
final class Json {

    static final JsonFactory FACTORY = JsonFactory.builder()
            // Values are UTF-8 by contract; without this a byte order mark would turn them into UTF-16 or UTF-32.
            .disable(JsonFactory.Feature.CHARSET_DETECTION)
            // Names are few and compared to one literal; putting them into the JVM's table of strings gains nothing.
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .build();

    private Json() {}
}
