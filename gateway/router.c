/* Search is depth first in order of precedence. It ends in bounded time without a memo: a template
 * has one "**" at most, so below a "**" every step takes exactly one segment, and a node is reached
 * with a given rest of the path in one way only. How many segments a "**" takes is tried from the
 * fewest, and only where what is left can still fit the deepest rule below it.
 */
#include "gateway/router.h"

#include "base/mem.h"
#include "gateway/percent.h"
#include "gateway/trie.h"

#include <assert.h>

struct gw_router {
    struct gw_trie trie;
};

/* A segment of the request's path. Most are captures, which are never hashed. */
struct part {
    struct base_str raw;
    uint32_t hash; /* of is_hashed */
    bool is_hashed;
};

struct path {
    struct part parts[GW_ROUTER_SEGMENTS_MAX];
    size_t count;
};

/* One search. on_leaves is asked at each node where the path ends, best first, until
 * it says yes. */
struct search {
    struct path path;
    bool (*on_leaves)(struct search *self, const struct gw_trie_leaf *leaves);
    struct base_str http_method;
    const struct gw_trie_leaf *found;
    struct gw_captures captures; /* of found */
    bool saw_other_method;
    struct gw_allow *allow; /* of gw_router_allow */
};

struct gw_router *gw_router_create(void)
{
    struct gw_router *router = base_calloc(1, sizeof *router);
    gw_trie_init(&router->trie, GW_ROUTER_BYTES_MAX);
    return router;
}

void gw_router_destroy(struct gw_router *router)
{
    if (router != NULL) {
        gw_trie_dispose(&router->trie);
        base_free(router);
    }
}

bool gw_router_add(struct gw_router *router, struct base_str http_method,
                   const struct gw_template *template, void *route, struct base_err *err)
{
    struct gw_trie_leaf leaf = {.http_method = http_method, .template = template, .route = route};
    const struct gw_trie_leaf *other;
    if (gw_trie_add(&router->trie, leaf, &other)) {
        return true;
    }
    if (other == NULL) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the routes take more than %zu bytes",
                            GW_ROUTER_BYTES_MAX);
    }
    return base_err_set(err, BASE_ALREADY_EXISTS,
                        "%.*s \"%.*s\" has the shape of \"%.*s\", which stands before",
                        BASE_STR_ARGS(http_method), BASE_STR_ARGS(template->text),
                        BASE_STR_ARGS(other->template->text));
}

/* Splits `raw` at "/" behind the first; false when there are too many segments. */
static bool split(struct base_str raw, struct path *path)
{
    path->count = 0;
    const char *end = raw.data + raw.len;
    for (const char *at = raw.data; raw.len > 1 && at < end; path->count++) {
        const char *from = at + 1;
        const char *to = memchr(from, '/', (size_t)(end - from));
        at = to == NULL ? end : to;
        if (path->count == GW_ROUTER_SEGMENTS_MAX) {
            return false;
        }
        path->parts[path->count] =
            (struct part){base_str_make(from, (size_t)(at - from)), 0, false};
    }
    return true;
}

/* Gives what the variables of `template` captured of a path that its shape fits; false when one
 * captured nothing. */
static bool capture(const struct path *path, const struct gw_template *template,
                    struct gw_captures *out)
{
    /* What a "**" takes more than one segment, or less, moves everything behind it. */
    size_t moved = path->count - template->segment_count;
    for (size_t i = 0; i < template->variable_count; i++) {
        const struct gw_variable *variable = &template->variables[i];
        size_t from = variable->first_segment;
        size_t to = from + variable->segment_count;
        from += template->double_star < from ? moved : 0;
        to += template->double_star < to ? moved : 0;
        assert(from <= to && to <= path->count);
        if (from == to) {
            return false;
        }
        const char *first = path->parts[from].raw.data;
        const struct base_str *last = &path->parts[to - 1].raw;
        out->values[i] = base_str_make(first, (size_t)(last->data + last->len - first));
        if (out->values[i].len == 0) {
            return false;
        }
    }
    out->count = template->variable_count;
    return true;
}

static const struct gw_trie_leaf *
find_leaf(struct search *search, const struct gw_trie_leaf *leaves, struct base_str http_method)
{
    for (const struct gw_trie_leaf *leaf = leaves; leaf != NULL; leaf = leaf->next) {
        if (base_str_eq(leaf->http_method, http_method) &&
            capture(&search->path, leaf->template, &search->captures)) {
            return leaf;
        }
    }
    return NULL;
}

/* Takes the leaf of the request's method, of GET when that is HEAD, or of any method. */
static bool take_leaf(struct search *search, const struct gw_trie_leaf *leaves)
{
    const struct gw_trie_leaf *leaf = find_leaf(search, leaves, search->http_method);
    if (leaf == NULL && base_str_eq(search->http_method, BASE_STR("HEAD"))) {
        leaf = find_leaf(search, leaves, BASE_STR("GET"));
    }
    if (leaf == NULL) {
        leaf = find_leaf(search, leaves, BASE_STR("*"));
    }
    if (leaf != NULL) {
        search->found = leaf;
        return true;
    }
    for (; leaves != NULL && !search->saw_other_method; leaves = leaves->next) {
        search->saw_other_method = capture(&search->path, leaves->template, &search->captures);
    }
    return false;
}

