/* Template: a recursive-descent parser over the grammar of the header, without the recursion, since
 * variables do not nest. Segments and variables are collected in fixed tables and copied to the
 * arena once their number is known.
 */
#include "gateway/template.h"

#include "gateway/percent.h"

struct parser {
    struct base_str text;
    size_t at;
    struct base_arena *arena;
    struct gw_segment segments[GW_TEMPLATE_SEGMENTS_MAX];
    size_t segment_count;
    struct gw_variable variables[GW_TEMPLATE_VARIABLES_MAX];
    size_t variable_count;
    struct base_str verb;
    bool has_double_star;
    size_t double_star; /* of has_double_star */
    struct base_err *err;
};

/* Bytes of a template that an error shows, so that the reason behind them is never cut. */
#define SHOWN_BYTES_MAX 256

/* Refuses the template at byte `at`; returns false. */
static bool refuse_at(struct parser *p, size_t at, const char *reason)
{
    int shown = p->text.len < SHOWN_BYTES_MAX ? (int)p->text.len : SHOWN_BYTES_MAX;
    return base_err_set(p->err, BASE_INVALID_ARGUMENT, "path template \"%.*s\" at byte %zu: %s",
                        shown, p->text.data, at, reason);
}

static bool refuse(struct parser *p, const char *reason)
{
    return refuse_at(p, p->at, reason);
}

static bool is_end(const struct parser *p)
{
    return p->at == p->text.len;
}

