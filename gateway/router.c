/* Router: one trie a verb, hung by their verbs under a common top, so that a verb is looked up like
 * a literal and the search below knows nothing of it.
 *
 * Search is depth first in order of precedence. It ends in bounded time without a memo: a template
 * has one "**" at most, so below a "**" every step takes exactly one segment, and a node is reached
 * with a given rest of the path in one way only. How many segments a "**" takes is tried from the
 * fewest, and only where what is left can still fit the deepest rule below it.
 */
#include "gateway/router.h"

#include "base/mem.h"
#include "gateway/percent.h"

#include <assert.h>

/* A route at the node where its template ends. */
struct leaf {
    struct base_str http_method;
    const struct gw_template *template;
    void *route;
    struct leaf *next;
};

struct slot {
    uint32_t hash;
    struct node *node; /* NULL: free */
};

struct node {
    struct base_str literal; /* of a literal's node */
    struct slot *literals;   /* open addressing, at most half full */
    uint32_t slot_count;     /* a power of two, or 0 */
    uint32_t literal_count;
    struct node *star;
    struct node *double_star;
    size_t depth_max; /* of a "**": segments of the longest rule below it */
    struct leaf *leaves;
};

struct gw_router {
    struct base_arena arena;
    struct node top; /* its literals are the verbs, "" for none */
    size_t verb_bytes_max;
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

/* One search. on_leaves is asked at each node where the path ends, best first, until it says yes.
 */
struct search {
    struct path path;
    bool (*on_leaves)(struct search *self, const struct leaf *leaves);
    struct base_str http_method;
    const struct leaf *found;
    struct gw_captures captures; /* of found */
    bool saw_other_method;
    struct methods *methods; /* of gw_router_allow */
};

struct gw_router *gw_router_create(void)
{
    struct gw_router *router = base_calloc(1, sizeof *router);
    base_arena_init(&router->arena, GW_ROUTER_BYTES_MAX);
    return router;
}

void gw_router_destroy(struct gw_router *router)
{
    if (router != NULL) {
        base_arena_dispose(&router->arena);
        base_free(router);
    }
}

/* The child whose literal `text` equals, or NULL. `equals` is gw_percent_eq for raw text and
 * base_str_eq for decoded text. */
static struct node *find_literal(const struct node *node, struct base_str text, uint32_t hash,
                                 bool (*equals)(struct base_str, struct base_str))
{
    if (node->slot_count == 0) {
        return NULL;
    }
    uint32_t mask = node->slot_count - 1;
    for (uint32_t i = hash & mask; node->literals[i].node != NULL; i = (i + 1) & mask) {
        const struct slot *slot = &node->literals[i];
        if (slot->hash == hash && equals(text, slot->node->literal)) {
            return slot->node;
        }
    }
    return NULL;
}

static void put_slot(struct node *node, struct slot slot)
{
    uint32_t mask = node->slot_count - 1;
    uint32_t i = slot.hash & mask;
    while (node->literals[i].node != NULL) {
        i = (i + 1) & mask;
    }
    node->literals[i] = slot;
}

/* Doubles the table when one more child would fill more than half of it. */
static bool make_room(struct gw_router *router, struct node *node)
{
    if ((node->literal_count + 1) * 2 <= node->slot_count) {
        return true;
    }
    struct node old = *node;
    uint32_t slot_count = old.slot_count == 0 ? 2 : old.slot_count * 2;
    struct slot *literals = base_arena_calloc(&router->arena, slot_count * sizeof(struct slot));
    if (literals == NULL) {
        return false;
    }
    node->literals = literals;
    node->slot_count = slot_count;
    for (uint32_t i = 0; i < old.slot_count; i++) {
        if (old.literals[i].node != NULL) {
            put_slot(node, old.literals[i]);
        }
    }
    return true;
}

/* A node's literal stands behind it, so that a look-up that has come to the node has both. */
static struct node *new_node(struct gw_router *router, struct base_str literal)
{
    struct node *node = base_arena_calloc(&router->arena, sizeof *node + literal.len);
    if (node != NULL && literal.len > 0) {
        node->literal = base_str_make((char *)(node + 1), literal.len);
        memcpy(node + 1, literal.data, literal.len);
    }
    return node;
}

/* Finds or makes the child of a decoded literal; NULL when the arena is full. */
static struct node *get_literal(struct gw_router *router, struct node *node,
                                struct base_str literal)
{
    uint32_t hash = gw_percent_hash_decoded(literal);
    struct node *child = find_literal(node, literal, hash, base_str_eq);
    if (child == NULL && make_room(router, node) && (child = new_node(router, literal)) != NULL) {
        put_slot(node, (struct slot){hash, child});
        node->literal_count++;
    }
    return child;
}

/* Finds or makes the child of a segment; NULL when the arena is full. */
static struct node *get_child(struct gw_router *router, struct node *node,
                              const struct gw_segment *segment)
{
    if (segment->kind == GW_LITERAL) {
        return get_literal(router, node, segment->literal);
    }
    struct node **child = segment->kind == GW_STAR ? &node->star : &node->double_star;
    if (*child == NULL) {
        *child = new_node(router, (struct base_str){0});
    }
    return *child;
}

/* Walks to the node where `template` ends, making what is missing; NULL when the arena is full. */
static struct node *get_end(struct gw_router *router, const struct gw_template *template)
{
    struct node *node = get_literal(router, &router->top, template->verb);
    for (size_t i = 0; i < template->segment_count && node != NULL; i++) {
        node = get_child(router, node, &template->segments[i]);
        size_t behind = template->segment_count - i - 1;
        if (node != NULL && template->segments[i].kind == GW_DOUBLE_STAR &&
            node->depth_max < behind) {
            node->depth_max = behind;
        }
    }
    return node;
}

bool gw_router_add(struct gw_router *router, struct base_str http_method,
                   const struct gw_template *template, void *route, struct base_err *err)
{
    struct node *end = get_end(router, template);
    struct leaf *leaf = end == NULL ? NULL : base_arena_alloc(&router->arena, sizeof *leaf);
    if (leaf == NULL) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the routes take more than %zu bytes",
                            GW_ROUTER_BYTES_MAX);
    }
    *leaf = (struct leaf){.http_method = http_method, .template = template, .route = route};
    struct leaf **link = &end->leaves;
    for (; *link != NULL; link = &(*link)->next) {
        if (base_str_eq((*link)->http_method, http_method)) {
            return base_err_set(err, BASE_ALREADY_EXISTS,
                                "%.*s \"%.*s\" has the shape of \"%.*s\", which stands before",
                                BASE_STR_ARGS(http_method), BASE_STR_ARGS(template->text),
                                BASE_STR_ARGS((*link)->template->text));
        }
    }
    *link = leaf;
    if (template->verb.len > router->verb_bytes_max) {
        router->verb_bytes_max = template->verb.len;
    }
    return true;
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

