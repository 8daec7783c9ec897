#include "tests/bench/transcode/texts.h"

#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_BYTES_MAX ((size_t)1 << 20)

#define LIST_NOTES 100
#define LEVELS 50
#define NUMBERS 1000
#define STRING_BYTES (size_t)(64 * 1024)

static void put(struct base_buf *out, const char *text)
{
    assert(base_buf_append_str(out, base_str_of(text)));
}

/* 198 bytes for a number of one digit: what GET /notes/{note_id} answers with, about. A note an
 * hour. */
static void put_note(struct base_buf *out, int number)
{
    assert(base_buf_printf(out,
                           "{\"noteId\":\"0193a1c4-7a2e-7b31-9c55-2f60e1d4%04d\","
                           "\"title\":\"Note %d\",\"content\":\"Two bottles of milk, a loaf of "
                           "bread, and what there is for a long cold evening.\","
                           "\"timestamp\":\"2026-11-%02dT%02d:30:15.123Z\"}",
                           number, number, 20 + number / 24, number % 24));
}

static void make_note(struct base_buf *out)
{
    put_note(out, 7);
}

static void make_list(struct base_buf *out)
{
    put(out, "{\"notes\":[");
    for (int i = 0; i < LIST_NOTES; i++) {
        put(out, i == 0 ? "" : ",");
        put_note(out, i);
    }
    put(out, "],\"nextPageToken\":\"MDE5M2ExYzQtN2EyZS03YjMx\"}");
}

static void make_deep(struct base_buf *out)
{
    for (int i = 1; i <= LEVELS; i++) {
        assert(base_buf_printf(out, "{\"name\":\"level %d\",\"depth\":%d%s", i, i,
                               i < LEVELS ? ",\"inner\":" : ""));
    }
    for (int i = 0; i < LEVELS; i++) {
        put(out, "}");
    }
}

/* Doubles with all their digits, as measurements have them once they were computed with. */
static void make_numbers(struct base_buf *out)
{
    uint64_t state = 42;
    put(out, "{\"values\":[");
    for (int i = 0; i < NUMBERS; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double value = ((double)(state >> 11) / 9007199254740992.0 - 0.5) * 1000;
        char digits[32];
        for (int precision = 15; precision <= 17; precision++) { /* the shortest that reads back */
            (void)snprintf(digits, sizeof digits, "%.*g", precision, value);
            if (strtod(digits, NULL) == value) {
                break;
            }
        }
        put(out, i == 0 ? "" : ",");
        put(out, digits);
    }
    put(out, "]}");
}

static void put_string(struct base_buf *out, const char *sentence)
{
    put(out, "{\"text\":\"");
    size_t start = out->len;
    while (out->len - start < STRING_BYTES) {
        put(out, sentence);
    }
    put(out, "\"}");
}

static void make_plain_string(struct base_buf *out)
{
    put_string(out, "Two bottles of milk, a loaf of bread, and what else there is to eat. ");
}

static void make_mixed_string(struct base_buf *out)
{
    put_string(out, "Zwei Flaschen Milch, f\xC3\xBCnf Br\xC3\xB6tchen \\\"vom B\xC3\xA4"
                    "cker\\\"\\nund K\xC3\xA4se. ");
}

void bench_texts_make(struct bench_text texts[BENCH_TEXT_COUNT])
{
    static const struct {
        struct bench_text text;
        void (*make)(struct base_buf *out);
    } rows[BENCH_TEXT_COUNT] = {
        {{.title = "a note", .type = "bench.Note", .read_target = 25, .write_target = 25},
         make_note},
        {{.title = "a list of 100 notes",
          .type = "bench.NoteList",
          .read_target = 25,
          .write_target = 25},
         make_list},
        {{.title = "50 messages deep", .type = "bench.Level"}, make_deep},
        {{.title = "1,000 doubles", .type = "bench.Numbers", .read_target = 10, .write_target = 10},
         make_numbers},
        {{.title = "a string of 64 KiB",
          .type = "bench.Text",
          .read_target = 10,
          .write_target = 4},
         make_plain_string},
        {{.title = "the same, escapes, umlauts", .type = "bench.Text"}, make_mixed_string},
    };
    for (size_t i = 0; i < BENCH_TEXT_COUNT; i++) {
        texts[i] = rows[i].text;
        base_buf_init(&texts[i].json, TEXT_BYTES_MAX);
        rows[i].make(&texts[i].json);
    }
}

void bench_texts_dispose(struct bench_text texts[BENCH_TEXT_COUNT])
{
    for (size_t i = 0; i < BENCH_TEXT_COUNT; i++) {
        base_buf_dispose(&texts[i].json);
    }
}
