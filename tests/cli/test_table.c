#include "cli/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const titles[] = {"ID", "NAME", "NOTE"};

/* What `print` prints; freed by the caller. */
static char *printed(void (*print)(struct cli_table *table, FILE *out))
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct cli_table table;
    cli_table_init(&table, titles, 3);
    print(&table, out);
    cli_table_dispose(&table);
    fclose(out);
    return text;
}

static void add(struct cli_table *table, const char *id, const char *name, const char *note)
{
    const char *cells[] = {id, name, note};
    cli_table_add(table, cells);
}

static void print_two_pieces(struct cli_table *table, FILE *out)
{
    add(table, "1", "Zo\xC3\xAB", "x");
    add(table, "2", "a longer one", NULL);
    cli_table_print(table, out);
    add(table, "3", "", "y");
    cli_table_print(table, out);
}

static void print_none(struct cli_table *table, FILE *out)
{
    cli_table_print(table, out);
}

static void print_controls(struct cli_table *table, FILE *out)
{
    add(table, "\x1b[2J", "a\nb\tc", "d\x7f");
    cli_table_print(table, out);
}

static void test_tables(void **state)
{
    (void)state;
    static const struct {
        void (*print)(struct cli_table *table, FILE *out);
        const char *expected;
    } rows[] = {
        {print_two_pieces, "ID  NAME          NOTE\n"
                           "1   Zo\xC3\xAB           x\n"
                           "2   a longer one\n"
                           "3                 y\n"},
        {print_none, "ID  NAME  NOTE\n"},
        {print_controls, "ID         NAME             NOTE\n"
                         "\\u001b[2J  a\\u000ab\\u0009c  d\\u007f\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = printed(rows[i].print);
        assert_string_equal(text, rows[i].expected);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
