/* Visible: text from anywhere, as it may be shown on a terminal.
 *
 * What would move the cursor, change the terminal or reorder what stands around it is shown as an
 * escape: the controls of C0 and C1, DEL, line and paragraph separators and the controls of
 * bidirectional text as "\u001b", bytes that are no UTF-8 as "\xff". All else stays as it is, a
 * backslash too. For people alone: what programs read is JSON, which is exact. Any thread.
 */
#ifndef CLI_VISIBLE_H
#define CLI_VISIBLE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdio.h>

/* Appends it. False past the buffer's maximum. */
bool cli_visible_append(struct base_str text, struct base_buf *out) BASE_MUST_CHECK;

/* Prints it. */
void cli_visible_print(const char *text, FILE *out);

#endif
