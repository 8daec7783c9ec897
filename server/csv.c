#include "server/csv.h"

#include "base/utf8.h"

static char peek(const struct srv_csv *csv)
{
    return csv->rest.len > 0 ? csv->rest.data[0] : '\0';
}

static void skip(struct srv_csv *csv, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        csv->line += csv->rest.data[i] == '\n';
    }
    csv->rest = base_str_make(csv->rest.data + len, csv->rest.len - len);
}

/* The bytes of a line's end at `at`, 0 where there is none. */
static size_t line_end_len(struct base_str text, size_t at)
{
    if (at < text.len && text.data[at] == '\n') {
        return 1;
    }
    return at + 1 < text.len && text.data[at] == '\r' && text.data[at + 1] == '\n' ? 2 : 0;
}

void srv_csv_init(struct srv_csv *csv, struct base_str text)
{
    struct base_str mark = BASE_STR("\xEF\xBB\xBF");
    *csv = (struct srv_csv){.rest = text, .line = 1};
    if (base_str_starts_with(text, mark)) {
        skip(csv, mark.len);
    }
}

static bool fail_at(const struct srv_csv *csv, const char *what, struct base_err *err)
{
    return base_err_set(err, BASE_INVALID_ARGUMENT, "line %zu: %s", csv->line, what);
}

/* Reads a field behind its opening quote into `out`, which has room for all that is left. */
static bool read_quoted(struct srv_csv *csv, char *out, size_t *out_len, struct base_err *err)
{
    const struct base_str text = csv->rest;
    size_t len = 0;
    size_t at = 0;
    for (;; at++) {
        if (at == text.len) {
            return fail_at(csv, "a quote that is not closed", err);
        }
        if (text.data[at] != '"') {
            out[len++] = text.data[at];
        } else if (at + 1 < text.len && text.data[at + 1] == '"') {
            out[len++] = '"';
            at++;
        } else {
            break;
        }
    }
    skip(csv, at + 1);
    *out_len = len;
    bool ends = csv->rest.len == 0 || peek(csv) == ',' || line_end_len(csv->rest, 0) > 0;
    return ends || fail_at(csv, "a comma is expected behind the closing quote", err);
}

static bool read_plain(struct srv_csv *csv, size_t *out_len, struct base_err *err)
{
    size_t len = 0;
    while (len < csv->rest.len && csv->rest.data[len] != ',' && line_end_len(csv->rest, len) == 0) {
        if (csv->rest.data[len] == '"') {
            return fail_at(csv, "a quote in a field that does not begin with one", err);
        }
        len++;
    }
    *out_len = len;
    return true;
}

/* The bytes of a quoted field, its quotes included and what is not closed too. */
static size_t quoted_span(struct base_str text)
{
    size_t at = 1;
    while (at < text.len &&
           (text.data[at] != '"' || (at + 1 < text.len && text.data[at + 1] == '"'))) {
        at += text.data[at] == '"' ? 2 : 1;
    }
    return at;
}

static bool read_field(struct srv_csv *csv, struct rpc_context *ctx, char **out_field,
                       struct base_err *err)
{
    size_t len;
    char *field;
    if (peek(csv) == '"') {
        field = rpc_context_alloc(ctx, quoted_span(csv->rest) + 1, err);
        skip(csv, 1);
        if (field == NULL || !read_quoted(csv, field, &len, err)) {
            return false;
        }
        field[len] = '\0';
    } else {
        if (!read_plain(csv, &len, err)) {
            return false;
        }
        field = rpc_context_strdup(ctx, base_str_make(csv->rest.data, len), err);
        skip(csv, len);
        if (field == NULL) {
            return false;
        }
    }
    *out_field = field;
    bool is_text = strlen(field) == len && base_utf8_valid(base_str_make(field, len));
    return is_text || fail_at(csv, "a field is not text in UTF-8", err);
}

static void skip_empty_lines(struct srv_csv *csv)
{
    size_t len;
    while ((len = line_end_len(csv->rest, 0)) > 0) {
        skip(csv, len);
    }
}

bool srv_csv_next(struct srv_csv *csv, struct rpc_context *ctx, struct srv_csv_record *out_record,
                  bool *out_done, struct base_err *err)
{
    skip_empty_lines(csv);
    *out_done = csv->rest.len == 0;
    if (*out_done) {
        return true;
    }
    out_record->line = csv->line;
    out_record->count = 0;
    for (;;) {
        if (out_record->count == SRV_CSV_FIELDS_MAX) {
            return fail_at(csv, "too many fields", err);
        }
        if (!read_field(csv, ctx, &out_record->fields[out_record->count++], err)) {
            return false;
        }
        if (peek(csv) != ',') {
            break;
        }
        skip(csv, 1);
    }
    skip(csv, line_end_len(csv->rest, 0));
    return true;
}
