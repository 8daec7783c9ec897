#include "gateway/stage.h"

#include "base/decimal.h"

static bool is_name(struct base_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-')) {
            return false;
        }
    }
    return name.len > 0 && name.len <= GW_STAGE_NAME_BYTES_MAX;
}

static bool is_default(struct base_str name)
{
    return base_str_eq(name, BASE_STR(GW_STAGE_DEFAULT));
}

static bool read_numbers(struct base_str text, double *out_rate, int64_t *out_burst)
{
    const char *comma = text.len == 0 ? NULL : memchr(text.data, ',', text.len);
    if (comma == NULL) {
        return false;
    }
    size_t len = (size_t)(comma - text.data);
    return base_decimal_read(base_str_make(text.data, len), out_rate) &&
           base_decimal_read_whole(base_str_make(comma + 1, text.len - len - 1), INT32_MAX,
                                   out_burst);
}

bool gw_stage_read_limit(struct base_str text, struct gw_token_limit *out_limit,
                         struct base_err *err)
{
    double rate;
    int64_t burst;
    if (!read_numbers(text, &rate, &burst)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "expected RATE,BURST: requests a second and at once, as in 100,200");
    }
    *out_limit = gw_token_limit_of(rate, burst);
    return true;
}

static bool find(const struct gw_stages *stages, struct base_str name, size_t *out_index)
{
    for (size_t i = 0; i < stages->count; i++) {
        if (base_str_eq(stages->stages[i].name, name)) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

bool gw_stages_add(struct gw_stages *stages, const char *text, struct base_err *err)
{
    const char *equals = strchr(text, '=');
    struct gw_stage stage = {
        .name = base_str_make(text, equals == NULL ? strlen(text) : (size_t)(equals - text)),
    };
    size_t other;
    if (!is_name(stage.name) && !is_default(stage.name)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "the name of a stage is letters, digits, _ and -, at most %d of them",
                            GW_STAGE_NAME_BYTES_MAX);
    }
    if (find(stages, stage.name, &other)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "the stage %.*s is given twice",
                            BASE_STR_ARGS(stage.name));
    }
    if (stages->count == GW_STAGES_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "expected at most %d stages",
                            GW_STAGES_MAX);
    }
    if (equals != NULL && !gw_stage_read_limit(base_str_of(equals + 1), &stage.limit, err)) {
        return base_err_wrap(err, "stage %.*s", BASE_STR_ARGS(stage.name));
    }
    stages->stages[stages->count++] = stage;
    return true;
}

void gw_stages_end(struct gw_stages *stages)
{
    if (stages->count == 0) {
        stages->stages[stages->count++] = (struct gw_stage){.name = BASE_STR(GW_STAGE_DEFAULT)};
    }
}

bool gw_stages_split(const struct gw_stages *stages, struct base_str raw_path, size_t *out_stage,
                     struct base_str *out_path)
{
    if (raw_path.len > 0 && raw_path.data[0] == '/') {
        const char *begin = raw_path.data + 1;
        const char *slash = memchr(begin, '/', raw_path.len - 1);
        size_t len = slash == NULL ? raw_path.len - 1 : (size_t)(slash - begin);
        struct base_str name = base_str_make(begin, len);
        if (!is_default(name) && find(stages, name, out_stage)) {
            *out_path =
                slash == NULL ? BASE_STR("/") : base_str_make(slash, raw_path.len - 1 - len);
            return true;
        }
    }
    *out_path = raw_path;
    return find(stages, BASE_STR(GW_STAGE_DEFAULT), out_stage);
}
