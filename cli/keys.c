/* `tollgate keys VERB`. */
#include "cli/import.h"
#include "cli/listing.h"
#include "cli/visible.h"
#include "tollgate/admin.pb-c.h"

#include <string.h>
#include <time.h>

/* Bytes of "2026-01-31 09:30". */
#define DATE_SIZE 17

static const char *text_of(const Google__Protobuf__StringValue *value)
{
    return value == NULL ? "" : value->value;
}

/* ---- Showing ---- */

static void format_date(double seconds, char out[DATE_SIZE])
{
    time_t at = (time_t)seconds;
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(out, DATE_SIZE, "%Y-%m-%d %H:%M", &tm);
}

static const char *const titles[] = {"ID", "NAME", "ENABLED", "CREATED (UTC)", "CUSTOMER"};
#define COLUMN_COUNT (sizeof titles / sizeof *titles)

static void add_row(struct cli_table *table, const Tollgate__Admin__ApiKey *key)
{
    char created[DATE_SIZE];
    format_date(key->created_date, created);
    const char *cells[COLUMN_COUNT] = {
        key->id, text_of(key->name),        key->enabled ? "yes" : "no",
        created, text_of(key->customer_id),
    };
    cli_table_add(table, cells);
}

static void print_line(FILE *out, const char *title, const char *text)
{
    if (text[0] != '\0') {
        fprintf(out, "%-12s ", title);
        cli_visible_print(text, out);
        fputc('\n', out);
    }
}

/* For a person: a line for each thing there is to say. */
static void print_key(const struct cli_manage *manage, const Tollgate__Admin__ApiKey *key)
{
    char created[DATE_SIZE];
    format_date(key->created_date, created);
    print_line(manage->out, "id", key->id);
    print_line(manage->out, "value", text_of(key->value));
    print_line(manage->out, "name", text_of(key->name));
    print_line(manage->out, "description", text_of(key->description));
    print_line(manage->out, "customer", text_of(key->customer_id));
    print_line(manage->out, "enabled", key->enabled ? "yes" : "no");
    print_line(manage->out, "created", created);
}

static bool show_key(struct cli_manage *manage, const ProtobufCMessage *answer,
                     struct base_err *err)
{
    if (manage->prints_json) {
        return cli_manage_print_json(manage, "", answer, "\n", err);
    }
    print_key(manage, (const Tollgate__Admin__ApiKey *)answer);
    return true;
}

/* ---- create ---- */

/* Looked at first, so that a mistyped plan leaves no key behind. */
static bool find_plan(struct cli_manage *manage, const char *plan_id, struct base_err *err)
{
    ProtobufCMessage *answer;
    return cli_manage_call_on(manage, "GET", "/usageplans/", plan_id, NULL,
                              &tollgate__admin__usage_plan__descriptor, &answer, err) ||
           (err->code == BASE_NOT_FOUND &&
            base_err_wrap(err, "plan %s (`tollgate plans list` shows the ids)", plan_id));
}

/* The value is shown before anything else can fail, for it is never shown again. */
static bool create(struct cli_manage *manage, struct base_err *err)
{
    const struct cli_manage_options *options = manage->options;
    Tollgate__Admin__CreateApiKeyRequest request = TOLLGATE__ADMIN__CREATE_API_KEY_REQUEST__INIT;
    request.name = (char *)(uintptr_t)options->name;
    request.enabled = !options->disabled;
    if (options->value != NULL) {
        request.value = (char *)(uintptr_t)options->value;
    }
    if (options->description != NULL) {
        request.description = (char *)(uintptr_t)options->description;
    }
    if (options->customer != NULL) {
        request.customer_id = (char *)(uintptr_t)options->customer;
    }
    for (size_t i = 0; i < options->plans.count; i++) {
        if (!find_plan(manage, options->plans.items[i], err)) {
            return false;
        }
    }
    ProtobufCMessage *answer;
    if (!cli_manage_call(manage, "POST", "/apikeys", &request.base,
                         &tollgate__admin__api_key__descriptor, &answer, err) ||
        !show_key(manage, answer, err)) {
        return false;
    }
    fflush(manage->out);
    char id[64];
    snprintf(id, sizeof id, "%s", ((const Tollgate__Admin__ApiKey *)answer)->id);
    for (size_t i = 0; i < options->plans.count; i++) {
        if (!cli_manage_add_key(manage, options->plans.items[i], id, err)) {
            return base_err_wrap(err, "key %s was made, but is not in plan %s", id,
                                 options->plans.items[i]);
        }
    }
    return true;
}

