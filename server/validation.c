/* Descriptions are kept in the struct and not in the arena: there are few, and a request that is
 * refused must not fail for want of memory instead. */
#include "server/validation.h"

#include "base/utf8.h"
#include "google/rpc/error_details.pb-c.h"

#include <stdarg.h>
#include <stdio.h>

void srv_validation_init(struct srv_validation *validation, struct rpc_context *ctx)
{
    validation->ctx = ctx;
    validation->count = 0;
}

void srv_validation_add(struct srv_validation *validation, const char *field, const char *format,
                        ...)
{
    if (validation->count == SRV_VALIDATION_VIOLATIONS_MAX) {
        return;
    }
    struct srv_violation *violation = &validation->violations[validation->count++];
    violation->field = field;
    va_list args;
    va_start(args, format);
    vsnprintf(violation->text, sizeof violation->text, format, args);
    va_end(args);
}

/* "note.title" -> "title". */
static const char *last_part(const char *field)
{
    const char *dot = strrchr(field, '.');
    return dot == NULL ? field : dot + 1;
}

void srv_validation_required(struct srv_validation *validation, const char *field,
                             const char *value)
{
    if (value[0] == '\0') {
        srv_validation_add(validation, field, "%s is required", last_part(field));
    }
}

void srv_validation_bytes_max(struct srv_validation *validation, const char *field,
                              const char *value, size_t bytes_max)
{
    size_t len = strlen(value);
    if (len > bytes_max) {
        srv_validation_add(validation, field, "%s: at most %zu bytes, got %zu", last_part(field),
                           bytes_max, len);
    }
}

static void add_bad_request(const struct srv_validation *validation)
{
    Google__Rpc__BadRequest__FieldViolation items[SRV_VALIDATION_VIOLATIONS_MAX];
    Google__Rpc__BadRequest__FieldViolation *list[SRV_VALIDATION_VIOLATIONS_MAX];
    for (size_t i = 0; i < validation->count; i++) {
        google__rpc__bad_request__field_violation__init(&items[i]);
        items[i].field = (char *)validation->violations[i].field;
        items[i].description = (char *)validation->violations[i].text;
        list[i] = &items[i];
    }
    Google__Rpc__BadRequest detail = GOOGLE__RPC__BAD_REQUEST__INIT;
    detail.n_field_violations = validation->count;
    detail.field_violations = list;
    rpc_context_add_detail(validation->ctx, &detail.base);
}

bool srv_validation_end(const struct srv_validation *validation, struct base_err *err)
{
    if (validation->count == 0) {
        return true;
    }
    add_bad_request(validation);
    base_err_set(err, BASE_INVALID_ARGUMENT, "%s", validation->violations[0].text);
    for (size_t i = 1; i < validation->count; i++) {
        struct base_err so_far = *err;
        base_err_set(err, BASE_INVALID_ARGUMENT, "%s; %s", so_far.message,
                     validation->violations[i].text);
    }
    return false;
}

struct base_str srv_validation_quote(const char *text)
{
    struct base_str quote = {text, strnlen(text, SRV_VALIDATION_QUOTE_BYTES_MAX)};
    quote.len = base_utf8_valid_len(quote);
    return quote;
}
