/// @file
/// One record of a batch: borrowed, copied for free, and nothing in it is looked at before it is asked for.
#ifndef MILLSTREAM_RECORD_HPP
#define MILLSTREAM_RECORD_HPP

#include <cstddef>
#include <cstdint>

#include "result.hpp"

namespace millstream {

/// A declared field, or a lookup, of the type `Type`: a key to what it is in a record. `T` is what comes of it.
template <class T, ms_type Type, bool IsLookup = false>
struct Value {
    std::size_t index;
};

/// Fields that the record has, or it is rejected: what `text`, `integer`… of Transform declare.
using Text = Value<std::string_view, MS_TEXT>;
using Integer = Value<std::int64_t, MS_INTEGER>;
using Number = Value<double, MS_NUMBER>;
using Boolean = Value<bool, MS_BOOLEAN>;
using Raw = Value<std::string_view, MS_RAW>;
/// Fields that may be null: declared with `nullable` or `lenient`.
using OptionalText = Value<std::optional<std::string_view>, MS_TEXT>;
using OptionalInteger = Value<std::optional<std::int64_t>, MS_INTEGER>;
using OptionalNumber = Value<std::optional<double>, MS_NUMBER>;
using OptionalBoolean = Value<std::optional<bool>, MS_BOOLEAN>;
using OptionalRaw = Value<std::optional<std::string_view>, MS_RAW>;
/// What is looked up in a table is null where the table has nothing.
using LookupText = Value<std::optional<std::string_view>, MS_TEXT, true>;
using LookupInteger = Value<std::optional<std::int64_t>, MS_INTEGER, true>;
using LookupNumber = Value<std::optional<double>, MS_NUMBER, true>;
using LookupBoolean = Value<std::optional<bool>, MS_BOOLEAN, true>;
using LookupRaw = Value<std::optional<std::string_view>, MS_RAW, true>;

/// A table that the transform declares.
struct Table {
    std::size_t index;
};

/// One header. The name is UTF-8; the value may be null.
struct Header {
    std::string_view name;
    Nullable value;
};

/// The headers of a record, in their order; names may repeat.
class Headers {
public:
    Headers(const ms_headers *headers, std::size_t row) : headers_(headers), row_(row) {}

    /// How many there are.
    std::size_t size() const { return ms_headers_count(headers_, row_); }
    /// Header `at`, counted from 0; an empty name and a null value where there is none.
    Header operator[](std::size_t at) const
    {
        const ms_header header = ms_headers_get(headers_, row_, at);
        return {detail::view(header.name), detail::nullable(header.value)};
    }

    /// What a loop over the headers goes by.
    class Iterator {
    public:
        Iterator(const Headers *headers, std::size_t at) : headers_(headers), at_(at) {}
        Header operator*() const { return (*headers_)[at_]; }
        Iterator &operator++()
        {
            ++at_;
            return *this;
        }
        bool operator!=(const Iterator &other) const { return at_ != other.at_; }

    private:
        const Headers *headers_;
        std::size_t at_;
    };
    /// The first header.
    Iterator begin() const { return {this, 0}; }
    /// Past the last one.
    Iterator end() const { return {this, size()}; }

private:
    const ms_headers *headers_;
    std::size_t row_;
};

namespace detail {

template <ms_type Type>
auto read(const ms_values *values, std::size_t row)
{
    if constexpr (Type == MS_TEXT || Type == MS_RAW)
        return view(ms_column_get(&values->of.column, row));
    else if constexpr (Type == MS_INTEGER)
        return ms_integers_get(&values->of.numbers, row);
    else if constexpr (Type == MS_NUMBER)
        return ms_floats_get(&values->of.numbers, row);
    else
        return ms_booleans_get(&values->of.booleans, row);
}

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T, ms_type Type>
T get(const ms_values *values, std::size_t row)
{
    if constexpr (IsOptional<T>::value) {
        // Of a column of texts the null bit is looked at once.
        if constexpr (Type == MS_TEXT || Type == MS_RAW)
            return nullable(ms_column_get(&values->of.column, row));
        else if (ms_values_is_null(values, row))
            return std::nullopt;
        else
            return read<Type>(values, row);
    } else {
        return read<Type>(values, row);
    }
}

template <class T, ms_type Type, bool IsLookup>
const ms_values *values(const ms_batch *batch, Value<T, Type, IsLookup> value)
{
    return IsLookup ? ms_batch_lookup(batch, value.index, Type) : ms_batch_field(batch, value.index, Type);
}

} // namespace detail

/// A record as it came from its topic. What it lends lives as long as the batch.
class Record {
public:
    explicit Record(ms_record record) : record_(record) {}

    /// The key; null where the record has none. An empty key is a key.
    Nullable key() const { return detail::nullable(ms_record_key(&record_)); }
    /// The value; null as in a compacted topic's tombstone.
    Nullable value() const { return detail::nullable(ms_record_value(&record_)); }
    /// The value as text. Rejected as `null-value` where it is null, as `invalid-utf8` where it is no text.
    template <class Emitter>
    Result text(Emitter &out, std::string_view &text) const
    {
        ms_bytes bytes;
        const ms_status status = ms_record_text(&record_, out.raw(), &bytes);
        text = detail::view(bytes);
        return Result(status);
    }
    /// The headers, in their order.
    Headers headers() const { return {ms_batch_headers(record_.batch), record_.row}; }
    /// The value of the last header of this name, which is the one that counts; null where there is none or it is null.
    Nullable header(std::string_view name) const
    {
        const Headers all = headers();
        for (std::size_t at = all.size(); at-- > 0;)
            if (const Header header = all[at]; header.name == name)
                return header.value;
        return std::nullopt;
    }
    /// Milliseconds since 1970-01-01T00:00Z, as the record carries them; -1 where it has none.
    std::int64_t timestamp() const { return ms_record_timestamp(&record_); }
    /// The record's offset in its partition.
    std::int64_t offset() const { return ms_record_offset(&record_); }
    /// The topic that the record comes from.
    std::string_view topic() const { return detail::view(ms_record_topic(&record_)); }
    /// The partition that the record comes from.
    std::int32_t partition() const { return ms_record_partition(&record_); }
    /// The record's row in its batch. Where batches are cut is the host's affair: don't build on it.
    std::size_t row() const { return record_.row; }

    /// A declared field or a lookup.
    template <class T, ms_type Type, bool IsLookup>
    T operator[](Value<T, Type, IsLookup> value) const
    {
        return detail::get<T, Type>(detail::values(record_.batch, value), record_.row);
    }

    /// What a table has under this key; null where it has nothing. It asks the host: for a column of keys use Batch::get.
    Nullable get(Table table, Nullable key) const
    {
        return detail::nullable(ms_table_get(&record_, table.index, detail::bytes(key)));
    }

private:
    ms_record record_;
};

} // namespace millstream

#endif
