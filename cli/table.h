/* Table: rows of cells in columns as wide as they need to be, for a person.
 *
 * Cells are text from anywhere, made visible (cli/visible.h). Printed piece by piece, a long table
 * keeps the widths of its first piece at least. Startup thread.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "base/buf.h"

#include <stdio.h>

#define CLI_TABLE_COLUMNS_MAX 8

struct cli_table {
    const char *const *titles;
    size_t column_count;
    size_t widths[CLI_TABLE_COLUMNS_MAX]; /* in characters */
    struct base_buf cells;                /* NUL-terminated, row by row */
    bool has_title;                       /* printed already */
};

/* Starts a table of `count` columns; borrows the titles. */
void cli_table_init(struct cli_table *table, const char *const *titles, size_t count);
void cli_table_dispose(struct cli_table *table);

/* Adds a row of as many cells as there are columns; copies them. A NULL is an empty cell. */
void cli_table_add(struct cli_table *table, const char *const *cells);

/* Prints the rows added since the last time, below the titles. */
void cli_table_print(struct cli_table *table, FILE *out);

#endif
