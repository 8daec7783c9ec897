/* libmongoc's pool serves as the maker of clients that share one view of the servers. Which client
 * is whose is decided by the gate: slot N of it owns connection N, made when first needed. The view
 * changes come as events from libmongoc's monitoring threads and open or shut the gate. */
#include "server/mongo_client.h"

#include "base/log.h"
#include "base/mem.h"
#include "server/mongo_stream.h"
#include "server/store_mongo.h"

#include <pthread.h>

/* How much longer a connection is waited on than its command may run (maxTimeMS): the server's own
 * word that time is up keeps the connection, silence ends it. */
#define ANSWER_GRACE_NS (100 * BASE_NS_PER_MS)

/* The server's error codes that mean "not now, or not here": a primary that steps down or shuts
 * down, one that is not primary yet, a router that finds none, or none that comes to it in time
 * (MongoDB's error_codes.yml). */
static const int32_t passing_codes[] = {
    6,     /* HostUnreachable */
    7,     /* HostNotFound */
    89,    /* NetworkTimeout */
    91,    /* ShutdownInProgress */
    133,   /* FailedToSatisfyReadPreference */
    134,   /* ReadConcernMajorityNotAvailableYet */
    189,   /* PrimarySteppedDown */
    262,   /* ExceededTimeLimit */
    9001,  /* SocketException */
    10107, /* NotWritablePrimary */
    11600, /* InterruptedAtShutdown */
    11602, /* InterruptedDueToReplStateChange */
    13435, /* NotPrimaryNoSecondaryOk */
    13436, /* NotPrimaryOrSecondary */
};
#define MAX_TIME_MS_EXPIRED 50
#define DUPLICATE_KEY 11000

struct srv_mongo_client {
    mongoc_client_pool_t *pool;
    char *database;
    mongoc_read_prefs_t *read_prefs; /* the URI's: what a server must be to be read from */
    struct srv_mongo_gate *gate;
    struct srv_mongo_stream_user *connections; /* one a slot; its client is NULL until needed */
    size_t connection_count;
};

static void log_driver(mongoc_log_level_t level, const char *domain, const char *message,
                       void *user)
{
    (void)user;
    if (level <= MONGOC_LOG_LEVEL_WARNING) {
        base_log(BASE_LOG_WARN, "mongodb driver", "domain", domain, "message", message, NULL);
    }
}

/* The driver may be cleaned up once in a process, so it is when the process ends. */
static void init_driver(void)
{
    mongoc_init();
    mongoc_log_set_handler(log_driver, NULL);
    atexit(mongoc_cleanup);
}

static void set_default(mongoc_uri_t *uri, const char *option, int32_t value)
{
    if (!mongoc_uri_has_option(uri, option)) {
        mongoc_uri_set_option_as_int32(uri, option, value);
    }
}

/* Whether the URI has the server answer writes: what an answer says is what a store goes by. */
static bool is_acknowledged(const mongoc_uri_t *uri, struct base_err *err)
{
    return mongoc_write_concern_is_acknowledged(mongoc_uri_get_write_concern(uri)) ||
           base_err_set(err, BASE_INVALID_ARGUMENT,
                        "the MongoDB URI cannot be used: writes must be acknowledged, w=0 is not");
}

static int32_t pool_size(const mongoc_uri_t *uri)
{
    return mongoc_uri_get_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, SRV_STORE_MONGO_POOL_MAX);
}

static bool check_pool_size(const mongoc_uri_t *uri, struct base_err *err)
{
    int32_t size = pool_size(uri);
    return (size >= 1 && size <= SRV_STORE_MONGO_CONNECTIONS_MAX) ||
           base_err_set(err, BASE_INVALID_ARGUMENT,
                        "the MongoDB URI cannot be used: maxPoolSize is %d, expected 1 to %d", size,
                        SRV_STORE_MONGO_CONNECTIONS_MAX);
}

