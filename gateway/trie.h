/* Trie: route templates by their segments.
 *
 * One root a verb, one node a segment: a literal's child is found by its text, "*" and "**" have a
 * child each, and leaves hang where templates end, one for each HTTP method. What takes precedence
 * is for whoever searches (gateway/router.h). Templates are borrowed and must outlive the trie.
 * Built by one thread, then constant.
 */
#ifndef GATEWAY_TRIE_H
#define GATEWAY_TRIE_H

#include "gateway/template.h"

#include <stdint.h>

/* A route at the node where its template ends. */
struct gw_trie_leaf {
    struct base_str http_method;
    const struct gw_template *template;
    void *route;
    struct gw_trie_leaf *next; /* of another method, as they were added */
};

struct gw_trie_slot;

struct gw_trie_node {
    struct base_str literal;       /* of a literal's node */
    struct gw_trie_slot *literals; /* open addressing, at most half full */
    uint32_t slot_count;           /* a power of two, or 0: no child is a literal */
    uint32_t literal_count;
    struct gw_trie_node *star;
    struct gw_trie_node *double_star;
    size_t depth_max; /* of a "**": segments of the longest template below it */
    struct gw_trie_leaf *leaves;
};

struct gw_trie {
    struct base_arena arena;
    struct gw_trie_node top; /* its literals are the verbs, "" for none */
    size_t verb_bytes_max;
};

/* Starts an empty trie that takes at most `bytes_max`. */
void gw_trie_init(struct gw_trie *trie, size_t bytes_max);
void gw_trie_dispose(struct gw_trie *trie);

/* Adds a copy of `leaf`, whose `next` is NULL. False where its template's shape has a leaf of that
 * method already, which is out_other, or where the memory is used up, and then that is NULL. */
bool gw_trie_add(struct gw_trie *trie, struct gw_trie_leaf leaf,
                 const struct gw_trie_leaf **out_other) BASE_MUST_CHECK;

/* The root of the templates without a verb, or of those with the verb that `raw`, still escaped,
 * stands for; NULL where there are none. */
const struct gw_trie_node *gw_trie_root(const struct gw_trie *trie);
const struct gw_trie_node *gw_trie_verb(const struct gw_trie *trie, struct base_str raw);

/* The child whose literal `raw` stands for, or NULL; `hash` is gw_percent_hash of it. */
const struct gw_trie_node *gw_trie_child(const struct gw_trie_node *node, struct base_str raw,
                                         uint32_t hash);

#endif
