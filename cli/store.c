/* A MongoDB URI may hold a password, so it never stands in a message; its hosts may in the log. */
#include "cli/store.h"

#include "base/log.h"
#include "cli/retry.h"
#include "cli/signals.h"
#include "server/access_state.h"
#include "server/store_mongo.h"
#include "server/store_sqlite.h"

#include <stdio.h>

/* Bytes of the hosts that are logged; more are cut. */
#define HOSTS_SIZE 256

/* ---- MongoDB ---- */

struct asking {
    struct cli_retry retry;
    struct srv_store *store;
};

/* Whether there are keys already does not matter. */
static bool ask(const struct cli_retry *self, struct base_err *err)
{
    struct rpc_context ctx;
    Tollgate__AccessState *state;
    rpc_context_init(&ctx);
    ctx.deadline_ns = base_clock_monotonic_ns() + CLI_STORE_ASK_MS * BASE_NS_PER_MS;
    bool ok = srv_access_state_read(((const struct asking *)self)->store, &ctx, &state, err) ||
              err->code == BASE_NOT_FOUND;
    rpc_context_dispose(&ctx);
    return ok;
}

/* Writes the part of "mongodb://user:password@HOSTS/database?options" that is no secret. The driver
 * takes '?' and '@' in a password as they are, and options only behind a '/'. */
static void read_hosts(const char *uri, char out[HOSTS_SIZE])
{
    const char *begin = strstr(uri, "://") + 3;
    size_t len = strcspn(begin, "/");
    for (const char *at = memchr(begin, '@', len); at != NULL; at = memchr(begin, '@', len)) {
        len -= (size_t)(at + 1 - begin);
        begin = at + 1;
    }
    snprintf(out, HOSTS_SIZE, "%.*s", (int)len, begin);
}

static bool wait_for(struct srv_store *store, const struct cli_options *options,
                     struct base_err *err)
{
    char hosts[HOSTS_SIZE];
    read_hosts(options->store, hosts);
    const struct asking asking = {
        .retry =
            {
                .attempt = ask,
                .event = "waiting for the store",
                .address = hosts,
                .wait_s = options->store_wait_s,
                .stop = cli_signals_stop(),
            },
        .store = store,
    };
    return cli_retry_run(&asking.retry, err);
}

static struct srv_store *open_mongo(const struct cli_options *options, struct base_err *err)
{
    struct srv_store *store = srv_store_mongo_open(options->store, err);
    if (store != NULL && !wait_for(store, options, err)) {
        srv_store_close(store);
        return NULL;
    }
    return store;
}

/* ---- Either ---- */

bool cli_store_open(const struct cli_options *options, struct srv_store **out_store,
                    struct base_err *err)
{
    struct base_str file = BASE_STR("sqlite:");
    struct base_str text = base_str_of(options->store);
    bool is_file = base_str_starts_with(text, file) && text.len > file.len;
    struct srv_store *store = NULL;
    if (is_file) {
        store = srv_store_sqlite_open(options->store + file.len, err);
    } else if (base_str_starts_with(text, BASE_STR("mongodb://")) ||
               base_str_starts_with(text, BASE_STR("mongodb+srv://"))) {
        store = open_mongo(options, err);
    } else {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "--store: expected sqlite:FILE or mongodb://HOST:PORT/DATABASE");
    }
    if (store == NULL) {
        return base_err_wrap(err, "cannot open the store%s%s", is_file ? " " : "",
                             is_file ? options->store : "");
    }
    *out_store = store;
    return true;
}
