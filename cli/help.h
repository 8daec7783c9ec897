/* Help: what a subcommand is called with, made from its table of flags. Startup thread. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/flags.h"

#include <stdio.h>

/* Whether --help or -h is among the arguments. */
bool cli_help_is_asked(int argc, const char *const *argv);

/* Prints each flag with its variable, its initial value and its sentence. */
void cli_help_print_flags(const struct cli_flags *table, FILE *out);

/* Prints what `command` is called with and what it does, and then its flags. */
void cli_help_print(const struct cli_flags *table, const char *command, const char *does,
                    FILE *out);

#endif
