/* `tollgate plans VERB`. */
#include "base/decimal.h"
#include "cli/listing.h"
#include "server/access.h"
#include "tollgate/admin.pb-c.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

/* Operations of one update: a few texts and numbers, and the stages. */
#define OPERATIONS_MAX (10 + 2 * CLI_LIST_ITEMS_MAX)

/* Bytes of one operation's value that is made here. */
#define VALUE_SIZE 320

/* Bytes of a day, "2026-01-31". */
#define DAY_SIZE 11

#define SECONDS_PER_DAY 86400

/* By the number of a Tollgate__Quota__Period. */
static const char *const periods[] = {"", "minute", "hour", "day", "week", "month"};
#define PERIOD_COUNT (sizeof periods / sizeof *periods)

/* Reads --period; none given is PERIOD_UNSPECIFIED. */
static bool read_period(const char *text, Tollgate__Quota__Period *out_period, struct base_err *err)
{
    *out_period = TOLLGATE__QUOTA__PERIOD__PERIOD_UNSPECIFIED;
    for (size_t i = 1; text != NULL && i < PERIOD_COUNT; i++) {
        if (strcasecmp(text, periods[i]) == 0) {
            *out_period = (Tollgate__Quota__Period)i;
            return true;
        }
    }
    return text == NULL ||
           base_err_set(err, BASE_INVALID_ARGUMENT,
                        "--period: expected minute, hour, day, week or month, found \"%s\"", text);
}

static void format_day(time_t at, char out[DAY_SIZE])
{
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(out, DAY_SIZE, "%Y-%m-%d", &tm);
}

/* ---- Showing ---- */

static const char *const titles[] = {"ID", "NAME", "RATE", "BURST", "QUOTA", "STAGES"};
#define COLUMN_COUNT (sizeof titles / sizeof *titles)

/* "100 a minute" */
static void format_quota(const Tollgate__Quota *quota, char *out, size_t size)
{
    out[0] = '\0';
    if (quota != NULL && (unsigned)quota->period < PERIOD_COUNT) {
        snprintf(out, size, "%" PRId32 " %s %s", quota->limit,
                 quota->period == TOLLGATE__QUOTA__PERIOD__HOUR ? "an" : "a",
                 periods[quota->period]);
    }
}

static void format_stages(const Tollgate__Admin__UsagePlan *plan, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < plan->n_api_stages && len < size; i++) {
        const Tollgate__ApiStage *stage = plan->api_stages[i];
        bool is_ours = strcmp(stage->api_id, SRV_ACCESS_API_ID) == 0;
        len += (size_t)snprintf(out + len, size - len, "%s%s%s%s", i == 0 ? "" : " ",
                                is_ours ? "" : stage->api_id, is_ours ? "" : ":", stage->stage);
    }
}

static void add_row(struct cli_table *table, const Tollgate__Admin__UsagePlan *plan)
{
    char rate[32] = "";
    char burst[16] = "";
    char quota[48];
    char stages[VALUE_SIZE];
    if (plan->throttle != NULL) {
        snprintf(rate, sizeof rate, "%g a second", plan->throttle->rate_limit);
        snprintf(burst, sizeof burst, "%" PRId32, plan->throttle->burst_limit);
    }
    format_quota(plan->quota, quota, sizeof quota);
    format_stages(plan, stages, sizeof stages);
    const char *cells[COLUMN_COUNT] = {plan->id, plan->name, rate, burst, quota, stages};
    cli_table_add(table, cells);
}

static bool show_plan(struct cli_manage *manage, const ProtobufCMessage *answer,
                      struct base_err *err)
{
    const Tollgate__Admin__UsagePlan *plan = (const Tollgate__Admin__UsagePlan *)answer;
    cli_manage_warn(plan->warnings, plan->n_warnings);
    if (manage->prints_json) {
        return cli_manage_print_json(manage, "", answer, "\n", err);
    }
    struct cli_table table;
    cli_table_init(&table, titles, COLUMN_COUNT);
    add_row(&table, plan);
    cli_table_print(&table, manage->out);
    cli_table_dispose(&table);
    return true;
}

/* ---- update ---- */

