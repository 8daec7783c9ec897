/* Every line becomes a key before any is stored, so that a file that is refused leaves nothing
 * behind. With failonwarnings a line that cannot be stored after all, because another caller took
 * its value in between, takes what was stored with it. */
#include "server/admin_private.h"
#include "server/csv.h"
#include "server/membership.h"
#include "server/usage_plan.h"

#include <inttypes.h>
#include <stdio.h>

/* Columns by name, in any order and any case. */
enum column { COLUMN_NAME, COLUMN_KEY, COLUMN_DESCRIPTION, COLUMN_ENABLED, COLUMN_PLANS };
static const char *const column_names[] = {"name", "key", "description", "enabled", "usageplanids"};
#define COLUMN_COUNT (sizeof column_names / sizeof *column_names)

/* Bytes of a warning. */
#define WARNING_SIZE (BASE_ERR_MESSAGE_SIZE + 32)

struct line {
    size_t number;
    char *value;
    Tollgate__ApiKey key;
    bool is_bad; /* told of already */
};

struct import {
    struct srv_admin *admin;
    struct rpc_context *ctx;
    bool has_column[COLUMN_COUNT];
    size_t columns[COLUMN_COUNT]; /* where each that there is stands in a record */
    struct line *lines;
    size_t line_count;
    Tollgate__Admin__ApiKeyIds *response;
};

/* ---- Reading ---- */

static bool read_header(struct import *import, const struct srv_csv_record *record,
                        struct base_err *err)
{
    for (size_t i = 0; i < record->count; i++) {
        struct base_str name = base_str_trim(base_str_of(record->fields[i]));
        for (size_t j = 0; j < COLUMN_COUNT; j++) {
            if (base_str_eq_nocase(name, base_str_of(column_names[j]))) {
                import->columns[j] = i;
                import->has_column[j] = true;
            }
        }
    }
    return (import->has_column[COLUMN_NAME] && import->has_column[COLUMN_KEY]) ||
           base_err_set(err, BASE_INVALID_ARGUMENT,
                        "line %zu: expected the names of columns, Name and Key among them",
                        record->line);
}

/* The record's field of a column; "" where it has none. */
static char *field_of(const struct import *import, const struct srv_csv_record *record,
                      enum column column)
{
    bool has_field = import->has_column[column] && import->columns[column] < record->count;
    return has_field ? record->fields[import->columns[column]]
                     : (char *)(uintptr_t)protobuf_c_empty_string;
}

/* An empty field is false, as in CreateApiKey. */
static bool read_enabled(const char *text, protobuf_c_boolean *out, struct base_err *err)
{
    *out = strcasecmp(text, "true") == 0;
    return *out || text[0] == '\0' || strcasecmp(text, "false") == 0 ||
           base_err_set(err, BASE_INVALID_ARGUMENT, "Enabled: expected true or false");
}

static bool add_plan(struct import *import, struct base_str id, Tollgate__ApiKey *key,
                     struct base_err *err)
{
    char *plan_id = rpc_context_strdup(import->ctx, id, err);
    if (plan_id == NULL || srv_access_key_has_plan(key, plan_id)) {
        return plan_id != NULL;
    }
    if (key->n_usage_plan_ids == SRV_ACCESS_PLANS_PER_KEY_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "UsagePlanIds: at most %d",
                            SRV_ACCESS_PLANS_PER_KEY_MAX);
    }
    key->usage_plan_ids[key->n_usage_plan_ids++] = plan_id;
    return true;
}

/* Reads "id,id". */
static bool read_plans(struct import *import, const char *text, Tollgate__ApiKey *key,
                       struct base_err *err)
{
    key->usage_plan_ids = rpc_context_alloc(
        import->ctx, SRV_ACCESS_PLANS_PER_KEY_MAX * sizeof *key->usage_plan_ids, err);
    if (key->usage_plan_ids == NULL) {
        return false;
    }
    for (size_t len; *text != '\0'; text += len + (text[len] == ',')) {
        len = strcspn(text, ",");
        struct base_str id = base_str_trim(base_str_make(text, len));
        if (id.len > 0 && !add_plan(import, id, key, err)) {
            return false;
        }
    }
    return true;
}

/* Sees to it that the plans exist and no two hold for one stage. */
static bool check_plans(struct import *import, const Tollgate__ApiKey *key, struct base_err *err)
{
    Tollgate__UsagePlan *plans[SRV_ACCESS_PLANS_PER_KEY_MAX];
    for (size_t i = 0; i < key->n_usage_plan_ids; i++) {
        if (!srv_access_get_plan(import->admin->access, import->ctx, key->usage_plan_ids[i],
                                 &plans[i], err)) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (!srv_usage_plan_check_apart(plans[i], plans[j], err)) {
                return false;
            }
        }
    }
    return true;
}