/* Majority and journal, each unless the URI says otherwise. */
static void set_default_write_concern(mongoc_uri_t *uri)
{
    mongoc_write_concern_t *concern = mongoc_write_concern_copy(mongoc_uri_get_write_concern(uri));
    if (mongoc_write_concern_get_w(concern) == MONGOC_WRITE_CONCERN_W_DEFAULT) {
        mongoc_write_concern_set_w(concern, MONGOC_WRITE_CONCERN_W_MAJORITY);
    }
    if (!mongoc_write_concern_journal_is_set(concern)) {
        mongoc_write_concern_set_journal(concern, true);
    }
    mongoc_uri_set_write_concern(uri, concern);
    mongoc_write_concern_destroy(concern);
}

static void set_defaults(mongoc_uri_t *uri)
{
    set_default(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, SRV_STORE_MONGO_SELECTION_MS);
    set_default(uri, MONGOC_URI_CONNECTTIMEOUTMS, SRV_STORE_MONGO_CONNECT_MS);
    set_default(uri, MONGOC_URI_SOCKETTIMEOUTMS, SRV_STORE_MONGO_COMMAND_MS);
    set_default(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, SRV_STORE_MONGO_HEARTBEAT_MS);
    set_default(uri, MONGOC_URI_MAXPOOLSIZE, SRV_STORE_MONGO_POOL_MAX);
    if (!mongoc_uri_has_option(uri, MONGOC_URI_RETRYREADS)) {
        /* It would go on after the deadline; reads are tried again here instead. */
        mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, false);
    }
    if (mongoc_uri_get_appname(uri) == NULL) {
        mongoc_uri_set_appname(uri, "tollgate");
    }
    set_default_write_concern(uri);
}

static void on_topology_changed(const mongoc_apm_topology_changed_t *event)
{
    struct srv_mongo_client *client = mongoc_apm_topology_changed_get_context(event);
    const mongoc_topology_description_t *servers =
        mongoc_apm_topology_changed_get_new_description(event);
    srv_mongo_gate_set_reachable(
        client->gate, SRV_MONGO_READ,
        mongoc_topology_description_has_readable_server(servers, client->read_prefs));
    srv_mongo_gate_set_reachable(client->gate, SRV_MONGO_WRITE,
                                 mongoc_topology_description_has_writable_server(servers));
}

/* Listens to what the pool finds out about the servers. Behind a load balancer it finds out
 * nothing, and the gate stays open. */
static void watch_servers(struct srv_mongo_client *client, const mongoc_uri_t *uri)
{
    mongoc_apm_callbacks_t *callbacks = mongoc_apm_callbacks_new();
    mongoc_apm_set_topology_changed_cb(callbacks, on_topology_changed);
    mongoc_client_pool_set_apm_callbacks(client->pool, callbacks, client);
    mongoc_apm_callbacks_destroy(callbacks);
    if (mongoc_uri_get_option_as_bool(uri, MONGOC_URI_LOADBALANCED, false)) {
        srv_mongo_gate_set_reachable(client->gate, SRV_MONGO_READ, true);
        srv_mongo_gate_set_reachable(client->gate, SRV_MONGO_WRITE, true);
    }
}

/* The connection of a slot, which is the caller's alone. */
static struct srv_mongo_stream_user *connection_of(struct srv_mongo_client *client, size_t slot)
{
    struct srv_mongo_stream_user *connection = &client->connections[slot];
    if (connection->client == NULL) {
        connection->client = mongoc_client_pool_pop(client->pool);
        srv_mongo_stream_bind(connection);
    }
    return connection;
}

static void name_database(struct srv_mongo_client *client, const mongoc_uri_t *uri)
{
    const char *given = mongoc_uri_get_database(uri);
    struct base_str name = base_str_of(given == NULL ? SRV_STORE_MONGO_DATABASE : given);
    client->database = base_calloc(1, name.len + 1);
    memcpy(client->database, name.data, name.len);
}

