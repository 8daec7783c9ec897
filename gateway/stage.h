/* Stage: one name under which the whole API is served, with a throttle of its own.
 *
 * With the stages dev and prod, /dev/notes and /prod/notes are the same route; usage plans say
 * which stages they hold for. Without any there is one, $default, at "/"; it may stand beside
 * others, which then go first. A stage's throttle holds for each method apart, whoever calls;
 * the process's for all requests together.
 *
 * Made at start-up and constant but for the process's bucket. Any thread.
 */
#ifndef GATEWAY_STAGE_H
#define GATEWAY_STAGE_H

#include "base/err.h"
#include "base/str.h"
#include "gateway/token_bucket.h"

#include <stddef.h>

#define GW_STAGES_MAX 32
#define GW_STAGE_NAME_BYTES_MAX 128
#define GW_STAGE_DEFAULT "$default"

struct gw_stage {
    struct base_str name; /* borrows from what it was made of */
    struct gw_token_limit limit;
};

struct gw_stages {
    struct gw_stage stages[GW_STAGES_MAX];
    size_t count;
    struct gw_token_limit process_limit;
    struct gw_token_bucket process_bucket;
};

/* Reads "RATE,BURST": tokens a second, which may be a fraction, and at once. INVALID_ARGUMENT. */
bool gw_stage_read_limit(struct base_str text, struct gw_token_limit *out_limit,
                         struct base_err *err) BASE_MUST_CHECK;

/* Adds "NAME" or "NAME=RATE,BURST", borrowed. A name is [A-Za-z0-9_-]{1,128} or $default.
 * INVALID_ARGUMENT for another one, for one that is there, and past GW_STAGES_MAX. */
bool gw_stages_add(struct gw_stages *stages, const char *text,
                   struct base_err *err) BASE_MUST_CHECK;

/* Adds $default where no stage was added. */
void gw_stages_end(struct gw_stages *stages);

/* Finds the stage of a raw path and what of the path is behind it, "/" at least. False when there
 * is none. */
bool gw_stages_split(const struct gw_stages *stages, struct base_str raw_path, size_t *out_stage,
                     struct base_str *out_path);

#endif
