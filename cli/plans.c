/* `tollgate plans VERB`: the verbs, their flags, and what is short. */
#include "cli/plan_change.h"
#include "cli/plan_show.h"
#include "cli/plan_usage.h"

#include <string.h>

/* ---- show, delete ---- */

static bool show(struct cli_manage *manage, struct base_err *err)
{
    ProtobufCMessage *answer;
    return cli_manage_call_on(manage, "GET", "/usageplans/", manage->options->id, NULL,
                              &tollgate__admin__usage_plan__descriptor, &answer, err) &&
           cli_plan_show(manage, answer, err);
}

static bool remove_plan(struct cli_manage *manage, struct base_err *err)
{
    return cli_manage_delete(manage, "/usageplans/", manage->options->id, err);
}

/* ---- keys, add-key, remove-key ---- */

static const char *const key_titles[] = {"ID", "NAME"};
#define KEY_COLUMN_COUNT (sizeof key_titles / sizeof *key_titles)

static void read_keys(const ProtobufCMessage *answer, struct cli_listing_page *out)
{
    const Tollgate__Admin__UsagePlanKeys *page = (const Tollgate__Admin__UsagePlanKeys *)answer;
    *out = (struct cli_listing_page){page->position, page->item, page->n_item};
}

static bool add_key_row(struct cli_table *table, const ProtobufCMessage *item, struct base_err *err)
{
    (void)err;
    const Tollgate__Admin__UsagePlanKey *key = (const Tollgate__Admin__UsagePlanKey *)item;
    const char *cells[KEY_COLUMN_COUNT] = {key->id, key->name == NULL ? "" : key->name->value};
    cli_table_add(table, cells);
    return true;
}

static bool list_keys(struct cli_manage *manage, struct base_err *err)
{
    static const struct cli_listing_kind kind = {
        .titles = key_titles,
        .column_count = KEY_COLUMN_COUNT,
        .answer = &tollgate__admin__usage_plan_keys__descriptor,
        .read = read_keys,
        .add_rows = add_key_row,
    };
    struct base_buf path;
    base_buf_init(&path, SIZE_MAX);
    bool ok = cli_manage_append_path(&path, "/usageplans/", manage->options->id, err) &&
              cli_manage_append_path(&path, "/keys?limit=500", "", err) &&
              cli_listing_run(manage, &kind, path.data, err);
    base_buf_dispose(&path);
    return ok;
}

static bool add_key(struct cli_manage *manage, struct base_err *err)
{
    if (!cli_manage_add_key(manage, manage->options->id, manage->options->key_id, err)) {
        return false;
    }
    if (!manage->prints_json) {
        fputs("added\n", manage->out);
    }
    return true;
}

static bool remove_key(struct cli_manage *manage, struct base_err *err)
{
    struct base_buf path;
    base_buf_init(&path, SIZE_MAX);
    bool ok = cli_manage_append_path(&path, "/usageplans/", manage->options->id, err) &&
              cli_manage_append_path(&path, "/keys/", "", err) &&
              cli_manage_delete(manage, path.data, manage->options->key_id, err);
    base_buf_dispose(&path);
    return ok;
}

/* ---- The verbs ---- */

#define TEXT_FLAG(flag_name, field, shown, sentence)                                               \
    {                                                                                              \
        .name = flag_name, .kind = CLI_TEXT, .offset = offsetof(struct cli_manage_options, field), \
        .value_name = shown, .help = sentence                                                      \
    }
#define OPERAND(operand_name, field, sentence)                                                     \
    {                                                                                              \
        .name = operand_name, .kind = CLI_OPERAND,                                                 \
        .offset = offsetof(struct cli_manage_options, field), .help = sentence                     \
    }
#define NUMBER_FLAG(flag_name, field, min, sentence)                                               \
    {                                                                                              \
        .name = flag_name, .kind = CLI_NUMBER,                                                     \
        .offset = offsetof(struct cli_manage_options, field), .value_name = "N",                   \
        .number_min = min, .number_max = INT32_MAX, .help = sentence                               \
    }
#define LIST_FLAG(flag_name, field, sentence)                                                      \
    {                                                                                              \
        .name = flag_name, .kind = CLI_LIST, .offset = offsetof(struct cli_manage_options, field), \
        .value_name = "STAGE", .help = sentence                                                    \
    }
