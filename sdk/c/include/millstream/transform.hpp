/// @file
/// The declaration of a transform in C++: a class whose members are what it declares.
#ifndef MILLSTREAM_TRANSFORM_HPP
#define MILLSTREAM_TRANSFORM_HPP

#include <exception>
#include <map>
#include <new>
#include <string>
#include <vector>

#include "batch.hpp"
#include "declaration.hpp"

namespace millstream {

/// Where a field is: a JSON Pointer into the value, unless said otherwise.
struct Place {
    ms_part part = MS_VALUE;
    const char *path = "";
    const char *header = nullptr;

    Place(const char *pointer) : path(pointer) {}
    Place(ms_part part_, const char *pointer, const char *name) : part(part_), path(pointer), header(name) {}
};
/// A JSON Pointer into the key; without one the whole key, text as it stands.
inline Place in_key(const char *pointer = "") { return {MS_KEY, pointer, nullptr}; }
/// The last header of this name, text as it stands.
inline Place in_header(const char *name) { return {MS_HEADER, "", name}; }

/// A field may be absent or null; of another type it rejects the record.
struct NullableTag {};
inline constexpr NullableTag nullable{};
/// A field may be absent, null or of another type: null.
struct LenientTag {};
inline constexpr LenientTag lenient{};

/// What a transform derives from. Its members declare, in any order, while it is made: once in every instance, from the
/// deployment's settings. Names and paths have to be literals. It is a cache, not state: the host puts a new instance in
/// this one's place between any two calls.
class Transform {
public:
    Transform(const Transform &) = delete;
    Transform &operator=(const Transform &) = delete;

    /// What it reads besides fields: hide it by `static constexpr unsigned reads = MS_KEYS | MS_VALUES;`.
    static constexpr unsigned reads = 0;
    /// Whether records whose value is null are wanted though a field of the value is required; else they are rejected as
    /// `null-value`. Hide it by `static constexpr bool null_values = true;`.
    static constexpr bool null_values = false;

protected:
    Transform() : declaration_(detail::Declaration::current()) {}
    ~Transform() = default;

    /// An output, at least one of which there has to be: a-z, 0-9, '-' and '_'. The deployment says which topic it is.
    Output output(const char *name) { return {static_cast<unsigned>(detail::added(declaration_->outputs, name))}; }
    /// A counter, of at most 64: a-z, 0-9 and '_'.
    Counter counter(const char *name) { return {static_cast<unsigned>(detail::added(declaration_->counters, name))}; }
    /// A table that is looked into; the deployment says which topic it is.
    Table table(const char *name) { return {detail::added(declaration_->tables, name)}; }

    /// A field that is the text of a JSON string, without quotes and escapes. A record that lacks it is rejected as
    /// `missing-field`, one that has another type as `wrong-type`.
    Text text(Place place) { return {field(place, MS_TEXT, MS_REQUIRED)}; }
    /// The same that may be absent or null.
    OptionalText text(Place place, NullableTag) { return {field(place, MS_TEXT, MS_NULLABLE)}; }
    /// The same that may be of another type as well: null then.
    OptionalText text(Place place, LenientTag) { return {field(place, MS_TEXT, MS_LENIENT)}; }
    /// A field that is a JSON number without fraction and exponent that fits 64 bits.
    Integer integer(Place place) { return {field(place, MS_INTEGER, MS_REQUIRED)}; }
    /// The same that may be absent or null.
    OptionalInteger integer(Place place, NullableTag) { return {field(place, MS_INTEGER, MS_NULLABLE)}; }
    /// The same that may be of another type as well: null then.
    OptionalInteger integer(Place place, LenientTag) { return {field(place, MS_INTEGER, MS_LENIENT)}; }
    /// A field that is a JSON number, as a 64-bit floating-point number.
    Number number(Place place) { return {field(place, MS_NUMBER, MS_REQUIRED)}; }
    /// The same that may be absent or null.
    OptionalNumber number(Place place, NullableTag) { return {field(place, MS_NUMBER, MS_NULLABLE)}; }
    /// The same that may be of another type as well: null then.
    OptionalNumber number(Place place, LenientTag) { return {field(place, MS_NUMBER, MS_LENIENT)}; }
    /// A field that is `true` or `false`.
    Boolean boolean(Place place) { return {field(place, MS_BOOLEAN, MS_REQUIRED)}; }
    /// The same that may be absent or null.
    OptionalBoolean boolean(Place place, NullableTag) { return {field(place, MS_BOOLEAN, MS_NULLABLE)}; }
    /// The same that may be of another type as well: null then.
    OptionalBoolean boolean(Place place, LenientTag) { return {field(place, MS_BOOLEAN, MS_LENIENT)}; }
    /// A field that is any JSON but `null`, as it stands.
    Raw raw(Place place) { return {field(place, MS_RAW, MS_REQUIRED)}; }
    /// The same that may be absent or null.
    OptionalRaw raw(Place place, NullableTag) { return {field(place, MS_RAW, MS_NULLABLE)}; }
    /// The same that may be of another type as well: null then.
    OptionalRaw raw(Place place, LenientTag) { return {field(place, MS_RAW, MS_LENIENT)}; }

