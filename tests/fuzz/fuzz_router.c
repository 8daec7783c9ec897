/* The trie against the obvious: a path reaches a route exactly when some template, tried alone and
 * naively, takes it. Input: lines "METHOD TEMPLATE", an empty line, lines "METHOD PATH". */
#include "gateway/percent.h"
#include "gateway/router.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define ROUTES_MAX 32

struct route {
    struct base_str method;
    struct gw_template template;
};

struct routes {
    struct route items[ROUTES_MAX];
    size_t count;
};

/* Takes a line off the front; false at the end. */
static bool next_line(struct base_str *rest, struct base_str *out)
{
    if (rest->len == 0) {
        return false;
    }
    const char *end = memchr(rest->data, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
    *out = base_str_make(rest->data, len);
    size_t skip = end == NULL ? len : len + 1;
    *rest = base_str_make(rest->data + skip, rest->len - skip);
    return true;
}

/* A method is a token; gateway/route.c sees to that for rules, HTTP for requests. */
static bool split_line(struct base_str line, struct base_str *out_method, struct base_str *out_rest)
{
    const char *space = line.len == 0 ? NULL : memchr(line.data, ' ', line.len);
    size_t len = space == NULL ? 0 : (size_t)(space - line.data);
    if (len == 0 || memchr(line.data, '\0', len) != NULL) {
        return false;
    }
    *out_method = base_str_make(line.data, len);
    *out_rest = base_str_make(space + 1, line.len - len - 1);
    return true;
}

/* ---- the naive matcher ---- */

struct parts {
    struct base_str items[GW_ROUTER_SEGMENTS_MAX];
    size_t count;
};

static bool split_path(struct base_str path, struct parts *parts)
{
    parts->count = 0;
    size_t from = 1;
    for (size_t at = 1; at <= path.len && path.len > 1; at++) {
        if (at < path.len && path.data[at] != '/') {
            continue;
        }
        if (parts->count == GW_ROUTER_SEGMENTS_MAX) {
            return false;
        }
        parts->items[parts->count++] = base_str_make(path.data + from, at - from);
        from = at + 1;
    }
    return true;
}

/* Whether segments s.. take parts p..; notes how many parts each segment took. */
static bool takes(const struct gw_template *template, size_t s, const struct parts *parts, size_t p,
                  size_t *taken)
{
    if (s == template->segment_count) {
        return p == parts->count;
    }
    const struct gw_segment *segment = &template->segments[s];
    if (segment->kind == GW_DOUBLE_STAR) {
        for (size_t n = 0; p + n <= parts->count; n++) {
            taken[s] = n;
            if (takes(template, s + 1, parts, p + n, taken)) {
                return true;
            }
        }
        return false;
    }
    taken[s] = 1;
    bool fits = p < parts->count &&
                (segment->kind == GW_STAR ? parts->items[p].len > 0
                                          : gw_percent_eq(parts->items[p], segment->literal));
    return fits && takes(template, s + 1, parts, p + 1, taken);
}

/* Whether every variable captures something. */
static bool captures_all(const struct gw_template *template, const struct parts *parts,
                         const size_t *taken)
{
    for (size_t v = 0; v < template->variable_count; v++) {
        size_t first = 0;
        for (size_t s = 0; s < template->variables[v].first_segment; s++) {
            first += taken[s];
        }
        size_t count = 0;
        for (size_t s = 0; s < template->variables[v].segment_count; s++) {
            count += taken[template->variables[v].first_segment + s];
        }
        if (count == 0 || (count == 1 && parts->items[first].len == 0)) {
            return false;
        }
    }
    return true;
}

static bool fits(const struct gw_template *template, struct parts parts)
{
    size_t taken[GW_TEMPLATE_SEGMENTS_MAX];
    if (template->verb.len > 0) {
        if (parts.count == 0) {
            return false;
        }
        struct base_str *last = &parts.items[parts.count - 1];
        size_t colon = 0;
        while (colon < last->len &&
               (last->data[colon] != ':' ||
                !gw_percent_eq(base_str_make(last->data + colon + 1, last->len - colon - 1),
                               template->verb))) {
            colon++;
        }
        if (colon == last->len) {
            return false;
        }
        last->len = colon;
    }
    return takes(template, 0, &parts, 0, taken) && captures_all(template, &parts, taken);
}

static bool serves(struct base_str rule, struct base_str asked)
{
    return base_str_eq(rule, asked) || base_str_eq(rule, BASE_STR("*")) ||
           (base_str_eq(asked, BASE_STR("HEAD")) && base_str_eq(rule, BASE_STR("GET")));
}

static enum gw_match naive_match(const struct routes *routes, struct base_str method,
                                 struct base_str path)
{
    static struct parts parts;
    if (path.len == 0 || path.data[0] != '/' || !gw_percent_valid(path)) {
        return GW_BAD_PATH;
    }
    enum gw_match best = GW_NO_PATH;
    for (size_t i = 0; i < routes->count && split_path(path, &parts); i++) {
        if (fits(&routes->items[i].template, parts)) {
            if (serves(routes->items[i].method, method)) {
                return GW_MATCHED;
            }
            best = GW_WRONG_METHOD;
        }
    }
    return best;
}

/* ---- the comparison ---- */

static void check_request(const struct gw_router *router, const struct routes *routes,
                          struct base_str method, struct base_str path)
{
    void *found = NULL;
    struct gw_captures captures;
    enum gw_match match = gw_router_match(router, method, path, &found, &captures);
    FUZZ_CHECK(match == naive_match(routes, method, path));
    if (match == GW_MATCHED) {
        const struct route *route = found;
        static struct parts parts;
        FUZZ_CHECK(split_path(path, &parts) && fits(&route->template, parts));
        FUZZ_CHECK(serves(route->method, method));
        FUZZ_CHECK(captures.count == route->template.variable_count);
        for (size_t i = 0; i < captures.count; i++) {
            struct base_str value = captures.values[i];
            FUZZ_CHECK(value.len > 0 && value.data > path.data);
            FUZZ_CHECK(value.data + value.len <= path.data + path.len);
        }
    }
    char allow[GW_ALLOW_SIZE];
    gw_router_allow(router, path, allow);
    FUZZ_CHECK(strlen(allow) < sizeof allow && strstr(allow, "OPTIONS") != NULL);
}

static void add_route(struct gw_router *router, struct routes *routes, struct base_arena *arena,
                      struct base_str method, struct base_str text)
{
    struct route *route = &routes->items[routes->count];
    struct base_err err;
    route->method = method;
    if (gw_template_parse(text, arena, &route->template, &err) &&
        gw_router_add(router, method, &route->template, route, &err)) {
        routes->count++;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct routes routes;
    struct base_str rest = base_str_make((const char *)data, size);
    struct base_str line;
    struct base_str method;
    struct base_str text;
    struct base_arena arena;
    base_arena_init(&arena, (size_t)1 << 24);
    struct gw_router *router = gw_router_create();
    routes.count = 0;
    while (next_line(&rest, &line) && line.len > 0 && routes.count < ROUTES_MAX) {
        if (split_line(line, &method, &text)) {
            add_route(router, &routes, &arena, method, text);
        }
    }
    while (next_line(&rest, &line)) {
        if (split_line(line, &method, &text)) {
            check_request(router, &routes, method, text);
        }
    }
    gw_router_destroy(router);
    base_arena_dispose(&arena);
    return 0;
}
