/* JSON writer: the pieces of JSON text, appended to a buffer.
 *
 * Private to the files that turn wire bytes into JSON. Every element and member is written with a
 * comma behind it; closing a bracket takes the last one back. Pieces of a bounded size are stored
 * through a pointer into room that was reserved, and the pointer behind them is returned.
 */
#ifndef GATEWAY_JSON_WRITER_H
#define GATEWAY_JSON_WRITER_H

#include "base/buf.h"
#include "gateway/schema.h"

#include <stdint.h>

/* Room for any number, its quotes included. */
#define GW_NUMBER_BYTES_MAX (size_t)32

/* Pairs of digits from "00" to "99". */
extern const char gw_digit_pairs[200];

/* Stores ready-made text in blocks: reads and writes up to GW_COPY_BLOCK bytes past its end. */
static inline char *gw_put_ready(char *out, struct base_str text)
{
    memcpy(out, text.data, GW_COPY_BLOCK); /* mostly all of it */
    for (size_t done = GW_COPY_BLOCK; done < text.len; done += GW_COPY_BLOCK) {
        memcpy(out + done, text.data + done, GW_COPY_BLOCK);
    }
    return out + text.len;
}

static inline size_t gw_digit_count(uint64_t value)
{
    size_t count = 1;
    for (; value >= 10000; value /= 10000) {
        count += 4;
    }
    return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

static inline char *gw_put_unsigned(char *out, uint64_t value)
{
    char *end = out + gw_digit_count(value);
    char *next = end;
    for (; value >= 100; value /= 100) {
        next -= 2;
        memcpy(next, gw_digit_pairs + value % 100 * 2, 2);
    }
    if (value >= 10) {
        memcpy(next - 2, gw_digit_pairs + value * 2, 2);
    } else {
        next[-1] = (char)('0' + value);
    }
    return end;
}

static inline char *gw_put_signed(char *out, int64_t value)
{
    if (value < 0) {
        *out++ = '-';
        return gw_put_unsigned(out, 0 - (uint64_t)value);
    }
    return gw_put_unsigned(out, (uint64_t)value);
}

/* Stores the shortest decimal that reads back as the number, in JavaScript's notation; "NaN",
 * "Infinity" and "-Infinity" in quotes. */
char *gw_put_double(char *out, double value);
char *gw_put_float(char *out, float value);

/* What appending text came to. */
enum gw_text_status { GW_TEXT_OK, GW_TEXT_FULL, GW_TEXT_NOT_UTF8 };

/* Appends `text` in quotes, escaped as JSON demands and no more. */
enum gw_text_status gw_append_quoted(struct base_buf *out, struct base_str text);

/* The same without the quotes. */
enum gw_text_status gw_append_escaped(struct base_buf *out, struct base_str text);

#endif