    /// The whole value that a table has under the record's key; null where it has nothing.
    LookupRaw lookup(Table table) { return {lookup(table, MS_RECORD_KEY, 0, nullptr, MS_RAW)}; }
    /// The same under a text, integer or raw field; null where that is null.
    template <class T, ms_type Type>
    LookupRaw lookup(Table table, Value<T, Type> key)
    {
        static_assert(Type == MS_TEXT || Type == MS_INTEGER || Type == MS_RAW, "a lookup's key is a text, integer or raw field");
        return {lookup(table, MS_FIELD_KEY, key.index, nullptr, MS_RAW)};
    }
    /// What a JSON Pointer leads to in the value that a table has, null where it is of another type: `lookup_of<MS_TEXT>`. A
    /// table's value that is not JSON rejects the record as `malformed-json`.
    template <ms_type Type>
    auto lookup_of(Table table, const char *pointer)
    {
        return found<Type>(lookup(table, MS_RECORD_KEY, 0, pointer, Type));
    }
    /// The same under a text, integer or raw field.
    template <ms_type Type, class T, ms_type KeyType>
    auto lookup_of(Table table, Value<T, KeyType> key, const char *pointer)
    {
        return found<Type>(lookup(table, MS_FIELD_KEY, key.index, pointer, Type));
    }

    /// A setting that is a text and has to be set.
    std::string setting_text(const char *name) { return setting_text(required(name), ""); }
    /// A setting that is a text, `unset` where it is not set; likewise below.
    std::string setting_text(const char *name, const char *unset)
    {
        return std::string(detail::view(ms_setting_text(declaration_->settings, name, unset)));
    }
    /// An integer of 64 bits.
    std::int64_t setting_integer(const char *name) { return setting_integer(required(name), 0); }
    /// The same with a default.
    std::int64_t setting_integer(const char *name, std::int64_t unset)
    {
        return ms_setting_integer(declaration_->settings, name, unset);
    }
    /// An integer from `least` to `most`.
    std::int64_t setting_integer(const char *name, std::int64_t unset, std::int64_t least, std::int64_t most)
    {
        return ms_setting_integer_in(declaration_->settings, name, unset, least, most);
    }
    /// A finite number.
    double setting_number(const char *name) { return setting_number(required(name), 0); }
    /// The same with a default.
    double setting_number(const char *name, double unset) { return ms_setting_number(declaration_->settings, name, unset); }
    /// `true` or `false`.
    bool setting_boolean(const char *name) { return setting_boolean(required(name), false); }
    /// The same with a default.
    bool setting_boolean(const char *name, bool unset) { return ms_setting_boolean(declaration_->settings, name, unset); }
    /// Texts separated by commas: `a, b`. An empty text is an empty list.
    std::vector<std::string> setting_list(const char *name) { return setting_list(required(name), ""); }
    /// The same with a default, which is written as in the deployment.
    std::vector<std::string> setting_list(const char *name, const char *unset)
    {
        const ms_list list = ms_setting_list(declaration_->settings, name, unset);
        std::vector<std::string> texts;
        for (std::size_t i = 0; i < list.count; i++)
            texts.emplace_back(detail::view(list.at[i]));
        return texts;
    }
    /// What a setting of pairs is.
    using Map = std::map<std::string, std::string, std::less<>>;
    /// Pairs separated by commas: `berlin = eu, boston = us`. Of one name the last counts.
    Map setting_map(const char *name) { return setting_map(required(name), ""); }
    /// The same with a default, which is written as in the deployment.
    Map setting_map(const char *name, const char *unset)
    {
        const ms_map map = ms_setting_map(declaration_->settings, name, unset);
        Map texts;
        for (std::size_t i = 0; i < map.count; i++)
            texts.emplace(detail::view(map.at[i].name), detail::view(map.at[i].value));
        return texts;
    }
    /// Says what else is wrong with the settings; it refuses the deployment.
    void setting_error(std::string_view error)
    {
        ms_setting_error_bytes(declaration_->settings, detail::bytes(error));
    }

private:
    std::size_t field(Place place, ms_type type, ms_presence presence)
    {
        return detail::added(declaration_->fields, ms_field{place.path, type, presence, place.part, place.header});
    }
    std::size_t lookup(Table table, ms_lookup_key key, std::size_t field, const char *pointer, ms_type type)
    {
        return declaration_->add_lookup(static_cast<unsigned>(table.index), key, static_cast<unsigned>(field), pointer, type);
    }
    template <ms_type Type>
    static auto found(std::size_t index)
    {
        using T = decltype(detail::read<Type>(nullptr, 0));
        return Value<std::optional<T>, Type, true>{index};
    }
    const char *required(const char *name)
    {
        ms_setting_required(declaration_->settings, name);
        return name;
    }

