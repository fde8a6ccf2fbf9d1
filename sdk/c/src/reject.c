/// How a transform says that something is wrong, made to fit the contract.
#include "call.h"
#include "text.h"

enum { MOST_CODE = 64, MOST_REASON = 1024 };

/// a-z, 0-9 and '-': one of them for each character, or the host would refuse the whole answer.
static ms_bytes tidy(ms_arena *arena, ms_bytes code)
{
    char *tidied = ms_arena_take(arena, MOST_CODE, 1);
    size_t len = 0;
    for (size_t i = 0; i < code.len && len < MOST_CODE; i++) {
        unsigned char byte = (unsigned char)code.data[i];
        if (byte >= 'A' && byte <= 'Z')
            byte = (unsigned char)(byte - 'A' + 'a');
        bool fits = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
        // The further bytes of a character stand for nothing of their own.
        if ((byte & 0xc0) != 0x80)
            tidied[len++] = fits ? (char)byte : '-';
    }
    return len == 0 ? ms_text("error") : ms_bytes_of(tidied, len);
}

/// A copy, because texts of C++ are gone before the answer is read: at most `most` bytes of UTF-8. Null is empty.
static ms_bytes kept(ms_arena *arena, ms_bytes text, size_t most)
{
    return ms_copy(arena, ms_utf8_fit(arena, ms_is_null(text) ? ms_text("") : text, most));
}

ms_reason ms_reason_of(ms_arena *arena, ms_bytes code, ms_bytes reason)
{
    ms_reason made = {tidy(arena, code), kept(arena, reason, MOST_REASON)};
    return made;
}

ms_reason ms_reason_formatted(ms_arena *arena, const char *code, const char *format, va_list arguments)
{
    ms_reason made = {tidy(arena, ms_text(code)), ms_null()};
    made.text = ms_utf8_cut(ms_format(arena, format, arguments), MOST_REASON);
    return made;
}

static ms_status refuse(struct ms_emission *raw, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    raw->pending = ms_reason_formatted(raw->call->arena, code, format, arguments);
    va_end(arguments);
    return MS_REJECTED;
}

ms_status ms_reject(ms_emitter *out, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    out->plan.raw.pending = ms_reason_formatted(out->plan.raw.call->arena, code, format, arguments);
    va_end(arguments);
    return MS_REJECTED;
}

ms_status ms_reject_bytes(ms_emitter *out, ms_bytes code, ms_bytes reason)
{
    out->plan.raw.pending = ms_reason_of(out->plan.raw.call->arena, code, reason);
    return MS_REJECTED;
}

ms_status ms_plan_fail(ms_plan *plan, uint8_t kind, ms_bytes reason)
{
    plan->raw.failure.kind = kind;
    plan->raw.failure.reason = reason;
    return MS_FAILED;
}

#define FAIL(plan, kind)                                                                                               \
    va_list arguments;                                                                                                 \
    va_start(arguments, format);                                                                                       \
    ms_bytes reason = ms_format((plan)->raw.call->arena, format, arguments);                                           \
    va_end(arguments);                                                                                                 \
    return ms_plan_fail(plan, kind, reason)

ms_status ms_fail_transient(ms_emitter *out, const char *format, ...)
{
    FAIL(&out->plan, WIT_TRANSIENT);
}

ms_status ms_fail_permanent(ms_emitter *out, const char *format, ...)
{
    FAIL(&out->plan, WIT_PERMANENT);
}

ms_status ms_plan_fail_transient(ms_plan *plan, const char *format, ...)
{
    FAIL(plan, WIT_TRANSIENT);
}

ms_status ms_plan_fail_permanent(ms_plan *plan, const char *format, ...)
{
    FAIL(plan, WIT_PERMANENT);
}

ms_status ms_plan_fail_transient_bytes(ms_plan *plan, ms_bytes reason)
{
    return ms_plan_fail(plan, WIT_TRANSIENT, kept(plan->raw.call->arena, reason, SIZE_MAX));
}

ms_status ms_plan_fail_permanent_bytes(ms_plan *plan, ms_bytes reason)
{
    return ms_plan_fail(plan, WIT_PERMANENT, kept(plan->raw.call->arena, reason, SIZE_MAX));
}

ms_status ms_fail_transient_bytes(ms_emitter *out, ms_bytes reason)
{
    return ms_plan_fail_transient_bytes(&out->plan, reason);
}

ms_status ms_fail_permanent_bytes(ms_emitter *out, ms_bytes reason)
{
    return ms_plan_fail_permanent_bytes(&out->plan, reason);
}

ms_status ms_record_text(const ms_record *record, ms_emitter *out, ms_bytes *text)
{
    *text = ms_record_value(record);
    if (ms_is_null(*text))
        return ms_reject(out, "null-value", "the record has no value");
    size_t valid = ms_utf8_prefix(*text);
    if (valid != text->len)
        return ms_reject(out, "invalid-utf8", "the value is not text: invalid UTF-8 at byte %zu", valid);
    return MS_OK;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

ms_status ms_extend_json(ms_emission *emission, ms_bytes members)
{
    ms_record record = {emission->batch, emission->next_row - 1};
    ms_bytes object = ms_record_value(&record);
    if (ms_is_null(object))
        return refuse(emission, "null-value", "the record has no value");
    size_t first = 0, end = object.len;
    while (end != 0 && is_space(object.data[end - 1]))
        end--;
    while (first != end && is_space(object.data[first]))
        first++;
    if (end - first < 2 || object.data[first] != '{' || object.data[end - 1] != '}')
        return refuse(emission, "unexpected-json", "the value is not an object");
    size_t last = end - 1;
    while (is_space(object.data[last - 1]))
        last--;
    ms_buffer *value = ms_write_value(emission);
    ms_reserve(value, object.len + members.len + 1);
    ms_append(value, ms_bytes_of(object.data, end - 1));
    // Of an empty object only the brace is left.
    if (last != first + 1 && members.len != 0)
        ms_append_byte(value, ',');
    ms_append(value, members);
    ms_append(value, ms_bytes_of(object.data + end - 1, object.len - end + 1));
    return MS_OK;
}
