/* MongoDB stream: a connection whose waits end with the call that uses it.
 *
 * libmongoc bounds its reads and writes by the URI's socketTimeoutMS alone; a stream of ours wraps
 * one of the library's and shortens each wait to what its user has left. One thread at a time, as
 * libmongoc uses a client's streams.
 */
#ifndef SERVER_MONGO_STREAM_H
#define SERVER_MONGO_STREAM_H

#include <mongoc/mongoc.h>

/* Whose streams these are; lives longer than they. */
struct srv_mongo_stream_user {
    mongoc_client_t *client;
    int64_t until_ns; /* base_clock_monotonic_ns: waits end here */
};

/* Makes the streams that `user->client` opens from now on end their waits at user->until_ns. To be
 * called once, before the client is used. Opening one moves until_ns to SRV_STORE_MONGO_CONNECT_MS
 * from then, if that is later: a handshake that were cut short for one impatient call would count
 * as a failure of the server, for all of them. */
void srv_mongo_stream_bind(struct srv_mongo_stream_user *user);

#endif
