/* Style source: one C file as the style checker sees it.
 *
 * Beside the text as written it holds the code alone: the same bytes with comments turned into
 * spaces, and what stands in string and character literals into tildes, so that a rule never trips
 * over prose. Both are cut into lines. Owns the code and the line table, borrows the text. One
 * thread.
 */
#ifndef TOOLS_STYLE_SOURCE_H
#define TOOLS_STYLE_SOURCE_H

#include "base/str.h"

struct style_source {
    const char *path;     /* from the root of the tree, "base/str.h"; borrowed */
    struct base_str text; /* borrowed */
    char *code;           /* owned; as long as the text */
    size_t *line_starts;  /* owned; one more than there are lines */
    size_t line_count;
};

/* Reads `text`; both must outlive the source. */
void style_source_init(struct style_source *source, const char *path, struct base_str text);
void style_source_dispose(struct style_source *source);

/* Line `index`, counted from 0, without its newline; borrowed from the source. */
struct base_str style_source_line(const struct style_source *source, size_t index);
struct base_str style_source_code_line(const struct style_source *source, size_t index);

#endif
