#include "cli/help.h"

#include "cli/flag_value.h"
#include "cli/wrap.h"

#include <string.h>

/* Spaces before what help says of a flag. */
#define INDENT 6

bool cli_help_is_asked(int argc, const char *const *argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

static void print_variable(const struct cli_flag *flag, FILE *out)
{
    char variable[CLI_FLAG_VARIABLE_SIZE];
    cli_flag_variable(flag, variable);
    fprintf(out, "%*sVariable: %s", INDENT, "", variable);
    if (flag->kind == CLI_LIST) {
        fprintf(out, ", items apart by \"%c\"", cli_flag_separator(flag));
    }
    fputc('.', out);
    if (flag->initial != NULL) {
        fprintf(out, " Default: %s.", flag->initial);
    }
    fputs(flag->kind == CLI_LIST ? " May be given several times.\n" : "\n", out);
}

void cli_help_print_flags(const struct cli_flags *table, FILE *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct cli_flag *flag = &table->flags[i];
        fprintf(out, "  %s%s%s%s\n", flag->kind == CLI_OPERAND ? "" : "--", flag->name,
                flag->value_name == NULL ? "" : " ",
                flag->value_name == NULL ? "" : flag->value_name);
        cli_wrap_print(flag->help, INDENT, out);
        if (flag->kind != CLI_OPERAND) {
            print_variable(flag, out);
        }
    }
}

void cli_help_print(const struct cli_flags *table, const char *command, const char *does, FILE *out)
{
    fprintf(out, "tollgate %s", command);
    for (size_t i = 0; i < table->count; i++) {
        if (table->flags[i].kind == CLI_OPERAND) {
            fprintf(out, " %s", table->flags[i].name);
        }
    }
    fprintf(out,
            " [FLAG...] %s.\n\nEach flag can be set by a variable of the environment, "
            "too; the command line wins.\n\n",
            does);
    cli_help_print_flags(table, out);
}