static bool next_is(const struct parser *p, char c)
{
    return !is_end(p) && p->text.data[p->at] == c;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* RFC 3986 pchar, "%" standing for an escape. */
static bool is_path_char(char c)
{
    return is_letter(c) || is_digit(c) || (c != '\0' && strchr("-.~!$&'()*+,;=:@%", c) != NULL);
}

static struct base_str slice(const struct parser *p, size_t from, size_t to)
{
    return base_str_make(p->text.data + from, to - from);
}

/* Decodes the bytes from `from` to `to` into the arena. */
static bool copy_literal(struct parser *p, size_t from, size_t to, struct base_str *out)
{
    struct base_str raw = slice(p, from, to);
    size_t valid = gw_percent_valid_len(raw);
    if (valid < raw.len) {
        return refuse_at(p, from + valid, "expected two hexadecimal digits after \"%\"");
    }
    char *data = base_arena_alloc(p->arena, raw.len + 1);
    if (data == NULL) {
        return base_err_set(p->err, BASE_RESOURCE_EXHAUSTED, "path templates take too much memory");
    }
    *out = base_str_make(data, gw_percent_decode(raw, GW_PERCENT_ALL, data));
    return true;
}

/* Takes what stands from `from` to the end as the verb. */
static bool parse_verb(struct parser *p, size_t from)
{
    if (from == p->text.len) {
        return refuse_at(p, from, "expected a verb after \":\", found the end");
    }
    for (size_t at = from; at < p->text.len; at++) {
        if (!is_path_char(p->text.data[at])) {
            return refuse_at(p, at, "expected the verb to go on to the end");
        }
    }
    if (p->text.data[from] == ':' || p->text.data[p->text.len - 1] == ':') {
        return refuse_at(p, from, "a verb neither begins nor ends with \":\"");
    }
    p->at = p->text.len;
    return copy_literal(p, from, p->text.len, &p->verb);
}

static bool add_segment(struct parser *p, enum gw_segment_kind kind, size_t from, size_t to)
{
    if (p->segment_count == GW_TEMPLATE_SEGMENTS_MAX) {
        return refuse_at(p, from, "too many segments");
    }
    struct gw_segment *segment = &p->segments[p->segment_count];
    *segment = (struct gw_segment){.kind = kind};
    if (kind == GW_DOUBLE_STAR) {
        if (p->has_double_star) {
            return refuse_at(p, from, "\"**\" may stand in a template only once");
        }
        p->has_double_star = true;
        p->double_star = p->segment_count;
    }
    if (kind == GW_LITERAL && !copy_literal(p, from, to, &segment->literal)) {
        return false;
    }
    p->segment_count++;
    return true;
}

/* The last colon of the bytes from `from` to `to`, or `to`. */
static size_t last_colon(const struct parser *p, size_t from, size_t to)
{
    for (size_t at = to; at > from; at--) {
        if (p->text.data[at - 1] == ':') {
            return at - 1;
        }
    }
    return to;
}

/* Parses "*" or "**", which stands alone in its segment. */
static bool parse_wildcard(struct parser *p)
{
    size_t from = p->at;
    while (next_is(p, '*')) {
        p->at++;
    }
    size_t stars = p->at - from;
    if (stars > 2 || !(is_end(p) || strchr("/:}", p->text.data[p->at]) != NULL)) {
        return refuse_at(p, from,
                         "a wildcard stands alone in its segment (a literal \"*\" is \"%2A\")");
    }
    return add_segment(p, stars == 1 ? GW_STAR : GW_DOUBLE_STAR, from, p->at);
}

/* Parses a literal; of the template's last one, the last colon starts the verb. */
static bool parse_literal(struct parser *p, bool in_variable)
{
    size_t from = p->at;
    while (!is_end(p) && is_path_char(p->text.data[p->at])) {
        p->at++;
    }
    size_t to = p->at;
    if (is_end(p) && !in_variable) {
        to = last_colon(p, from, to);
    }
    if (to == from) {
        return refuse_at(p, from, "expected a segment");
    }
    if (!add_segment(p, GW_LITERAL, from, to)) {
        return false;
    }
    return to == p->at || parse_verb(p, to + 1);
}

static bool parse_field_path(struct parser *p, struct base_str *out)
{
    size_t from = p->at;
    do {
        if (p->at > from) {
            p->at++; /* the dot */
        }
        if (is_end(p) || !is_letter(p->text.data[p->at])) {
            return refuse(p, "expected a field name");
        }
        while (!is_end(p) && (is_letter(p->text.data[p->at]) || is_digit(p->text.data[p->at]))) {
            p->at++;
        }
    } while (next_is(p, '.'));
    *out = slice(p, from, p->at);
    for (size_t i = 0; i < p->variable_count; i++) {
        if (base_str_eq(p->variables[i].field_path, *out)) {
            return refuse_at(p, from, "a variable of this name stands before");
        }
    }
    return true;
}

/* Parses the segments of a variable, up to its "}". */
static bool parse_variable_segments(struct parser *p)
{
    do {
        p->at++; /* the "=" or the "/" */
        if (next_is(p, '{')) {
            return refuse(p, "a variable may not stand inside a variable");
        }
        if (!(next_is(p, '*') ? parse_wildcard(p) : parse_literal(p, true))) {
            return false;
        }
    } while (next_is(p, '/'));
    return true;
}

static bool parse_variable(struct parser *p)
{
    size_t from = p->at++;
    if (p->variable_count == GW_TEMPLATE_VARIABLES_MAX) {
        return refuse_at(p, from, "too many variables");
    }
    struct gw_variable variable = {.first_segment = p->segment_count};
    if (!parse_field_path(p, &variable.field_path)) {
        return false;
    }
    bool had_double_star = p->has_double_star;
    if (!(next_is(p, '=') ? parse_variable_segments(p) : add_segment(p, GW_STAR, p->at, p->at))) {
        return false;
    }
    if (!next_is(p, '}')) {
        return refuse(p, "expected \"}\"");
    }
    p->at++;
    variable.segment_count = p->segment_count - variable.first_segment;
    variable.is_multi = variable.segment_count > 1 || p->has_double_star != had_double_star;
    p->variables[p->variable_count++] = variable;
    return true;
}

static bool parse_segment(struct parser *p)
{
    if (next_is(p, '{')) {
        return parse_variable(p);
    }
    return next_is(p, '*') ? parse_wildcard(p) : parse_literal(p, false);
}

static bool parse(struct parser *p)
{
    if (!next_is(p, '/')) {
        return refuse(p, "expected \"/\"");
    }
    if (p->text.len == 1) {
        return true;
    }
    do {
        p->at++;
        if (!parse_segment(p)) {
            return false;
        }
    } while (next_is(p, '/'));
    if (next_is(p, ':')) {
        return parse_verb(p, p->at + 1);
    }
    return is_end(p) || refuse(p, "expected \"/\", \":\" or the end");
}

/* Copies `size` bytes to the arena; false when it is full. */
static bool keep(struct parser *p, const void *data, size_t size, const void **out)
{
    void *copy = base_arena_alloc(p->arena, size);
    if (copy == NULL) {
        return base_err_set(p->err, BASE_RESOURCE_EXHAUSTED, "path templates take too much memory");
    }
    *out = memcpy(copy, data, size);
    return true;
}

bool gw_template_parse(struct base_str text, struct base_arena *arena,
                       struct gw_template *out_template, struct base_err *err)
{
    if (text.len > GW_TEMPLATE_BYTES_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "path template of %zu bytes; at most %d are allowed", text.len,
                            GW_TEMPLATE_BYTES_MAX);
    }
    struct parser p = {.arena = arena, .err = err};
    if (!base_arena_copy(arena, text, &p.text)) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "path templates take too much memory");
    }
    const void *segments = NULL;
    const void *variables = NULL;
    if (!parse(&p) || !keep(&p, p.segments, p.segment_count * sizeof(p.segments[0]), &segments) ||
        !keep(&p, p.variables, p.variable_count * sizeof(p.variables[0]), &variables)) {
        return false;
    }
    *out_template = (struct gw_template){
        .text = p.text,
        .segments = segments,
        .segment_count = p.segment_count,
        .variables = variables,
        .variable_count = p.variable_count,
        .double_star = p.has_double_star ? p.double_star : p.segment_count,
        .verb = p.verb,
    };
    return true;
}
