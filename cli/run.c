/* The three differ in which parts they have, so a program is a struct of parts of which some are
 * NULL: opened in the order of the fields, closed from the last to the first. */
#include "cli/run.h"

#include "base/cores.h"
#include "base/log.h"
#include "base/log_stray.h"
#include "base/log_writer.h"
#include "cli/admin.h"
#include "cli/api.h"
#include "cli/backend.h"
#include "cli/cors.h"
#include "cli/key_store.h"
#include "cli/limits.h"
#include "cli/signals.h"
#include "cli/stages.h"
#include "cli/try.h"
#include "gateway/front_h2o.h"
#include "rpc/channel_grpc.h"
#include "rpc/channel_inproc.h"
#include "rpc/listener_grpc.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

_Static_assert(CLI_THREADS_MAX <= RPC_LISTENER_GRPC_THREADS_MAX, "--threads holds for gRPC");
_Static_assert(CLI_THREADS_MAX <= GW_FRONT_LOOPS_MAX, "--threads holds for REST");

/* Bytes of "host:port". */
#define ADDRESS_SIZE 300

#define BYTES_PER_MIB (size_t)(1024 * 1024)
_Static_assert(CLI_BODY_MEMORY_MIB_MIN *BYTES_PER_MIB == GW_FRONT_BODY_MEMORY_MIN,
               "--body-memory holds for the front");

struct program {
    const struct cli_options *options;
    struct cli_backend backend;
    bool has_backend;
    struct cli_key_store key_store; /* of a gateway that has --store */
    struct srv_access *access;      /* the backend's, the key store's or NULL: there are no keys */
    struct rpc_worker_pool *pool;   /* beside it */
    struct rpc_channel *channel;    /* to the backend or to the upstream */
    struct gw_stages stages;
    struct cli_limits limits;
    struct gw_cors *cors; /* NULL without --cors-origin */
    struct gw_gateway *gateway;
    struct gw_front *front;
    struct rpc_listener_grpc *listener;
    struct cli_admin admin;
};

/* A connection is a file, and the soft limit is often 1024. The hard one is what is meant. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static size_t thread_count(const struct cli_options *options)
{
    size_t wanted = options->threads > 0 ? (size_t)options->threads : base_cores_available();
    return wanted > CLI_THREADS_MAX ? CLI_THREADS_MAX : wanted;
}

/* Writes `address` with the port that was bound in place of the one that was asked for. */
static void bound_address(const char *address, int port, char out[ADDRESS_SIZE])
{
    const char *colon = strrchr(address, ':');
    int host_len = colon == NULL ? (int)strlen(address) : (int)(colon - address);
    snprintf(out, ADDRESS_SIZE, "%.*s:%d", host_len, address, port);
}

static void log_listening(const char *address, int port, const char *protocol)
{
    char bound[ADDRESS_SIZE];
    bound_address(address, port, bound);
    base_log(BASE_LOG_INFO, "listening", "address", bound, "protocol", protocol, NULL);
}

static void log_routes(const char *event, const struct gw_gateway *gateway)
{
    char count[24];
    snprintf(count, sizeof count, "%zu", gw_routes_count(gateway->routes));
    base_log(BASE_LOG_INFO, event, "routes", count, NULL);
}

static bool open_backend(struct program *program, struct base_err *err)
{
    if (!cli_backend_open(&program->backend, program->options, err)) {
        return false;
    }
    program->has_backend = true;
    program->access = &program->backend.access;
    program->pool = program->backend.pool;
    return true;
}

/* Opens the gateway's own key store where something needs it. */
static bool open_key_store(struct program *program, struct base_err *err)
{
    const struct cli_options *options = program->options;
    if (options->store == NULL || (options->no_keys && !cli_admin_is_wanted(options))) {
        return true;
    }
    if (!cli_key_store_open(&program->key_store, options, err)) {
        return false;
    }
    program->access = &program->key_store.access;
    program->pool = program->key_store.pool;
    return true;
}

static bool open_upstream(struct program *program, struct base_err *err)
{
    if (program->options->upstream == NULL) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "a gateway needs an upstream: --upstream HOST:PORT");
    }
    program->channel = rpc_channel_grpc_create(program->options->upstream, err);
    return program->channel != NULL;
}

/* Whether something failed because it is time to stop. */
static bool was_stopped(const struct base_err *err)
{
    return err->code == BASE_CANCELLED && base_stop_is_asked(cli_signals_stop());
}

/* Builds a gateway over the program's channel, waiting so long for what --reflect asks, or gives
 * NULL; with CANCELLED where it is time to stop. */