#define SWITCH_FLAG(flag_name, field, sentence)                                                    \
    {                                                                                              \
        .name = flag_name, .kind = CLI_SWITCH,                                                     \
        .offset = offsetof(struct cli_manage_options, field), .help = sentence                     \
    }
#define PLAN_OPERAND OPERAND("PLAN", id, "The plan's id.")
#define KEY_OPERAND OPERAND("KEY", key_id, "The key's id.")
#define LIMIT_FLAGS                                                                                \
    TEXT_FLAG("description", description, "TEXT", "What it is for."),                              \
        TEXT_FLAG("rate", rate, "RATE", "Requests a second that each key may make; also 0.5."),    \
        NUMBER_FLAG("burst", burst, 1,                                                             \
                    "Requests that each key may make at once; a plan with a rate and no burst "    \
                    "gets as many as come in a second, and one at least."),                        \
        NUMBER_FLAG("quota", quota, 1, "Requests that each key may make in a period."),            \
        TEXT_FLAG("period", period, "PERIOD",                                                      \
                  "That period, in UTC: minute, hour, day, week or month."),                       \
        NUMBER_FLAG("offset", offset, 0,                                                           \
                    "The day that a week (0, Sunday, to 6) or month (0, the first, to 27) begins " \
                    "on."),                                                                        \
        LIST_FLAG("for-stage", stages,                                                             \
                  "A stage it shall hold for; $default is the one without a name.")

static const struct cli_flag create_flags[] = {
    OPERAND("NAME", name, "What the plan is called."),
    LIMIT_FLAGS,
    CLI_MANAGE_COMMON,
};
static const struct cli_flag update_flags[] = {
    PLAN_OPERAND,
    TEXT_FLAG("name", name, "NAME", "What it shall be called."),
    LIMIT_FLAGS,
    LIST_FLAG("not-for-stage", removed_stages, "A stage it shall hold for no longer."),
    SWITCH_FLAG("no-throttle", no_throttle, "Takes rate and burst away."),
    SWITCH_FLAG("no-quota", no_quota, "Takes the quota away."),
    CLI_MANAGE_COMMON,
};
static const struct cli_flag list_flags[] = {CLI_MANAGE_COMMON};
static const struct cli_flag plan_flags[] = {PLAN_OPERAND, CLI_MANAGE_COMMON};
static const struct cli_flag plan_key_flags[] = {PLAN_OPERAND, KEY_OPERAND, CLI_MANAGE_COMMON};
static const struct cli_flag usage_flags[] = {
    PLAN_OPERAND,
    TEXT_FLAG("key", key_id, "KEY", "Only this key's."),
    TEXT_FLAG("from", first_day, "DAY", "The first day, like 2026-01-31; today when not given."),
    TEXT_FLAG("to", last_day, "DAY", "The last day; the first when not given."),
    CLI_MANAGE_COMMON,
};

static const struct cli_verb verbs[] = {
    {"create", "makes a usage plan", CLI_MANAGE_FLAGS(create_flags), cli_plan_create},
    {"list", "lists usage plans", CLI_MANAGE_FLAGS(list_flags), cli_plan_list},
    {"show", "shows one plan", CLI_MANAGE_FLAGS(plan_flags), show},
    {"update", "changes what flags say of a plan", CLI_MANAGE_FLAGS(update_flags), cli_plan_update},
    {"delete", "removes a plan; its keys stay", CLI_MANAGE_FLAGS(plan_flags), remove_plan},
    {"keys", "lists the keys of a plan", CLI_MANAGE_FLAGS(plan_flags), list_keys},
    {"add-key", "puts a key into a plan", CLI_MANAGE_FLAGS(plan_key_flags), add_key},
    {"remove-key", "takes a key out of a plan", CLI_MANAGE_FLAGS(plan_key_flags), remove_key},
    {"usage", "shows what keys have used, day by day", CLI_MANAGE_FLAGS(usage_flags),
     cli_plan_usage},
};

const struct cli_verbs cli_plans_verbs = {"plans", "makes and changes usage plans", verbs,
                                          sizeof verbs / sizeof *verbs};
