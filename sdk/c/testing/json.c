#include "json.h"

#include "text.h"

enum { DEEPEST = 128 };

typedef struct scanner {
    ms_bytes text;
    size_t at;
    const char *flaw;
} scanner;

/// The next byte; 0 at the end, which no JSON has.
static char peek(const scanner *scan)
{
    return scan->at < scan->text.len ? scan->text.data[scan->at] : 0;
}

static bool wrong(scanner *scan)
{
    if (scan->flaw == NULL)
        scan->flaw = scan->at >= scan->text.len ? "unexpected end" : "unexpected character";
    return false;
}

static bool accept(scanner *scan, char byte)
{
    bool there = scan->at < scan->text.len && scan->text.data[scan->at] == byte;
    scan->at += there;
    return there;
}

static void skip_spaces(scanner *scan)
{
    while (peek(scan) == ' ' || peek(scan) == '\t' || peek(scan) == '\n' || peek(scan) == '\r')
        scan->at++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool digits(scanner *scan)
{
    if (!is_digit(peek(scan)))
        return wrong(scan);
    while (is_digit(peek(scan)))
        scan->at++;
    return true;
}

static bool number(scanner *scan)
{
    accept(scan, '-');
    if (!accept(scan, '0') && !digits(scan))
        return false;
    if (accept(scan, '.') && !digits(scan))
        return false;
    if (accept(scan, 'e') || accept(scan, 'E')) {
        if (!accept(scan, '+'))
            accept(scan, '-');
        return digits(scan);
    }
    return true;
}

static bool string(scanner *scan)
{
    if (!accept(scan, '"'))
        return wrong(scan);
    while (!accept(scan, '"')) {
        if (scan->at >= scan->text.len || (unsigned char)peek(scan) < 0x20)
            return wrong(scan);
        if (!accept(scan, '\\')) {
            scan->at++;
            continue;
        }
        if (peek(scan) == 0 || strchr("\"\\/bfnrtu", peek(scan)) == NULL)
            return wrong(scan);
        size_t escaped = accept(scan, 'u') ? 4 : 1;
        for (size_t i = 0; escaped == 4 && i < 4; i++, scan->at++)
            if (hex_digit(peek(scan)) < 0)
                return wrong(scan);
        scan->at += escaped == 1;
    }
    return true;
}

static bool word(scanner *scan, const char *expected)
{
    for (; *expected != 0; expected++)
        if (!accept(scan, *expected))
            return wrong(scan);
    return true;
}

static bool value(scanner *scan, int depth);

static bool elements(scanner *scan, int depth, bool named, char end)
{
    if (depth == 0) {
        scan->flaw = "nested too deeply";
        return false;
    }
    scan->at++;
    skip_spaces(scan);
    if (accept(scan, end))
        return true;
    do {
        skip_spaces(scan);
        if (named) {
            if (!string(scan))
                return false;
            skip_spaces(scan);
            if (!accept(scan, ':'))
                return wrong(scan);
        }
        if (!value(scan, depth - 1))
            return false;
    } while (accept(scan, ','));
    return accept(scan, end) || wrong(scan);
}

/// A value, and the spaces around it.
static bool value(scanner *scan, int depth)
{
    skip_spaces(scan);
    bool is_json;
    switch (peek(scan)) {
    case '{':
        is_json = elements(scan, depth, true, '}');
        break;
    case '[':
        is_json = elements(scan, depth, false, ']');
        break;
    case '"':
        is_json = string(scan);
        break;
    case 't':
        is_json = word(scan, "true");
        break;
    case 'f':
        is_json = word(scan, "false");
        break;
    case 'n':
        is_json = word(scan, "null");
        break;
    default:
        is_json = number(scan);
    }
    skip_spaces(scan);
    return is_json;
}

const char *ms_json_flaw(ms_bytes text, size_t *at)
{
    scanner scan = {text, 0, NULL};
    if (value(&scan, DEEPEST) && scan.at != text.len)
        wrong(&scan);
    *at = scan.at;
    size_t valid = ms_utf8_prefix(text);
    if (valid != text.len && (scan.flaw == NULL || valid < scan.at)) {
        *at = valid;
        return "invalid UTF-8";
    }
    return scan.flaw;
}

static void append_character(ms_buffer *to, uint32_t code)
{
    if (code < 0x80) {
        ms_append_byte(to, (char)code);
        return;
    }
    if (code < 0x800) {
        ms_append_byte(to, (char)(0xc0 | code >> 6));
    } else {
        if (code < 0x10000) {
            ms_append_byte(to, (char)(0xe0 | code >> 12));
        } else {
            ms_append_byte(to, (char)(0xf0 | code >> 18));
            ms_append_byte(to, (char)(0x80 | (code >> 12 & 0x3f)));
        }
        ms_append_byte(to, (char)(0x80 | (code >> 6 & 0x3f)));
    }
    ms_append_byte(to, (char)(0x80 | (code & 0x3f)));
}

/// The number of the four digits after `\u`.
static uint32_t code_unit(const char *digits)
{
    uint32_t code = 0;
    for (int i = 0; i < 4; i++)
        code = code * 16 + (uint32_t)hex_digit(digits[i]);
    return code;
}

ms_bytes ms_json_unquote(ms_arena *arena, ms_bytes quoted)
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    ms_buffer text = {arena, NULL, 0, 0};
    const char *at = quoted.data + 1, *end = quoted.data + quoted.len - 1;
    while (at < end) {
        if (*at != '\\') {
            ms_append_byte(&text, *at++);
            continue;
        }
        char escape = at[1];
        at += 2;
        if (escape != 'u') {
            const char *letter = strchr(letters, escape);
            ms_append_byte(&text, letter == NULL ? escape : meant[letter - letters]);
            continue;
        }
        uint32_t code = code_unit(at);
        at += 4;
        if (code >= 0xd800 && code < 0xdc00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
            uint32_t low = code_unit(at + 2);
            if (low >= 0xdc00 && low < 0xe000) {
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                at += 6;
            }
        }
        // Half of a character is none.
        if (code >= 0xd800 && code < 0xe000)
            return ms_null();
        append_character(&text, code);
    }
    return ms_buffer_bytes(&text);
}

