/// @file
/// Where records go, and what of them changes.
#ifndef MILLSTREAM_EMITTER_HPP
#define MILLSTREAM_EMITTER_HPP

#include <initializer_list>
#include <vector>

#include "record.hpp"

namespace millstream {

/// An output that the transform declares; the deployment says which topic it is.
struct Output {
    unsigned index;
};

/// A counter that the transform declares.
struct Counter {
    unsigned index;
};

/// Text and bytes under construction. The memory is the call's.
class Buffer {
public:
    explicit Buffer(ms_buffer *buffer) : buffer_(buffer) {}

    /// Appends a text or bytes.
    Buffer &append(std::string_view text)
    {
        ms_append(buffer_, detail::bytes(text));
        return *this;
    }
    /// Appends a decimal number.
    Buffer &append(std::int64_t number)
    {
        ms_append_integer(buffer_, number);
        return *this;
    }
    /// Appends a JSON string, with quotes and escapes. The text has to be UTF-8.
    Buffer &json(std::string_view text)
    {
        ms_append_json(buffer_, detail::bytes(text));
        return *this;
    }
    /// What was appended so far. Appending more may move it.
    std::string_view view() const { return detail::view(ms_buffer_bytes(buffer_)); }
    /// The buffer of the C face.
    ms_buffer *raw() const { return buffer_; }

private:
    ms_buffer *buffer_;
};

/// Members of a JSON object, for Emission::extend_json: `Members(out).text("region", "eu").integer("hour", 3)`.
class Members {
public:
    /// Writes into the scratch buffer of an Emitter or a Plan: what was there is gone.
    template <class Out>
    explicit Members(Out &out) : buffer_(out.scratch().raw()) {}

    /// A text, which has to be UTF-8; null is `null`.
    Members &text(const char *name, Nullable text)
    {
        ms_json_text(buffer_, name, detail::bytes(text));
        return *this;
    }
    /// An integer, in decimal.
    Members &integer(const char *name, std::int64_t number)
    {
        ms_json_integer(buffer_, name, number);
        return *this;
    }
    /// A number; what is not finite is `null`.
    Members &number(const char *name, double number)
    {
        ms_json_number(buffer_, name, number);
        return *this;
    }
    /// `true` or `false`.
    Members &boolean(const char *name, bool boolean)
    {
        ms_json_boolean(buffer_, name, boolean);
        return *this;
    }
    /// What is JSON already, and not looked at.
    Members &raw(const char *name, Nullable json)
    {
        ms_json_raw(buffer_, name, detail::bytes(json));
        return *this;
    }
    /// The members as text: `"region":"eu","hour":3`.
    std::string_view view() const { return detail::view(ms_buffer_bytes(buffer_)); }

private:
    ms_buffer *buffer_;
};

/// The record that was emitted last. What is not changed of it is its row's own; changing a part again replaces what was
/// set before. It may be used until the next record is emitted.
class Emission {
public:
    explicit Emission(ms_emission *emission) : emission_(emission) {}

    /// A new key; null for none.
    Emission &key(Nullable key)
    {
        ms_set_key(emission_, detail::bytes(key));
        return *this;
    }
    /// No key.
    Emission &null_key() { return key(std::nullopt); }
    /// A new value; null for none, which is a tombstone in a compacted topic.
    Emission &value(Nullable value)
    {
        ms_set_value(emission_, detail::bytes(value));
        return *this;
    }
    /// No value.
    Emission &null_value() { return value(std::nullopt); }
    /// A new value, written straight into the answer: all that is appended until something else is done with the emitter.
    Buffer write_value() { return Buffer(ms_write_value(emission_)); }
    /// The record's own value, a JSON object, with these members added before its last brace; nothing else of it changes.
    /// Rejected as `unexpected-json` where it is no object, as `null-value` where it is null. Wants `reads` to have values.
    Result extend_json(std::string_view members) { return Result(ms_extend_json(emission_, detail::bytes(members))); }
    /// The same for members that were made one by one.
    Result extend_json(const Members &members) { return extend_json(members.view()); }
    /// Other headers instead of the record's.
    Emission &headers(const std::vector<Header> &headers) { return set_headers(headers.data(), headers.size()); }
    /// The same for headers that stand in the call.
    Emission &headers(std::initializer_list<Header> headers) { return set_headers(headers.begin(), headers.size()); }
    /// One more header, after those that the record has; the value may be null. Names that begin with `millstream.` are the
    /// host's.
    Emission &header(std::string_view name, Nullable value)
    {
        ms_add_header_bytes(emission_, detail::bytes(name), detail::bytes(value));
        return *this;
    }
    /// Another timestamp, in milliseconds since 1970-01-01T00:00Z; -1 for none.
    Emission &timestamp(std::int64_t milliseconds)
    {
        ms_set_timestamp(emission_, milliseconds);
        return *this;
    }
    /// A partition of the output's topic; -1 leaves it to the partitioner.
    Emission &partition(std::int32_t partition)
    {
        ms_set_partition(emission_, partition);
        return *this;
    }

private:
    Emission &set_headers(const Header *headers, std::size_t count)
    {
        std::vector<ms_header> plain(count);
        for (std::size_t i = 0; i < count; i++)
            plain[i] = {detail::bytes(headers[i].name), detail::bytes(headers[i].value)};
        ms_set_headers(emission_, plain.data(), count);
        return *this;
    }

    ms_emission *emission_;
};

/// Emits records that come from the record at hand. A record for which nothing is emitted is dropped.
class Emitter {
public:
    explicit Emitter(ms_emitter *out) : out_(out) {}

    /// Emits the record as it is. Calling it again emits the record again, to one output or to more.
    void forward(Output output) { ms_forward(out_, output.index); }
    /// Emits the record; the answer says what of it changes.
    Emission emit(Output output) { return Emission(ms_emit(out_, output.index)); }
    /// Takes back what was emitted for this record.
    void drop() { ms_drop(out_); }
    /// Adds to a counter. It counts if the host accepts the answer to this batch, whatever becomes of this record.
    void count(Counter counter, std::uint64_t by = 1) { ms_count(out_, counter.index, by); }
    /// An empty buffer to write into; the same one each time.
    Buffer scratch() { return Buffer(ms_scratch(out_)); }
    /// The emitter of the C face.
    ms_emitter *raw() const { return out_; }

private:
    ms_emitter *out_;
};

} // namespace millstream

#endif