/* What a plan shall become. */
struct update {
    Tollgate__Admin__PatchOperation room[OPERATIONS_MAX];
    Tollgate__Admin__PatchOperation *operations[OPERATIONS_MAX];
    char values[OPERATIONS_MAX][VALUE_SIZE];
    size_t count;
};

static void add_operation(struct update *update, char *op, char *path, const char *value)
{
    Tollgate__Admin__PatchOperation *operation = &update->room[update->count];
    tollgate__admin__patch_operation__init(operation);
    snprintf(update->values[update->count], VALUE_SIZE, "%s", value);
    operation->op = op;
    operation->path = path;
    operation->value = update->values[update->count];
    update->operations[update->count++] = operation;
}

static void set_text(struct update *update, char *path, const char *value)
{
    if (value != NULL) {
        add_operation(update, "replace", path, value);
    }
}

static void set_number(struct update *update, char *path, int value, bool is_given)
{
    char text[16];
    snprintf(text, sizeof text, "%d", value);
    set_text(update, path, is_given ? text : NULL);
}

static bool set_period(struct update *update, const char *text, struct base_err *err)
{
    Tollgate__Quota__Period period;
    if (!read_period(text, &period, err)) {
        return false;
    }
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&tollgate__quota__period__descriptor, (int)period);
    set_text(update, "/quota/period", text == NULL ? NULL : value->name);
    return true;
}

/* A stage of this program's own API may go without the API's id. */
static void change_stages(struct update *update, char *op, const struct cli_list *stages)
{
    for (size_t i = 0; i < stages->count; i++) {
        char text[VALUE_SIZE];
        bool has_api = strchr(stages->items[i], ':') != NULL;
        snprintf(text, sizeof text, "%s%s", has_api ? "" : SRV_ACCESS_API_ID ":", stages->items[i]);
        add_operation(update, op, "/apiStages", text);
    }
}

/* A text that is too long for an operation would be cut. */
static bool check_text(const char *flag, const char *text, struct base_err *err)
{
    return text == NULL || strlen(text) < VALUE_SIZE ||
           base_err_set(err, BASE_INVALID_ARGUMENT, "%s: at most %d bytes", flag, VALUE_SIZE - 1);
}

static bool read_update(const struct cli_manage_options *options, struct update *update,
                        struct base_err *err)
{
    if (!check_text("--name", options->name, err) ||
        !check_text("--description", options->description, err) ||
        !check_text("--rate", options->rate, err)) {
        return false;
    }
    update->count = 0;
    set_text(update, "/name", options->name);
    set_text(update, "/description", options->description);
    set_text(update, "/throttle/rateLimit", options->rate);
    set_number(update, "/throttle/burstLimit", options->burst, options->burst > 0);
    set_number(update, "/quota/limit", options->quota, options->quota > 0);
    if (!set_period(update, options->period, err)) {
        return false;
    }
    set_number(update, "/quota/offset", options->offset, options->offset > 0);
    change_stages(update, "add", &options->stages);
    change_stages(update, "remove", &options->removed_stages);
    if (options->no_throttle) {
        add_operation(update, "remove", "/throttle", "");
    }
    if (options->no_quota) {
        add_operation(update, "remove", "/quota", "");
    }
    return true;
}

static bool send_update(struct cli_manage *manage, const char *plan_id, struct update *update,
                        struct base_err *err)
{
    Tollgate__Admin__UpdateUsagePlanRequest request =
        TOLLGATE__ADMIN__UPDATE_USAGE_PLAN_REQUEST__INIT;
    request.patch_operations = update->operations;
    request.n_patch_operations = update->count;
    struct base_buf path;
    ProtobufCMessage *answer;
    base_buf_init(&path, SIZE_MAX);
    bool ok = cli_manage_append_path(&path, "/usageplans/", plan_id, err) &&
              cli_manage_call(manage, "PATCH", path.data, &request.base,
                              &tollgate__admin__usage_plan__descriptor, &answer, err) &&
              show_plan(manage, answer, err);
    base_buf_dispose(&path);
    return ok;
}

static bool update_plan(struct cli_manage *manage, struct base_err *err)
{
    struct update update;
    if (!read_update(manage->options, &update, err)) {
        return false;
    }
    if (update.count == 0) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "no flag says what shall change");
    }
    return send_update(manage, manage->options->id, &update, err);
}

/* ---- create ---- */

