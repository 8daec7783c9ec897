/* A node's children by literal are a hash table of the decoded text; a look-up hashes and compares
 * raw text as if it were decoded. The verbs are the top node's literals, so that a verb is looked
 * up like any other. */
#include "gateway/trie.h"

#include "gateway/percent.h"

struct gw_trie_slot {
    uint32_t hash;
    struct gw_trie_node *node; /* NULL: free */
};

void gw_trie_init(struct gw_trie *trie, size_t bytes_max)
{
    *trie = (struct gw_trie){0};
    base_arena_init(&trie->arena, bytes_max);
}

void gw_trie_dispose(struct gw_trie *trie)
{
    base_arena_dispose(&trie->arena);
}

/* The child whose literal `text` equals, or NULL. `equals` is gw_percent_eq for raw text and
 * base_str_eq for decoded text. */
static struct gw_trie_node *find_literal(const struct gw_trie_node *node, struct base_str text,
                                         uint32_t hash,
                                         bool (*equals)(struct base_str, struct base_str))
{
    if (node->slot_count == 0) {
        return NULL;
    }
    uint32_t mask = node->slot_count - 1;
    for (uint32_t i = hash & mask; node->literals[i].node != NULL; i = (i + 1) & mask) {
        const struct gw_trie_slot *slot = &node->literals[i];
        if (slot->hash == hash && equals(text, slot->node->literal)) {
            return slot->node;
        }
    }
    return NULL;
}

static void put_slot(struct gw_trie_node *node, struct gw_trie_slot slot)
{
    uint32_t mask = node->slot_count - 1;
    uint32_t i = slot.hash & mask;
    while (node->literals[i].node != NULL) {
        i = (i + 1) & mask;
    }
    node->literals[i] = slot;
}

/* Doubles the table when one more child would fill more than half of it. */
static bool make_room(struct gw_trie *trie, struct gw_trie_node *node)
{
    if ((node->literal_count + 1) * 2 <= node->slot_count) {
        return true;
    }
    struct gw_trie_node old = *node;
    uint32_t slot_count = old.slot_count == 0 ? 2 : old.slot_count * 2;
    struct gw_trie_slot *literals =
        base_arena_calloc(&trie->arena, slot_count * sizeof(struct gw_trie_slot));
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
static struct gw_trie_node *new_node(struct gw_trie *trie, struct base_str literal)
{
    struct gw_trie_node *node = base_arena_calloc(&trie->arena, sizeof *node + literal.len);
    if (node != NULL && literal.len > 0) {
        node->literal = base_str_make((char *)(node + 1), literal.len);
        memcpy(node + 1, literal.data, literal.len);
    }
    return node;
}

/* Finds or makes the child of a decoded literal; NULL when the arena is full. */
static struct gw_trie_node *get_literal(struct gw_trie *trie, struct gw_trie_node *node,
                                        struct base_str literal)
{
    uint32_t hash = gw_percent_hash_decoded(literal);
    struct gw_trie_node *child = find_literal(node, literal, hash, base_str_eq);
    if (child == NULL && make_room(trie, node) && (child = new_node(trie, literal)) != NULL) {
        put_slot(node, (struct gw_trie_slot){hash, child});
        node->literal_count++;
    }
    return child;
}

/* Finds or makes the child of a segment; NULL when the arena is full. */
static struct gw_trie_node *get_child(struct gw_trie *trie, struct gw_trie_node *node,
                                      const struct gw_segment *segment)
{
    if (segment->kind == GW_LITERAL) {
        return get_literal(trie, node, segment->literal);
    }
    struct gw_trie_node **child = segment->kind == GW_STAR ? &node->star : &node->double_star;
    if (*child == NULL) {
        *child = new_node(trie, (struct base_str){0});
    }
    return *child;
}

/* Walks to the node where `template` ends, making what is missing; NULL when the arena is full. */
static struct gw_trie_node *get_end(struct gw_trie *trie, const struct gw_template *template)
{
    struct gw_trie_node *node = get_literal(trie, &trie->top, template->verb);
    for (size_t i = 0; i < template->segment_count && node != NULL; i++) {
        node = get_child(trie, node, &template->segments[i]);
        size_t behind = template->segment_count - i - 1;
        if (node != NULL && template->segments[i].kind == GW_DOUBLE_STAR &&
            node->depth_max < behind) {
            node->depth_max = behind;
        }
    }
    return node;
}

bool gw_trie_add(struct gw_trie *trie, struct gw_trie_leaf leaf,
                 const struct gw_trie_leaf **out_other)
{
    *out_other = NULL;
    struct gw_trie_node *end = get_end(trie, leaf.template);
    struct gw_trie_leaf *copy = end == NULL ? NULL : base_arena_alloc(&trie->arena, sizeof *copy);
    if (copy == NULL) {
        return false;
    }
    struct gw_trie_leaf **link = &end->leaves;
    for (; *link != NULL; link = &(*link)->next) {
        if (base_str_eq((*link)->http_method, leaf.http_method)) {
            *out_other = *link;
            return false;
        }
    }
    *copy = leaf;
    *link = copy;
    if (leaf.template->verb.len > trie->verb_bytes_max) {
        trie->verb_bytes_max = leaf.template->verb.len;
    }
    return true;
}

const struct gw_trie_node *gw_trie_root(const struct gw_trie *trie)
{
    const struct base_str none = BASE_STR("");
    return find_literal(&trie->top, none, gw_percent_hash_decoded(none), base_str_eq);
}

const struct gw_trie_node *gw_trie_verb(const struct gw_trie *trie, struct base_str raw)
{
    return find_literal(&trie->top, raw, gw_percent_hash(raw), gw_percent_eq);
}

const struct gw_trie_node *gw_trie_child(const struct gw_trie_node *node, struct base_str raw,
                                         uint32_t hash)
{
    return find_literal(node, raw, hash, gw_percent_eq);
}
