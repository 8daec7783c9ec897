#include "cli/table.h"

#include "cli/visible.h"

#include <assert.h>
#include <stdint.h>

/* Spaces between columns. */
#define GAP 2

/* Characters of UTF-8: bytes that do not go on with one. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

void cli_table_init(struct cli_table *table, const char *const *titles, size_t count)
{
    assert(count <= CLI_TABLE_COLUMNS_MAX);
    *table = (struct cli_table){.titles = titles, .column_count = count};
    base_buf_init(&table->cells, SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        table->widths[i] = width_of(titles[i]);
    }
}

void cli_table_dispose(struct cli_table *table)
{
    base_buf_dispose(&table->cells);
}

void cli_table_add(struct cli_table *table, const char *const *cells)
{
    for (size_t i = 0; i < table->column_count; i++) {
        size_t start = table->cells.len;
        if (!cli_visible_append(base_str_of(cells[i]), &table->cells) ||
            !base_buf_append_char(&table->cells, '\0')) {
            return; /* never: the buffer has no maximum */
        }
        size_t width = width_of(table->cells.data + start);
        table->widths[i] = width > table->widths[i] ? width : table->widths[i];
    }
}

/* Prints a cell behind `*gap` spaces, which stand for the cells before it: a line ends where its
 * last text does. */
static void print_cell(const struct cli_table *table, size_t column, const char *cell, int *gap,
                       FILE *out)
{
    size_t width = width_of(cell);
    if (width > 0) {
        fprintf(out, "%*s%s", *gap, "", cell);
        *gap = 0;
    }
    *gap += (int)(table->widths[column] - width) + GAP;
    if (column + 1 == table->column_count) {
        fputc('\n', out);
        *gap = 0;
    }
}

void cli_table_print(struct cli_table *table, FILE *out)
{
    int gap = 0;
    if (!table->has_title) {
        for (size_t i = 0; i < table->column_count; i++) {
            print_cell(table, i, table->titles[i], &gap, out);
        }
        table->has_title = true;
    }
    size_t column = 0;
    for (size_t at = 0; at < table->cells.len;) {
        const char *cell = table->cells.data + at;
        print_cell(table, column, cell, &gap, out);
        column = column + 1 == table->column_count ? 0 : column + 1;
        at += strlen(cell) + 1;
    }
    base_buf_reset(&table->cells, SIZE_MAX);
}
