/* JSON reader: the tokens of a JSON text (RFC 8259) and where they stand, for the transcoder.
 *
 * Private to the files that turn JSON into wire bytes. A reader walks one text from front to back;
 * functions that read return false with the error set, saying the byte and the path. Strings with
 * escapes are decoded into the spare room of the output buffer, so nothing is allocated.
 */
#ifndef GATEWAY_JSON_READER_H
#define GATEWAY_JSON_READER_H

#include "gateway/json_scan.h"
#include "gateway/scalar.h"
#include "gateway/transcode.h"

/* Free bytes between the end of the output and a decoded string: a tag and a length fit in, so the
 * string can be moved down behind them. */
#define GW_SCRATCH_GAP (size_t)16

/* One step of the path to the value being read; lives on the stack of whoever reads it. */
struct gw_place {
    const struct gw_place *up;
    const struct gw_field *field; /* or NULL: a map's key or a list's index, if either */
    struct base_str key;          /* as it stands in the text, quotes included; len 0 for none */
    size_t index;                 /* GW_NO_INDEX for none */
};
#define GW_NO_INDEX SIZE_MAX

struct gw_reader {
    const char *start;
    const char *next;
    const char *end;
    const struct gw_transcode_options *options;
    struct base_buf *out;
    struct base_err *err;
    const struct gw_place *place; /* innermost */
    int depth;                    /* of objects and arrays now open */
    size_t searched;              /* bytes, of GW_ANY_SEARCH_BYTES_MAX */
};

/* Puts "body at byte N, path: " before the message already in the error; returns false. */
bool gw_reader_locate(struct gw_reader *reader, const char *at);

/* Fails at `at` with INVALID_ARGUMENT and the formatted reason. */
bool gw_reader_fail(struct gw_reader *reader, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fails at the next byte: `what` was expected, and what stands there was found. */
bool gw_reader_expected(struct gw_reader *reader, const char *what);

/* Fails at `at`, where an object has a member `name` that its message does not know. */
bool gw_reader_unknown(struct gw_reader *reader, const char *at, struct base_str name);

/* Fails with RESOURCE_EXHAUSTED: the output's maximum is reached. */
bool gw_reader_full(struct gw_reader *reader);

/* Makes room for `bytes` more of output. */
BASE_MUST_CHECK static inline bool gw_reader_reserve(struct gw_reader *reader, size_t bytes)
{
    return base_buf_reserve(reader->out, bytes) || gw_reader_full(reader);
}

static inline void gw_reader_space(struct gw_reader *reader)
{
    while (reader->next < reader->end && (*reader->next == ' ' || *reader->next == '\n' ||
                                          *reader->next == '\r' || *reader->next == '\t')) {
        reader->next++;
    }
}

/* The next byte, or NUL at the end (which no token starts with). */
static inline char gw_reader_peek(const struct gw_reader *reader)
{
    return reader->next < reader->end ? *reader->next : '\0';
}

/* Passes over `bracket`, '{' or '[', and the space behind it. */
bool gw_reader_open(struct gw_reader *reader, char bracket) BASE_MUST_CHECK;

/* Behind an open bracket: whether an element follows; if none, the closing one is read. */
static inline bool gw_reader_is_empty(struct gw_reader *reader, char bracket)
{
    if (gw_reader_peek(reader) != bracket) {
        return false;
    }
    reader->next++;
    reader->depth--;
    return true;
}

/* Behind an element: passes over a comma (out_more) or over `bracket`, with the space around. */
bool gw_reader_more(struct gw_reader *reader, char bracket, bool *out_more) BASE_MUST_CHECK;

/* Reads the key of a member and the colon behind it, to the start of its value. `out_raw` is the
 * key as it stands, with its quotes. The key lives until the output grows. */
bool gw_reader_key(struct gw_reader *reader, struct base_str *out_key,
                   struct base_str *out_raw) BASE_MUST_CHECK;

/* Reads a string. It lives until the output grows, and may stand GW_SCRATCH_GAP behind its end. */
bool gw_reader_string(struct gw_reader *reader, struct base_str *out_text) BASE_MUST_CHECK;

/* Reads a number's text. */
bool gw_reader_number(struct gw_reader *reader, struct base_str *out_text) BASE_MUST_CHECK;

/* Reads `word`: "true", "false" or "null". */
bool gw_reader_word(struct gw_reader *reader, const char *word) BASE_MUST_CHECK;

/* Reads a value of any kind and forgets it. */
bool gw_reader_skip(struct gw_reader *reader) BASE_MUST_CHECK;

#endif
