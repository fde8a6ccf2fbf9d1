package millstream.peers.jobs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is decided and written, case by case. */
class JobsTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', value = {
        "{\"type\":\"swipe\"}                         | 1",
        "{\"type\":\"message\",\"n\":[1,{\"a\":null}]} | 2",
        "{\"n\":1.5e3,\"type\":\"profile\"}           | 3",
        "{\"type\":\"swi\\u0070e\"}                   | 1",
        "{\"type\":\"open\"}                          | -1",
        "{\"type\":\"\"}                              | -1",
        "{\"type\":7}                                 | 0",
        "{\"type\":{\"type\":\"swipe\"}}              | 0",
        "{\"kind\":\"swipe\"}                         | 0",
        "{\"a\":{\"type\":\"swipe\"}}                 | 0",
        "{\"type\":\"open\",\"type\":\"swipe\"}       | 1",
        "{\"type\":\"swipe\",\"type\":null}           | 0",
        "[\"type\",\"swipe\"]                         | 0",
        "\"type\"                                     | 0",
    })
    void routesByTheLastTypeAtTheTopLevel(String value, int destination) {
        assertEquals(destination, decide(JobKind.ROUTE, value.getBytes(UTF_8)));
    }

    /** Each has what either job looks for before the place where it breaks. */
    @ParameterizedTest
    @ValueSource(strings = {
        "",
        "{\"type\":\"swipe\"",
        "{\"type\":\"swipe\",\"n\":[1,2}",
        "{\"type\":\"swipe\",\"n\":01}",
        "{\"type\":\"swipe\",\"n\":nul}",
        "{\"type\":\"swipe\",\"text\":\"\\q\"}",
        "{\"type\":\"swipe\",\"text\":\"a\nb\"}",
        "{\"type\":\"swipe\"} x",
        "{\"type\":\"swipe\"}{}",
        "{'type':'swipe'}",
    })
    void rejectsWhatIsNotJsonToItsEnd(String value) {
        assertEquals(Job.REJECTED, decide(JobKind.ROUTE, value.getBytes(UTF_8)));
        assertEquals(Job.REJECTED, decide(JobKind.CHANGE, value.getBytes(UTF_8)));
    }

    @Test
    void rejectsWhatIsNotUtf8() {
        byte[] latin = "{\"type\":\"swipe\",\"text\":\"\u00eb\"}".getBytes(ISO_8859_1);
        assertEquals(Job.REJECTED, decide(JobKind.ROUTE, latin));
        assertEquals(Job.REJECTED, decide(JobKind.CHANGE, latin));
    }

    @ParameterizedTest
    @EnumSource(names = {"ROUTE", "CHANGE"})
    void rejectsNull(JobKind kind) {
        assertEquals(Job.REJECTED, decide(kind, null));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', value = {
        "{}                                        | {\"region\":\"eu\"}",
        "{ \"a\" : [ 1 , true ] }                  | {\"a\":[1,true],\"region\":\"eu\"}",
        "{\"region\":\"us\",\"a\":1}               | {\"region\":\"eu\",\"a\":1}",
        "{\"region\":{\"x\":[1]},\"a\":1}          | {\"region\":\"eu\",\"a\":1}",
        "{\"a\":{\"region\":\"us\"}}               | {\"a\":{\"region\":\"us\"},\"region\":\"eu\"}",
        "{\"n\":[1e5,-0.0,1.50,12345678901234567890123]} | {\"n\":[1e5,-0.0,1.50,12345678901234567890123],\"region\":\"eu\"}",
        "{\"t\":\"a\\\"\\u00eb\\n\"}               | {\"t\":\"a\\\"\u00eb\\n\",\"region\":\"eu\"}",
    })
    void setsTheRegion(String value, String expected) {
        Job job = JobKind.CHANGE.create();
        byte[] bytes = value.getBytes(UTF_8);
        assertEquals(1, job.decide(bytes));
        assertEquals(expected, new String(job.rewritten(bytes), UTF_8));
    }

    @Test
    void leavesNothingOfTheLastValueBehind() {
        Job job = JobKind.CHANGE.create();
        job.decide("{\"a\":\"a long one that fills the buffer\"}".getBytes(UTF_8));
        byte[] array = "[1]".getBytes(UTF_8);
        assertEquals(Job.REJECTED, job.decide(array));
        assertSame(array, job.rewritten(array));
        byte[] object = "{}".getBytes(UTF_8);
        job.decide(object);
        assertEquals("{\"region\":\"eu\"}", new String(job.rewritten(object), UTF_8));
    }

    @Test
    void copiesAnything() {
        byte[] value = {(byte) 0xff, 0};
        Job job = JobKind.COPY.create();
        assertEquals(1, job.decide(value));
        assertSame(value, job.rewritten(value));
        assertEquals(1, job.decide(null));
    }

    private static int decide(JobKind kind, byte[] value) {
        return kind.create().decide(value);
    }
}
