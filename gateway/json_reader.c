/* Strings are the bulk of JSON: a string without escapes, the common case, is one scan and a slice
 * of the input. */
#include "gateway/json_reader.h"

#include "base/utf8.h"

bool gw_reader_open(struct gw_reader *reader, char bracket)
{
    if (gw_reader_peek(reader) != bracket) {
        return gw_reader_expected(reader, bracket == '{' ? "an object" : "an array");
    }
    if (reader->depth == GW_NESTING_MAX) {
        return gw_reader_fail(reader, reader->next, "nested deeper than %d", GW_NESTING_MAX);
    }
    reader->depth++;
    reader->next++;
    gw_reader_space(reader);
    return true;
}

bool gw_reader_more(struct gw_reader *reader, char bracket, bool *out_more)
{
    gw_reader_space(reader);
    char c = gw_reader_peek(reader);
    if (c == ',') {
        reader->next++;
        gw_reader_space(reader);
        *out_more = true;
        return true;
    }
    if (c == bracket) {
        reader->next++;
        reader->depth--;
        *out_more = false;
        return true;
    }
    return gw_reader_expected(reader, bracket == '}' ? "a comma or \"}\"" : "a comma or \"]\"");
}

bool gw_reader_key(struct gw_reader *reader, struct base_str *out_key, struct base_str *out_raw)
{
    const char *start = reader->next;
    if (gw_reader_peek(reader) != '"') {
        return gw_reader_expected(reader, "a name in quotes");
    }
    if (!gw_reader_string(reader, out_key)) {
        return false;
    }
    *out_raw = base_str_make(start, (size_t)(reader->next - start));
    gw_reader_space(reader);
    if (gw_reader_peek(reader) != ':') {
        return gw_reader_expected(reader, "\":\"");
    }
    reader->next++;
    gw_reader_space(reader);
    return true;
}

static bool read_hex4(const char *next, const char *end, uint32_t *out_unit)
{
    uint32_t unit = 0;
    if (end - next < 4) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        char c = next[i];
        char lower = (char)(c | 0x20);
        if (c >= '0' && c <= '9') {
            unit = unit << 4 | (uint32_t)(c - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            unit = unit << 4 | (uint32_t)(lower - 'a' + 10);
        } else {
            return false;
        }
    }
    *out_unit = unit;
    return true;
}

static char *put_utf8(char *out, uint32_t point)
{
    if (point < 0x80) {
        *out++ = (char)point;
        return out;
    }
    if (point < 0x800) {
        *out++ = (char)(0xC0 | point >> 6);
    } else {
        if (point < 0x10000) {
            *out++ = (char)(0xE0 | point >> 12);
        } else {
            *out++ = (char)(0xF0 | point >> 18);
            *out++ = (char)(0x80 | (point >> 12 & 0x3F));
        }
        *out++ = (char)(0x80 | (point >> 6 & 0x3F));
    }
    *out++ = (char)(0x80 | (point & 0x3F));
    return out;
}

/* Reads the code point of "\u1234" or of a pair of surrogates; `*next` stands behind the u. */
static bool read_unicode(struct gw_reader *reader, const char **next, const char *end,
                         uint32_t *out_point)
{
    const char *escape = *next - 2;
    uint32_t unit;
    if (!read_hex4(*next, end, &unit)) {
        return gw_reader_fail(reader, escape, "expected four hexadecimal digits behind \\u");
    }
    *next += 4;
    if (unit >= 0xD800 && unit <= 0xDFFF) {
        uint32_t low;
        if (unit >= 0xDC00 || end - *next < 6 || (*next)[0] != '\\' || (*next)[1] != 'u' ||
            !read_hex4(*next + 2, end, &low) || low < 0xDC00 || low > 0xDFFF) {
            return gw_reader_fail(reader, escape, "half of a surrogate pair");
        }
        *next += 6;
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    *out_point = unit;
    return true;
}

static bool decode_escape(struct gw_reader *reader, const char **next, const char *end, char **out)
{
    static const char plain[][2] = {{'"', '"'},  {'\\', '\\'}, {'/', '/'},  {'b', '\b'},
                                    {'f', '\f'}, {'n', '\n'},  {'r', '\r'}, {'t', '\t'}};
    const char *escape = *next;
    char c = escape[1]; /* find_quote has seen a byte behind every backslash */
    *next += 2;
    if (c == 'u') {
        uint32_t point = 0;
        if (!read_unicode(reader, next, end, &point)) {
            return false;
        }
        *out = put_utf8(*out, point);
        return true;
    }
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (plain[i][0] == c) {
            *(*out)++ = plain[i][1];
            return true;
        }
    }
    return gw_reader_fail(reader, escape, "no such escape");
}

