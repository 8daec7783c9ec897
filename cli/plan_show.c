#include "cli/plan_show.h"

#include "server/access.h"

#include <inttypes.h>
#include <string.h>

/* Bytes of a cell that names stages. */
#define STAGES_SIZE 320

/* By the number of a Tollgate__Quota__Period. */
static const char *const periods[] = {"", "minute", "hour", "day", "week", "month"};
#define PERIOD_COUNT (sizeof periods / sizeof *periods)

static const char *const titles[] = {"ID", "NAME", "RATE", "BURST", "QUOTA", "STAGES"};
#define COLUMN_COUNT (sizeof titles / sizeof *titles)

/* ---- Cells ---- */

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
    char stages[STAGES_SIZE];
    if (plan->throttle != NULL) {
        snprintf(rate, sizeof rate, "%.15g a second", plan->throttle->rate_limit);
        snprintf(burst, sizeof burst, "%" PRId32, plan->throttle->burst_limit);
    }
    format_quota(plan->quota, quota, sizeof quota);
    format_stages(plan, stages, sizeof stages);
    const char *cells[COLUMN_COUNT] = {plan->id, plan->name, rate, burst, quota, stages};
    cli_table_add(table, cells);
}

/* ---- Listing ---- */

static void read_page(const ProtobufCMessage *answer, struct cli_listing_page *out)
{
    const Tollgate__Admin__UsagePlans *page = (const Tollgate__Admin__UsagePlans *)answer;
    *out = (struct cli_listing_page){page->position, page->item, page->n_item};
}

static bool add_rows(struct cli_table *table, const ProtobufCMessage *item, struct base_err *err)
{
    (void)err;
    add_row(table, (const Tollgate__Admin__UsagePlan *)item);
    return true;
}

/* ---- The functions of the header ---- */

bool cli_plan_read_period(const char *text, Tollgate__Quota__Period *out_period,
                          struct base_err *err)
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

bool cli_plan_show(struct cli_manage *manage, const ProtobufCMessage *answer, struct base_err *err)
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

bool cli_plan_list(struct cli_manage *manage, struct base_err *err)
{
    static const struct cli_listing_kind kind = {
        .titles = titles,
        .column_count = COLUMN_COUNT,
        .answer = &tollgate__admin__usage_plans__descriptor,
        .read = read_page,
        .add_rows = add_rows,
    };
    return cli_listing_run(manage, &kind, "/usageplans?limit=500", err);
}
