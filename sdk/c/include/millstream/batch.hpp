/// @file
/// A batch as columns, and a plan of what becomes of it: for those who want all the speed.
#ifndef MILLSTREAM_BATCH_HPP
#define MILLSTREAM_BATCH_HPP

#include "emitter.hpp"

namespace millstream {

/// Byte strings, row for row.
class Column {
public:
    explicit Column(ms_column column) : column_(column) {}

    /// How many entries there are.
    std::size_t size() const { return ms_column_len(&column_); }
    /// The entry of this row; null where it is null, or where there is no such row.
    Nullable operator[](std::size_t row) const { return detail::nullable(ms_column_get(&column_, row)); }
    /// The column of the C face.
    const ms_column &raw() const { return column_; }

private:
    ms_column column_;
};

/// 64-bit integers, row for row.
class Integers {
public:
    explicit Integers(ms_numbers numbers) : numbers_(numbers) {}

    /// The number of this row; 0 where there is no such row.
    std::int64_t operator[](std::size_t row) const { return ms_integers_get(&numbers_, row); }

private:
    ms_numbers numbers_;
};

/// A declared field or a lookup, row for row. A record whose value is null has null in all fields of the value: a field
/// that is declared as required is then empty, 0 or false, and `is_null` says so.
template <class T, ms_type Type>
class Values {
public:
    explicit Values(const ms_values *values) : values_(values) {}

    /// The entry of this row.
    T operator[](std::size_t row) const { return detail::get<T, Type>(values_, row); }
    /// Whether the entry of this row is null.
    bool is_null(std::size_t row) const { return ms_values_is_null(values_, row); }

private:
    const ms_values *values_;
};

/// Records of one partition of one topic, in offset order, at least one.
class Batch {
public:
    explicit Batch(const ms_batch *batch) : batch_(batch) {}

    /// How many records there are, at least one.
    std::size_t size() const { return ms_batch_len(batch_); }
    /// The topic that the records come from.
    std::string_view topic() const { return detail::view(batch_->topic); }
    /// The partition that the records come from.
    std::int32_t partition() const { return batch_->partition; }
    /// The keys, row for row. Wants `reads` to have keys; the next four want what they are named after.
    Column keys() const { return Column(*ms_batch_keys(batch_)); }
    /// The values, row for row.
    Column values() const { return Column(*ms_batch_values(batch_)); }
    /// The headers of this row.
    Headers headers(std::size_t row) const { return {ms_batch_headers(batch_), row}; }
    /// Milliseconds since 1970-01-01T00:00Z; -1 for a record without.
    Integers timestamps() const { return Integers(*ms_batch_timestamps(batch_)); }
    /// The records' offsets, ascending.
    Integers offsets() const { return Integers(*ms_batch_offsets(batch_)); }
    /// The record of this row, which has to be below the batch's size.
    Record record(std::size_t row) const { return Record(ms_batch_record(batch_, row)); }

    /// A declared field or a lookup.
    template <class T, ms_type Type, bool IsLookup>
    Values<T, Type> operator[](Value<T, Type, IsLookup> value) const
    {
        return Values<T, Type>(detail::values(batch_, value));
    }

    /// What a table has under these keys, row for row, all from one version of it; null where it has nothing.
    Column get(Table table, const Column &keys) const { return Column(ms_table_get_all(batch_, table.index, &keys.raw())); }

private:
    const ms_batch *batch_;
};

/// What becomes of a batch. A row that is neither emitted nor rejected is dropped. Records are written in the order in
/// which they are emitted here: keep rows ascending.
class Plan {
public:
    explicit Plan(ms_plan *plan) : plan_(plan) {}

    /// Emits this row as it is.
    void forward(std::size_t row, Output output) { ms_plan_forward(plan_, row, output.index); }
    /// Emits this row; the answer says what of it changes.
    Emission emit(std::size_t row, Output output) { return Emission(ms_plan_emit(plan_, row, output.index)); }
    /// Says that this row cannot be processed. Rejecting one again changes nothing; one that is emitted as well fails the
    /// batch.
    void reject(std::size_t row, const Reject &reject)
    {
        const std::string_view code = reject.code, reason = reject.reason;
        ms_plan_reject_bytes(plan_, row, detail::bytes(code), detail::bytes(reason));
    }
    /// Adds to a counter. It counts if the host accepts the answer to this batch.
    void count(Counter counter, std::uint64_t by = 1) { ms_plan_count(plan_, counter.index, by); }
    /// An empty buffer to write into; the same one each time.
    Buffer scratch() { return Buffer(ms_plan_scratch(plan_)); }

private:
    ms_plan *plan_;
};

} // namespace millstream

#endif
