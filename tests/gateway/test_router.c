/* Router: which route a request reaches, with what captured. The tables cover the matching rules of
 * the reference implementations; a comment says whom we follow where they disagree. */
#include "gateway/percent.h"
#include "gateway/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define ROUTES_MAX 16
#define REQUESTS_MAX 24

struct request_row {
    const char *request; /* "GET /a/b" */
    const char *want;    /* "GET /a/{x} x=b", or "404", "405 GET, OPTIONS", "400" */
};

struct table {
    const char *name;
    const char *routes[ROUTES_MAX]; /* "GET /a/{x}"; their order is that of declaration */
    struct request_row requests[REQUESTS_MAX];
};

static const struct table tables[] = {
    {"root and wildcards",
     {"GET /", "GET /a/**", "GET /b/*", "GET /c/*/d/**", "GET /c/*/d/e", "GET /c/f/d/e"},
     {{"GET /", "GET /"},
      {"GET /a/b", "GET /a/**"},
      {"GET /a/b/c", "GET /a/**"},
      {"GET /a", "GET /a/**"},
      {"GET /a/", "GET /a/**"},
      {"GET /a//", "GET /a/**"},
      {"GET /b/c", "GET /b/*"},
      {"GET /b", "404"},
      {"GET /b/", "404"},
      {"GET /b/c/d", "404"},
      {"GET /b/c/", "404"},
      {"GET b/c/d", "400"},
      {"GET ", "400"},
      {"GET *", "400"},
      {"GET //", "404"},
      {"GET /c/u/d/v", "GET /c/*/d/**"},
      {"GET /c/v/d/w/x", "GET /c/*/d/**"},
      {"GET /c/v/d", "GET /c/*/d/**"},
      {"GET /c/x/y/d/z", "404"},
      {"GET /c//v/d/w/x", "404"},
      {"GET /c//d/e", "404"},
      {"GET /c/x/d/e", "GET /c/*/d/e"},
      {"GET /c/f/d/e", "GET /c/f/d/e"}}},
    {"double star alone",
     {"GET /**"},
     {{"GET /", "GET /**"}, {"GET /a", "GET /**"}, {"GET /a/", "GET /**"}, {"GET //a", "GET /**"}}},
    {"captures",
     {"GET /a/{x}/c/d/e", "GET /{x=a/*}/b/{y=*}/c", "GET /a/{x=b/*}/{y=d/**}",
      "GET /alpha/{x=*}/beta/{y=**}/gamma", "GET /{x=*}/a", "GET /{x=**}/a/b", "GET /a/b/{x=*}",
      "GET /a/b/c/{x=**}", "GET /{x=*}/d/e/f/{y=**}"},
     {{"GET /a/book/c/d/e", "GET /a/{x}/c/d/e x=book"},
      {"GET /a/hello/b/world/c", "GET /{x=a/*}/b/{y=*}/c x=a/hello y=world"},
      {"GET /a/b/zoo/d/animal/tiger", "GET /a/{x=b/*}/{y=d/**} x=b/zoo y=d/animal/tiger"},
      {"GET /a/b/zoo/d", "GET /a/{x=b/*}/{y=d/**} x=b/zoo y=d"},
      {"GET /alpha/dog/beta/eat/bones/gamma",
       "GET /alpha/{x=*}/beta/{y=**}/gamma x=dog y=eat/bones"},
      {"GET /alpha/dog/beta/gamma", "404"},
      {"GET /foo/a", "GET /{x=*}/a x=foo"},
      {"GET /foo/bar/a/b", "GET /{x=**}/a/b x=foo/bar"},
      {"GET /a/b", "404"},
      {"GET /a/b/foo", "GET /a/b/{x=*} x=foo"},
      {"GET /a/b/c/foo/bar/baz", "GET /a/b/c/{x=**} x=foo/bar/baz"},
      {"GET /foo/d/e/f/bar/baz", "GET /{x=*}/d/e/f/{y=**} x=foo y=bar/baz"}}},
    {"double star in the middle",
     {"GET /a/{x=b/**}", "GET /a/{x=b/**}/z", "GET /a/{x=b/**}/y/z", "GET /a/{x=b/**}:verb",
      "GET /a/{x=**}", "GET /c/{x=*}/{y=d/**}/e", "GET /c/{x=*}/{y=d/**}/e:verb",
      "GET /f/{x=*}/{y=**}/g", "GET /f/{x=*}/{y=**}/g:verb", "GET /a/{x=b/*/y/z/**}/foo",
      "GET /a/{x=b/*/**/y/z}/foo"},
     {{"GET /a/b/hello/world/c", "GET /a/{x=b/**} x=b/hello/world/c"},
      {"GET /a/b/world/c/z", "GET /a/{x=b/**}/z x=b/world/c"},
      {"GET /a/b/world/c/y/z", "GET /a/{x=b/**}/y/z x=b/world/c"},
      {"GET /a/b/world/c:verb", "GET /a/{x=b/**}:verb x=b/world/c"},
      {"GET /a/b", "GET /a/{x=b/**} x=b"},
      {"GET /a/b/", "GET /a/{x=b/**} x=b/"},
      {"GET /a/hello/b/world/c", "GET /a/{x=**} x=hello/b/world/c"},
      {"GET /a", "404"},
      {"GET /a/", "404"},
      {"GET /a//", "GET /a/{x=**} x=/"},
      {"GET /c/hello/d/esp/world/e", "GET /c/{x=*}/{y=d/**}/e x=hello y=d/esp/world"},
      {"GET /c/hola/d/esp/mundo/e:verb", "GET /c/{x=*}/{y=d/**}/e:verb x=hola y=d/esp/mundo"},
      {"GET /f/foo/bar/baz/g", "GET /f/{x=*}/{y=**}/g x=foo y=bar/baz"},
      {"GET /f/foo/bar/baz/g:verb", "GET /f/{x=*}/{y=**}/g:verb x=foo y=bar/baz"},
      {"GET /f/foo/g", "404"},
      {"GET /a/b/foo/y/z/bar/baz/foo", "GET /a/{x=b/*/y/z/**}/foo x=b/foo/y/z/bar/baz"},
      {"GET /a/b/foo/bar/baz/y/z/foo", "GET /a/{x=b/*/**/y/z}/foo x=b/foo/bar/baz/y/z"}}},
    /* http.proto: "**" takes zero segments, too. grpc-httpjson-transcoding wants one here. */
    {"double star before a tail",
     {"GET /**/tail", "GET /v/{a=**}/{b}/end", "GET /w/**/*"},
     {{"GET /tail", "GET /**/tail"},
      {"GET /abc/def/tail", "GET /**/tail"},
      {"GET /tail/extra", "404"},
      {"GET /", "404"},
      {"GET /v/1/2/3/end", "GET /v/{a=**}/{b}/end a=1/2 b=3"},
      {"GET /v/3/end", "404"},
      {"GET /w/1", "GET /w/**/*"},
      {"GET /w/1/2/3", "GET /w/**/*"},
      {"GET /w/1/", "404"},
      {"GET /w", "404"}}},
    {"precedence is not the order of declaration",
     {"GET /**", "GET /*/b", "GET /a/*", "GET /a/**", "GET /a/b", "GET /a/**/b/c", "GET /a/**/b"},
     {{"GET /a/b", "GET /a/b"},
      {"GET /a/x", "GET /a/*"},
      {"GET /x/b", "GET /*/b"},
      {"GET /a/x/b", "GET /a/**/b"},
      {"GET /a/x/b/c", "GET /a/**/b/c"},
      {"GET /a/x/y", "GET /a/**"},
      {"GET /x/y", "GET /**"}}},
    {"backtracking",
     {"GET /a/b/c", "GET /a/*/d", "GET /*/b/e", "GET /*/*/f", "GET /x/**"},
     {{"GET /a/b/c", "GET /a/b/c"},
      {"GET /a/b/d", "GET /a/*/d"},
      {"GET /a/b/e", "GET /*/b/e"},
      {"GET /a/b/f", "GET /*/*/f"},
      {"GET /x/b/e", "GET /x/**"}, /* the first segment decides before the others */
      {"GET /x/b/g", "GET /x/**"},
      {"GET /a/b/g", "404"}}},
    {"the method takes part in the match",
     {"GET /a/b", "POST /a/*", "* /a/**", "PUT /p/{x}", "GET /p/{x}", "DELETE /p/q", "* /p/q",
      "LOCK /p/{x}"},
     {{"GET /a/b", "GET /a/b"},
      {"POST /a/b", "POST /a/*"},
      {"PUT /a/b", "* /a/**"},
      {"HEAD /a/b", "GET /a/b"},
      {"HEAD /a/c", "* /a/**"},
      {"LINK /a/c", "* /a/**"},
      {"DELETE /p/q", "DELETE /p/q"},
      {"PUT /p/q", "* /p/q"},
      {"PUT /p/r", "PUT /p/{x} x=r"},
      {"LOCK /p/r", "LOCK /p/{x} x=r"},
      {"POST /p/r", "405 GET, HEAD, PUT, LOCK, OPTIONS"},
      {"get /p/r", "405 GET, HEAD, PUT, LOCK, OPTIONS"},
      {"POST /p/", "404"}}},
    {"allow gathers what every rule for the path has",
     {"POST /a/b", "DELETE /a/*", "PATCH /**", "GET /a/{x=**}", "OPTIONS /a/b", "GET /x/**:v"},
     {{"PUT /a/b", "405 GET, HEAD, POST, PATCH, DELETE, OPTIONS"},
      {"PUT /a/c", "405 GET, HEAD, PATCH, DELETE, OPTIONS"},
      {"PUT /a", "405 PATCH, OPTIONS"},
      {"PUT /x:v", "405 GET, HEAD, PATCH, OPTIONS"},
      {"OPTIONS /a/b", "OPTIONS /a/b"}}},
    {"verbs: only where a rule has one, and then before values",
     {"GET /person", "GET /person/{id=*}", "GET /person/{id=*}/name", "GET /{x=**}:verb",
      "POST /person/{id=*}:post"},
     {{"GET /person:verb", "GET /{x=**}:verb x=person"},
      {"GET /person/jason:verb", "GET /{x=**}:verb x=person/jason"},
      {"GET /person/jason:verb/name", "GET /person/{id=*}/name id=jason:verb"},
      {"GET /animal/cat:verb", "GET /{x=**}:verb x=animal/cat"},
      {"GET /person", "GET /person"},
      {"GET /person/jason", "GET /person/{id=*} id=jason"},
      {"GET /person/jason:other", "GET /person/{id=*} id=jason:other"},
      {"GET /person/jason:", "GET /person/{id=*} id=jason:"},
      {"GET /person/:verb", "GET /{x=**}:verb x=person/"},
      {"GET /:verb", "404"},
      {"GET /person:other", "404"},
      {"GET /animal:other", "404"},
      {"GET /person/j:post", "GET /person/{id=*} id=j:post"},
      {"POST /person/j:post", "POST /person/{id=*}:post id=j"},
      {"PUT /person/j:post", "405 GET, HEAD, POST, OPTIONS"},
      {"GET /person/jason%3Averb", "GET /person/{id=*} id=jason:verb"},
      {"GET /person/jason:v%65rb", "GET /{x=**}:verb x=person/jason"}}},
    {"verbs of every place",
     {"GET /some/const:verb", "GET /some/*:verb", "GET /some/*/foo:verb", "GET /other/**:verb",
      "GET /other/**/const:verb", "GET /v1:LOCK", "GET /t/**:slash"},
     {{"GET /some/const:verb", "GET /some/const:verb"},
      {"GET /some/other:verb", "GET /some/*:verb"},
      {"GET /some/other:verb/", "404"},
      {"GET /some/bar/foo:verb", "GET /some/*/foo:verb"},
      {"GET /some/foo1/foo2/foo:verb", "404"},
      {"GET /other/bar/foo:verb", "GET /other/**:verb"},
      {"GET /other/bar/foo/const:verb", "GET /other/**/const:verb"},
      {"GET /v1:LOCK", "GET /v1:LOCK"},
      {"GET /v1", "404"},
      {"GET /LOCK", "404"},
      {"GET /v1/:LOCK", "404"},
      /* vanguard-go wants "**" to take a segment. */
      {"GET /t:slash", "GET /t/**:slash"},
      {"GET /t/:slash", "GET /t/**:slash"}}},
    {"verbs with colons, the longest first",
     {"POST /foo/{id=*}", "POST /foo/{id=*}:verb:subverb", "POST /foo/{id=*}:subverb"},
     {{"POST /foo/bar:verb:subverb", "POST /foo/{id=*}:verb:subverb id=bar"},
      {"POST /foo/bar:x:subverb", "POST /foo/{id=*}:subverb id=bar:x"},
      {"POST /foo/bar:verb:x", "POST /foo/{id=*} id=bar:verb:x"}}},
    {"with a verb and without",
     {"GET /{a=**}:verb", "GET /{a=**}"},
     {{"GET /some:verb/const:verb", "GET /{a=**}:verb a=some:verb/const"},
      {"GET /some:verb/const", "GET /{a=**} a=some:verb/const"},
      {"GET /some:verb2/const:verb2", "GET /{a=**} a=some:verb2/const:verb2"}}},
    {"escapes: split raw, literals compare decoded, captures decode",
     {"GET /a/{x}/c", "GET /m/{x=p/*/q/*}/c", "GET /s/{x=**}/c", "GET /foo%2Fbar/%2A/{y=%2A%2a/**}",
      "GET /{z}"},
     {{"GET /a/p%20q%2Fr+/c", "GET /a/{x}/c x=p q/r+"},
      {"GET /%61/b/%63", "GET /a/{x}/c x=b"},
      {"GET /m/p/foo%20foo/q/bar%2Fbar/c", "GET /m/{x=p/*/q/*}/c x=p/foo foo/q/bar%2Fbar"},
      {"GET /s/p/foo%20foo/q/bar%2Fbar+/c", "GET /s/{x=**}/c x=p/foo foo/q/bar%2Fbar+"},
      {"GET /s/%2f%23/%20%2523/c", "GET /s/{x=**}/c x=%2f#/ %23"},
      {"GET /s/one%2Fsegment/c", "GET /s/{x=**}/c x=one%2Fsegment"},
      {"GET /foo%2fbar/%2a/**/1", "GET /foo%2Fbar/%2A/{y=%2A%2a/**} y=**/1"},
      {"GET /foo%2fbar/*/**/1", "GET /foo%2Fbar/%2A/{y=%2A%2a/**} y=**/1"},
      {"GET /foo/bar/*/**/1", "404"},
      {"GET /%2F", "GET /{z} z=/"},
      {"GET /%25", "GET /{z} z=%"}, /* grpc-gateway decodes twice and refuses */
      {"GET /%", "400"},
      {"GET /a/%zz/c", "400"},
      {"GET /nowhere/%4/x", "400"},
      {"GET /.", "GET /{z} z=."},
      {"GET /..", "GET /{z} z=.."},
      {"GET /a/../c", "GET /a/{x}/c x=.."}}},
    {"a trailing slash is another path",
     {"GET /notes", "GET /notes/{id}"},
     {{"GET /notes", "GET /notes"}, {"GET /notes/", "404"}, {"GET /notes/1/", "404"}}},
};

