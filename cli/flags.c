/* Values go through one function whether they were typed, set or initial, so that a bad one is
 * refused in the same words; only the name it is reported under differs. */
#include "cli/flags.h"

#include "base/str.h"
#include "cli/wrap.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* "TOLLGATE_", the name and the NUL. */
#define VARIABLE_SIZE (9 + CLI_FLAG_NAME_MAX + 1)

/* Spaces before what help says of a flag. */
#define HELP_INDENT 6

/* Edits that turn what was typed into a name it may have been meant to be. */
#define SUGGESTION_DISTANCE_MAX 2

static void variable_of(const struct cli_flag *flag, char out[VARIABLE_SIZE])
{
    size_t len = (size_t)snprintf(out, VARIABLE_SIZE, "TOLLGATE_%s", flag->name);
    assert(len < VARIABLE_SIZE);
    for (size_t i = 0; i < len; i++) {
        out[i] = out[i] == '-' ? '_' : (char)toupper((unsigned char)out[i]);
    }
}

static char separator_of(const struct cli_flag *flag)
{
    return flag->separator == '\0' ? ',' : flag->separator;
}

static bool read_switch(const char *source, const char *value, bool *out, struct base_err *err)
{
    if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0) {
        *out = true;
        return true;
    }
    if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0) {
        *out = false;
        return true;
    }
    return base_err_set(err, BASE_INVALID_ARGUMENT, "%s: expected true or false, found \"%s\"",
                        source, value);
}

static bool read_number(const struct cli_flag *flag, const char *source, const char *value,
                        int *out, struct base_err *err)
{
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (!isdigit((unsigned char)*value) || *end != '\0' || errno != 0 ||
        number < flag->number_min || number > flag->number_max) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "%s: expected a whole number from %d to %d, found \"%s\"", source,
                            flag->number_min, flag->number_max, value);
    }
    *out = (int)number;
    return true;
}

/* Writes "debug, info or warn". */
static void list_choices(const char *const *choices, char *out, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; choices[i] != NULL && len < size; i++) {
        const char *join = i == 0 ? "" : choices[i + 1] == NULL ? " or " : ", ";
        len += (size_t)snprintf(out + len, size - len, "%s%s", join, choices[i]);
    }
}

static bool read_choice(const struct cli_flag *flag, const char *source, const char *value,
                        int *out, struct base_err *err)
{
    for (int i = 0; flag->choices[i] != NULL; i++) {
        if (strcmp(flag->choices[i], value) == 0) {
            *out = i;
            return true;
        }
    }
    char expected[128];
    list_choices(flag->choices, expected, sizeof expected);
    return base_err_set(err, BASE_INVALID_ARGUMENT, "%s: expected %s, found \"%s\"", source,
                        expected, value);
}

static bool add_item(const char *source, const char *item, struct cli_list *out,
                     struct base_err *err)
{
    if (*item == '\0') {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "%s: expected a value, found none", source);
    }
    if (out->count == CLI_LIST_ITEMS_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "%s: expected at most %d values", source,
                            CLI_LIST_ITEMS_MAX);
    }
    out->items[out->count++] = item;
    return true;
}

/* Cuts the spaces around `item` off, in place. */
static const char *trim(char *item)
{
    struct base_str trimmed = base_str_trim(base_str_of(item));
    item += trimmed.data - item;
    item[trimmed.len] = '\0';
    return item;
}

/* Reads items with separators between them in place of what `out` has. */
static bool read_items(const struct cli_flag *flag, const char *source, const char *value,
                       struct cli_list *out, struct base_err *err)
{
    size_t len = strlen(value);
    if (len > CLI_LIST_TEXT_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "%s: expected at most %d bytes, found %zu",
                            source, CLI_LIST_TEXT_MAX, len);
    }
    memcpy(out->text, value, len + 1);
    out->count = 0;
    char *rest = out->text;
    const char separator[] = {separator_of(flag), '\0'};
    while (rest != NULL) {
        char *item = strsep(&rest, separator);
        if (!add_item(source, trim(item), out, err)) {
            return false;
        }
    }
    return true;
}

