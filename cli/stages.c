#include "cli/stages.h"

_Static_assert(CLI_LIST_ITEMS_MAX == GW_STAGES_MAX, "--stage takes as many as there can be");

bool cli_stages_read(const struct cli_options *options, struct gw_stages *out_stages,
                     struct base_err *err)
{
    *out_stages = (struct gw_stages){0};
    for (size_t i = 0; i < options->stages.count; i++) {
        if (!gw_stages_add(out_stages, options->stages.items[i], err)) {
            return base_err_wrap(err, "--stage");
        }
    }
    gw_stages_end(out_stages);
    if (options->throttle != NULL &&
        !gw_stage_read_limit(base_str_of(options->throttle), &out_stages->process_limit, err)) {
        return base_err_wrap(err, "--throttle");
    }
    return true;
}

bool cli_stage_names_read(const struct cli_options *options, struct cli_stage_names *out,
                          struct base_err *err)
{
    struct gw_stages stages;
    if (!cli_stages_read(options, &stages, err)) {
        return false;
    }
    out->count = stages.count;
    for (size_t i = 0; i < stages.count; i++) {
        struct base_str name = stages.stages[i].name;
        memcpy(out->texts[i], name.data, name.len);
        out->texts[i][name.len] = '\0';
        out->names[i] = out->texts[i];
    }
    return true;
}
