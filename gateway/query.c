/* Query: one pass over the parameters. What was set so far is kept as a list of field paths, and
 * each new one is held against it, against the body's field and against the path's variables with
 * the same comparison.
 */
#include "gateway/query.h"

#include "gateway/percent.h"
#include "gateway/scalar.h"

struct reader {
    const struct gw_route *route;
    bool has_body;
    bool enters_well_known;
    const struct gw_transcode_options *options;
    struct base_buf *out;
    struct base_buf seen; /* struct gw_field_path, those of single values and the first of lists */
    struct base_buf scratch; /* a decoded name or value */
    struct base_err *err;
};

/* Where one name=value stands, still encoded. */
struct parameter {
    struct base_str name;
    struct base_str value;
};

/* Decodes `raw` if need be; the result lives until the next decode. */
static struct base_str decode(struct reader *reader, struct base_str raw)
{
    size_t plain = 0;
    while (plain < raw.len && raw.data[plain] != '%' && raw.data[plain] != '+') {
        plain++;
    }
    if (plain == raw.len) {
        return raw;
    }
    base_buf_reset(&reader->scratch, SIZE_MAX);
    if (!base_buf_reserve(&reader->scratch, raw.len)) {
        return (struct base_str){0}; /* not reached: the scratch may grow to the query's size */
    }
    char *text = base_buf_end(&reader->scratch);
    return base_str_make(text, gw_percent_decode(raw, GW_PERCENT_FORM, text));
}

/* Puts the parameter's name before the error; returns false. */
static bool blame(struct reader *reader, const struct parameter *parameter)
{
    return base_err_wrap(reader->err, "query parameter \"%.*s\"", gw_shown_len(parameter->name),
                         parameter->name.data);
}

/* Checks that text can express the value of the path's last field. */
static bool check_kind(const struct gw_field *field, struct base_err *err)
{
    if (field->is_map) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "field %.*s is a map, which a query cannot express",
                            BASE_STR_ARGS(field->name));
    }
    if (!gw_field_is_text(field)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "field %.*s is a message, which a query sets field by field",
                            BASE_STR_ARGS(field->name));
    }
    return true;
}

/* Checks a path against the body's field. */
static bool check_body(struct reader *reader, const struct gw_field_path *path)
{
    const struct gw_field *field = reader->route->body_field;
    struct gw_field_path body = {.fields = {field}, .count = 1};
    enum gw_field_relation relation = gw_field_path_relation(&body, path);
    if (relation == GW_FIELDS_ONEOF && reader->has_body) {
        return base_err_set(reader->err, BASE_INVALID_ARGUMENT,
                            "the body sets field %.*s of the same oneof",
                            BASE_STR_ARGS(field->name));
    }
    if (relation == GW_FIELDS_SAME || relation == GW_FIELDS_INSIDE) {
        return base_err_set(reader->err, BASE_INVALID_ARGUMENT, "field %.*s is the body",
                            BASE_STR_ARGS(field->name));
    }
    return true;
}

/* Checks a path against the path's variables. */
static bool check_variables(struct reader *reader, const struct gw_field_path *path)
{
    const struct gw_route *route = reader->route;
    for (size_t i = 0; i < route->path_template.variable_count; i++) {
        enum gw_field_relation relation = gw_field_path_relation(&route->variables[i], path);
        if (relation == GW_FIELDS_INSIDE || relation == GW_FIELDS_ONEOF) {
            char text[GW_FIELD_PATH_TEXT_SIZE];
            gw_field_path_text(&route->variables[i], text);
            return base_err_set(reader->err, BASE_INVALID_ARGUMENT,
                                "conflicts with field %s, which the path sets", text);
        }
    }
    return true;
}

/* Refuses a path that meets one seen before. */
static bool refuse_seen(const struct gw_field_path *seen, enum gw_field_relation relation,
                        struct base_err *err)
{
    char text[GW_FIELD_PATH_TEXT_SIZE];
    gw_field_path_text(seen, text);
    switch (relation) {
    case GW_FIELDS_SAME:
        return base_err_set(err, BASE_INVALID_ARGUMENT, "too many values for field %s", text);
    case GW_FIELDS_ONEOF:
        return base_err_set(err, BASE_INVALID_ARGUMENT, "field %s of the same oneof is set already",
                            text);
    default:
        return base_err_set(err, BASE_INVALID_ARGUMENT, "conflicts with field %s, which is set",
                            text);
    }
}