static struct gw_gateway *make_gateway(const struct program *program, int wait_s,
                                       struct base_err *err)
{
    const struct cli_reflection reflection = {
        .upstream = program->channel,
        .address = program->options->upstream,
        .wait_s = wait_s,
        .stop = cli_signals_stop(),
    };
    struct cli_api api;
    if (!cli_api_read(&api, program->options, &reflection, err)) {
        return NULL;
    }
    struct gw_transcode_options json = cli_api_json(program->options);
    struct gw_gateway_config config = {
        .descriptor_sets = api.sets,
        .descriptor_set_count = api.set_count,
        .rules = api.rules,
        .channel = program->channel,
        .json = &json,
        .cors = program->cors,
        .policy = &program->limits.policy,
    };
    struct gw_gateway *gateway = gw_gateway_create(&config, err);
    cli_api_dispose(&api);
    return gateway;
}

/* Routes that no request reaches are no reason not to start: the .proto may be somebody else's. */
static void warn_of_shadows(const struct gw_gateway *gateway)
{
    for (size_t i = 0; i < gw_routes_count(gateway->routes); i++) {
        const struct gw_route *route = gw_routes_at(gateway->routes, i);
        const struct gw_route *other = gw_routes_shadow(gateway->routes, route);
        if (other != NULL) {
            struct base_err text;
            base_err_set(&text, BASE_OK, "%.*s %.*s", BASE_STR_ARGS(route->http_method),
                         BASE_STR_ARGS(route->path_template.text));
            base_log(BASE_LOG_WARN, "route is never reached", "route", text.message, "method",
                     route->method->path, "taken_by", other->method->path, NULL);
        }
    }
}

/* Opens the limits that stages and, where there are some, keys and plans set. */
static bool open_limits(struct program *program, struct base_err *err)
{
    const struct cli_options *options = program->options;
    if (options->no_keys && options->require_keys) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "expected either --no-keys or --require-keys, found both");
    }
    if (!cli_stages_read(options, &program->stages, err)) {
        return false;
    }
    program->limits.policy = (struct gw_admission_policy){
        .stages = &program->stages,
        .key_rule = options->no_keys        ? GW_KEYS_NEVER
                    : options->require_keys ? GW_KEYS_ALWAYS
                                            : GW_KEYS_BY_METHOD,
        .quota_fail_open = options->quota_fail_open,
        .clock = &base_clock_system,
    };
    return options->no_keys || program->access == NULL ||
           cli_limits_open(&program->limits, program->access, program->pool, err);
}

/* Not an error: there may be other methods. */
static void warn_of_no_keys(const struct program *program)
{
    bool is_needed = false;
    for (size_t i = 0; i < gw_routes_count(program->gateway->routes); i++) {
        is_needed |= gw_admission_asks_for_key(&program->limits.policy,
                                               gw_routes_at(program->gateway->routes, i)->method);
    }
    if (is_needed && program->limits.meters == NULL) {
        base_log(BASE_LOG_WARN, "methods that need an API key refuse everyone", "reason",
                 "there is neither --store nor --no-keys", NULL);
    }
}

/* Opens REST over the program's channel. */
static bool open_front(struct program *program, struct base_err *err)
{
    if (!cli_cors_create(program->options, &program->cors, err) || !open_limits(program, err)) {
        return false;
    }
    program->gateway = make_gateway(program, program->options->reflect_wait_s, err);
    if (program->gateway == NULL) {
        return false;
    }
    warn_of_shadows(program->gateway);
    warn_of_no_keys(program);
    struct gw_front_config front = {
        .gateway = program->gateway,
        .address = program->options->listen,
        .loops = thread_count(program->options),
        .logs_requests = program->options->access_log,
        .body_memory_bytes = (size_t)program->options->body_memory_mib * BYTES_PER_MIB,
        .access = cli_limits_take(&program->limits),
    };
    program->front = gw_front_open(&front, err);
    gw_access_unref(front.access);
    if (program->front == NULL) {
        return base_err_wrap(err, "--listen");
    }
    cli_limits_attach(&program->limits, program->front);
    log_listening(front.address, gw_front_port(program->front), "http");
    return true;
}

/* Opens gRPC over the program's backend. */
static bool open_listener(struct program *program, struct base_err *err)
{
    const char *address = program->options->grpc;
    program->listener = rpc_listener_grpc_open(program->backend.server, address,
                                               thread_count(program->options), err);
    if (program->listener == NULL) {
        return base_err_wrap(err, "--grpc");
    }
    log_listening(address, rpc_listener_grpc_port(program->listener), "grpc");
    return true;
}

/* Opens the admin listener over the program's keys and plans. */
static bool open_admin(struct program *program, struct base_err *err)
{
    if (!cli_admin_open(&program->admin, program->options, program->access, program->pool, err)) {
        return false;
    }
    if (program->admin.front != NULL) {
        log_listening(program->options->admin, gw_front_port(program->admin.front), "admin");
    }
    return true;
}

