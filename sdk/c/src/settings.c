#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "text.h"

static void complain(ms_settings *settings, ms_bytes error)
{
    if (settings->errors.len != 0)
        ms_append_text(&settings->errors, "; ");
    ms_append(&settings->errors, error);
}

/// The setting's text, null where it is not set. Of two of one name the last counts.
static ms_bytes find(const ms_settings *settings, const char *name)
{
    for (size_t i = settings->count; i-- > 0;)
        if (ms_is(settings->set[i].name, name))
            return settings->set[i].value;
    return ms_null();
}

/// The same, and the name is known from here on.
static ms_bytes take(ms_settings *settings, const char *name, const char *expected)
{
    ms_append(&settings->known, ms_bytes_of(&name, sizeof name));
    ms_bytes text = find(settings, name);
    bool required = settings->required != NULL && strcmp(settings->required, name) == 0;
    if (required && ms_is_null(text))
        complain(settings, ms_formatted(settings->arena, "setting `%s` is missing: it is %s", name, expected));
    settings->required = NULL;
    return text;
}

static void wrong(ms_settings *settings, const char *name, ms_bytes text, const char *expected)
{
    complain(settings, ms_formatted(settings->arena, "setting `%s` is `%.*s`, not %s", name, MS_PRINT(text), expected));
}

static ms_bytes trim(ms_bytes text)
{
    while (text.len != 0 && isspace((unsigned char)text.data[0]))
        text = ms_bytes_of(text.data + 1, text.len - 1);
    while (text.len != 0 && isspace((unsigned char)text.data[text.len - 1]))
        text.len--;
    return text;
}

ms_bytes ms_setting_text(ms_settings *settings, const char *name, const char *unset)
{
    ms_bytes text = take(settings, name, "a text");
    return ms_copy(settings->arena, ms_is_null(text) ? ms_text(unset) : text);
}

/// A decimal integer, all of the text.
static bool parse_integer(ms_bytes text, int64_t *number)
{
    char digits[24];
    text = trim(text);
    if (text.len == 0 || text.len >= sizeof digits)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool sign = i == 0 && text.len > 1 && (text.data[i] == '-' || text.data[i] == '+');
        if (!sign && !isdigit((unsigned char)text.data[i]))
            return false;
    }
    memcpy(digits, text.data, text.len);
    digits[text.len] = 0;
    errno = 0;
    *number = strtoll(digits, NULL, 10);
    return errno == 0;
}

int64_t ms_setting_integer(ms_settings *settings, const char *name, int64_t unset)
{
    ms_bytes text = take(settings, name, "an integer");
    int64_t number = unset;
    if (!ms_is_null(text) && !parse_integer(text, &number))
        wrong(settings, name, text, "an integer");
    return number;
}

int64_t ms_setting_integer_in(ms_settings *settings, const char *name, int64_t unset, int64_t least, int64_t most)
{
    ms_bytes expected = ms_formatted(settings->arena, "an integer from %lld to %lld", (long long)least, (long long)most);
    ms_bytes text = take(settings, name, expected.data);
    int64_t number = unset;
    if (ms_is_null(text))
        return unset;
    if (parse_integer(text, &number) && number >= least && number <= most)
        return number;
    wrong(settings, name, text, expected.data);
    return unset;
}

double ms_setting_number(ms_settings *settings, const char *name, double unset)
{
    ms_bytes text = take(settings, name, "a number");
    if (ms_is_null(text))
        return unset;
    ms_bytes trimmed = trim(text);
    char *copy = ms_arena_take(settings->arena, trimmed.len + 1, 1);
    memcpy(copy, trimmed.data, trimmed.len);
    copy[trimmed.len] = 0;
    char *end;
    double number = strtod(copy, &end);
    // strtod also takes hexadecimal numbers and words such as `inf`.
    bool decimal = strspn(copy, "0123456789+-.eE") == trimmed.len;
    if (decimal && trimmed.len != 0 && *end == 0 && isfinite(number))
        return number;
    wrong(settings, name, text, "a number");
    return unset;
}

bool ms_setting_boolean(ms_settings *settings, const char *name, bool unset)
{
    ms_bytes text = take(settings, name, "true or false");
    if (ms_is_null(text))
        return unset;
    if (!ms_is(text, "true") && !ms_is(text, "false"))
        wrong(settings, name, text, "true or false");
    return ms_is(text, "true");
}

/// The part before the next comma, which `rest` goes past.
static ms_bytes next_part(ms_bytes *rest)
{
    const char *comma = memchr(rest->data, ',', rest->len);
    size_t len = comma == NULL ? rest->len : (size_t)(comma - rest->data);
    ms_bytes part = trim(ms_bytes_of(rest->data, len));
    *rest = comma == NULL ? ms_null() : ms_bytes_of(comma + 1, rest->len - len - 1);
    return part;
}

static size_t count_parts(ms_bytes text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.data[i] == ',';
    return trim(text).len == 0 ? 0 : count;
}

ms_list ms_setting_list(ms_settings *settings, const char *name, const char *unset)
{
    ms_bytes text = ms_copy(settings->arena, take(settings, name, "a list with commas"));
    if (ms_is_null(text))
        text = ms_copy(settings->arena, ms_text(unset == NULL ? "" : unset));
    ms_list list = {NULL, count_parts(text)};
    ms_bytes *entries = ms_arena_take(settings->arena, list.count * sizeof *entries, _Alignof(ms_bytes));
    for (size_t i = 0; i < list.count; i++)
        entries[i] = next_part(&text);
    list.at = entries;
    return list;
}