/* Everything but the pool, which comes first because it can fail. */
static void set_up(struct srv_mongo_client *client, const mongoc_uri_t *uri)
{
    mongoc_client_pool_set_error_api(client->pool, MONGOC_ERROR_API_VERSION_2);
    name_database(client, uri);
    client->read_prefs = mongoc_read_prefs_copy(mongoc_uri_get_read_prefs_t(uri));
    client->connection_count = (size_t)pool_size(uri);
    client->connections = base_calloc(client->connection_count, sizeof *client->connections);
    client->gate = srv_mongo_gate_create(
        client->connection_count, SRV_STORE_MONGO_WAITING_MAX,
        mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS,
                                       SRV_STORE_MONGO_SELECTION_MS));
    watch_servers(client, uri);
    connection_of(client, 0); /* the first one starts libmongoc's monitoring */
}

struct srv_mongo_client *srv_mongo_client_open(const char *uri, struct base_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_driver);
    bson_error_t error;
    mongoc_uri_t *parsed = mongoc_uri_new_with_error(uri, &error);
    if (parsed == NULL) {
        base_err_set(err, BASE_INVALID_ARGUMENT, "the MongoDB URI cannot be understood: %s",
                     error.message);
        return NULL;
    }
    if (!is_acknowledged(parsed, err) || !check_pool_size(parsed, err)) {
        mongoc_uri_destroy(parsed);
        return NULL;
    }
    set_defaults(parsed);
    mongoc_client_pool_t *pool = mongoc_client_pool_new_with_error(parsed, &error);
    struct srv_mongo_client *client = NULL;
    if (pool == NULL) {
        base_err_set(err, BASE_INVALID_ARGUMENT, "the MongoDB URI cannot be used: %s",
                     error.message);
    } else {
        client = base_calloc(1, sizeof *client);
        client->pool = pool;
        set_up(client, parsed);
    }
    mongoc_uri_destroy(parsed);
    return client;
}

void srv_mongo_client_close(struct srv_mongo_client *client)
{
    if (client == NULL) {
        return;
    }
    for (size_t i = 0; i < client->connection_count; i++) {
        if (client->connections[i].client != NULL) {
            mongoc_client_pool_push(client->pool, client->connections[i].client);
        }
    }
    mongoc_client_pool_destroy(client->pool); /* after which no event comes */
    srv_mongo_gate_destroy(client->gate);
    mongoc_read_prefs_destroy(client->read_prefs);
    base_free(client->connections);
    base_free(client->database);
    base_free(client);
}

static bool is_passing(const bson_error_t *error)
{
    for (size_t i = 0; i < sizeof passing_codes / sizeof *passing_codes; i++) {
        if (error->code == (uint32_t)passing_codes[i]) {
            return true;
        }
    }
    return false;
}

static bool report_server(const bson_error_t *error, struct base_err *err)
{
    return is_passing(error)
               ? base_err_set(err, BASE_UNAVAILABLE, "the database is changing its primary")
               : base_err_set(err, BASE_INTERNAL, "the database refused the operation");
}

/* Turns the driver's error into ours. Its text goes to the log alone: it may name hosts. */
static bool report(const bson_error_t *error, const struct rpc_context *ctx, struct base_err *err)
{
    bool from_server = error->domain == MONGOC_ERROR_SERVER;
    if (from_server && error->code == DUPLICATE_KEY) {
        return base_err_set(err, BASE_ALREADY_EXISTS, "the key is taken");
    }
    bool from_write = error->domain == MONGOC_ERROR_WRITE_CONCERN;
    if (((from_server || from_write) && error->code == MAX_TIME_MS_EXPIRED) ||
        base_clock_monotonic_ns() >= ctx->deadline_ns) {
        return base_err_set(err, BASE_DEADLINE_EXCEEDED, RPC_DEADLINE_EXCEEDED);
    }
    char code[16];
    snprintf(code, sizeof code, "%u", error->code);
    base_log(BASE_LOG_WARN, "mongodb command failed", "code", code, "message", error->message,
             NULL);
    switch (error->domain) {
    case MONGOC_ERROR_SERVER:
        return report_server(error, err);
    case MONGOC_ERROR_SERVER_SELECTION:
        return base_err_set(err, BASE_UNAVAILABLE, "the database cannot be reached");
    case MONGOC_ERROR_STREAM:
        return base_err_set(err, BASE_UNAVAILABLE, "the connection to the database was lost");
    case MONGOC_ERROR_WRITE_CONCERN:
        return base_err_set(err, BASE_UNAVAILABLE,
                            "the database did not confirm the write; it may have happened");
    case MONGOC_ERROR_CLIENT:
        if (error->code == MONGOC_ERROR_CLIENT_AUTHENTICATE) {
            return base_err_set(err, BASE_INTERNAL, "the database refused the credentials");
        }
        return base_err_set(err, BASE_UNAVAILABLE, "the database refused the connection");
    default:
        return base_err_set(err, BASE_INTERNAL, "the database refused the operation");
    }
}