/* A plan to be made, and the messages it is made of. */
struct creation {
    Tollgate__Admin__CreateUsagePlanRequest request;
    Tollgate__Throttle throttle;
    Tollgate__Quota quota;
    Tollgate__ApiStage stages[CLI_LIST_ITEMS_MAX];
    Tollgate__ApiStage *stage_list[CLI_LIST_ITEMS_MAX];
    char api_ids[CLI_LIST_ITEMS_MAX][VALUE_SIZE];
};

static bool read_throttle(const struct cli_manage_options *options, struct creation *creation,
                          struct base_err *err)
{
    if (options->rate == NULL) {
        return options->burst == 0 ||
               base_err_set(err, BASE_INVALID_ARGUMENT, "--burst needs a --rate");
    }
    tollgate__throttle__init(&creation->throttle);
    creation->throttle.burst_limit = options->burst;
    creation->request.throttle = &creation->throttle;
    return base_decimal_read(base_str_of(options->rate), &creation->throttle.rate_limit) ||
           base_err_set(err, BASE_INVALID_ARGUMENT,
                        "--rate: expected a number of at least 0, found \"%s\"", options->rate);
}

static bool read_quota(const struct cli_manage_options *options, struct creation *creation,
                       struct base_err *err)
{
    if (options->quota == 0 && options->period == NULL) {
        return true;
    }
    tollgate__quota__init(&creation->quota);
    creation->quota.limit = options->quota;
    creation->quota.offset = options->offset;
    creation->request.quota = &creation->quota;
    if (options->quota == 0 || options->period == NULL) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "--quota and --period belong together");
    }
    return read_period(options->period, &creation->quota.period, err);
}

static void read_stages(const struct cli_list *stages, struct creation *creation)
{
    creation->request.api_stages = creation->stage_list;
    creation->request.n_api_stages = stages->count;
    for (size_t i = 0; i < stages->count; i++) {
        Tollgate__ApiStage *stage = &creation->stages[i];
        const char *text = stages->items[i];
        const char *colon = strchr(text, ':');
        tollgate__api_stage__init(stage);
        snprintf(creation->api_ids[i], VALUE_SIZE, "%.*s", colon == NULL ? 0 : (int)(colon - text),
                 text);
        stage->api_id = colon == NULL ? SRV_ACCESS_API_ID : creation->api_ids[i];
        stage->stage = (char *)(uintptr_t)(colon == NULL ? text : colon + 1);
        creation->stage_list[i] = stage;
    }
}

static bool create(struct cli_manage *manage, struct base_err *err)
{
    const struct cli_manage_options *options = manage->options;
    struct creation creation;
    tollgate__admin__create_usage_plan_request__init(&creation.request);
    creation.request.name = (char *)(uintptr_t)options->name;
    if (options->description != NULL) {
        creation.request.description = (char *)(uintptr_t)options->description;
    }
    read_stages(&options->stages, &creation);
    ProtobufCMessage *answer;
    return read_throttle(options, &creation, err) && read_quota(options, &creation, err) &&
           cli_manage_call(manage, "POST", "/usageplans", &creation.request.base,
                           &tollgate__admin__usage_plan__descriptor, &answer, err) &&
           show_plan(manage, answer, err);
}

/* ---- list, delete, add-key, remove-key ---- */

static bool add_plans(struct cli_listing *listing, const ProtobufCMessage *answer,
                      struct base_err *err)
{
    const Tollgate__Admin__UsagePlans *page = (const Tollgate__Admin__UsagePlans *)answer;
    cli_listing_keep_position(listing, page->position);
    for (size_t i = 0; i < page->n_item; i++) {
        if (!listing->manage->prints_json) {
            add_row(&listing->table, page->item[i]);
        } else if (!cli_listing_add_json(listing, &page->item[i]->base, err)) {
            return false;
        }
    }
    return true;
}

static bool list(struct cli_manage *manage, struct base_err *err)
{
    static const struct cli_listing_kind kind = {
        .titles = titles,
        .column_count = COLUMN_COUNT,
        .answer = &tollgate__admin__usage_plans__descriptor,
        .add = add_plans,
    };
    return cli_listing_run(manage, &kind, "/usageplans?limit=500", err);
}

