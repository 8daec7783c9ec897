/* Shadow: the router is asked with paths in which every wildcard of the template stands for a
 * segment that is nobody's literal. If another route takes such a path, its own wildcards take it,
 * and they take anything; being tried first then, it is tried first whatever stands there. What
 * remains open is how many segments a "**" takes, so each number is tried up to where no template
 * is longer: beyond, nothing changes.
 */
#include "gateway/shadow.h"

#include "base/mem.h"

#include <stdio.h>

/* A segment that no template has for a literal. */
#define NOBODYS "%FF%00shadow"

/* Segments that "**" is tried with: one more than all of a template's. */
#define TRIES_MAX (GW_TEMPLATE_SEGMENTS_MAX + 1)

/* Bytes of a path: each segment's slash, wildcards, and literals with every byte escaped. */
#define PATH_BYTES_MAX                                                                             \
    ((GW_TEMPLATE_SEGMENTS_MAX + TRIES_MAX) * sizeof NOBODYS + (size_t)3 * GW_TEMPLATE_BYTES_MAX)

struct path {
    char *bytes;
    size_t len;
};

static void append(struct path *path, const char *text, size_t len)
{
    memcpy(path->bytes + path->len, text, len);
    path->len += len;
}

/* Appends text with every byte escaped, so that none has a meaning in a path. */
static void append_escaped(struct path *path, struct base_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char escape[4];
        (void)snprintf(escape, sizeof escape, "%%%02X", (unsigned char)text.data[i]);
        append(path, escape, 3);
    }
}

/* Writes a path that the template matches, its "**" taking `rest` segments. */
static void write_path(const struct gw_template *template, size_t rest, struct path *path)
{
    path->len = 0;
    for (size_t i = 0; i < template->segment_count; i++) {
        const struct gw_segment *segment = &template->segments[i];
        size_t count = segment->kind == GW_DOUBLE_STAR ? rest : 1;
        for (size_t j = 0; j < count; j++) {
            append(path, "/", 1);
            if (segment->kind == GW_LITERAL) {
                append_escaped(path, segment->literal);
            } else {
                append(path, NOBODYS, sizeof NOBODYS - 1);
            }
        }
    }
    if (path->len == 0) {
        append(path, "/", 1);
    }
    if (template->verb.len > 0) {
        append(path, ":", 1);
        append_escaped(path, template->verb);
    }
}

static bool has_double_star(const struct gw_template *template)
{
    for (size_t i = 0; i < template->segment_count; i++) {
        if (template->segments[i].kind == GW_DOUBLE_STAR) {
            return true;
        }
    }
    return false;
}

void *gw_shadow_find(const struct gw_router *router, struct base_str http_method,
                     const struct gw_template *template, const void *route)
{
    if (!has_double_star(template)) {
        return NULL; /* its own literals and wildcards are tried before any "**" */
    }
    struct path path = {.bytes = base_alloc(PATH_BYTES_MAX)};
    struct gw_captures captures;
    void *found = NULL;
    for (size_t rest = 0; rest <= TRIES_MAX && found != route; rest++) {
        write_path(template, rest, &path);
        (void)gw_router_match(router, http_method, base_str_make(path.bytes, path.len), &found,
                              &captures);
    }
    base_free(path.bytes);
    return found == route ? NULL : found;
}
