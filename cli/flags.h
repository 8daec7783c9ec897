/* Flags: a table of --flags, read from the command line and the environment into a struct.
 *
 * "--listen ADDRESS" and "--listen=ADDRESS" mean the same; the environment twin of --drain-timeout
 * is TOLLGATE_DRAIN_TIMEOUT. The command line beats the environment, which beats the initial value;
 * an empty variable is as good as none. A switch is on when it stands alone and takes true or false
 * otherwise. Only a list may be given more than once, one item each time; its variable has the
 * items in one, separated by commas or what the flag says, with spaces around them or not. Operands
 * are the words that belong to no flag: they are told apart by their order, all must be given, and
 * they have neither a variable nor an initial value. Startup thread.
 */
#ifndef CLI_FLAGS_H
#define CLI_FLAGS_H

#include "base/err.h"

#include <stddef.h>

/* Flags of one table. */
#define CLI_FLAGS_MAX 64

/* Bytes of a flag's name. */
#define CLI_FLAG_NAME_MAX 40

/* Items of a list, and bytes of all of them where they stand in one variable. */
#define CLI_LIST_ITEMS_MAX 32
#define CLI_LIST_TEXT_MAX 4096

enum cli_flag_kind {
    CLI_SWITCH,  /* bool */
    CLI_TEXT,    /* const char *: borrows from argv, the environment or the table */
    CLI_NUMBER,  /* int, from number_min to number_max */
    CLI_CHOICE,  /* int, the index into choices */
    CLI_LIST,    /* struct cli_list */
    CLI_OPERAND, /* const char *: a word that is no flag; its place in the table is its order */
};

/* What a repeatable flag was given, in order. Each item borrows from argv or from `text`, so a list
 * is never copied.
 */
struct cli_list {
    const char *items[CLI_LIST_ITEMS_MAX];
    size_t count;
    char text[CLI_LIST_TEXT_MAX + 1];
};

struct cli_flag {
    const char *name; /* "drain-timeout"; of an operand, what help calls it: "METHOD" */
    enum cli_flag_kind kind;
    size_t offset;          /* of the field it is read into */
    const char *value_name; /* "SECONDS"; NULL for a switch */
    const char *initial;    /* as it would be typed; NULL leaves the field as it is */
    int number_min;
    int number_max;
    const char *const *choices; /* NULL-terminated */
    char separator;             /* of a list's items in its variable; NUL for a comma */
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
 * `argc` arguments at `argv`. Fails with INVALID_ARGUMENT and a message for the
 * person who typed. */
bool cli_flags_parse(const struct cli_flags *table, int argc, const char *const *argv,
                     const struct cli_environment *environment, void *out,
                     struct base_err *err) BASE_MUST_CHECK;

#endif
