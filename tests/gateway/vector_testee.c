/* The gateway's pure parts behind standard input, for vectors_test.py: one command a line, words
 * apart by spaces, arguments that may hold anything in hexadecimal ("-" is empty); one line back.
 *
 *   template TEXT                 ok SEGMENTS;VARIABLES;VERB | error MESSAGE
 *   reset                         ok
 *   add METHOD TEXT               ok | error MESSAGE
 *   match METHOD PATH             matched INDEX NAME=VALUE ... | none | bad | method ALLOW
 *   load FILE                     ok | error MESSAGE    (a descriptor set, its routes)
 *   call METHOD PATH QUERY BODY   wire BYTES | none | bad | method ALLOW | error MESSAGE
 *   json TYPE BYTES FLAGS         json TEXT | error MESSAGE    (FLAGS "d" prints defaults)
 *   unescape single|multi TEXT    ok TEXT
 *   header NAME VALUE             ok KEY VALUE | dropped | error MESSAGE
 *   build FILE                    ok TAKEN NANOSECONDS    (reset, and an add for each line "METHOD
 * TEMPLATE") time FILE ROUNDS              ok NANOSECONDS    (of one match, over all lines "METHOD
 * PATH")
 */
#include "base/clock.h"
#include "base/mem.h"
#include "gateway/headers.h"
#include "gateway/percent.h"
#include "gateway/request.h"

#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX 8
#define ROUTES_MAX 20000
#define OUT_BYTES_MAX (size_t)(64 * 1024 * 1024)

struct testee {
    struct base_arena arena; /* templates of `add` */
    struct gw_router *router;
    struct gw_template *templates;
    size_t count;
    struct base_arena line_arena; /* what one command decodes */
    struct gw_schema *schema;
    struct gw_routes *routes;
};

static void put_hex(struct base_str bytes)
{
    (void)fputs(bytes.len == 0 ? "-" : "", stdout);
    for (size_t i = 0; i < bytes.len; i++) {
        (void)printf("%02x", (unsigned char)bytes.data[i]);
    }
}

static struct base_str get_hex(struct testee *testee, const char *word)
{
    size_t len = strcmp(word, "-") == 0 ? 0 : strlen(word) / 2;
    char *bytes = base_arena_alloc(&testee->line_arena, len + 1);
    for (size_t i = 0; i < len; i++) {
        char digits[3] = {word[2 * i], word[2 * i + 1], '\0'};
        bytes[i] = (char)strtol(digits, NULL, 16);
    }
    return base_str_make(bytes, len);
}

static void put_error(const struct base_err *err)
{
    (void)fputs("error ", stdout);
    put_hex(base_str_of(err->message));
}

static void reset(struct testee *testee)
{
    gw_router_destroy(testee->router);
    base_arena_reset(&testee->arena);
    testee->router = gw_router_create();
    testee->count = 0;
}

static void do_template(struct testee *testee, char **words)
{
    struct gw_template template;
    struct base_err err;
    if (!gw_template_parse(get_hex(testee, words[1]), &testee->line_arena, &template, &err)) {
        put_error(&err);
        return;
    }
    (void)fputs("ok ", stdout);
    for (size_t i = 0; i < template.segment_count; i++) {
        static const char *const wildcards[] = {[GW_STAR] = "*", [GW_DOUBLE_STAR] = "**"};
        const struct gw_segment *segment = &template.segments[i];
        (void)fputs(i > 0 ? "," : "", stdout);
        if (segment->kind == GW_LITERAL) {
            put_hex(segment->literal);
        } else {
            (void)fputs(wildcards[segment->kind], stdout);
        }
    }
    (void)fputs(";", stdout);
    for (size_t i = 0; i < template.variable_count; i++) {
        const struct gw_variable *variable = &template.variables[i];
        (void)printf("%s%.*s:%zu:%zu:%d", i > 0 ? "," : "", BASE_STR_ARGS(variable->field_path),
                     variable->first_segment, variable->first_segment + variable->segment_count,
                     variable->is_multi);
    }
    (void)fputs(";", stdout);
    put_hex(template.verb);
}

static bool add_route(struct testee *testee, struct base_str method, struct base_str text,
                      struct base_err *err)
{
    struct gw_template *template = &testee->templates[testee->count];
    struct base_str kept = {0};
    if (!base_arena_copy(&testee->arena, method, &kept) ||
        !gw_template_parse(text, &testee->arena, template, err) ||
        !gw_router_add(testee->router, kept, template, template, err)) {
        return false;
    }
    testee->count++;
    return true;
}

