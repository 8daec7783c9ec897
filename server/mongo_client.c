#include "server/mongo_client.h"

#include "base/log.h"
#include "base/mem.h"
#include "server/store_mongo.h"

#include <mongoc/mongoc.h>
#include <pthread.h>

/* The server's error codes that mean "not now, or not here": a primary that steps down or shuts
 * down, or one that is not primary yet (MongoDB's error_codes.yml). */
static const int32_t passing_codes[] = {
    6,     /* HostUnreachable */
    7,     /* HostNotFound */
    89,    /* NetworkTimeout */
    91,    /* ShutdownInProgress */
    189,   /* PrimarySteppedDown */
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

/* Majority and journal, each unless the URI says otherwise. */
static void set_default_write_concern(mongoc_uri_t *uri)
{
    mongoc_write_concern_t *concern = mongoc_write_concern_copy(mongoc_uri_get_write_concern(uri));
    if (mongoc_write_concern_get_w(concern) == MONGOC_WRITE_CONCERN_W_DEFAULT) {
        mongoc_write_concern_set_wmajority(concern, 0);
    }
    if (!mongoc_write_concern_journal_is_set(concern) &&
        mongoc_write_concern_get_w(concern) != MONGOC_WRITE_CONCERN_W_UNACKNOWLEDGED) {
        mongoc_write_concern_set_journal(concern, true);
    }
    mongoc_uri_set_write_concern(uri, concern);
    mongoc_write_concern_destroy(concern);
}

static void set_defaults(mongoc_uri_t *uri)
{
    set_default(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, SRV_STORE_MONGO_SELECTION_MS);
    set_default(uri, MONGOC_URI_CONNECTTIMEOUTMS, SRV_STORE_MONGO_CONNECT_MS);
    set_default(uri, MONGOC_URI_SOCKETTIMEOUTMS, SRV_STORE_MONGO_SOCKET_MS);
    set_default(uri, MONGOC_URI_MAXPOOLSIZE, SRV_STORE_MONGO_POOL_MAX);
    set_default(uri, MONGOC_URI_WAITQUEUETIMEOUTMS, SRV_STORE_MONGO_POOL_WAIT_MS);
    if (mongoc_uri_get_appname(uri) == NULL) {
        mongoc_uri_set_appname(uri, "tollgate");
    }
    set_default_write_concern(uri);
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
    set_defaults(parsed);
    struct srv_mongo_client *client = base_calloc(1, sizeof *client);
    const char *database = mongoc_uri_get_database(parsed);
    struct base_str name = base_str_of(database == NULL ? SRV_STORE_MONGO_DATABASE : database);
    client->database = base_calloc(1, name.len + 1);
    memcpy(client->database, name.data, name.len);
    client->pool = mongoc_client_pool_new_with_error(parsed, &error);
    mongoc_uri_destroy(parsed);
    if (client->pool == NULL) {
        base_err_set(err, BASE_INVALID_ARGUMENT, "the MongoDB URI cannot be used: %s",
                     error.message);
        srv_mongo_client_close(client);
        return NULL;
    }
    mongoc_client_pool_set_error_api(client->pool, MONGOC_ERROR_API_VERSION_2);
    return client;
}

void srv_mongo_client_close(struct srv_mongo_client *client)
{
    if (client == NULL) {
        return;
    }
    if (client->pool != NULL) {
        mongoc_client_pool_destroy(client->pool);
    }
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

/* Turns the driver's error into ours. Its text goes to the log alone: it may name hosts. */
static bool report(const bson_error_t *error, struct base_err *err)
{
    bool from_server = error->domain == MONGOC_ERROR_SERVER;
    if (from_server && error->code == MAX_TIME_MS_EXPIRED) {
        return base_err_set(err, BASE_DEADLINE_EXCEEDED, "deadline exceeded");
    }
    if (from_server && error->code == DUPLICATE_KEY) {
        return base_err_set(err, BASE_ALREADY_EXISTS, "the key is taken");
    }
    char code[16];
    snprintf(code, sizeof code, "%u", error->code);
    base_log(BASE_LOG_WARN, "mongodb command failed", "code", code, "message", error->message,
             NULL);
    if (error->domain == MONGOC_ERROR_SERVER_SELECTION || error->domain == MONGOC_ERROR_STREAM) {
        return base_err_set(err, BASE_UNAVAILABLE, "the database cannot be reached");
    }
    if (error->domain == MONGOC_ERROR_WRITE_CONCERN) {
        return base_err_set(err, BASE_UNAVAILABLE,
                            "the database did not confirm the write; it may have happened");
    }
    if (error->domain == MONGOC_ERROR_CLIENT) {
        return base_err_set(err, BASE_UNAVAILABLE, "the database refused the connection");
    }
    if (from_server && is_passing(error)) {
        return base_err_set(err, BASE_UNAVAILABLE, "the database is changing its primary");
    }
    return base_err_set(err, BASE_INTERNAL, "the database refused the operation");
}

/* What is left of the call's time, in whole milliseconds, at least one. */
static int64_t remaining_ms(const struct rpc_context *ctx)
{
    if (ctx->deadline_ns == BASE_NEVER_NS) {
        return SRV_MONGO_COMMAND_MS_MAX;
    }
    int64_t ms = (ctx->deadline_ns - base_clock_monotonic_ns()) / BASE_NS_PER_MS;
    if (ms < 1) {
        return 1;
    }
    return ms < SRV_MONGO_COMMAND_MS_MAX ? ms : SRV_MONGO_COMMAND_MS_MAX;
}

bool srv_mongo_client_run(struct srv_mongo_client *client, struct rpc_context *ctx,
                          enum srv_mongo_kind kind, bson_t *command, bson_t *out_reply,
                          struct base_err *err)
{
    if (!rpc_context_check(ctx, err)) {
        return false;
    }
    mongoc_client_t *connection = mongoc_client_pool_pop(client->pool);
    if (connection == NULL) {
        return base_err_set(err, BASE_UNAVAILABLE, "all connections to the database are busy");
    }
    bson_error_t error;
    BSON_APPEND_INT64(command, "maxTimeMS", remaining_ms(ctx));
    bool ok = kind == SRV_MONGO_READ
                  ? mongoc_client_read_command_with_opts(connection, client->database, command,
                                                         NULL, NULL, out_reply, &error)
                  : mongoc_client_write_command_with_opts(connection, client->database, command,
                                                          NULL, out_reply, &error);
    mongoc_client_pool_push(client->pool, connection);
    if (!ok) {
        bson_destroy(out_reply);
        return report(&error, err);
    }
    return true;
}
