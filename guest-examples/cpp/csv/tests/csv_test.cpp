#include <millstream/testing.hpp>

namespace ms = millstream;

static const std::string orders = "id:integer, customer, price:number, paid:boolean";

static void every_line_becomes_an_object()
{
    ms::Test test;
    test.setting("columns", orders).record("7,\"Smith, \"\"A\"\"\",9.50,true\r\n\r\n8,\"\",,").key("k");
    const ms::Outcome outcome = test.run();
    MS_CHECK(outcome.emitted.size() == 2);
    MS_CHECK(outcome.emitted[0].value == R"({"id":7,"customer":"Smith, \"A\"","price":9.50,"paid":true})");
    MS_CHECK(outcome.emitted[1].value == R"({"id":8,"customer":"","price":null,"paid":null})");
    MS_CHECK(outcome.emitted[1].key == "k");
}

static void a_wrong_line_rejects_its_whole_record()
{
    ms::Test test;
    test.setting("columns", orders).record("1,Ann,2,true\n\n2,Bo,abc,true\n").record("\n");
    const ms::Outcome outcome = test.run();
    MS_CHECK(outcome.emitted.empty() && outcome.rejected.size() == 1);
    MS_CHECK(outcome.rejected[0].code == "wrong-type");
    MS_CHECK(outcome.rejected[0].reason == R"(line 2: price is "abc", not a number)");
    MS_CHECK(outcome.dropped == std::vector<std::size_t>{1});
}

static void columns_that_are_none_are_refused()
{
    const auto refusal = [](const std::string &columns) { return ms::Test().setting("columns", columns).configure(); };
    MS_CHECK(refusal("id, day:date") ==
             "setting `columns`: `day` is of the type `date`, not text, integer, number or boolean");
    MS_CHECK(refusal("id, :text") == "setting `columns`: a column has no name");
    MS_CHECK(refusal("id, a, id:text") == "setting `columns`: two columns are called `id`");
    MS_CHECK(refusal("") == "setting `columns` names no column");
}

static void there_have_to_be_columns()
{
    const ms::NullableString refusal = ms::Test().configure();
    MS_CHECK(refusal && refusal->rfind("setting `columns` is missing", 0) == 0);
}

static void a_delimiter_is_one_ascii_character()
{
    for (const std::string delimiter : {"", ";;", "\"", "\n", "\r", "\xc3\xa9"}) {
        const auto refusal = ms::Test().setting("columns", "id").setting("delimiter", delimiter).configure();
        MS_CHECK(refusal == "setting `delimiter` is `" + delimiter +
                                "`, not `tab` or one ASCII character other than a quote or a line break");
    }
}

int main()
{
    every_line_becomes_an_object();
    a_wrong_line_rejects_its_whole_record();
    columns_that_are_none_are_refused();
    there_have_to_be_columns();
    a_delimiter_is_one_ascii_character();
}
