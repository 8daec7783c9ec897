/* The later of three sources wins: the table, the environment, the command line. */
#include "cli/flags.h"

#include "cli/flag_value.h"
#include "cli/suggest.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static bool read_initial_values(const struct cli_flags *table, void *out, struct base_err *err)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct cli_flag *flag = &table->flags[i];
        if (flag->initial != NULL && !cli_flag_read(flag, flag->name, flag->initial, out, err)) {
            return false;
        }
    }
    return true;
}

static bool read_environment(const struct cli_flags *table,
                             const struct cli_environment *environment, void *out,
                             struct base_err *err)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->flags[i].kind == CLI_OPERAND) {
            continue;
        }
        char variable[CLI_FLAG_VARIABLE_SIZE];
        cli_flag_variable(&table->flags[i], variable);
        const char *value = environment->get(environment, variable);
        if (value != NULL && *value != '\0' &&
            !cli_flag_read(&table->flags[i], variable, value, out, err)) {
            return false;
        }
    }
    return true;
}

static bool is_named(const struct cli_flag *flag, const char *name, size_t len)
{
    return flag->kind != CLI_OPERAND && strlen(flag->name) == len &&
           memcmp(flag->name, name, len) == 0;
}

static bool refuse_unknown(const struct cli_flags *table, const char *argument, size_t name_len,
                           struct base_err *err)
{
    char typed[CLI_FLAG_NAME_MAX];
    snprintf(typed, sizeof typed, "%.*s", (int)name_len, argument + 2);
    const char *names[CLI_FLAGS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (table->flags[i].kind != CLI_OPERAND) {
            names[count++] = table->flags[i].name;
        }
    }
    const char *suggestion = cli_suggest(typed, names, count);
    if (suggestion != NULL) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "there is no flag --%s here; did you mean --%s?", typed, suggestion);
    }
    return base_err_set(err, BASE_INVALID_ARGUMENT, "there is no flag --%s here", typed);
}

/* Finds the flag that `argument`, which begins with "--", names up to its "=". */
static bool find_flag(const struct cli_flags *table, const char *argument, size_t *out_index,
                      struct base_err *err)
{
    size_t len = strcspn(argument + 2, "=");
    for (size_t i = 0; i < table->count; i++) {
        if (is_named(&table->flags[i], argument + 2, len)) {
            *out_index = i;
            return true;
        }
    }
    return refuse_unknown(table, argument, len, err);
}

/* Gives the value of `flag`, which stands at argv[*at], and moves `at` to the last
 * argument used. */
static bool take_value(const struct cli_flag *flag, int argc, const char *const *argv, int *at,
                       const char **out_value, struct base_err *err)
{
    const char *equals = strchr(argv[*at], '=');
    if (equals != NULL) {
        *out_value = equals + 1;
        return true;
    }
    if (flag->kind == CLI_SWITCH) {
        *out_value = "true";
        return true;
    }
    if (*at + 1 == argc) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "--%s needs a value: --%s %s", flag->name,
                            flag->name, flag->value_name);
    }
    *out_value = argv[++*at];
    return true;
}

/* Reads a value of the command line: as cli_flag_read(), but for a list, of which it is one item,
 * whose `first` takes the place of those from elsewhere.
 */
static bool read_argument(const struct cli_flag *flag, const char *value, bool first, void *out,
                          struct base_err *err)
{
    char source[CLI_FLAG_NAME_MAX + 3];
    snprintf(source, sizeof source, "--%s", flag->name);
    if (flag->kind != CLI_LIST) {
        return cli_flag_read(flag, source, value, out, err);
    }
    struct cli_list *list = (struct cli_list *)(void *)((char *)out + flag->offset);
    if (first) {
        list->count = 0;
    }
    return cli_flag_add_item(source, value, list, err);
}

/* Finds the next operand that has not been given; false when all have. */
static bool find_operand(const struct cli_flags *table, const bool *given, size_t *out_index)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->flags[i].kind == CLI_OPERAND && !given[i]) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

static bool check_operands(const struct cli_flags *table, const bool *given, struct base_err *err)
{
    size_t missing;
    return !find_operand(table, given, &missing) ||
           base_err_set(err, BASE_INVALID_ARGUMENT, "%s is missing", table->flags[missing].name);
}

static bool read_operand(const struct cli_flags *table, const char *word, bool *given, void *out,
                         struct base_err *err)
{
    size_t i;
    if (!find_operand(table, given, &i)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "expected a --flag, found \"%s\"", word);
    }
    given[i] = true;
    return cli_flag_read(&table->flags[i], table->flags[i].name, word, out, err);
}

/* Reads the flag at argv[*at], and moves `at` to the last argument used. */
static bool read_flag(const struct cli_flags *table, int argc, const char *const *argv, int *at,
                      bool *given, void *out, struct base_err *err)
{
    size_t i;
    if (!find_flag(table, argv[*at], &i, err)) {
        return false;
    }
    const struct cli_flag *flag = &table->flags[i];
    if (given[i] && flag->kind != CLI_LIST) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "--%s was given twice", flag->name);
    }
    const char *value;
    if (!take_value(flag, argc, argv, at, &value, err) ||
        !read_argument(flag, value, !given[i], out, err)) {
        return false;
    }
    given[i] = true;
    return true;
}

static bool read_arguments(const struct cli_flags *table, int argc, const char *const *argv,
                           void *out, struct base_err *err)
{
    bool given[CLI_FLAGS_MAX] = {false};
    for (int at = 0; at < argc; at++) {
        bool is_flag = strncmp(argv[at], "--", 2) == 0;
        if (is_flag ? !read_flag(table, argc, argv, &at, given, out, err)
                    : !read_operand(table, argv[at], given, out, err)) {
            return false;
        }
    }
    return check_operands(table, given, err);
}

bool cli_flags_parse(const struct cli_flags *table, int argc, const char *const *argv,
                     const struct cli_environment *environment, void *out, struct base_err *err)
{
    assert(table->count <= CLI_FLAGS_MAX);
    return read_initial_values(table, out, err) && read_environment(table, environment, out, err) &&
           read_arguments(table, argc, argv, out, err);
}
