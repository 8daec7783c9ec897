/* Wrap: a sentence over as many lines of a terminal as it takes. */
#ifndef CLI_WRAP_H
#define CLI_WRAP_H

#include <stdio.h>

/* Columns of a line. */
#define CLI_WRAP_COLUMNS 80

/* Prints `text`, which is ASCII, in lines of at most CLI_WRAP_COLUMNS that begin with `indent`
 * spaces and are broken at spaces; a word that is longer has a line to itself. Any thread. */
void cli_wrap_print(const char *text, size_t indent, FILE *out);

#endif
