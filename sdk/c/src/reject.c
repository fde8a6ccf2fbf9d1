/// How a transform says that something is wrong, made to fit the contract.
#include "call.h"
#include "text.h"

enum { MOST_CODE = 64, MOST_REASON = 1024 };

/// a-z, 0-9 and '-': one of them for each character, or the host would refuse the whole answer.
static ms_bytes tidy(ms_arena *arena, const char *code)
{
    char *tidied = ms_arena_take(arena, MOST_CODE, 1);
    size_t len = 0;
    for (const char *c = code; *c != 0 && len < MOST_CODE; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte >= 'A' && byte <= 'Z')
            byte = (unsigned char)(byte - 'A' + 'a');
        bool fits = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
        // The further bytes of a character stand for nothing of their own.
        if ((byte & 0xc0) != 0x80)
            tidied[len++] = fits ? (char)byte : '-';
    }
    return len == 0 ? ms_text("error") : ms_bytes_of(tidied, len);
}

ms_reason ms_reason_of(ms_arena *arena, const char *code, const char *format, va_list arguments)
{
    ms_reason reason = {tidy(arena, code == NULL ? "" : code), ms_null()};
    reason.text = ms_utf8_cut(ms_format(arena, format, arguments), MOST_REASON);
    return reason;
}

static ms_status refuse(struct ms_emission *raw, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    raw->pending = ms_reason_of(raw->call->arena, code, format, arguments);
    va_end(arguments);
    return MS_REJECTED;
}

ms_status ms_reject(ms_emitter *out, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    out->plan.raw.pending = ms_reason_of(out->plan.raw.call->arena, code, format, arguments);
    va_end(arguments);
    return MS_REJECTED;
}

ms_status ms_plan_fail(ms_plan *plan, uint8_t kind, const char *format, va_list arguments)
{
    plan->raw.failure.kind = kind;
    plan->raw.failure.reason = ms_format(plan->raw.call->arena, format, arguments);
    return MS_FAILED;
}

#define FAIL(plan, kind)                                                                                               \
    va_list arguments;                                                                                                 \
    va_start(arguments, format);                                                                                       \
    ms_status status = ms_plan_fail(plan, kind, format, arguments);                                                    \
    va_end(arguments);                                                                                                 \
    return status

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