/* The child of `node` whose literal the segment is, or NULL. */
static const struct gw_trie_node *find_part(const struct gw_trie_node *node, struct part *part)
{
    if (node->slot_count == 0) {
        return NULL;
    }
    if (!part->is_hashed) {
        part->hash = gw_percent_hash(part->raw);
        part->is_hashed = true;
    }
    return gw_trie_child(node, part->raw, part->hash);
}

/* Searches below `node`, which took the path's segments before `at`. */
static bool search_node(struct search *search, const struct gw_trie_node *node, size_t at)
{
    struct path *path = &search->path;
    if (at == path->count) {
        if (node->leaves != NULL && search->on_leaves(search, node->leaves)) {
            return true;
        }
    } else {
        const struct gw_trie_node *child = find_part(node, &path->parts[at]);
        if (child != NULL && search_node(search, child, at + 1)) {
            return true;
        }
        if (node->star != NULL && path->parts[at].raw.len > 0 &&
            search_node(search, node->star, at + 1)) {
            return true;
        }
    }
    const struct gw_trie_node *rest = node->double_star;
    if (rest == NULL) {
        return false;
    }
    size_t left = path->count - at;
    for (size_t skip = left > rest->depth_max ? left - rest->depth_max : 0; skip <= left; skip++) {
        if (search_node(search, rest, at + skip)) {
            return true;
        }
    }
    return false;
}

/* Searches the tries of the verbs that the last segment may end in, the longest first. */
static bool search_verbs(const struct gw_router *router, struct search *search)
{
    struct path *path = &search->path;
    struct part *last = &path->parts[path->count - 1];
    struct base_str segment = last->raw;
    size_t raw_max = router->trie.verb_bytes_max * 3; /* each byte escaped */
    size_t at = segment.len > raw_max + 1 ? segment.len - raw_max - 1 : 0;
    const char *colon;
    for (; (colon = memchr(segment.data + at, ':', segment.len - at)) != NULL; at++) {
        at = (size_t)(colon - segment.data);
        struct base_str verb = base_str_make(colon + 1, segment.len - at - 1);
        const struct gw_trie_node *root = gw_trie_verb(&router->trie, verb);
        if (verb.len == 0 || root == NULL) {
            continue;
        }
        *last = (struct part){base_str_make(segment.data, at), 0, false};
        if (search_node(search, root, 0)) {
            return true;
        }
    }
    *last = (struct part){segment, 0, false};
    return false;
}

/* Searches all tries for `raw_path`, which is valid. */
static bool search_all(const struct gw_router *router, struct base_str raw_path,
                       struct search *search)
{
    if (!split(raw_path, &search->path)) {
        return false;
    }
    if (router->trie.verb_bytes_max > 0 && search->path.count > 0 && search_verbs(router, search)) {
        return true;
    }
    const struct gw_trie_node *root = gw_trie_root(&router->trie);
    return root != NULL && search_node(search, root, 0);
}

static bool is_valid_path(struct base_str raw_path)
{
    return raw_path.len > 0 && raw_path.data[0] == '/' && gw_percent_valid(raw_path);
}

enum gw_match gw_router_match(const struct gw_router *router, struct base_str http_method,
                              struct base_str raw_path, void **out_route,
                              struct gw_captures *out_captures)
{
    if (!is_valid_path(raw_path)) {
        return GW_BAD_PATH;
    }
    struct search search; /* not cleared: the path's tables are large */
    search.on_leaves = take_leaf;
    search.http_method = http_method;
    search.saw_other_method = false;
    if (!search_all(router, raw_path, &search)) {
        return search.saw_other_method ? GW_WRONG_METHOD : GW_NO_PATH;
    }
    *out_route = search.found->route;
    out_captures->count = search.captures.count;
    memcpy(out_captures->values, search.captures.values,
           search.captures.count * sizeof search.captures.values[0]);
    return GW_MATCHED;
}

/* Notes the methods of every leaf and goes on searching. */
static bool note_methods(struct search *search, const struct gw_trie_leaf *leaves)
{
    for (const struct gw_trie_leaf *leaf = leaves; leaf != NULL; leaf = leaf->next) {
        if (capture(&search->path, leaf->template, &search->captures)) {
            gw_allow_add(search->allow, leaf->http_method);
        }
    }
    return false;
}

void gw_router_allow(const struct gw_router *router, struct base_str raw_path,
                     char out[GW_ALLOW_SIZE])
{
    struct gw_allow allow = {0};
    struct search search;
    search.on_leaves = note_methods;
    search.allow = &allow;
    if (is_valid_path(raw_path)) {
        search_all(router, raw_path, &search);
    }
    gw_allow_write(&allow, out);
}