struct fixture {
    struct base_arena arena;
    struct gw_router *router;
    struct gw_template templates[ROUTES_MAX];
};

static void setup(struct fixture *f)
{
    base_arena_init(&f->arena, (size_t)64 << 20);
    f->router = gw_router_create();
}

static void teardown(struct fixture *f)
{
    gw_router_destroy(f->router);
    base_arena_dispose(&f->arena);
}

/* Splits "GET /a" at the space. */
static void split(const char *text, struct base_str *out_method, struct base_str *out_path)
{
    const char *space = strchr(text, ' ');
    *out_method = base_str_make(text, (size_t)(space - text));
    *out_path = base_str_of(space + 1);
}

/* Writes what a match gave: the route, and its captures decoded as their kind wants. */
static void describe(const struct fixture *f, enum gw_match match, size_t index, const char *route,
                     const struct gw_captures *captures, char *out, size_t size)
{
    assert_int_equal(match, GW_MATCHED);
    const struct gw_template *template = &f->templates[index];
    assert_int_equal(captures->count, template->variable_count);
    size_t len = (size_t)snprintf(out, size, "%s", route);
    for (size_t i = 0; i < captures->count; i++) {
        const struct gw_variable *variable = &template->variables[i];
        char value[256];
        size_t value_len =
            gw_percent_decode(captures->values[i],
                              variable->is_multi ? GW_PERCENT_KEEP_SLASH : GW_PERCENT_ALL, value);
        len += (size_t)snprintf(out + len, size - len, " %.*s=%.*s",
                                BASE_STR_ARGS(variable->field_path), (int)value_len, value);
    }
}