static void do_add(struct testee *testee, char **words)
{
    struct base_err err;
    if (add_route(testee, base_str_of(words[1]), get_hex(testee, words[2]), &err)) {
        (void)fputs("ok", stdout);
    } else {
        put_error(&err);
    }
}

/* Prints an outcome that is no match. */
static void put_no_match(const struct gw_router *router, enum gw_match match, struct base_str path)
{
    char allow[GW_ALLOW_SIZE];
    switch (match) {
    case GW_WRONG_METHOD:
        gw_router_allow(router, path, allow);
        (void)printf("method %s", allow);
        break;
    case GW_BAD_PATH:
        (void)fputs("bad", stdout);
        break;
    default:
        (void)fputs("none", stdout);
        break;
    }
}

static struct base_str unescape(struct testee *testee, bool is_multi, struct base_str raw)
{
    char *text = base_arena_alloc(&testee->line_arena, raw.len + 1);
    enum gw_percent_mode mode = is_multi ? GW_PERCENT_KEEP_SLASH : GW_PERCENT_ALL;
    return base_str_make(text, gw_percent_decode(raw, mode, text));
}

static void do_match(struct testee *testee, char **words)
{
    struct base_str path = get_hex(testee, words[2]);
    void *route;
    struct gw_captures captures;
    enum gw_match match =
        gw_router_match(testee->router, base_str_of(words[1]), path, &route, &captures);
    if (match != GW_MATCHED) {
        put_no_match(testee->router, match, path);
        return;
    }
    const struct gw_template *template = route;
    (void)printf("matched %zu", (size_t)(template - testee->templates));
    for (size_t i = 0; i < captures.count; i++) {
        const struct gw_variable *variable = &template->variables[i];
        (void)printf(" %.*s=", BASE_STR_ARGS(variable->field_path));
        put_hex(unescape(testee, variable->is_multi, captures.values[i]));
    }
}

/* Reads a whole file into the line's arena; empty when that fails. */
static struct base_str read_file(struct testee *testee, const char *name)
{
    char *data = base_arena_alloc(&testee->line_arena, OUT_BYTES_MAX / 4);
    FILE *file = fopen(name, "rb");
    size_t len = file == NULL ? 0 : fread(data, 1, OUT_BYTES_MAX / 4, file);
    if (file != NULL) {
        (void)fclose(file);
    }
    return base_str_make(data, len);
}

/* Takes "METHOD TEXT" and its line end off `rest`; false at the end. */
static bool next_line(struct base_str *rest, struct base_str *out_method, struct base_str *out_text)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->data, '\n', rest->len);
    const char *space = end == NULL ? NULL : memchr(rest->data, ' ', (size_t)(end - rest->data));
    if (space == NULL) {
        return false;
    }
    *out_method = base_str_make(rest->data, (size_t)(space - rest->data));
    *out_text = base_str_make(space + 1, (size_t)(end - space) - 1);
    *rest = base_str_make(end + 1, rest->len - (size_t)(end - rest->data) - 1);
    return true;
}

static void do_build(struct testee *testee, char **words)
{
    struct base_str rest = read_file(testee, words[1]);
    struct base_str method;
    struct base_str text;
    struct base_err ignored;
    reset(testee);
    int64_t start_ns = base_clock_monotonic_ns();
    while (next_line(&rest, &method, &text)) {
        (void)add_route(testee, method, text, &ignored);
    }
    (void)printf("ok %zu %lld", testee->count, (long long)(base_clock_monotonic_ns() - start_ns));
}

static void do_time(struct testee *testee, char **words)
{
    struct base_str file = read_file(testee, words[1]);
    struct base_str *methods = base_arena_alloc(&testee->line_arena, ROUTES_MAX * sizeof *methods);
    struct base_str *paths = base_arena_alloc(&testee->line_arena, ROUTES_MAX * sizeof *paths);
    size_t count = 0;
    while (count < ROUTES_MAX && next_line(&file, &methods[count], &paths[count])) {
        count++;
    }
    long rounds = strtol(words[2], NULL, 10);
    void *route;
    struct gw_captures captures;
    int64_t start_ns = base_clock_monotonic_ns();
    for (long round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++) {
            (void)gw_router_match(testee->router, methods[i], paths[i], &route, &captures);
        }
    }
    int64_t took_ns = base_clock_monotonic_ns() - start_ns;
    (void)printf("ok %.1f", (double)took_ns / (double)rounds / (double)count);
}

static void do_header(struct testee *testee, char **words)
{
    struct rpc_metadata metadata = {0};
    struct base_err err;
    if (!gw_headers_to_metadata(get_hex(testee, words[1]), get_hex(testee, words[2]),
                                &testee->line_arena, &metadata, &err)) {
        put_error(&err);
    } else if (metadata.count == 0) {
        (void)fputs("dropped", stdout);
    } else {
        (void)printf("ok %.*s ", BASE_STR_ARGS(metadata.entries[0].key));
        put_hex(metadata.entries[0].value);
    }
}

