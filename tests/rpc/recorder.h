/* A call that writes down what its observer is told, and a mailbox to wait on. */
#ifndef RPC_RECORDER_H
#define RPC_RECORDER_H

#include "rpc/channel.h"

#include <pthread.h>
#include <stdio.h>

/* The owner's side of a mailbox: drains it whenever it is woken. */
struct test_home {
    struct base_mailbox box;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool woken;
};

void test_home_init(struct test_home *home);
void test_home_dispose(struct test_home *home);

#define RECORD_SIZE 512

/* Events as text, in order: "headers", " k=v" a pair, "; message 3 bytes", "; status NOT_FOUND:
 * ..." */
struct recorder {
    struct rpc_call *call; /* NULL once the status has come */
    char text[RECORD_SIZE];
    char message[RECORD_SIZE]; /* the first bytes of the last message */
    size_t message_bytes;
    enum base_code code;
    char status_message[RECORD_SIZE];
    char details[RECORD_SIZE];
    size_t details_bytes;
    int statuses;
};

/* Starts a call of `path` that writes into `recorder`, without sending. */
void record_start(struct recorder *recorder, struct rpc_channel *channel, const char *path,
                  const struct rpc_metadata *metadata, int64_t deadline_ns, struct test_home *home);

/* Drains `home` until the call has ended; fails the test after ten seconds. */
void record_wait(struct recorder *recorder, struct test_home *home);

/* Starts, sends `wire` and waits. */
void record_call(struct recorder *recorder, struct rpc_channel *channel, const char *path,
                 struct base_str wire, struct test_home *home);

#endif
