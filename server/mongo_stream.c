/* A decorator over mongoc_stream_t, which libmongoc's header lays open for this purpose: reads and
 * writes shorten their timeout, all else goes through. A wait is never shortened to nothing,
 * because only the stream beneath can note that it timed out, which libmongoc takes more lightly
 * than a broken connection. */
#include "server/mongo_stream.h"

#include "base/clock.h"
#include "base/mem.h"
#include "server/store_mongo.h"

/* Any number that is none of the library's own MONGOC_STREAM_* types. */
#define STREAM_TYPE 1000

/* What libmongoc opens streams with; exported, but declared in none of its public headers. */
mongoc_stream_t *mongoc_client_default_stream_initiator(const mongoc_uri_t *uri,
                                                        const mongoc_host_list_t *host,
                                                        void *user_data, bson_error_t *error);

struct stream {
    mongoc_stream_t base; /* first: libmongoc knows only this */
    mongoc_stream_t *inner;
    const struct srv_mongo_stream_user *user;
};

static mongoc_stream_t *inner_of(mongoc_stream_t *stream)
{
    return ((struct stream *)stream)->inner;
}

/* `timeout_ms` is negative for the longest there is. */
static int32_t shorten(mongoc_stream_t *stream, int32_t timeout_ms)
{
    int64_t left_ms =
        (((struct stream *)stream)->user->until_ns - base_clock_monotonic_ns()) / BASE_NS_PER_MS;
    if (left_ms < 1) {
        return 1;
    }
    return timeout_ms < 0 || left_ms < timeout_ms ? (int32_t)left_ms : timeout_ms;
}

static ssize_t write_vector(mongoc_stream_t *stream, mongoc_iovec_t *vector, size_t count,
                            int32_t timeout_ms)
{
    return mongoc_stream_writev(inner_of(stream), vector, count, shorten(stream, timeout_ms));
}

static ssize_t read_vector(mongoc_stream_t *stream, mongoc_iovec_t *vector, size_t count,
                           size_t min_bytes, int32_t timeout_ms)
{
    return mongoc_stream_readv(inner_of(stream), vector, count, min_bytes,
                               shorten(stream, timeout_ms));
}

static int flush_stream(mongoc_stream_t *stream)
{
    return mongoc_stream_flush(inner_of(stream));
}

static int close_stream(mongoc_stream_t *stream)
{
    return mongoc_stream_close(inner_of(stream));
}

static void destroy_stream(mongoc_stream_t *stream)
{
    mongoc_stream_destroy(inner_of(stream));
    base_free(stream);
}

static void fail_stream(mongoc_stream_t *stream)
{
    mongoc_stream_failed(inner_of(stream));
    base_free(stream);
}

static int set_option(mongoc_stream_t *stream, int level, int name, void *value,
                      mongoc_socklen_t len)
{
    return mongoc_stream_setsockopt(inner_of(stream), level, name, value, len);
}

static bool is_closed(mongoc_stream_t *stream)
{
    return mongoc_stream_check_closed(inner_of(stream));
}

static bool has_timed_out(mongoc_stream_t *stream)
{
    return mongoc_stream_timed_out(inner_of(stream));
}

static bool should_retry(mongoc_stream_t *stream)
{
    return mongoc_stream_should_retry(inner_of(stream));
}

static mongoc_stream_t *open_stream(const mongoc_uri_t *uri, const mongoc_host_list_t *host,
                                    void *user_data, bson_error_t *error)
{
    struct srv_mongo_stream_user *user = user_data;
    int64_t connected_ns = base_clock_monotonic_ns() + SRV_STORE_MONGO_CONNECT_MS * BASE_NS_PER_MS;
    if (user->until_ns < connected_ns) {
        user->until_ns = connected_ns;
    }
    mongoc_stream_t *inner = mongoc_client_default_stream_initiator(uri, host, user->client, error);
    if (inner == NULL) {
        return NULL;
    }
    struct stream *stream = base_calloc(1, sizeof *stream);
    stream->base = (mongoc_stream_t){
        .type = STREAM_TYPE,
        .destroy = destroy_stream,
        .close = close_stream,
        .flush = flush_stream,
        .writev = write_vector,
        .readv = read_vector,
        .setsockopt = set_option,
        .get_base_stream = inner_of,
        .check_closed = is_closed,
        .failed = fail_stream,
        .timed_out = has_timed_out,
        .should_retry = should_retry,
    };
    stream->inner = inner;
    stream->user = user;
    return &stream->base;
}

void srv_mongo_stream_bind(struct srv_mongo_stream_user *user)
{
    mongoc_client_set_stream_initiator(user->client, open_stream, user);
}