/* ---- list ---- */

static void read_page(const ProtobufCMessage *answer, struct cli_listing_page *out)
{
    const Tollgate__Admin__ApiKeys *page = (const Tollgate__Admin__ApiKeys *)answer;
    *out = (struct cli_listing_page){page->position, page->item, page->n_item};
}

static bool add_rows(struct cli_table *table, const ProtobufCMessage *item, struct base_err *err)
{
    (void)err;
    add_row(table, (const Tollgate__Admin__ApiKey *)item);
    return true;
}

static bool list(struct cli_manage *manage, struct base_err *err)
{
    static const struct cli_listing_kind kind = {
        .titles = titles,
        .column_count = COLUMN_COUNT,
        .answer = &tollgate__admin__api_keys__descriptor,
        .read = read_page,
        .add_rows = add_rows,
    };
    const struct cli_manage_options *options = manage->options;
    struct base_buf path;
    base_buf_init(&path, SIZE_MAX);
    base_buf_printf(&path, "/apikeys?limit=%d", CLI_LISTING_PAGE_SIZE);
    bool ok =
        (options->name == NULL || cli_manage_append_path(&path, "&name=", options->name, err)) &&
        (options->customer == NULL ||
         cli_manage_append_path(&path, "&customerId=", options->customer, err)) &&
        cli_listing_run(manage, &kind, path.data, err);
    base_buf_dispose(&path);
    return ok;
}

/* ---- show, enable, disable, delete ---- */

static bool show(struct cli_manage *manage, struct base_err *err)
{
    struct base_buf path;
    ProtobufCMessage *answer;
    base_buf_init(&path, SIZE_MAX);
    bool ok = cli_manage_append_path(&path, "/apikeys/", manage->options->id, err) &&
              cli_manage_append_path(&path, manage->options->reveals ? "?includeValue=true" : "",
                                     "", err) &&
              cli_manage_call(manage, "GET", path.data, NULL, &tollgate__admin__api_key__descriptor,
                              &answer, err) &&
              show_key(manage, answer, err);
    base_buf_dispose(&path);
    return ok;
}

static bool set_enabled(struct cli_manage *manage, char *value, struct base_err *err)
{
    Tollgate__Admin__PatchOperation operation = TOLLGATE__ADMIN__PATCH_OPERATION__INIT;
    operation.op = "replace";
    operation.path = "/enabled";
    operation.value = value;
    Tollgate__Admin__PatchOperation *operations[] = {&operation};
    Tollgate__Admin__UpdateApiKeyRequest request = TOLLGATE__ADMIN__UPDATE_API_KEY_REQUEST__INIT;
    request.patch_operations = operations;
    request.n_patch_operations = 1;
    ProtobufCMessage *answer;
    return cli_manage_call_on(manage, "PATCH", "/apikeys/", manage->options->id, &request.base,
                              &tollgate__admin__api_key__descriptor, &answer, err) &&
           show_key(manage, answer, err);
}

static bool enable(struct cli_manage *manage, struct base_err *err)
{
    return set_enabled(manage, "true", err);
}

static bool disable(struct cli_manage *manage, struct base_err *err)
{
    return set_enabled(manage, "false", err);
}

static bool remove_key(struct cli_manage *manage, struct base_err *err)
{
    return cli_manage_delete(manage, "/apikeys/", manage->options->id, err);
}

/* ---- The verbs ---- */