static void check_request(const struct fixture *f, const struct table *table,
                          const struct request_row *row)
{
    struct base_str method;
    struct base_str path;
    split(row->request, &method, &path);
    void *route = NULL;
    struct gw_captures captures;
    enum gw_match match = gw_router_match(f->router, method, path, &route, &captures);
    char got[512];
    char allow[GW_ALLOW_SIZE];
    switch (match) {
    case GW_NO_PATH:
        (void)snprintf(got, sizeof got, "404");
        break;
    case GW_BAD_PATH:
        (void)snprintf(got, sizeof got, "400");
        break;
    case GW_WRONG_METHOD:
        gw_router_allow(f->router, path, allow);
        (void)snprintf(got, sizeof got, "405 %s", allow);
        break;
    case GW_MATCHED: {
        const char *const *text = route;
        describe(f, match, (size_t)(text - table->routes), *text, &captures, got, sizeof got);
        break;
    }
    }
    if (strcmp(got, row->want) != 0) {
        fail_msg("%s: %s\n got %s\nwant %s", table->name, row->request, got, row->want);
    }
}

/* Runs a table with its routes added in order, or in the opposite order. */
static void check_table(const struct table *table, bool backwards)
{
    struct fixture f;
    setup(&f);
    size_t count = 0;
    while (count < ROUTES_MAX && table->routes[count] != NULL) {
        count++;
    }
    struct base_err err = {0};
    for (size_t i = 0; i < count; i++) {
        size_t at = backwards ? count - 1 - i : i;
        struct base_str method;
        struct base_str path;
        split(table->routes[at], &method, &path);
        void *route = (void *)(uintptr_t)&table->routes[at];
        if (!gw_template_parse(path, &f.arena, &f.templates[at], &err) ||
            !gw_router_add(f.router, method, &f.templates[at], route, &err)) {
            fail_msg("%s: %s", table->name, err.message);
        }
    }
    for (size_t i = 0; i < REQUESTS_MAX && table->requests[i].request != NULL; i++) {
        check_request(&f, table, &table->requests[i]);
    }
    teardown(&f);
}

