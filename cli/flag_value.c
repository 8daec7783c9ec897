#include "cli/flag_value.h"

#include "base/str.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cli_flag_variable(const struct cli_flag *flag, char out[CLI_FLAG_VARIABLE_SIZE])
{
    size_t len = (size_t)snprintf(out, CLI_FLAG_VARIABLE_SIZE, "TOLLGATE_%s", flag->name);
    assert(len < CLI_FLAG_VARIABLE_SIZE);
    for (size_t i = 0; i < len; i++) {
        out[i] = out[i] == '-' ? '_' : (char)toupper((unsigned char)out[i]);
    }
}

char cli_flag_separator(const struct cli_flag *flag)
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
    long number = strtol(value, &end, 10); /* what is too large is more than any maximum */
    if (!isdigit((unsigned char)*value) || *end != '\0' || number < flag->number_min ||
        number > flag->number_max) {
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

bool cli_flag_add_item(const char *source, const char *item, struct cli_list *out,
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
    const char separator[] = {cli_flag_separator(flag), '\0'};
    while (rest != NULL) {
        char *item = strsep(&rest, separator);
        if (!cli_flag_add_item(source, trim(item), out, err)) {
            return false;
        }
    }
    return true;
}

bool cli_flag_read(const struct cli_flag *flag, const char *source, const char *value, void *out,
                   struct base_err *err)
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
