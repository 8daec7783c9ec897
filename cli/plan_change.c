#include "cli/plan_change.h"

#include "base/decimal.h"
#include "cli/plan_show.h"
#include "server/access.h"
#include "tollgate/admin.pb-c.h"

#include <stdio.h>
#include <string.h>

/* Operations of one update: a few texts and numbers, and the stages. */
#define OPERATIONS_MAX (10 + 2 * CLI_LIST_ITEMS_MAX)

/* Bytes of one operation's value that is made here. A stage that is cut has an id or a name that is
 * too long all the same. */
#define VALUE_SIZE 320

/* ---- update ---- */

/* What a plan shall become. */
struct update {
    Tollgate__Admin__PatchOperation room[OPERATIONS_MAX];
    Tollgate__Admin__PatchOperation *operations[OPERATIONS_MAX];
    char values[OPERATIONS_MAX][VALUE_SIZE]; /* of operations whose value is made here */
    size_t count;
};

/* Borrows all three texts. */
static void add_operation(struct update *update, char *op, char *path, const char *value)
{
    Tollgate__Admin__PatchOperation *operation = &update->room[update->count];
    tollgate__admin__patch_operation__init(operation);
    operation->op = op;
    operation->path = path;
    operation->value = (char *)(uintptr_t)value;
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
    char *text = update->values[update->count];
    snprintf(text, VALUE_SIZE, "%d", value);
    set_text(update, path, is_given ? text : NULL);
}

static bool set_period(struct update *update, const char *text, struct base_err *err)
{
    Tollgate__Quota__Period period;
    if (!cli_plan_read_period(text, &period, err)) {
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
        char *text = update->values[update->count];
        bool has_api = strchr(stages->items[i], ':') != NULL;
        snprintf(text, VALUE_SIZE, "%s%s", has_api ? "" : SRV_ACCESS_API_ID ":", stages->items[i]);
        add_operation(update, op, "/apiStages", text);
    }
}

static bool read_update(const struct cli_manage_options *options, struct update *update,
                        struct base_err *err)
{
    update->count = 0;
    set_text(update, "/name", options->name);
    set_text(update, "/description", options->description);
    set_text(update, "/throttle/rateLimit", options->rate);
    set_number(update, "/throttle/burstLimit", options->burst, options->burst > 0);
    set_number(update, "/quota/limit", options->quota, options->quota > 0);
    if (!set_period(update, options->period, err)) {
        return false;
    }
    set_number(update, "/quota/offset", options->offset, options->offset >= 0);
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
    ProtobufCMessage *answer;
    return cli_manage_call_on(manage, "PATCH", "/usageplans/", plan_id, &request.base,
                              &tollgate__admin__usage_plan__descriptor, &answer, err) &&
           cli_plan_show(manage, answer, err);
}

/* A burst without a rate would let its requests through once and then none for ever. */
static bool check_burst(struct cli_manage *manage, struct base_err *err)
{
    const struct cli_manage_options *options = manage->options;
    if (options->burst == 0 || options->rate != NULL) {
        return true;
    }
    ProtobufCMessage *answer;
    if (!cli_manage_call_on(manage, "GET", "/usageplans/", options->id, NULL,
                            &tollgate__admin__usage_plan__descriptor, &answer, err)) {
        return false;
    }
    return ((const Tollgate__Admin__UsagePlan *)answer)->throttle != NULL ||
           base_err_set(err, BASE_INVALID_ARGUMENT, "--burst needs a --rate: the plan has none");
}

bool cli_plan_update(struct cli_manage *manage, struct base_err *err)
{
    struct update update;
    if (!read_update(manage->options, &update, err)) {
        return false;
    }
    if (update.count == 0) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "no flag says what shall change");
    }
    return check_burst(manage, err) && send_update(manage, manage->options->id, &update, err);
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
        return options->offset < 0 ||
               base_err_set(err, BASE_INVALID_ARGUMENT, "--offset needs a --quota");
    }
    tollgate__quota__init(&creation->quota);
    creation->quota.limit = options->quota;
    creation->quota.offset = options->offset < 0 ? 0 : options->offset;
    creation->request.quota = &creation->quota;
    if (options->quota == 0 || options->period == NULL) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "--quota and --period belong together");
    }
    return cli_plan_read_period(options->period, &creation->quota.period, err);
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

bool cli_plan_create(struct cli_manage *manage, struct base_err *err)
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
           cli_plan_show(manage, answer, err);
}
