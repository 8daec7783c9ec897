/* Stages from the command line: --stage, and the throttle of the whole process. Startup thread. */
#ifndef CLI_STAGES_H
#define CLI_STAGES_H

#include "cli/options.h"
#include "gateway/stage.h"

/* Reads what the flags say; the stages borrow from `options`. Fails with a message for the person
 * who typed. */
bool cli_stages_read(const struct cli_options *options, struct gw_stages *out_stages,
                     struct base_err *err) BASE_MUST_CHECK;

/* Their names, each NUL-terminated. Points into itself: must not move. */
struct cli_stage_names {
    const char *names[GW_STAGES_MAX];
    size_t count;
    char texts[GW_STAGES_MAX][GW_STAGE_NAME_BYTES_MAX + 1];
};

/* Reads the names alone. Fails likewise. */
bool cli_stage_names_read(const struct cli_options *options, struct cli_stage_names *out,
                          struct base_err *err) BASE_MUST_CHECK;

#endif