static void test_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        check_table(&tables[i], false);
        check_table(&tables[i], true);
    }
}

struct duplicate_row {
    const char *first;
    const char *second;
    const char *error; /* NULL: no duplicate */
};

static const struct duplicate_row duplicate_rows[] = {
    {"GET /foo/bar", "GET /foo/bar",
     "GET \"/foo/bar\" has the shape of \"/foo/bar\", which stands before"},
    {"GET /a/{id=*}", "GET /a/{name}",
     "GET \"/a/{name}\" has the shape of \"/a/{id=*}\", which stands before"},
    {"POST /v1/{name=a/*}:v", "POST /v1/a/{x}:v",
     "POST \"/v1/a/{x}:v\" has the shape of \"/v1/{name=a/*}:v\", which stands before"},
    {"* /a/%62", "* /a/b", "* \"/a/b\" has the shape of \"/a/%62\", which stands before"},
    {"GET /a/**", "GET /a/{x=**}",
     "GET \"/a/{x=**}\" has the shape of \"/a/**\", which stands before"},
    {"GET /foo/bar", "POST /foo/bar", NULL},
    {"GET /foo/bar", "* /foo/bar", NULL},
    {"GET /foo/bar", "GET /foo/bar:v", NULL},
    {"GET /foo/%2A", "GET /foo/*", NULL},
    {"GET /foo/a%3Av", "GET /foo/a:v", NULL},
};

