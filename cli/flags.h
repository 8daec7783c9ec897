/* Flags: a table of --flags, read from the command line and the environment into a struct.
 *
 * "--listen ADDRESS" and "--listen=ADDRESS" mean the same; the environment twin of --drain-timeout
 * is TOLLGATE_DRAIN_TIMEOUT. The command line beats the environment, which beats the initial value;
 * an empty variable is as good as none. A switch is on when it stands alone and takes true or false
 * otherwise. No flag may be given twice. Startup thread.
 */
#ifndef CLI_FLAGS_H
#define CLI_FLAGS_H

#include "base/err.h"

#include <stddef.h>
#include <stdio.h>

/* Flags of one table. */
#define CLI_FLAGS_MAX 64

/* Bytes of a flag's name. */
#define CLI_FLAG_NAME_MAX 40

enum cli_flag_kind {
    CLI_SWITCH, /* bool */
    CLI_TEXT,   /* const char *: borrows from argv, the environment or the table */
    CLI_NUMBER, /* int, from number_min to number_max */
    CLI_CHOICE, /* int, the index into choices */
};

struct cli_flag {
    const char *name; /* "drain-timeout" */
    enum cli_flag_kind kind;
    size_t offset;          /* of the field it is read into */
    const char *value_name; /* "SECONDS"; NULL for a switch */
    const char *initial;    /* as it would be typed; NULL leaves the field as it is */
    int number_min;
    int number_max;
    const char *const *choices; /* NULL-terminated */
    const char *help;           /* one sentence */
};

struct cli_flags {
    const struct cli_flag *flags;
    size_t count; /* at most CLI_FLAGS_MAX */
};

/* Reads a variable of the environment; getenv(3), save in tests. */
struct cli_environment {
    const char *(*get)(const struct cli_environment *self, const char *name);
};

/* Fills `out`, the struct that the offsets are of, from the initial values, the environment and the
 * `argc` arguments at `argv`. Fails with INVALID_ARGUMENT and a message for the person who typed.
 */
bool cli_flags_parse(const struct cli_flags *table, int argc, const char *const *argv,
                     const struct cli_environment *environment, void *out,
                     struct base_err *err) BASE_MUST_CHECK;

/* Prints each flag with its variable, its initial value and its sentence. */
void cli_flags_print_help(const struct cli_flags *table, FILE *out);

/* The one of `count` names that `typed` was most likely meant to be, or NULL when none is near. */
const char *cli_flags_suggest(const char *typed, const char *const *names, size_t count);

#endif
