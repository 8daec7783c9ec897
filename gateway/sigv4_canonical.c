#include "gateway/sigv4_canonical.h"

#include "gateway/percent.h"

#include <stdlib.h>

static bool is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static bool append_escaped(struct base_str text, struct base_buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool ok = is_unreserved(c) ? base_buf_append_char(out, c)
                                   : base_buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
        if (!ok) {
            return false;
        }
    }
    return true;
}

bool gw_sigv4_append_hex(const uint8_t *bytes, size_t len, struct base_buf *out)
{
    for (size_t i = 0; i < len; i++) {
        if (!base_buf_printf(out, "%02x", (unsigned)bytes[i])) {
            return false;
        }
    }
    return true;
}

/* ---- Path ---- */

/* Takes the last segment back off what was appended from `start` on. */
static void drop_segment(struct base_buf *out, size_t start)
{
    while (out->len > start && out->data[out->len - 1] != '/') {
        out->len--;
    }
    if (out->len > start) {
        out->len--;
    }
}

/* RFC 3986 section 5.2.4, with empty segments left out, too. */
bool gw_sigv4_append_path(struct base_str raw_path, struct base_buf *out)
{
    size_t start = out->len;
    bool ends_open = true; /* the last segment was none: the path ends in a slash */
    for (size_t at = 0; at < raw_path.len;) {
        size_t len = 0;
        while (at + len < raw_path.len && raw_path.data[at + len] != '/') {
            len++;
        }
        struct base_str segment = {raw_path.data + at, len};
        at += len + 1;
        bool is_parent = base_str_eq(segment, BASE_STR(".."));
        ends_open = len == 0 || is_parent || base_str_eq(segment, BASE_STR("."));
        if (is_parent) {
            drop_segment(out, start);
        }
        if (!ends_open && (!base_buf_append_char(out, '/') || !append_escaped(segment, out))) {
            return false;
        }
        ends_open |= at == raw_path.len; /* a slash stands at the very end */
    }
    return !ends_open || base_buf_append_char(out, '/');
}

/* ---- Query ---- */

struct parameter {
    size_t at; /* in the buffer: the escaped name, "=" and the escaped value */
    size_t name_len;
    size_t len;
};

struct parameters {
    struct base_buf text;
    struct parameter list[GW_SIGV4_PARAMETERS_MAX];
    size_t count;
};

/* Appends `raw` in its one escaped form: what is escaped need not have been, and the reverse. */
static bool append_reescaped(struct base_str raw, struct base_buf *out)
{
    if (!gw_percent_valid(raw)) {
        return append_escaped(raw, out);
    }
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.data[i];
        if (c == '%') {
            gw_percent_decode(base_str_make(raw.data + i, 3), GW_PERCENT_ALL, &c);
            i += 2;
        }
        if (!append_escaped(base_str_make(&c, 1), out)) {
            return false;
        }
    }
    return true;
}

static bool add_parameter(struct parameters *parameters, struct base_str pair)
{
    if (parameters->count == GW_SIGV4_PARAMETERS_MAX) {
        return false;
    }
    struct base_buf *text = &parameters->text;
    struct parameter *parameter = &parameters->list[parameters->count++];
    const char *equals = pair.len == 0 ? NULL : memchr(pair.data, '=', pair.len);
    size_t name_len = equals == NULL ? pair.len : (size_t)(equals - pair.data);
    size_t value_at = equals == NULL ? pair.len : name_len + 1;
    parameter->at = text->len;
    if (!append_reescaped(base_str_make(pair.data, name_len), text)) {
        return false;
    }
    parameter->name_len = text->len - parameter->at;
    bool ok = base_buf_append_char(text, '=') &&
              append_reescaped(base_str_make(pair.data + value_at, pair.len - value_at), text);
    parameter->len = text->len - parameter->at;
    return ok;
}