#define KEY_OPERAND                                                                                \
    {                                                                                              \
        .name = "KEY", .kind = CLI_OPERAND, .offset = offsetof(struct cli_manage_options, id),     \
        .help = "The key's id."                                                                    \
    }

static const struct cli_flag create_flags[] = {
    {.name = "NAME",
     .kind = CLI_OPERAND,
     .offset = offsetof(struct cli_manage_options, name),
     .help = "What the key is called."},
    {.name = "plan",
     .kind = CLI_LIST,
     .offset = offsetof(struct cli_manage_options, plans),
     .value_name = "PLAN",
     .help = "The id of a usage plan that the key shall be in."},
    {.name = "value",
     .kind = CLI_TEXT,
     .offset = offsetof(struct cli_manage_options, value),
     .value_name = "VALUE",
     .help = "The value, 20 to 128 letters, digits, \"-\" and \"_\"; a random one when not given."},
    {.name = "description",
     .kind = CLI_TEXT,
     .offset = offsetof(struct cli_manage_options, description),
     .value_name = "TEXT",
     .help = "What it is for."},
    {.name = "customer",
     .kind = CLI_TEXT,
     .offset = offsetof(struct cli_manage_options, customer),
     .value_name = "ID",
     .help = "Whose it is."},
    {.name = "disabled",
     .kind = CLI_SWITCH,
     .offset = offsetof(struct cli_manage_options, disabled),
     .help = "Makes a key that is not good yet."},
    CLI_MANAGE_COMMON,
};

static const struct cli_flag list_flags[] = {
    {.name = "name",
     .kind = CLI_TEXT,
     .offset = offsetof(struct cli_manage_options, name),
     .value_name = "PREFIX",
     .help = "Only keys whose names begin so."},
    {.name = "customer",
     .kind = CLI_TEXT,
     .offset = offsetof(struct cli_manage_options, customer),
     .value_name = "ID",
     .help = "Only this customer's keys."},
    CLI_MANAGE_COMMON,
};

static const struct cli_flag show_flags[] = {
    KEY_OPERAND,
    {.name = "reveal",
     .kind = CLI_SWITCH,
     .offset = offsetof(struct cli_manage_options, reveals),
     .help = "Shows the value, too, where tollgate serve keeps values (--recoverable-keys)."},
    CLI_MANAGE_COMMON,
};

static const struct cli_flag import_flags[] = {
    {.name = "FILE",
     .kind = CLI_OPERAND,
     .offset = offsetof(struct cli_manage_options, file),
     .help =
         "A CSV file, or - for standard input. Its first line names its columns: Name, Key and, "
         "if need be, Description, Enabled (true or false) and UsagePlanIds (\"id,id\")."},
    {.name = "fail-on-warnings",
     .kind = CLI_SWITCH,
     .offset = offsetof(struct cli_manage_options, fails_on_warnings),
     .help = "Imports all lines or none, instead of leaving out those that cannot be taken."},
    CLI_MANAGE_COMMON,
};

static const struct cli_flag key_flags[] = {KEY_OPERAND, CLI_MANAGE_COMMON};

static const struct cli_verb verbs[] = {
    {"create", "makes a key and shows its value, this once", CLI_MANAGE_FLAGS(create_flags),
     create},
    {"import", "makes keys of the lines of a CSV file", CLI_MANAGE_FLAGS(import_flags),
     cli_import_run},
    {"list", "lists keys", CLI_MANAGE_FLAGS(list_flags), list},
    {"show", "shows one key", CLI_MANAGE_FLAGS(show_flags), show},
    {"enable", "makes a key good again", CLI_MANAGE_FLAGS(key_flags), enable},
    {"disable", "makes a key no good, until it is enabled", CLI_MANAGE_FLAGS(key_flags), disable},
    {"delete", "removes a key for good", CLI_MANAGE_FLAGS(key_flags), remove_key},
};

const struct cli_verbs cli_keys_verbs = {"keys", "makes and changes API keys", verbs,
                                         sizeof verbs / sizeof *verbs};