static void test_duplicates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof duplicate_rows / sizeof duplicate_rows[0]; i++) {
        const struct duplicate_row *row = &duplicate_rows[i];
        struct fixture f;
        setup(&f);
        struct base_err err = {0};
        struct base_str method;
        struct base_str path;
        split(row->first, &method, &path);
        assert_true(gw_template_parse(path, &f.arena, &f.templates[0], &err));
        assert_true(gw_router_add(f.router, method, &f.templates[0], NULL, &err));
        split(row->second, &method, &path);
        assert_true(gw_template_parse(path, &f.arena, &f.templates[1], &err));
        bool added = gw_router_add(f.router, method, &f.templates[1], NULL, &err);
        assert_int_equal(added, row->error == NULL);
        if (!added) {
            assert_int_equal(err.code, BASE_ALREADY_EXISTS);
            assert_string_equal(err.message, row->error);
        }
        teardown(&f);
    }
}

static void add(struct fixture *f, size_t at, const char *text)
{
    struct base_err err = {0};
    struct base_str method;
    struct base_str path;
    split(text, &method, &path);
    if (!gw_template_parse(path, &f->arena, &f->templates[at], &err) ||
        !gw_router_add(f->router, method, &f->templates[at], &f->templates[at], &err)) {
        fail_msg("%s", err.message);
    }
}

static enum gw_match match(const struct fixture *f, struct base_str path)
{
    void *route;
    struct gw_captures captures;
    return gw_router_match(f->router, BASE_STR("GET"), path, &route, &captures);
}

