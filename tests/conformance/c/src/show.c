/// What `show` can be asked for.
#include "guest.h"

static const char *const field_names[] = {"do", "text", "integer", "number", "boolean", "raw", "lenient", "key", "header"};
static const char *const lookup_names[] = {"by-key", "name", "by-number"};

static void append_hex(ms_buffer *to, uint64_t bits, unsigned digits, const char *alphabet)
{
    while (digits-- > 0)
        ms_append_byte(to, alphabet[bits >> (4 * digits) & 15]);
}

static void append_word(ms_buffer *to, ms_bytes bytes)
{
    if (ms_is_null(bytes))
        ms_append_byte(to, '~');
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        bool plain = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9')
                     || byte == '-' || byte == '_' || byte == '.';
        if (plain) {
            ms_append_byte(to, (char)byte);
            continue;
        }
        ms_append_byte(to, '%');
        append_hex(to, byte, 2, "0123456789ABCDEF");
    }
}

static void show_headers(const ms_record *record, ms_emission *emission)
{
    ms_buffer *value = ms_write_value(emission);
    for (size_t i = 0; i < ms_record_header_count(record); i++) {
        ms_header header = ms_record_header_at(record, i);
        if (i != 0)
            ms_append_byte(value, '\n');
        ms_append(value, header.name);
        ms_append_byte(value, '=');
        append_word(value, header.value);
    }
}

static void show_field(ms_bytes named, const ms_record *record, ms_emission *emission)
{
    int field = index_of(named, field_names, FIELDS);
    if (field < 0 || ms_field_is_null(record, (size_t)field)) {
        ms_set_null_value(emission);
        return;
    }
    double number;
    uint64_t bits;
    switch (field) {
    case INTEGER:
    case LENIENT:
        ms_append_integer(ms_write_value(emission), ms_field_integer(record, (size_t)field));
        break;
    case NUMBER:
        number = ms_field_number(record, NUMBER);
        memcpy(&bits, &number, sizeof bits);
        append_hex(ms_write_value(emission), bits, 16, "0123456789abcdef");
        break;
    case BOOLEAN:
        ms_set_value(emission, ms_text(ms_field_boolean(record, BOOLEAN) ? "true" : "false"));
        break;
    case RAW:
        ms_set_value(emission, ms_field_raw(record, RAW));
        break;
    default:
        ms_set_value(emission, ms_field_text(record, (size_t)field));
    }
}

static ms_bytes looked_up(ms_bytes named, const ms_record *record)
{
    int lookup = index_of(named, lookup_names, LOOKUPS);
    if (lookup < 0)
        return ms_null();
    return lookup == NAME ? ms_lookup_text(record, NAME) : ms_lookup_raw(record, (size_t)lookup);
}

static void show_setting(ms_bytes named, const settings *settings, ms_emission *emission)
{
    if (ms_is(named, "greeting"))
        ms_set_value(emission, settings->greeting);
    else if (ms_is(named, "limit"))
        ms_append_integer(ms_write_value(emission), settings->limit);
    else if (ms_is(named, "strict"))
        ms_set_value(emission, ms_text(settings->strict ? "true" : "false"));
}

void show(const line *words, const ms_record *record, ms_emitter *out, const settings *settings, ms_buffer *buffer)
{
    ms_bytes what = words->words[1], named = words->words[2];
    ms_emission *emission = ms_emit(out, 0);
    if (ms_is(what, "key"))
        ms_set_value(emission, ms_record_key(record));
    else if (ms_is(what, "value"))
        ms_set_value(emission, ms_record_value(record));
    else if (ms_is(what, "timestamp"))
        ms_append_integer(ms_write_value(emission), ms_record_timestamp(record));
    else if (ms_is(what, "offset"))
        ms_append_integer(ms_write_value(emission), ms_record_offset(record));
    else if (ms_is(what, "partition"))
        ms_append_integer(ms_write_value(emission), ms_record_partition(record));
    else if (ms_is(what, "topic"))
        ms_set_value(emission, ms_record_topic(record));
    else if (ms_is(what, "headers"))
        show_headers(record, emission);
    else if (ms_is(what, "last"))
        ms_set_value(emission, ms_record_header(record, name(named, buffer)));
    else if (ms_is(what, "field"))
        show_field(named, record, emission);
    else if (ms_is(what, "lookup"))
        ms_set_value(emission, looked_up(named, record));
    else if (ms_is(what, "setting"))
        show_setting(named, settings, emission);
}