static int compare(ms_bytes a, ms_bytes b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/// Where a name is among the first `count` pairs, or belongs.
static size_t search(const ms_pair *pairs, size_t count, ms_bytes name)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (compare(pairs[middle].name, name) < 0)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

ms_map ms_setting_map(ms_settings *settings, const char *name, const char *unset)
{
    static const char expected[] = "a list `name = value, name = value`";
    ms_bytes text = ms_copy(settings->arena, take(settings, name, expected));
    if (ms_is_null(text))
        text = ms_copy(settings->arena, ms_text(unset == NULL ? "" : unset));
    ms_bytes rest = text;
    size_t count = count_parts(text);
    ms_pair *pairs = ms_arena_take(settings->arena, count * sizeof *pairs, _Alignof(ms_pair));
    ms_map map = {pairs, 0};
    for (size_t i = 0; i < count; i++) {
        ms_bytes part = next_part(&rest);
        const char *equals = memchr(part.data, '=', part.len);
        if (equals == NULL) {
            wrong(settings, name, text, expected);
            return map;
        }
        size_t len = (size_t)(equals - part.data);
        ms_pair pair = {trim(ms_bytes_of(part.data, len)), trim(ms_bytes_of(equals + 1, part.len - len - 1))};
        size_t at = search(pairs, map.count, pair.name);
        if (at == map.count || !ms_same(pairs[at].name, pair.name)) {
            memmove(pairs + at + 1, pairs + at, (map.count - at) * sizeof *pairs);
            map.count++;
        }
        pairs[at] = pair;
    }
    return map;
}

void ms_setting_required(ms_settings *settings, const char *name)
{
    settings->required = name;
}

bool ms_setting_is_set(const ms_settings *settings, const char *name)
{
    return !ms_is_null(find(settings, name));
}

void ms_setting_error(ms_settings *settings, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(settings, ms_format(settings->arena, format, arguments));
    va_end(arguments);
}

void ms_setting_error_bytes(ms_settings *settings, ms_bytes error)
{
    complain(settings, error);
}

ms_transform *ms_settings_transform(ms_settings *settings)
{
    return settings->transform;
}

void *ms_setting_memory(ms_settings *settings, size_t size)
{
    return memset(ms_arena_take(settings->arena, size, _Alignof(max_align_t)), 0, size);
}

bool ms_list_has(ms_list list, ms_bytes entry)
{
    for (size_t i = 0; i < list.count; i++)
        if (ms_same(list.at[i], entry))
            return true;
    return false;
}

ms_bytes ms_map_get(ms_map map, ms_bytes name)
{
    size_t at = search(map.at, map.count, name);
    return at < map.count && ms_same(map.at[at].name, name) ? map.at[at].value : ms_null();
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/// Levenshtein's distance, of names up to 64 bytes; a large number for others.
static size_t edits(ms_bytes a, const char *b)
{
    size_t row[65], width = strlen(b);
    if (width > 64)
        return SIZE_MAX;
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 0; i < a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        char c = a.data[i] == '_' ? '-' : (char)tolower((unsigned char)a.data[i]);
        for (size_t j = 0; j < width; j++) {
            size_t replaced = diagonal + (c != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = least(replaced, least(row[j], diagonal) + 1);
        }
    }
    return row[width];
}

/// The known name within two edits; NULL where there is none.
static const char *nearest(ms_bytes name, const char *const *known, size_t count)
{
    const char *best = NULL;
    size_t fewest = 3;
    for (size_t i = 0; i < count; i++) {
        size_t distance = edits(name, known[i]);
        if (distance < fewest && distance < strlen(known[i])) {
            fewest = distance;
            best = known[i];
        }
    }
    return best;
}

static void complain_of_unknown(ms_settings *settings, ms_bytes name, const char *const *known, size_t count)
{
    const char *near = nearest(name, known, count);
    ms_buffer text = {settings->arena, NULL, 0, 0};
    ms_append_format(&text, "there is no setting `%.*s`: ", MS_PRINT(name));
    if (near != NULL)
        ms_append_format(&text, "did you mean `%s`?", near);
    else if (count == 0)
        ms_append_text(&text, "this transform has none");
    else
        ms_append_text(&text, "there are ");
    for (size_t i = 0; near == NULL && i < count; i++)
        ms_append_format(&text, "%s`%s`", i == 0 ? "" : ", ", known[i]);
    complain(settings, ms_buffer_bytes(&text));
}

ms_bytes ms_settings_finish(ms_settings *settings)
{
    size_t count = settings->known.len / sizeof(const char *);
    const char **known = ms_arena_take(settings->arena, settings->known.len, _Alignof(const char *));
    if (count != 0)
        memcpy(known, settings->known.data, settings->known.len);
    for (size_t i = 0; i < settings->count; i++) {
        bool is_known = false;
        for (size_t j = 0; j < count; j++)
            is_known |= ms_is(settings->set[i].name, known[j]);
        if (!is_known)
            complain_of_unknown(settings, settings->set[i].name, known, count);
    }
    if (settings->errors.len == 0)
        return ms_null();
    return ms_utf8_lossy(settings->arena, ms_buffer_bytes(&settings->errors));
}