/* Reads `value` into the flag's field. `source` is what the value was given through. */
static bool read_value(const struct cli_flag *flag, const char *source, const char *value,
                       void *out, struct base_err *err)
{
    char *field = (char *)out + flag->offset;
    switch (flag->kind) {
    case CLI_SWITCH:
        return read_switch(source, value, (bool *)(void *)field, err);
    case CLI_TEXT:
    case CLI_OPERAND:
        *(const char **)(void *)field = value;
        return true;
    case CLI_NUMBER:
        return read_number(flag, source, value, (int *)(void *)field, err);
    case CLI_CHOICE:
        return read_choice(flag, source, value, (int *)(void *)field, err);
    case CLI_LIST:
        return read_items(flag, source, value, (struct cli_list *)(void *)field, err);
    }
    return false;
}

static bool read_initial_values(const struct cli_flags *table, void *out, struct base_err *err)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct cli_flag *flag = &table->flags[i];
        if (flag->initial != NULL && !read_value(flag, flag->name, flag->initial, out, err)) {
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
        char variable[VARIABLE_SIZE];
        variable_of(&table->flags[i], variable);
        const char *value = environment->get(environment, variable);
        if (value != NULL && *value != '\0' &&
            !read_value(&table->flags[i], variable, value, out, err)) {
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
    const char *suggestion = cli_flags_suggest(typed, names, count);
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

/* Gives the value of `flag`, which stands at argv[*at], and moves `at` to the last argument used.
 */
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

/* Reads a value of the command line: as read_value(), but for a list, of which it is one item,
 * whose `first` takes the place of those from elsewhere.
 */
static bool read_argument(const struct cli_flag *flag, const char *value, bool first, void *out,
                          struct base_err *err)
{
    char source[CLI_FLAG_NAME_MAX + 3];
    snprintf(source, sizeof source, "--%s", flag->name);
    if (flag->kind != CLI_LIST) {
        return read_value(flag, source, value, out, err);
    }
    struct cli_list *list = (struct cli_list *)(void *)((char *)out + flag->offset);
    if (first) {
        list->count = 0;
    }
    return add_item(source, value, list, err);
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
    return read_value(&table->flags[i], table->flags[i].name, word, out, err);
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

bool cli_flags_ask_for_help(int argc, const char *const *argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

void cli_flags_print_usage(const struct cli_flags *table, const char *command, const char *does,
                           FILE *out)
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
    cli_flags_print_help(table, out);
}

static void print_variable(const struct cli_flag *flag, FILE *out)
{
    char variable[VARIABLE_SIZE];
    variable_of(flag, variable);
    fprintf(out, "%*sVariable: %s", HELP_INDENT, "", variable);
    if (flag->kind == CLI_LIST) {
        fprintf(out, ", items apart by \"%c\"", separator_of(flag));
    }
    fputc('.', out);
    if (flag->initial != NULL) {
        fprintf(out, " Default: %s.", flag->initial);
    }
    fputs(flag->kind == CLI_LIST ? " May be given several times.\n" : "\n", out);
}

void cli_flags_print_help(const struct cli_flags *table, FILE *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct cli_flag *flag = &table->flags[i];
        fprintf(out, "  %s%s%s%s\n", flag->kind == CLI_OPERAND ? "" : "--", flag->name,
                flag->value_name == NULL ? "" : " ",
                flag->value_name == NULL ? "" : flag->value_name);
        cli_wrap_print(flag->help, HELP_INDENT, out);
        if (flag->kind != CLI_OPERAND) {
            print_variable(flag, out);
        }
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance, one row at a time. */
static size_t distance_of(const char *a, const char *b)
{
    size_t row[CLI_FLAG_NAME_MAX + 1];
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    if (a_len > CLI_FLAG_NAME_MAX || b_len > CLI_FLAG_NAME_MAX) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_len];
}

const char *cli_flags_suggest(const char *typed, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t nearest_distance = SUGGESTION_DISTANCE_MAX + 1;
    for (size_t i = 0; i < count; i++) {
        size_t distance = distance_of(typed, names[i]);
        /* A word that would have to be changed as a whole resembles nothing. */
        if (distance < nearest_distance && distance < strlen(typed)) {
            nearest = names[i];
            nearest_distance = distance;
        }
    }
    return nearest;
}
