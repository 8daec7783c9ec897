/* Style check: the rules of the house that clang-format and the compilers do not know.
 *
 * Lengths of files, functions and lines; calls that are banned; which folder may include which;
 * where foreign headers may stand; names; header guards. A pure function over one file's text that
 * reports every finding. It reads lines, not C: it relies on clang-format, which puts the braces of
 * a function, and of nothing else, into the first column.
 */
#ifndef TOOLS_STYLE_CHECK_H
#define TOOLS_STYLE_CHECK_H

#include "base/str.h"

#define STYLE_FILE_LINES_MAX 600
#define STYLE_FUNCTION_LINES_MAX 70
#define STYLE_LINE_COLUMNS_MAX 100

/* What a comment right above a longer function says, followed by the reason. */
#define STYLE_LONG_MARKER "Long: "

/* Bytes of one finding's text; a longer one is cut. */
#define STYLE_MESSAGE_SIZE 256

struct style_sink {
    /* One finding; `line` counts from 1, `message` is borrowed for the call. */
    void (*on_finding)(struct style_sink *self, const char *path, size_t line, const char *message);
};

/* Checks one .c or .h file. `path` is the path from the root of the tree, with forward slashes; it
 * decides which rules hold. */
void style_check(const char *path, struct base_str text, struct style_sink *sink);

#endif