static void test_path_limits(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    add(&f, 0, "GET /a/**/x");
    char path[2 * (GW_ROUTER_SEGMENTS_MAX + 1)];
    for (size_t i = 0; i < GW_ROUTER_SEGMENTS_MAX + 1; i++) {
        path[2 * i] = '/';
        path[2 * i + 1] = i == 0 ? 'a' : 'x';
    }
    assert_int_equal(match(&f, base_str_make(path, 2 * GW_ROUTER_SEGMENTS_MAX)), GW_MATCHED);
    assert_int_equal(match(&f, base_str_make(path, sizeof path)), GW_NO_PATH);
    teardown(&f);
}

/* Every literal and "*" of ten levels, and a "**" at each: the rules that make a backtracking
 * matcher without our bound try 2^10 ways for each way the "**" can be long. */
static void test_hostile_rules(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    enum { LEVELS = 10, RULES = 1 << LEVELS };
    struct gw_template *templates =
        base_arena_calloc(&f.arena, 2 * RULES * sizeof(struct gw_template));
    struct base_err err = {0};
    for (size_t i = 0; i < RULES; i++) {
        for (size_t tail = 0; tail < 2; tail++) {
            char text[128];
            size_t len = 0;
            for (size_t level = 0; level < LEVELS; level++) {
                len += (size_t)snprintf(text + len, sizeof text - len, "/%s",
                                        i >> level & 1 ? "a" : "*");
            }
            len += (size_t)snprintf(text + len, sizeof text - len,
                                    tail ? "/**/a/*/a/b" : "/**/*/a/*/c");
            struct gw_template *template = &templates[2 * i + tail];
            assert_true(gw_template_parse(base_str_make(text, len), &f.arena, template, &err));
            assert_true(gw_router_add(f.router, BASE_STR("GET"), template, NULL, &err));
        }
    }
    char path[2 * GW_ROUTER_SEGMENTS_MAX];
    for (size_t i = 0; i < GW_ROUTER_SEGMENTS_MAX; i++) {
        memcpy(path + 2 * i, "/a", 2);
    }
    for (int i = 0; i < 10; i++) {
        assert_int_equal(match(&f, base_str_make(path, sizeof path)), GW_NO_PATH);
    }
    path[sizeof path - 1] = 'b';
    assert_int_equal(match(&f, base_str_make(path, sizeof path)), GW_MATCHED);
    teardown(&f);
}

/* A segment of colons makes many places where a verb may begin. */
static void test_many_colons(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    add(&f, 0, "GET /{x}");
    add(&f, 1, "GET /{x}:v");
    size_t size = 60000;
    char *path = base_arena_alloc(&f.arena, size);
    memset(path, ':', size);
    path[0] = '/';
    assert_int_equal(match(&f, base_str_make(path, size)), GW_MATCHED);
    teardown(&f);
}

static void test_allow_fits_its_header(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    static const char *const custom[] = {
        "ACQUIRE-A-VERY-LONG-METHOD-NAME-OF-NO-USE-TO-ANYBODY-NUMBER-ONE /a",
        "ACQUIRE-A-VERY-LONG-METHOD-NAME-OF-NO-USE-TO-ANYBODY-NUMBER-TWO /a",
        "ACQUIRE-A-VERY-LONG-METHOD-NAME-OF-NO-USE-TO-ANYBODY-NUMBER-THREE /a",
        "ACQUIRE-A-VERY-LONG-METHOD-NAME-OF-NO-USE-TO-ANYBODY-NUMBER-FOUR /a",
        "LOCK /a",
        "LOCK /*",
    };
    for (size_t i = 0; i < sizeof custom / sizeof custom[0]; i++) {
        add(&f, i, custom[i]);
    }
    char allow[GW_ALLOW_SIZE];
    gw_router_allow(f.router, BASE_STR("/a"), allow);
    assert_string_equal(allow, "ACQUIRE-A-VERY-LONG-METHOD-NAME-OF-NO-USE-TO-ANYBODY-NUMBER-ONE, "
                               "ACQUIRE-A-VERY-LONG-METHOD-NAME-OF-NO-USE-TO-ANYBODY-NUMBER-TWO, "
                               "ACQUIRE-A-VERY-LONG-METHOD-NAME-OF-NO-USE-TO-ANYBODY-NUMBER-THREE, "
                               "LOCK, OPTIONS");
    gw_router_allow(f.router, BASE_STR("no path"), allow);
    assert_string_equal(allow, "OPTIONS");
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),      cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_path_limits), cmocka_unit_test(test_hostile_rules),
        cmocka_unit_test(test_many_colons), cmocka_unit_test(test_allow_fits_its_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