static bool remove_plan(struct cli_manage *manage, struct base_err *err)
{
    return cli_manage_delete(manage, "/usageplans/", manage->options->id, err);
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

/* ---- usage ---- */

static const char *const usage_titles[] = {"KEY", "DAY", "USED", "REMAINING"};
#define USAGE_COLUMN_COUNT (sizeof usage_titles / sizeof *usage_titles)

static double number_of(const Google__Protobuf__ListValue *pair, size_t index)
{
    return index < pair->n_values ? pair->values[index]->number_value : 0;
}

/* Adds a row a day, from `first_day` on. */
static void add_days(struct cli_table *table, const Tollgate__Admin__Usage__ValuesEntry *entry,
                     time_t first_day)
{
    for (size_t i = 0; entry->value != NULL && i < entry->value->n_values; i++) {
        const Google__Protobuf__ListValue *pair = entry->value->values[i]->list_value;
        char day[DAY_SIZE];
        char used[24];
        char remaining[24];
        format_day(first_day + (time_t)i * SECONDS_PER_DAY, day);
        snprintf(used, sizeof used, "%.0f", number_of(pair, 0));
        snprintf(remaining, sizeof remaining, "%.0f", number_of(pair, 1));
        const char *cells[USAGE_COLUMN_COUNT] = {entry->key, day, used, remaining};
        cli_table_add(table, cells);
    }
}

static bool add_usage(struct cli_listing *listing, const ProtobufCMessage *answer,
                      struct base_err *err)
{
    const Tollgate__Admin__Usage *page = (const Tollgate__Admin__Usage *)answer;
    cli_listing_keep_position(listing, page->position);
    if (listing->manage->prints_json) {
        return cli_listing_add_json(listing, answer, err);
    }
    struct tm first = {0};
    if (strptime(page->start_date, "%Y-%m-%d", &first) == NULL) {
        return base_err_set(err, BASE_UNKNOWN, "the listener's dates are not understood");
    }
    for (size_t i = 0; i < page->n_values; i++) {
        add_days(&listing->table, page->values[i], timegm(&first));
    }
    return true;
}

/* Today's usage where no day is given; one day where only the first is. */
static bool usage(struct cli_manage *manage, struct base_err *err)
{
    static const struct cli_listing_kind kind = {
        .titles = usage_titles,
        .column_count = USAGE_COLUMN_COUNT,
        .answer = &tollgate__admin__usage__descriptor,
        .add = add_usage,
    };
    const struct cli_manage_options *options = manage->options;
    char today[DAY_SIZE];
    format_day(time(NULL), today);
    const char *first = options->first_day != NULL ? options->first_day : today;
    const char *last = options->last_day != NULL ? options->last_day : first;
    struct base_buf path;
    base_buf_init(&path, SIZE_MAX);
    bool ok = cli_manage_append_path(&path, "/usageplans/", options->id, err) &&
              cli_manage_append_path(&path, "/usage?startDate=", first, err) &&
              cli_manage_append_path(&path, "&endDate=", last, err) &&
              (options->key_id == NULL ||
               cli_manage_append_path(&path, "&keyId=", options->key_id, err)) &&
              cli_listing_run(manage, &kind, path.data, err);
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
                    "Requests that each key may make at once; as many as come in a second, and "   \
                    "one at least, when "                                                          \
                    "not given."),                                                                 \
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
    {"create", "makes a usage plan", CLI_MANAGE_FLAGS(create_flags), create},
    {"list", "lists usage plans", CLI_MANAGE_FLAGS(list_flags), list},
    {"update", "changes what flags say of a plan", CLI_MANAGE_FLAGS(update_flags), update_plan},
    {"delete", "removes a plan; its keys stay", CLI_MANAGE_FLAGS(plan_flags), remove_plan},
    {"add-key", "puts a key into a plan", CLI_MANAGE_FLAGS(plan_key_flags), add_key},
    {"remove-key", "takes a key out of a plan", CLI_MANAGE_FLAGS(plan_key_flags), remove_key},
    {"usage", "shows what keys have used, day by day", CLI_MANAGE_FLAGS(usage_flags), usage},
};

const struct cli_verbs cli_plans_verbs = {"plans", "makes and changes usage plans", verbs,
                                          sizeof verbs / sizeof *verbs};