static const struct leaf *find_leaf(struct search *search, const struct leaf *leaves,
                                    struct base_str http_method)
{
    for (const struct leaf *leaf = leaves; leaf != NULL; leaf = leaf->next) {
        if (base_str_eq(leaf->http_method, http_method) &&
            capture(&search->path, leaf->template, &search->captures)) {
            return leaf;
        }
    }
    return NULL;
}

/* Takes the leaf of the request's method, of GET when that is HEAD, or of any method. */
static bool take_leaf(struct search *search, const struct leaf *leaves)
{
    const struct leaf *leaf = find_leaf(search, leaves, search->http_method);
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
static const struct node *find_part(const struct node *node, struct part *part)
{
    if (node->slot_count == 0) {
        return NULL;
    }
    if (!part->is_hashed) {
        part->hash = gw_percent_hash(part->raw);
        part->is_hashed = true;
    }
    return find_literal(node, part->raw, part->hash, gw_percent_eq);
}

/* Searches below `node`, which took the path's segments before `at`. */
static bool search_node(struct search *search, const struct node *node, size_t at)
{
    struct path *path = &search->path;
    if (at == path->count) {
        if (node->leaves != NULL && search->on_leaves(search, node->leaves)) {
            return true;
        }
    } else {
        const struct node *child = find_part(node, &path->parts[at]);
        if (child != NULL && search_node(search, child, at + 1)) {
            return true;
        }
        if (node->star != NULL && path->parts[at].raw.len > 0 &&
            search_node(search, node->star, at + 1)) {
            return true;
        }
    }
    const struct node *rest = node->double_star;
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
    size_t raw_max = router->verb_bytes_max * 3; /* each byte escaped */
    size_t at = segment.len > raw_max + 1 ? segment.len - raw_max - 1 : 0;
    const char *colon;
    for (; (colon = memchr(segment.data + at, ':', segment.len - at)) != NULL; at++) {
        at = (size_t)(colon - segment.data);
        struct base_str verb = base_str_make(colon + 1, segment.len - at - 1);
        const struct node *root =
            find_literal(&router->top, verb, gw_percent_hash(verb), gw_percent_eq);
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
    if (router->verb_bytes_max > 0 && search->path.count > 0 && search_verbs(router, search)) {
        return true;
    }
    const struct node *root = find_literal(&router->top, BASE_STR(""),
                                           gw_percent_hash_decoded(BASE_STR("")), base_str_eq);
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

/* In the order in which Allow lists them. */
static const struct base_str standard_methods[] = {
    {"GET", 3}, {"HEAD", 4}, {"POST", 4}, {"PUT", 3}, {"PATCH", 5}, {"DELETE", 6},
};
#define STANDARD_METHOD_COUNT (sizeof standard_methods / sizeof standard_methods[0])

/* What gw_router_allow gathers. */
struct methods {
    bool standard[STANDARD_METHOD_COUNT];
    const struct base_str *custom[8]; /* more have no room in the header anyway */
    size_t custom_count;
};

static void add_custom(struct methods *methods, const struct base_str *name)
{
    for (size_t i = 0; i < methods->custom_count; i++) {
        if (base_str_eq(*methods->custom[i], *name)) {
            return;
        }
    }
    if (methods->custom_count < sizeof methods->custom / sizeof methods->custom[0]) {
        methods->custom[methods->custom_count++] = name;
    }
}

static void add_method(struct methods *methods, const struct base_str *name)
{
    bool is_any = base_str_eq(*name, BASE_STR("*"));
    bool is_standard = is_any || base_str_eq(*name, BASE_STR("OPTIONS"));
    for (size_t i = 0; i < STANDARD_METHOD_COUNT; i++) {
        if (is_any || base_str_eq(*name, standard_methods[i])) {
            methods->standard[i] = true;
            is_standard = true;
        }
    }
    if (!is_standard) {
        add_custom(methods, name);
    }
}

/* Notes the methods of every leaf and goes on searching. */
static bool note_methods(struct search *search, const struct leaf *leaves)
{
    for (const struct leaf *leaf = leaves; leaf != NULL; leaf = leaf->next) {
        if (capture(&search->path, leaf->template, &search->captures)) {
            add_method(search->methods, &leaf->http_method);
        }
    }
    return false;
}

/* Appends "name, " where it leaves room for the final OPTIONS; returns the new length. */
static size_t append_method(char out[GW_ROUTER_ALLOW_SIZE], size_t len, struct base_str name)
{
    if (len + name.len + sizeof ", OPTIONS" > GW_ROUTER_ALLOW_SIZE) {
        return len;
    }
    memcpy(out + len, name.data, name.len);
    memcpy(out + len + name.len, ", ", 2);
    return len + name.len + 2;
}

void gw_router_allow(const struct gw_router *router, struct base_str raw_path,
                     char out[GW_ROUTER_ALLOW_SIZE])
{
    struct methods methods = {0};
    struct search search;
    search.on_leaves = note_methods;
    search.methods = &methods;
    if (is_valid_path(raw_path)) {
        search_all(router, raw_path, &search);
    }
    size_t len = 0;
    methods.standard[1] |= methods.standard[0]; /* HEAD goes with GET */
    for (size_t i = 0; i < STANDARD_METHOD_COUNT; i++) {
        len = methods.standard[i] ? append_method(out, len, standard_methods[i]) : len;
    }
    for (size_t i = 0; i < methods.custom_count; i++) {
        len = append_method(out, len, *methods.custom[i]);
    }
    memcpy(out + len, "OPTIONS", sizeof "OPTIONS");
}