/* Milliseconds until `end_ns`, 0 when it is past. */
static int ms_until(int64_t end_ns)
{
    int64_t left_ns = end_ns - base_clock_monotonic_ns();
    return left_ns > 0 ? (int)(left_ns / BASE_NS_PER_MS) : 0;
}

/* All listeners drain at once, so that none goes on taking requests while another is waited for,
 * and each has the whole of the grace. */
static void close_program(struct program *program)
{
    int64_t end_ns = base_clock_monotonic_ns() + program->options->drain_timeout_s * BASE_NS_PER_S;
    cli_limits_detach(&program->limits);
    if (program->front != NULL) {
        gw_front_drain(program->front, ms_until(end_ns));
    }
    cli_admin_drain(&program->admin, ms_until(end_ns));
    rpc_listener_grpc_close(program->listener, ms_until(end_ns));
    gw_front_close(program->front, 0);
    cli_admin_close(&program->admin);
    cli_limits_close(&program->limits);
    gw_gateway_unref(program->gateway);
    gw_cors_destroy(program->cors);
    rpc_channel_destroy(program->channel);
    if (program->has_backend) {
        cli_backend_close(&program->backend);
    }
    cli_key_store_close(&program->key_store);
}

static void start(struct program *program, const struct cli_options *options)
{
    *program = (struct program){.options = options};
    base_log_set_level((enum base_log_level)options->log_level);
    raise_file_limit();
    cli_signals_init();
    base_log_writer_start();
    base_log_stray_take();
}

/* Reads descriptor sets anew, for the requests that begin from now on; when they are no good, the
 * gateway that is there goes on. The loops serve meanwhile; a SIGHUP that comes meanwhile stays
 * pending, so that what it was sent for is read after it. */
static void reload(struct program *program)
{
    struct base_err err;
    if (program->front == NULL) {
        base_log(BASE_LOG_INFO, "nothing to reload", NULL);
        return;
    }
    struct gw_gateway *gateway = make_gateway(program, 0, &err);
    if (gateway == NULL && was_stopped(&err)) {
        base_log(BASE_LOG_INFO, "reload given up", NULL);
        return;
    }
    if (gateway == NULL) {
        base_log(BASE_LOG_ERROR, "reload refused", "reason", err.message, NULL);
        return;
    }
    gw_front_replace(program->front, gateway);
    gw_gateway_unref(program->gateway);
    program->gateway = gateway;
    warn_of_shadows(gateway);
    log_routes("reloaded", gateway);
}

static const char *serve_until_stopped(struct program *program)
{
    int number;
    while ((number = cli_signals_wait()) == SIGHUP) {
        reload(program);
    }
    return cli_signals_name(number);
}

/* Serves until told to stop, unless opening has failed, and closes what has been opened. Returns
 * whether nothing has failed: being told to stop before all is open is no failure. */
static bool finish(struct program *program, bool is_open, const struct base_err *err)
{
    bool is_fine = is_open || was_stopped(err);
    if (is_fine) {
        base_log(BASE_LOG_INFO, "stopping", "signal", serve_until_stopped(program), NULL);
    }
    close_program(program);
    if (is_fine) {
        base_log(BASE_LOG_INFO, "stopped", NULL);
    }
    base_log_stray_release();
    base_log_writer_stop();
    return is_fine;
}

bool cli_run_serve(const struct cli_options *options, struct base_err *err)
{
    struct program program;
    start(&program, options);
    bool is_open = cli_admin_check(options, err) && open_backend(&program, err);
    if (is_open) {
        program.channel = rpc_channel_inproc_create(program.backend.server);
        is_open =
            open_front(&program, err) && open_listener(&program, err) && open_admin(&program, err);
    }
    if (is_open && options->demo) {
        char address[ADDRESS_SIZE];
        bound_address(options->listen, gw_front_port(program.front), address);
        cli_try_print(address, stdout);
    }
    return finish(&program, is_open, err);
}

bool cli_run_server(const struct cli_options *options, struct base_err *err)
{
    struct program program;
    start(&program, options);
    bool is_open = cli_admin_check(options, err) && open_backend(&program, err) &&
                   open_listener(&program, err) && open_admin(&program, err);
    return finish(&program, is_open, err);
}

bool cli_run_gateway(const struct cli_options *options, struct base_err *err)
{
    struct program program;
    start(&program, options);
    bool is_open = cli_admin_check(options, err) && open_upstream(&program, err) &&
                   open_key_store(&program, err) && open_front(&program, err) &&
                   open_admin(&program, err);
    return finish(&program, is_open, err);
}
