#include "cli/plan_usage.h"

#include "cli/listing.h"
#include "tollgate/admin.pb-c.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Bytes of a day, "2026-01-31". */
#define DAY_SIZE 11

#define SECONDS_PER_DAY 86400

static void format_day(time_t at, char out[DAY_SIZE])
{
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(out, DAY_SIZE, "%Y-%m-%d", &tm);
}

static const char *const titles[] = {"KEY", "DAY", "USED", "REMAINING"};
#define COLUMN_COUNT (sizeof titles / sizeof *titles)

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
        const char *cells[COLUMN_COUNT] = {entry->key, day, used, remaining};
        cli_table_add(table, cells);
    }
}

/* A page is shown whole: it names its plan and its days. */
static void read_page(const ProtobufCMessage *answer, struct cli_listing_page *out)
{
    const Tollgate__Admin__Usage *page = (const Tollgate__Admin__Usage *)answer;
    *out = (struct cli_listing_page){page->position, NULL, 1};
}

static bool add_rows(struct cli_table *table, const ProtobufCMessage *item, struct base_err *err)
{
    const Tollgate__Admin__Usage *page = (const Tollgate__Admin__Usage *)item;
    struct tm first = {0};
    if (strptime(page->start_date, "%Y-%m-%d", &first) == NULL) {
        return base_err_set(err, BASE_UNKNOWN, "the listener's dates are not understood");
    }
    for (size_t i = 0; i < page->n_values; i++) {
        add_days(table, page->values[i], timegm(&first));
    }
    return true;
}

bool cli_plan_usage(struct cli_manage *manage, struct base_err *err)
{
    static const struct cli_listing_kind kind = {
        .titles = titles,
        .column_count = COLUMN_COUNT,
        .answer = &tollgate__admin__usage__descriptor,
        .read = read_page,
        .add_rows = add_rows,
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
