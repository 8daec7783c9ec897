/* Flag value: one value, as it was typed or set, read into a flag's field.
 *
 * Whether it comes from the command line, a variable or the table, it goes through here, so that a
 * bad one is refused in the same words; only `source`, the name it is reported under, differs. All
 * failures are INVALID_ARGUMENT. Startup thread.
 */
#ifndef CLI_FLAG_VALUE_H
#define CLI_FLAG_VALUE_H

#include "cli/flags.h"

/* "TOLLGATE_", the name and the NUL. */
#define CLI_FLAG_VARIABLE_SIZE (9 + CLI_FLAG_NAME_MAX + 1)

/* Writes the name of the flag's variable, TOLLGATE_DRAIN_TIMEOUT. */
void cli_flag_variable(const struct cli_flag *flag, char out[CLI_FLAG_VARIABLE_SIZE]);

/* What stands between a list's items in its variable. */
char cli_flag_separator(const struct cli_flag *flag);

/* Reads `value` into the flag's field of `out`, in place of what is there. Texts are borrowed; a
 * list is copied and cut into items. */
bool cli_flag_read(const struct cli_flag *flag, const char *source, const char *value, void *out,
                   struct base_err *err) BASE_MUST_CHECK;

/* Adds one item to a list, which borrows it. */
bool cli_flag_add_item(const char *source, const char *item, struct cli_list *out,
                       struct base_err *err) BASE_MUST_CHECK;

#endif