static bool read_line(struct import *import, const struct srv_csv_record *record, struct line *line,
                      struct base_err *err)
{
    Tollgate__ApiKey *key = &line->key;
    tollgate__api_key__init(key);
    line->number = record->line;
    line->value = field_of(import, record, COLUMN_KEY);
    key->name = field_of(import, record, COLUMN_NAME);
    key->description = field_of(import, record, COLUMN_DESCRIPTION);
    return srv_key_value_check(base_str_of(line->value), err) &&
           srv_access_check_text("Name", key->name, SRV_ACCESS_NAME_BYTES_MAX, err) &&
           srv_access_check_text("Description", key->description, SRV_ACCESS_DESCRIPTION_BYTES_MAX,
                                 err) &&
           read_enabled(field_of(import, record, COLUMN_ENABLED), &key->enabled, err) &&
           read_plans(import, field_of(import, record, COLUMN_PLANS), key, err) &&
           check_plans(import, key, err);
}

/* ---- Telling ---- */

/* Whether a line's failure is the line's own, and the others may go on. */
static bool is_of_line(const struct base_err *err)
{
    return err->code == BASE_INVALID_ARGUMENT || err->code == BASE_NOT_FOUND ||
           err->code == BASE_ALREADY_EXISTS || err->code == BASE_ABORTED;
}

/* Turns the failure of a line into a warning, or into that of the whole import. */
static bool warn(struct import *import, struct line *line, bool fails, struct base_err *err)
{
    if (!is_of_line(err) || fails) {
        return base_err_wrap(err, "line %zu", line->number);
    }
    char text[WARNING_SIZE];
    snprintf(text, sizeof text, "line %zu: %s", line->number, err->message);
    char *warning = rpc_context_strdup(import->ctx, base_str_of(text), err);
    if (warning == NULL) {
        return false;
    }
    line->is_bad = true;
    import->response->warnings[import->response->n_warnings++] = warning;
    return true;
}

/* ---- Storing ---- */

/* Takes back the first `count` lines, which have been stored, as far as that can be done. */
static void take_back(struct import *import, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct base_err ignored;
        bool done = srv_access_remove_key(import->admin->access, import->ctx,
                                          import->lines[i].key.id, &ignored);
        (void)done;
    }
}

static bool store(struct import *import, bool fails, struct base_err *err)
{
    for (size_t i = 0; i < import->line_count; i++) {
        struct line *line = &import->lines[i];
        if (line->is_bad) {
            continue;
        }
        if (srv_membership_add_key(import->admin->access, import->ctx, base_str_of(line->value),
                                   &line->key, err)) {
            import->response->ids[import->response->n_ids++] = line->key.id;
        } else if (!warn(import, line, fails, err)) {
            if (fails) {
                take_back(import, i);
            }
            return false;
        }
    }
    return true;
}

/* ---- The method ---- */

static bool make_room(struct import *import, struct base_str text, struct base_err *err)
{
    size_t count = text.len > 0 && text.data[text.len - 1] != '\n'; /* a line that does not end */
    for (size_t i = 0; i < text.len; i++) {
        count += text.data[i] == '\n';
    }
    if (count > SRV_ADMIN_IMPORT_LINES_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "an import may have %d lines, this one has %zu",
                            SRV_ADMIN_IMPORT_LINES_MAX, count);
    }
    import->lines = rpc_context_alloc(import->ctx, count * sizeof *import->lines, err);
    import->response->ids = rpc_context_alloc(import->ctx, count * sizeof(char *), err);
    import->response->warnings = rpc_context_alloc(import->ctx, count * sizeof(char *), err);
    return import->lines != NULL && import->response->ids != NULL &&
           import->response->warnings != NULL;
}

static bool read_lines(struct import *import, struct base_str text, bool fails,
                       struct base_err *err)
{
    struct srv_csv csv;
    struct srv_csv_record record;
    bool is_done;
    srv_csv_init(&csv, text);
    if (!srv_csv_next(&csv, import->ctx, &record, &is_done, err)) {
        return false;
    }
    if (is_done) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "the body holds no keys");
    }
    if (!read_header(import, &record, err)) {
        return false;
    }
    while (srv_csv_next(&csv, import->ctx, &record, &is_done, err)) {
        if (is_done) {
            return true;
        }
        struct line *line = &import->lines[import->line_count++];
        if (!read_line(import, &record, line, err) && !warn(import, line, fails, err)) {
            return false;
        }
    }
    return false;
}

bool srv_admin_import_api_keys(void *self, struct rpc_context *ctx,
                               const Tollgate__Admin__ImportApiKeysRequest *request,
                               Tollgate__Admin__ApiKeyIds *response, struct base_err *err)
{
    if (strcmp(request->format, "csv") != 0) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "format: expected csv");
    }
    struct base_str text = {0};
    if (request->body != NULL) {
        text = base_str_make((const char *)request->body->data.data, request->body->data.len);
    }
    struct import import = {.admin = self, .ctx = ctx, .response = response};
    return make_room(&import, text, err) &&
           read_lines(&import, text, request->failonwarnings, err) &&
           store(&import, request->failonwarnings, err);
}