    detail::Declaration *declaration_;
};

namespace detail {

/// What an instance's state is: the declaration, and the transform that made it.
template <class T>
struct Instance {
    Declaration declaration;
    T transform;

    explicit Instance(ms_settings *settings) : declaration(settings) {}
};

template <class T>
void configure(ms_settings *settings, void *state)
{
    auto *instance = new (state) Instance<T>(settings);
    ms_transform *declared = ms_settings_transform(settings);
    instance->declaration.complete(declared);
}

template <class T>
void release(void *state)
{
    static_cast<Instance<T> *>(state)->~Instance<T>();
}

/// Runs a function and answers its status. Where there are exceptions, one that escapes is a result too.
template <class Out, class Function>
ms_status told(Out *out, Function function)
{
#ifdef __cpp_exceptions
    try {
        return function().tell(out);
    } catch (const Reject &reject) {
        return Result(reject).tell(out);
    } catch (const Failure &failure) {
        return Result(failure).tell(out);
    } catch (const std::exception &error) {
        return Result(Reject("error", error.what())).tell(out);
    } catch (...) {
        return Result(Reject("error", "the transform threw what is no std::exception")).tell(out);
    }
#else
    return function().tell(out);
#endif
}

template <class T>
ms_status over_record(const ms_record *record, ms_emitter *out, void *state)
{
    T &transform = static_cast<Instance<T> *>(state)->transform;
    return told(out, [&]() -> Result {
        Emitter emitter(out);
        return transform.apply(Record(*record), emitter);
    });
}

template <class T>
ms_status over_batch(const ms_batch *batch, ms_plan *plan, void *state)
{
    T &transform = static_cast<Instance<T> *>(state)->transform;
    return told(plan, [&]() -> Result {
        Plan planned(plan);
        return transform.apply(Batch(batch), planned);
    });
}

template <class T, class = void>
struct IsOverBatches : std::false_type {};
template <class T>
struct IsOverBatches<T, std::void_t<decltype(std::declval<T &>().apply(std::declval<const Batch &>(), std::declval<Plan &>()))>>
    : std::true_type {};

} // namespace detail

/// The C face's declaration of a transform. `apply` takes a Record and an Emitter, or a Batch and a Plan.
template <class T>
constexpr ms_transform transform()
{
    ms_transform declared{};
    declared.reads = T::reads;
    declared.null_values = T::null_values;
    declared.state_size = sizeof(detail::Instance<T>);
    declared.configure = detail::configure<T>;
    declared.release = detail::release<T>;
    if constexpr (detail::IsOverBatches<T>::value)
        declared.batch = detail::over_batch<T>;
    else
        declared.record = detail::over_record<T>;
    return declared;
}

} // namespace millstream

/// Makes a class the component's transform; once, in a source file, outside of any namespace.
#define MILLSTREAM_TRANSFORM(type)                                                                                     \
    static constexpr ms_transform millstream_transform_of_this_file = ::millstream::transform<type>();                 \
    MILLSTREAM_EXPORT(millstream_transform_of_this_file);

#endif
