#include "cli/access.h"

#include "base/file.h"
#include "cli/stages.h"

/* Editors end a file with a line's end, which is no part of a secret. */
static struct base_str trim_line_ends(struct base_str text)
{
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) {
        text.len--;
    }
    return text;
}

static bool read_secret(const char *path, struct base_buf *out, struct base_err *err)
{
    if (path == NULL) {
        return true;
    }
    if (!base_file_read(path, out, err)) {
        return base_err_wrap(err, "--key-secret-file");
    }
    return trim_line_ends(base_buf_str(out)).len >= SRV_KEY_SECRET_BYTES_MIN ||
           base_err_set(err, BASE_INVALID_ARGUMENT,
                        "--key-secret-file: %s holds less than the %d bytes that a secret has",
                        path, SRV_KEY_SECRET_BYTES_MIN);
}

bool cli_access_open(struct srv_access *access, const struct cli_options *options,
                     struct srv_store *store, struct base_err *err)
{
    struct cli_stage_names stages;
    struct base_buf secret;
    base_buf_init(&secret, SRV_KEY_SECRET_BYTES_MAX);
    bool ok = cli_stage_names_read(options, &stages, err) &&
              read_secret(options->key_secret_file, &secret, err);
    if (ok) {
        const struct srv_access_config config = {
            .store = store,
            .clock = &base_clock_system,
            .random = &base_random_system,
            .secret = trim_line_ends(base_buf_str(&secret)),
            .keeps_values = options->recoverable_keys,
            .stages = stages.names,
            .stage_count = stages.count,
        };
        ok = srv_access_open(access, &config, err);
    }
    base_buf_dispose(&secret);
    return ok;
}
