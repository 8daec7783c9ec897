#include "cli/cors.h"

_Static_assert(CLI_CORS_MAX_AGE_S_MAX == GW_CORS_MAX_AGE_S_MAX, "--cors-max-age holds here");

/* Without an origin no other flag has a meaning, and its being given tells that one
 * was forgotten. */
static bool check_absent(const struct cli_options *options, struct base_err *err)
{
    const char *given = options->cors_headers.count > 0   ? "--cors-header"
                        : options->cors_exposed.count > 0 ? "--cors-expose"
                        : options->cors_credentials       ? "--cors-credentials"
                                                          : NULL;
    return given == NULL || base_err_set(err, BASE_INVALID_ARGUMENT,
                                         "%s needs --cors-origin, which says who may call", given);
}

bool cli_cors_create(const struct cli_options *options, struct gw_cors **out_cors,
                     struct base_err *err)
{
    *out_cors = NULL;
    if (options->cors_origins.count == 0) {
        return check_absent(options, err);
    }
    const struct gw_cors_config config = {
        .origins = options->cors_origins.items,
        .origin_count = options->cors_origins.count,
        .headers = options->cors_headers.items,
        .header_count = options->cors_headers.count,
        .exposed = options->cors_exposed.items,
        .exposed_count = options->cors_exposed.count,
        .credentials = options->cors_credentials,
        .max_age_s = options->cors_max_age_s,
    };
    *out_cors = gw_cors_create(&config, err);
    return *out_cors != NULL || base_err_wrap(err, "CORS");
}