/* Checks a path against those before and remembers it. */
static bool check_seen(struct reader *reader, const struct gw_field_path *path)
{
    const struct gw_field_path *seen = (const void *)reader->seen.data;
    size_t count = reader->seen.len / sizeof *seen;
    for (size_t i = 0; i < count; i++) {
        enum gw_field_relation relation = gw_field_path_relation(&seen[i], path);
        if (relation == GW_FIELDS_SAME && gw_field_path_last(path)->is_repeated) {
            return true;
        }
        if (relation != GW_FIELDS_APART) {
            return refuse_seen(&seen[i], relation, reader->err);
        }
    }
    return base_buf_append(&reader->seen, path, sizeof *path);
}

/* Reads one parameter into its field. */
static bool set_field(struct reader *reader, const struct parameter *parameter)
{
    struct gw_field_path path;
    struct base_str name = decode(reader, parameter->name);
    if (!gw_field_path_resolve(reader->route->method->input, name, &path, reader->err)) {
        bool is_unknown = reader->err->code == BASE_NOT_FOUND;
        reader->err->code = BASE_INVALID_ARGUMENT;
        return is_unknown && reader->options->ignore_unknown_fields;
    }
    reader->enters_well_known |= gw_field_path_enters_well_known(&path);
    return (reader->route->body_kind != GW_BODY_FIELD || check_body(reader, &path)) &&
           check_variables(reader, &path) && check_kind(gw_field_path_last(&path), reader->err) &&
           check_seen(reader, &path) &&
           gw_field_path_to_wire(&path, decode(reader, parameter->value), reader->options,
                                 reader->out, reader->err);
}

static bool read_parameter(struct reader *reader, const struct parameter *parameter)
{
    if (reader->route->body_kind != GW_BODY_WHOLE) {
        return set_field(reader, parameter);
    }
    return reader->options->ignore_unknown_fields ||
           base_err_set(reader->err, BASE_INVALID_ARGUMENT,
                        "the body is the whole request and leaves no parameters");
}

/* Takes the next parameter with a name off `rest`; false at the end. */
static bool next_parameter(struct base_str *rest, struct parameter *out)
{
    while (rest->len > 0) {
        const char *end = memchr(rest->data, '&', rest->len);
        size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
        const char *equals = memchr(rest->data, '=', len);
        size_t name_len = equals == NULL ? len : (size_t)(equals - rest->data);
        size_t value_at = equals == NULL ? len : name_len + 1;
        out->name = base_str_make(rest->data, name_len);
        out->value = base_str_make(rest->data + value_at, len - value_at);
        size_t skip = end == NULL ? len : len + 1;
        *rest = base_str_make(rest->data + skip, rest->len - skip);
        if (name_len > 0) {
            return true;
        }
    }
    return false;
}

static bool read_parameters(struct reader *reader, struct base_str rest)
{
    struct parameter parameter;
    for (size_t count = 0; next_parameter(&rest, &parameter); count++) {
        if (count == GW_QUERY_PARAMETERS_MAX) {
            return base_err_set(reader->err, BASE_INVALID_ARGUMENT,
                                "the query has more than %d parameters", GW_QUERY_PARAMETERS_MAX);
        }
        if (!read_parameter(reader, &parameter)) {
            return blame(reader, &parameter);
        }
    }
    return true;
}

bool gw_query_to_wire(const struct gw_route *route, struct base_str raw_query, bool has_body,
                      const struct gw_transcode_options *options, struct base_buf *out,
                      bool *out_enters_well_known, struct base_err *err)
{
    size_t valid = gw_percent_valid_len(raw_query);
    if (valid < raw_query.len) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "query at byte %zu: expected two hexadecimal digits after \"%%\"",
                            valid);
    }
    struct reader reader = {
        .route = route, .has_body = has_body, .options = options, .out = out, .err = err};
    base_buf_init(&reader.seen, GW_QUERY_PARAMETERS_MAX * sizeof(struct gw_field_path));
    base_buf_init(&reader.scratch, raw_query.len);
    bool fine = read_parameters(&reader, raw_query);
    base_buf_dispose(&reader.seen);
    base_buf_dispose(&reader.scratch);
    *out_enters_well_known = reader.enters_well_known;
    return fine;
}