static int compare(struct base_str a, struct base_str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static bool is_before(const struct parameters *parameters, const struct parameter *a,
                      const struct parameter *b)
{
    const char *text = parameters->text.data;
    int order =
        compare(base_str_make(text + a->at, a->name_len), base_str_make(text + b->at, b->name_len));
    if (order == 0) {
        order = compare(base_str_make(text + a->at + a->name_len, a->len - a->name_len),
                        base_str_make(text + b->at + b->name_len, b->len - b->name_len));
    }
    return order < 0;
}

/* By insertion: queries are short, and qsort(3) has no room for the text. */
static void sort(struct parameters *parameters)
{
    for (size_t i = 1; i < parameters->count; i++) {
        struct parameter moved = parameters->list[i];
        size_t at = i;
        while (at > 0 && is_before(parameters, &moved, &parameters->list[at - 1])) {
            parameters->list[at] = parameters->list[at - 1];
            at--;
        }
        parameters->list[at] = moved;
    }
}

static bool read_parameters(struct parameters *parameters, struct base_str raw_query)
{
    for (size_t at = 0; at < raw_query.len;) {
        size_t len = 0;
        while (at + len < raw_query.len && raw_query.data[at + len] != '&') {
            len++;
        }
        if (len > 0 && !add_parameter(parameters, base_str_make(raw_query.data + at, len))) {
            return false;
        }
        at += len + 1;
    }
    return true;
}

bool gw_sigv4_append_query(struct base_str raw_query, struct base_buf *out)
{
    struct parameters parameters;
    parameters.count = 0;
    base_buf_init(&parameters.text, GW_SIGV4_CANONICAL_BYTES_MAX);
    bool ok = read_parameters(&parameters, raw_query);
    sort(&parameters);
    for (size_t i = 0; ok && i < parameters.count; i++) {
        const struct parameter *parameter = &parameters.list[i];
        ok = (i == 0 || base_buf_append_char(out, '&')) &&
             base_buf_append(out, parameters.text.data + parameter->at, parameter->len);
    }
    base_buf_dispose(&parameters.text);
    return ok;
}

/* ---- Headers ---- */

static bool append_value(struct base_str value, struct base_buf *out)
{
    value = base_str_trim(value);
    for (size_t i = 0; i < value.len; i++) {
        bool is_repeated = value.data[i] == ' ' && value.data[i - 1] == ' ';
        if (!is_repeated && !base_buf_append_char(out, value.data[i])) {
            return false;
        }
    }
    return true;
}

/* The lines of one header are one list. */
static bool append_values(const struct gw_sigv4_request *request, struct base_str name,
                          struct base_buf *out)
{
    bool is_first = true;
    for (size_t i = 0; i < request->header_count; i++) {
        if (!base_str_eq(request->headers[i].name, name)) {
            continue;
        }
        if ((!is_first && !base_buf_append_char(out, ',')) ||
            !append_value(request->headers[i].value, out)) {
            return false;
        }
        is_first = false;
    }
    return true;
}

/* Host and Content-Length are no headers any more when a front has read a request. */
static bool append_header(const struct gw_sigv4_request *request, struct base_str name,
                          struct base_buf *out)
{
    if (!base_buf_append_str(out, name) || !base_buf_append_char(out, ':')) {
        return false;
    }
    if (base_str_eq(name, BASE_STR("host"))) {
        return append_value(request->authority, out);
    }
    if (base_str_eq(name, BASE_STR("content-length"))) {
        return base_buf_printf(out, "%zu", request->body.len);
    }
    return append_values(request, name, out);
}

bool gw_sigv4_append_headers(const struct gw_sigv4_request *request,
                             const struct gw_sigv4_names *names, struct base_buf *out)
{
    for (size_t i = 0; i < names->count; i++) {
        if (!append_header(request, names->names[i], out) || !base_buf_append_char(out, '\n')) {
            return false;
        }
    }
    return true;
}
