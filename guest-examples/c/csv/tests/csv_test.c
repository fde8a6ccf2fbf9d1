#include <millstream/testing.h>

static ms_test *test_orders(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_setting(test, "columns", "id:integer, customer, price:number, paid:boolean");
    return test;
}

static void every_line_becomes_an_object(void)
{
    ms_test *test = test_orders();
    ms_test_record(test, "7,\"Smith, \"\"A\"\"\",9.50,true\r\n\r\n8,\"\",,");
    ms_test_key(test, "k");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 2);
    MS_CHECK_TEXT(outcome->emitted[0].value, "{\"id\":7,\"customer\":\"Smith, \\\"A\\\"\",\"price\":9.50,\"paid\":true}");
    MS_CHECK_TEXT(outcome->emitted[1].value, "{\"id\":8,\"customer\":\"\",\"price\":null,\"paid\":null}");
    MS_CHECK_TEXT(outcome->emitted[1].key, "k");
    ms_test_free(test);
}

static void a_wrong_line_rejects_its_whole_record(void)
{
    ms_test *test = test_orders();
    ms_test_record(test, "1,Ann,2,true\n\n2,Bo,abc,true\n");
    ms_test_record(test, "\n");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 0 && outcome->rejected_count == 1);
    MS_CHECK_TEXT(outcome->rejected[0].code, "wrong-type");
    MS_CHECK_TEXT(outcome->rejected[0].reason, "line 2: price is \"abc\", not a number");
    MS_CHECK(outcome->dropped_count == 1 && outcome->dropped[0] == 1);
    ms_test_free(test);
}

static void check_refused(const char *columns, const char *delimiter, const char *refusal)
{
    ms_test *test = ms_test_new(millstream_exported);
    if (columns != NULL)
        ms_test_setting(test, "columns", columns);
    ms_test_setting(test, "delimiter", delimiter);
    MS_CHECK_TEXT(ms_test_configure(test), refusal);
    ms_test_free(test);
}

static void columns_that_are_none_are_refused(void)
{
    check_refused("id, day:date", ",", "setting `columns`: `day` is of the type `date`, not text, integer, number or boolean");
    check_refused("id, :text", ",", "setting `columns`: a column has no name");
    check_refused("id, a, id:text", ",", "setting `columns`: two columns are called `id`");
    check_refused("", ",", "setting `columns` names no column");
    check_refused(NULL, ",", "setting `columns` is missing: it is a list with commas");
}

static void a_delimiter_is_one_ascii_character(void)
{
#define REFUSAL(text) "setting `delimiter` is `" text "`, not `tab` or one ASCII character other than a quote or a line break"
    check_refused("id", "", REFUSAL(""));
    check_refused("id", ";;", REFUSAL(";;"));
    check_refused("id", "\"", REFUSAL("\""));
    check_refused("id", "\n", REFUSAL("\n"));
    check_refused("id", "\r", REFUSAL("\r"));
    check_refused("id", "\xc3\xa9", REFUSAL("\xc3\xa9"));
}

int main(void)
{
    every_line_becomes_an_object();
    a_wrong_line_rejects_its_whole_record();
    columns_that_are_none_are_refused();
    a_delimiter_is_one_ascii_character();
    return 0;
}
