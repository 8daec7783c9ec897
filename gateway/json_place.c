/* The words of a refusal: where in the body, at which field, what was expected and what came. */
#include "gateway/json_reader.h"

#include <stdarg.h>
#include <stdio.h>

/* Bytes of a printed path; a longer one is cut at its front, which says less than its end. */
#define PATH_BYTES_MAX (size_t)200

/* Text that is filled from the back. */
struct back {
    char text[PATH_BYTES_MAX];
    size_t start;
    bool is_full;
};

static void push_front(struct back *back, const char *text, size_t len)
{
    if (back->is_full || len > back->start) {
        back->is_full = true;
        return;
    }
    back->start -= len;
    memcpy(back->text + back->start, text, len);
}

static void push_step(struct back *back, const struct gw_place *place, bool is_outermost)
{
    if (place->field != NULL) {
        push_front(back, place->field->json_name.data, place->field->json_name.len);
        if (!is_outermost) {
            push_front(back, ".", 1);
        }
    } else if (place->key.len > 0) {
        int len = gw_shown_len(place->key);
        push_front(back, (size_t)len < place->key.len ? "...\"]" : "]",
                   (size_t)len < place->key.len ? 5 : 1);
        push_front(back, place->key.data, (size_t)len);
        push_front(back, "[", 1);
    } else if (place->index != GW_NO_INDEX) {
        char index[24];
        int len = snprintf(index, sizeof index, "[%zu]", place->index);
        push_front(back, index, (size_t)len);
    }
}

/* A step that says nothing: an object of which no member has been named yet. */
static bool is_silent(const struct gw_place *place)
{
    return place->field == NULL && place->key.len == 0 && place->index == GW_NO_INDEX;
}

static bool has_step_above(const struct gw_place *place)
{
    for (place = place->up; place != NULL; place = place->up) {
        if (!is_silent(place)) {
            return true;
        }
    }
    return false;
}

bool gw_reader_locate(struct gw_reader *reader, const char *at)
{
    struct back path = {.start = PATH_BYTES_MAX};
    for (const struct gw_place *place = reader->place; place != NULL; place = place->up) {
        push_step(&path, place, !has_step_above(place));
    }
    size_t byte = (size_t)(at - reader->start);
    size_t len = PATH_BYTES_MAX - path.start;
    if (len == 0) {
        return base_err_wrap(reader->err, "body at byte %zu", byte);
    }
    return base_err_wrap(reader->err, "body at byte %zu, %s%.*s", byte, path.is_full ? "..." : "",
                         (int)len, path.text + path.start);
}

bool gw_reader_fail(struct gw_reader *reader, const char *at, const char *format, ...)
{
    char reason[BASE_ERR_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    base_err_set(reader->err, BASE_INVALID_ARGUMENT, "%s", reason);
    return gw_reader_locate(reader, at);
}

static bool starts_with(const struct gw_reader *reader, const char *word)
{
    size_t left = (size_t)(reader->end - reader->next);
    return base_str_starts_with(base_str_make(reader->next, left), base_str_of(word));
}

bool gw_reader_expected(struct gw_reader *reader, const char *what)
{
    const char *at = reader->next;
    if (at == reader->end) {
        return gw_reader_fail(reader, at, "expected %s, found the end", what);
    }
    unsigned char c = (unsigned char)*at;
    const char *found = c == '"'                             ? "a string"
                        : c == '{'                           ? "an object"
                        : c == '['                           ? "an array"
                        : starts_with(reader, "true")        ? "a boolean"
                        : starts_with(reader, "false")       ? "a boolean"
                        : starts_with(reader, "null")        ? "null"
                        : c == '-' || (c >= '0' && c <= '9') ? "a number"
                                                             : NULL;
    if (found != NULL) {
        return gw_reader_fail(reader, at, "expected %s, found %s", what, found);
    }
    if (c > ' ' && c < 0x7F) {
        return gw_reader_fail(reader, at, "expected %s, found \"%c\"", what, c);
    }
    return gw_reader_fail(reader, at, "expected %s, found byte 0x%02x", what, c);
}

bool gw_reader_unknown(struct gw_reader *reader, const char *at, struct base_str name)
{
    int len = gw_shown_len(name);
    return gw_reader_fail(reader, at, "unknown field \"%.*s%s\"", len, name.data,
                          (size_t)len < name.len ? "..." : "");
}

bool gw_reader_full(struct gw_reader *reader)
{
    return base_err_set(reader->err, BASE_RESOURCE_EXHAUSTED,
                        "the message would be larger than %zu bytes", reader->out->max_bytes);
}
