/* Limits: the gateway's keys, plans and quotas, fed from a store and written back to it.
 *
 * A watch turns every change of keys and plans into a snapshot and hands it to the front; a thread
 * writes usage down about once a second. Startup thread, save where marked.
 */
#ifndef CLI_LIMITS_H
#define CLI_LIMITS_H

#include "cli/quota.h"
#include "gateway/admission.h"
#include "gateway/front_h2o.h"
#include "server/access_watch.h"

/* How often usage is written down. */
#define CLI_LIMITS_FLUSH_MS 1000

struct cli_limits {
    struct gw_admission_policy policy; /* of the stages given, whether or not there is a store */
    struct cli_quota quota;
    struct gw_meters *meters; /* this and what follows: NULL until opened over a store */
    struct srv_access *access;
    struct srv_access_listener listener;
    struct srv_access_watch *watch;
    pthread_t flusher;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t closing;
    bool is_closing;
    struct gw_front *front;     /* told of changes; NULL until attached */
    struct gw_access *current;  /* a reference */
    struct gw_access *previous; /* one more, so that no loop has to free what it lets go */
};

/* Reads keys and plans of `access`, whose store is asked for quotas on `pool`; all are borrowed,
 * and so is `stages`, already in the policy. The limits must not move while they are open. */
bool cli_limits_open(struct cli_limits *limits, struct srv_access *access,
                     struct rpc_worker_pool *pool, struct base_err *err) BASE_MUST_CHECK;

/* Returns a reference to the keys and plans of this moment, for a front to open with; NULL of
 * limits that are not open. */
struct gw_access *cli_limits_take(struct cli_limits *limits);

/* Has `front` told of every change since it opened, and from now on. Accepts limits that are not
 * open. */
void cli_limits_attach(struct cli_limits *limits, struct gw_front *front);

/* Tells the front of no more changes; before it drains. Accepts limits that are not open. */
void cli_limits_detach(struct cli_limits *limits);

/* Writes down what there is and gives every block back; when no call is in flight any more. Accepts
 * limits that are not open. */
void cli_limits_close(struct cli_limits *limits);

#endif