static void do_load(struct testee *testee, char **words)
{
    gw_routes_destroy(testee->routes);
    gw_schema_destroy(testee->schema);
    testee->routes = NULL;
    testee->schema = gw_schema_create();
    struct base_err err;
    if (!gw_schema_add(testee->schema, read_file(testee, words[1]), &err) ||
        (testee->routes = gw_routes_create(testee->schema, &err)) == NULL) {
        put_error(&err);
        return;
    }
    (void)fputs("ok", stdout);
}

static void do_call(struct testee *testee, char **words)
{
    const struct gw_router *router = gw_routes_router(testee->routes);
    struct base_str path = get_hex(testee, words[2]);
    void *route;
    struct gw_captures captures;
    enum gw_match match = gw_router_match(router, base_str_of(words[1]), path, &route, &captures);
    if (match != GW_MATCHED) {
        put_no_match(router, match, path);
        return;
    }
    struct gw_http_request request = {.captures = &captures,
                                      .raw_query = get_hex(testee, words[3]),
                                      .body = get_hex(testee, words[4])};
    struct gw_transcode_options options = {.schema = testee->schema};
    struct base_buf out;
    base_buf_init(&out, OUT_BYTES_MAX);
    struct base_err err;
    if (gw_request_to_wire(route, &request, &options, &out, &err)) {
        (void)fputs("wire ", stdout);
        put_hex(base_buf_str(&out));
    } else {
        put_error(&err);
    }
    base_buf_dispose(&out);
}

static void do_json(struct testee *testee, char **words)
{
    const struct gw_message *type = gw_schema_message(testee->schema, base_str_of(words[1]));
    struct gw_transcode_options options = {.schema = testee->schema,
                                           .print_defaults = strcmp(words[3], "d") == 0};
    struct base_buf out;
    base_buf_init(&out, OUT_BYTES_MAX);
    struct base_err err = {.message = "no such type"};
    if (type != NULL && gw_wire_to_json(type, get_hex(testee, words[2]), &options, &out, &err)) {
        (void)fputs("json ", stdout);
        put_hex(base_buf_str(&out));
    } else {
        put_error(&err);
    }
    base_buf_dispose(&out);
}

static void do_reset(struct testee *testee, char **words)
{
    (void)words;
    reset(testee);
    (void)fputs("ok", stdout);
}

static void do_unescape(struct testee *testee, char **words)
{
    (void)fputs("ok ", stdout);
    put_hex(unescape(testee, strcmp(words[1], "multi") == 0, get_hex(testee, words[2])));
}

static const struct command {
    const char *name;
    int words;
    void (*run)(struct testee *testee, char **words);
} commands[] = {
    {"template", 2, do_template}, {"reset", 1, do_reset}, {"add", 3, do_add},
    {"match", 3, do_match},       {"load", 2, do_load},   {"call", 5, do_call},
    {"json", 4, do_json},         {"time", 3, do_time},   {"unescape", 3, do_unescape},
    {"header", 3, do_header},     {"build", 2, do_build},
};

static void run_line(struct testee *testee, char *line)
{
    char *words[WORDS_MAX];
    int count = 0;
    for (char *next = line; *next != '\0' && *next != '\n' && count < WORDS_MAX;) {
        size_t len = strcspn(next, " \n");
        words[count++] = next;
        next += len;
        if (*next != '\0') {
            *next++ = '\0';
        }
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (count == commands[i].words && strcmp(words[0], commands[i].name) == 0) {
            commands[i].run(testee, words);
            (void)fputs("\n", stdout);
            (void)fflush(stdout);
            return;
        }
    }
    (void)fprintf(stderr, "vector_testee: not a command\n");
    exit(2);
}

int main(void)
{
    struct testee testee = {0};
    base_arena_init(&testee.arena, OUT_BYTES_MAX);
    base_arena_init(&testee.line_arena, OUT_BYTES_MAX);
    testee.templates = base_calloc(ROUTES_MAX, sizeof *testee.templates);
    reset(&testee);
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0) {
        run_line(&testee, line);
        base_arena_reset(&testee.line_arena);
    }
    free(line);
    gw_routes_destroy(testee.routes);
    gw_schema_destroy(testee.schema);
    gw_router_destroy(testee.router);
    base_arena_dispose(&testee.arena);
    base_arena_dispose(&testee.line_arena);
    base_free(testee.templates);
    return 0;
}
