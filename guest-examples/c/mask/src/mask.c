/// Makes e-mail addresses and card numbers in the strings of JSON unreadable. All else stays as it is, byte for byte.
#include <millstream.h>

#include "personal.h"

enum { MASKED };
static const char *const outputs[] = {[MASKED] = "masked"};

enum { EMAILS, CARDS };
static const char *const counters[] = {[EMAILS] = "emails", [CARDS] = "cards"};

typedef struct settings {
    /// What is masked.
    bool email;
    bool card;
} settings;

static void configure(ms_settings *from, void *state)
{
    settings *to = state;
    const ms_list mask = ms_setting_list(from, "mask", "email, card");
    for (size_t i = 0; i < mask.count; i++) {
        if (ms_is(mask.at[i], "email"))
            to->email = true;
        else if (ms_is(mask.at[i], "card"))
            to->card = true;
        else
            ms_setting_error(from, "setting `mask` names `%.*s`: there are `email` and `card`", MS_PRINT(mask.at[i]));
    }
}

static bool is_hex(char byte)
{
    return is_digit(byte) || (byte >= 'A' && byte <= 'F') || (byte >= 'a' && byte <= 'f');
}

/// How long the escape sequence is that the text begins with. Longer than the text: it ends within.
static size_t escape(ms_bytes text)
{
    const char *at = text.data;
    const bool is_unicode =
        text.len >= 6 && at[1] == 'u' && is_hex(at[2]) && is_hex(at[3]) && is_hex(at[4]) && is_hex(at[5]);
    return is_unicode ? 6 : 2;
}

/// Moves bytes from the beginning of `from` to the end of `to`.
static void move(ms_bytes *from, ms_buffer *to, size_t len)
{
    ms_append(to, ms_bytes_of(from->data, len));
    *from = ms_bytes_of(from->data + len, from->len - len);
}

/// How many bytes there are before the first of these, or in all.
static size_t before(ms_bytes text, char one, char other)
{
    size_t len = 0;
    while (len < text.len && text.data[len] != one && text.data[len] != other)
        len++;
    return len;
}

static ms_status mask(const ms_record *record, ms_emitter *out, void *state)
{
    const settings *set = state;
    ms_buffer *masked = ms_scratch(out);
    size_t emails = 0, cards = 0;
    // In a value that is null there is nothing to find.
    ms_bytes rest = ms_record_value(record);
    bool in_string = false;
    while (rest.len != 0) {
        if (!in_string) {
            move(&rest, masked, before(rest, '"', '"'));
            if (rest.len != 0) {
                move(&rest, masked, 1);
                in_string = true;
            }
            continue;
        }
        const ms_bytes text = ms_bytes_of(rest.data, before(rest, '"', '\\'));
        const size_t start = masked->len;
        if (set->email)
            emails += append_without_emails(masked, text);
        else
            ms_append(masked, text);
        if (set->card)
            cards += mask_cards(masked->data + start, masked->len - start);
        rest = ms_bytes_of(rest.data + text.len, rest.len - text.len);
        in_string = rest.len == 0 || rest.data[0] != '"';
        const size_t mark = in_string ? escape(rest) : 1;
        if (mark > rest.len)
            break;
        move(&rest, masked, mark);
    }
    if (in_string)
        return ms_reject(out, "malformed-json", "the value ends within a string");
    if (emails + cards == 0) {
        ms_forward(out, MASKED);
        return MS_OK;
    }
    ms_set_value(ms_emit(out, MASKED), ms_buffer_bytes(masked));
    ms_count(out, EMAILS, emails);
    ms_count(out, CARDS, cards);
    return MS_OK;
}

static const ms_transform transform = {
    .reads = MS_VALUES,
    .outputs = MS_LIST(outputs),
    .counters = MS_LIST(counters),
    .state_size = sizeof(settings),
    .configure = configure,
    .record = mask,
};

MILLSTREAM_EXPORT(transform);