/// What the scanner goes over from here with `step`, without the spaces.
static ms_bytes spanned(scanner *scan, bool (*step)(scanner *))
{
    skip_spaces(scan);
    size_t start = scan->at;
    step(scan);
    ms_bytes span = ms_bytes_of(scan->text.data + start, scan->at - start);
    while (span.len != 0 && strchr(" \t\n\r", span.data[span.len - 1]) != NULL)
        span.len--;
    return span;
}

static bool any_value(scanner *scan)
{
    return value(scan, DEEPEST);
}

/// The last member of this name; null where there is none.
static ms_bytes member(ms_arena *arena, ms_bytes object, ms_bytes name)
{
    scanner scan = {object, 1, NULL};
    ms_bytes found = ms_null();
    skip_spaces(&scan);
    if (accept(&scan, '}'))
        return found;
    do {
        ms_bytes named = ms_json_unquote(arena, spanned(&scan, string));
        skip_spaces(&scan);
        accept(&scan, ':');
        ms_bytes what = spanned(&scan, any_value);
        if (ms_same(named, name))
            found = what;
    } while (accept(&scan, ','));
    return found;
}

/// The element of this index; null where there is none, or where the token is no index.
static ms_bytes element(ms_bytes array, ms_bytes token)
{
    size_t index = 0;
    if (token.len == 0 || token.len > 9 || (token.len > 1 && token.data[0] == '0'))
        return ms_null();
    for (size_t i = 0; i < token.len; i++) {
        if (!is_digit(token.data[i]))
            return ms_null();
        index = index * 10 + (size_t)(token.data[i] - '0');
    }
    scanner scan = {array, 1, NULL};
    skip_spaces(&scan);
    if (accept(&scan, ']'))
        return ms_null();
    do {
        ms_bytes what = spanned(&scan, any_value);
        if (index-- == 0)
            return what;
    } while (accept(&scan, ','));
    return ms_null();
}

/// The token after a slash, without its escapes; `pointer` goes on to the next slash.
static ms_bytes next_token(ms_arena *arena, const char **pointer)
{
    ms_buffer token = {arena, NULL, 0, 0};
    const char *at = *pointer + 1;
    for (; *at != 0 && *at != '/'; at++) {
        if (*at == '~' && (at[1] == '0' || at[1] == '1'))
            ms_append_byte(&token, *++at == '0' ? '~' : '/');
        else
            ms_append_byte(&token, *at);
    }
    *pointer = at;
    return ms_buffer_bytes(&token);
}

ms_bytes ms_json_find(ms_arena *arena, ms_bytes text, const char *pointer)
{
    scanner scan = {text, 0, NULL};
    ms_bytes found = spanned(&scan, any_value);
    while (*pointer == '/' && !ms_is_null(found)) {
        ms_bytes token = next_token(arena, &pointer);
        if (found.data[0] == '{')
            found = member(arena, found, token);
        else
            found = found.data[0] == '[' ? element(found, token) : ms_null();
    }
    return found;
}