/* Whether a command that succeeded has not written its document, which its reply says. A router
 * reports in that way also that it has no primary to write to. */
static bool find_write_error(const bson_t *reply, bson_error_t *out_error)
{
    bson_iter_t top, first, code, text;
    if (!bson_iter_init(&top, reply) || !bson_iter_find_descendant(&top, "writeErrors.0", &first) ||
        !bson_iter_recurse(&first, &code)) {
        return false;
    }
    text = code;
    bool has_code = bson_iter_find(&code, "code") && BSON_ITER_HOLDS_NUMBER(&code);
    bool has_text = bson_iter_find(&text, "errmsg") && BSON_ITER_HOLDS_UTF8(&text);
    bson_set_error(out_error, MONGOC_ERROR_SERVER,
                   has_code ? (uint32_t)bson_iter_as_int64(&code) : 0, "%s",
                   has_text ? bson_iter_utf8(&text, NULL) : "");
    return true;
}

/* One try on a connection that the caller has a slot for. */
static bool try_command(struct srv_mongo_client *client, size_t slot, enum srv_mongo_kind kind,
                        const bson_t *command, int64_t deadline_ns, bson_t *out_reply,
                        bson_error_t *error)
{
    struct srv_mongo_stream_user *connection = connection_of(client, slot);
    int64_t left_ms = (deadline_ns - base_clock_monotonic_ns()) / BASE_NS_PER_MS;
    bson_t opts;
    bson_init(&opts);
    BSON_APPEND_INT64(&opts, "maxTimeMS", left_ms < 1 ? 1 : left_ms);
    connection->until_ns = deadline_ns + ANSWER_GRACE_NS;
    bool ok = kind == SRV_MONGO_READ
                  ? mongoc_client_read_command_with_opts(connection->client, client->database,
                                                         command, NULL, &opts, out_reply, error)
                  : mongoc_client_write_command_with_opts(connection->client, client->database,
                                                          command, &opts, out_reply, error) &&
                        !find_write_error(out_reply, error);
    bson_destroy(&opts);
    if (!ok) {
        bson_destroy(out_reply);
    }
    return ok;
}

/* A read whose connection turns out to be gone, as all are after a failover, deserves another. */
static bool may_retry(enum srv_mongo_kind kind, const bson_error_t *error, int64_t deadline_ns)
{
    return kind == SRV_MONGO_READ && error->domain == MONGOC_ERROR_STREAM &&
           base_clock_monotonic_ns() < deadline_ns;
}

bool srv_mongo_client_run(struct srv_mongo_client *client, struct rpc_context *ctx,
                          enum srv_mongo_kind kind, const bson_t *command, bson_t *out_reply,
                          struct base_err *err)
{
    int64_t longest_ns = base_clock_monotonic_ns() + SRV_STORE_MONGO_COMMAND_MS * BASE_NS_PER_MS;
    int64_t deadline_ns = ctx->deadline_ns < longest_ns ? ctx->deadline_ns : longest_ns;
    bson_error_t error;
    for (int attempt = 1;; attempt++) {
        size_t slot;
        if (!rpc_context_check(ctx, err) ||
            !srv_mongo_gate_enter(client->gate, kind, deadline_ns, &slot, err)) {
            return false;
        }
        bool ok = try_command(client, slot, kind, command, deadline_ns, out_reply, &error);
        srv_mongo_gate_leave(client->gate, slot);
        if (ok) {
            return true;
        }
        if (attempt == 2 || !may_retry(kind, &error, deadline_ns)) {
            return report(&error, ctx, err);
        }
    }
}