/* Finds the closing quote from a backslash on; NULL when the string is bad. */
static const char *find_quote(struct gw_reader *reader, const char *next, bool *is_ascii)
{
    for (;;) {
        next = gw_scan_plain(next, reader->end, is_ascii);
        if (next == reader->end || (*next == '\\' && reader->end - next < 2)) {
            gw_reader_fail(reader, reader->end, "the string does not end");
            return NULL;
        }
        if (*next == '"') {
            return next;
        }
        if (*next != '\\') {
            gw_reader_fail(reader, next, "control character 0x%02x in a string",
                           (unsigned char)*next);
            return NULL;
        }
        next += 2;
    }
}

/* Reads a string in which `special`, a backslash or worse, stands; `text` is behind the quote. */
static bool read_escaped(struct gw_reader *reader, const char *text, const char *special,
                         bool is_ascii, struct base_str *out_text)
{
    const char *quote = find_quote(reader, special, &is_ascii);
    if (quote == NULL || !gw_reader_reserve(reader, GW_SCRATCH_GAP + (size_t)(quote - text))) {
        return false;
    }
    char *scratch = base_buf_end(reader->out) + GW_SCRATCH_GAP;
    char *out = scratch;
    for (const char *next = text; next < quote;) {
        size_t run = (size_t)(special - next);
        memcpy(out, next, run);
        out += run;
        next = special;
        while (next < quote && *next == '\\') {
            if (!decode_escape(reader, &next, quote, &out)) {
                return false;
            }
        }
        bool ignored = true;
        special = gw_scan_plain(next, quote, &ignored);
    }
    *out_text = base_str_make(scratch, (size_t)(out - scratch));
    if (!is_ascii && !base_utf8_valid(*out_text)) {
        return gw_reader_fail(reader, text - 1, "invalid UTF-8 in a string");
    }
    reader->next = quote + 1;
    return true;
}

bool gw_reader_string(struct gw_reader *reader, struct base_str *out_text)
{
    if (gw_reader_peek(reader) != '"') {
        return gw_reader_expected(reader, "a string");
    }
    const char *text = reader->next + 1;
    bool is_ascii = true;
    const char *special = gw_scan_plain(text, reader->end, &is_ascii);
    if (special == reader->end || *special != '"') {
        return read_escaped(reader, text, special, is_ascii, out_text);
    }
    *out_text = base_str_make(text, (size_t)(special - text));
    if (!is_ascii && !base_utf8_valid(*out_text)) {
        return gw_reader_fail(reader, text + base_utf8_valid_len(*out_text),
                              "invalid UTF-8 in a string");
    }
    reader->next = special + 1;
    return true;
}

bool gw_reader_number(struct gw_reader *reader, struct base_str *out_text)
{
    struct base_str rest = base_str_make(reader->next, (size_t)(reader->end - reader->next));
    size_t len = gw_number_len(rest);
    if (len == 0) {
        return gw_reader_fail(reader, reader->next, "malformed number");
    }
    *out_text = base_str_make(reader->next, len);
    reader->next += len;
    return true;
}

bool gw_reader_word(struct gw_reader *reader, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(reader->end - reader->next) < len || memcmp(reader->next, word, len) != 0) {
        return gw_reader_expected(reader, word);
    }
    reader->next += len;
    return true;
}

/* Recursion ends with GW_NESTING_MAX, which gw_reader_open sees to. */
static bool skip_object(struct gw_reader *reader)
{
    bool more = true;
    if (!gw_reader_open(reader, '{')) {
        return false;
    }
    if (gw_reader_is_empty(reader, '}')) {
        return true;
    }
    while (more) {
        struct base_str key;
        struct base_str raw;
        if (!gw_reader_key(reader, &key, &raw) || !gw_reader_skip(reader) ||
            !gw_reader_more(reader, '}', &more)) {
            return false;
        }
    }
    return true;
}

static bool skip_array(struct gw_reader *reader)
{
    bool more = true;
    if (!gw_reader_open(reader, '[')) {
        return false;
    }
    if (gw_reader_is_empty(reader, ']')) {
        return true;
    }
    while (more) {
        if (!gw_reader_skip(reader) || !gw_reader_more(reader, ']', &more)) {
            return false;
        }
    }
    return true;
}

bool gw_reader_skip(struct gw_reader *reader)
{
    struct base_str text;
    switch (gw_reader_peek(reader)) {
    case '{':
        return skip_object(reader);
    case '[':
        return skip_array(reader);
    case '"':
        return gw_reader_string(reader, &text);
    case 't':
        return gw_reader_word(reader, "true");
    case 'f':
        return gw_reader_word(reader, "false");
    case 'n':
        return gw_reader_word(reader, "null");
    default:
        if (gw_reader_peek(reader) != '-' &&
            (gw_reader_peek(reader) < '0' || gw_reader_peek(reader) > '9')) {
            return gw_reader_expected(reader, "a value");
        }
        return gw_reader_number(reader, &text);
    }
}
