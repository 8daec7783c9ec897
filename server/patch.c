#include "server/patch.h"

#include "base/decimal.h"
#include "server/usage_plan.h"
#include "server/validation.h"

#include <inttypes.h>

bool srv_patch_refuse(const Tollgate__Admin__PatchOperation *operation, struct base_err *err)
{
    struct base_str op = srv_validation_quote(operation->op);
    struct base_str path = srv_validation_quote(operation->path);
    return base_err_set(err, BASE_INVALID_ARGUMENT,
                        "Invalid patch path: there is no \"%.*s\" of \"%.*s\" here",
                        BASE_STR_ARGS(op), BASE_STR_ARGS(path));
}

bool srv_patch_sets(const Tollgate__Admin__PatchOperation *operation, struct base_err *err)
{
    return strcmp(operation->op, "replace") == 0 || strcmp(operation->op, "add") == 0 ||
           srv_patch_refuse(operation, err);
}

bool srv_patch_check(const struct srv_patch *patch, struct base_err *err)
{
    if (patch->count == 0 || patch->count > SRV_PATCH_OPERATIONS_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "patchOperations: from 1 to %d operations, got %zu",
                            SRV_PATCH_OPERATIONS_MAX, patch->count);
    }
    return true;
}

bool srv_patch_whole(const Tollgate__Admin__PatchOperation *operation, int32_t min,
                     int32_t *out_number, struct base_err *err)
{
    int64_t number;
    if (!base_decimal_read_whole(base_str_of(operation->value), INT32_MAX, &number) ||
        number < min) {
        struct base_str quote = srv_validation_quote(operation->value);
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "%s: expected a whole number from %" PRId32 " to %" PRId32
                            ", found \"%.*s\"",
                            operation->path, min, INT32_MAX, BASE_STR_ARGS(quote));
    }
    *out_number = (int32_t)number;
    return true;
}

static bool read_bool(const Tollgate__Admin__PatchOperation *operation,
                      protobuf_c_boolean *out_value, struct base_err *err)
{
    bool is_true = strcasecmp(operation->value, "true") == 0;
    if (!is_true && strcasecmp(operation->value, "false") != 0) {
        struct base_str quote = srv_validation_quote(operation->value);
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "%s: expected true or false, found \"%.*s\"", operation->path,
                            BASE_STR_ARGS(quote));
    }
    *out_value = is_true;
    return true;
}

static bool set_text(const Tollgate__Admin__PatchOperation *operation, char **out_text,
                     size_t bytes_max, struct base_err *err)
{
    *out_text = operation->value;
    return srv_access_check_text(operation->path, operation->value, bytes_max, err);
}

static bool apply(const Tollgate__Admin__PatchOperation *operation, Tollgate__ApiKey *key,
                  struct base_err *err)
{
    if (!srv_patch_sets(operation, err)) {
        return false;
    }
    if (strcmp(operation->path, "/name") == 0) {
        return set_text(operation, &key->name, SRV_ACCESS_NAME_BYTES_MAX, err);
    }
    if (strcmp(operation->path, "/description") == 0) {
        return set_text(operation, &key->description, SRV_ACCESS_DESCRIPTION_BYTES_MAX, err);
    }
    if (strcmp(operation->path, "/customerId") == 0) {
        return set_text(operation, &key->customer_id, SRV_ACCESS_NAME_BYTES_MAX, err);
    }
    if (strcmp(operation->path, "/enabled") == 0) {
        return read_bool(operation, &key->enabled, err);
    }
    return srv_patch_refuse(operation, err);
}

bool srv_patch_key(const struct srv_patch *patch, Tollgate__ApiKey *key, struct base_err *err)
{
    if (!srv_patch_check(patch, err)) {
        return false;
    }
    for (size_t i = 0; i < patch->count; i++) {
        if (!apply(patch->operations[i], key, err)) {
            return false;
        }
    }
    return true;
}
