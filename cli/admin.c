#include "cli/admin.h"

#include "gateway/loopback.h"
#include "rpc/channel_inproc.h"

/* Administrators are few. */
#define ADMIN_LOOPS 1

bool cli_admin_is_wanted(const struct cli_options *options)
{
    return options->admin != NULL && strcmp(options->admin, CLI_ADMIN_NONE) != 0;
}

/* An empty credential, as a script with a variable that is not set gives it, would be none. */
static bool is_empty(const char *credential)
{
    return credential != NULL && credential[0] == '\0';
}

bool cli_admin_check(const struct cli_options *options, struct base_err *err)
{
    if (!cli_admin_is_wanted(options)) {
        return true;
    }
    if (options->store == NULL) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "--admin needs the store of keys and plans: --store URI");
    }
    if (is_empty(options->admin_key_id) || is_empty(options->admin_secret) ||
        is_empty(options->admin_token)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "--admin-key-id, --admin-secret and --admin-token must not be empty");
    }
    bool has_id = options->admin_key_id != NULL;
    if (has_id != (options->admin_secret != NULL)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "--admin-key-id and --admin-secret belong together");
    }
    if (!has_id && options->admin_token == NULL && !gw_loopback_has(base_str_of(options->admin))) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "--admin %s is not a loopback address, so it needs credentials: "
                            "TOLLGATE_ADMIN_KEY_ID and TOLLGATE_ADMIN_SECRET, or "
                            "TOLLGATE_ADMIN_TOKEN",
                            options->admin);
    }
    return true;
}

static bool open_service(struct cli_admin *admin, struct srv_access *access,
                         struct rpc_worker_pool *pool, struct base_err *err)
{
    srv_admin_init(&admin->service, access, admin->stages.names, admin->stages.count);
    admin->server = rpc_server_create(pool);
    if (!srv_admin_register(&admin->service, admin->server, err)) {
        return false;
    }
    admin->channel = rpc_channel_inproc_create(admin->server);
    return true;
}

static bool open_gateway(struct cli_admin *admin, const struct cli_options *options,
                         struct base_err *err)
{
    const struct gw_sigv4_key key = {
        .id = base_str_of(options->admin_key_id),
        .secret = base_str_of(options->admin_secret),
    };
    gw_admin_dialect_init(&admin->dialect, &base_clock_system, key,
                          base_str_of(options->admin_token));
    const struct gw_descriptor_set set = {.bytes = tollgate_admin_descriptor_set};
    const struct gw_gateway_config config = {
        .descriptor_sets = &set,
        .descriptor_set_count = 1,
        .channel = admin->channel,
        .dialect = &admin->dialect.dialect,
    };
    admin->gateway = gw_gateway_create(&config, err);
    return admin->gateway != NULL;
}

static bool open_front(struct cli_admin *admin, const struct cli_options *options,
                       struct base_err *err)
{
    const struct gw_front_config config = {
        .gateway = admin->gateway,
        .address = options->admin,
        .loops = ADMIN_LOOPS,
        .logs_requests = options->access_log,
    };
    admin->front = gw_front_open(&config, err);
    return admin->front != NULL || base_err_wrap(err, "--admin");
}

bool cli_admin_open(struct cli_admin *admin, const struct cli_options *options,
                    struct srv_access *access, struct rpc_worker_pool *pool, struct base_err *err)
{
    *admin = (struct cli_admin){0};
    if (!cli_admin_is_wanted(options)) {
        return true;
    }
    if (cli_stage_names_read(options, &admin->stages, err) &&
        open_service(admin, access, pool, err) && open_gateway(admin, options, err) &&
        open_front(admin, options, err)) {
        return true;
    }
    cli_admin_close(admin);
    return false;
}

void cli_admin_drain(struct cli_admin *admin, int grace_ms)
{
    if (admin->front != NULL) {
        gw_front_drain(admin->front, grace_ms);
    }
}

void cli_admin_close(struct cli_admin *admin)
{
    gw_front_close(admin->front, 0);
    gw_gateway_unref(admin->gateway);
    rpc_channel_destroy(admin->channel);
    rpc_server_destroy(admin->server);
    *admin = (struct cli_admin){0};
}
