/* Request log: one line a request on standard error, as the rest of the log.
 *
 *     time=... level=info event=request method=GET route=/notes/{note_id} stage=prod
 *     status=200 duration_us=412 received=0 sent=138 peer=127.0.0.1 protocol=HTTP/1.1
 *     request_id=5f1c2a9be0d34417 key_id=a1b2c3
 *
 * In the place of the path stands the template of the route, so that lines can be counted by it and
 * what clients put into paths stays out, and its stage unless that is $default; only a path that no
 * route has is told as it came, cut to GW_REQUEST_LOG_PATH_MAX bytes. Queries, headers and bodies
 * are never told, nor is an API key: it appears by its id. A client that left before its answer has
 * status 499.
 *
 * Each loop thread has a log of its own. Lines wait in its buffer until that is full or
 * GW_REQUEST_LOG_DELAY_MS have passed, so a busy loop hands hundreds of them over at once.
 */
#ifndef GATEWAY_REQUEST_LOG_H
#define GATEWAY_REQUEST_LOG_H

#include "base/random.h"
#include "base/role.h"
#include "base/str.h"
#include "base/timer.h"

/* Bytes of the buffer, and how long a line waits in it. */
#define GW_REQUEST_LOG_BYTES (size_t)(64 * 1024)
#define GW_REQUEST_LOG_DELAY_MS 100

/* Bytes of a path and of a method that are told: clients make them as long as they like, and what
 * stands behind them must fit the line. */
#define GW_REQUEST_LOG_PATH_MAX 256
#define GW_REQUEST_LOG_METHOD_MAX 32

/* Bytes of a request's id: of one made here, its NUL included, and of one that a
 * client may give. */
#define GW_REQUEST_ID_SIZE 17
#define GW_REQUEST_ID_MAX 64

/* All of it is borrowed for the length of gw_request_log_add only. */
struct gw_request_entry {
    struct base_str method;
    struct base_str route; /* the template; empty when no route was found */
    struct base_str stage; /* of the route; empty for $default */
    struct base_str path;  /* raw, without the query */
    int status;
    int64_t duration_ns;   /* until the answer had been sent */
    size_t received_bytes; /* of the bodies */
    size_t sent_bytes;
    struct base_str peer;
    struct base_str protocol;
    struct base_str request_id;
    struct base_str key_id; /* empty when no key was used */
};

struct gw_request_log {
    void (*write)(struct base_str lines);
    struct base_timers *timers;
    struct base_timer flush;
    uint64_t next_id;
    size_t len;
    char *lines; /* owned: GW_REQUEST_LOG_BYTES */
};

/* Starts a log that gives whole lines to `write`, which is base_log_write, and flushes by `timers`,
 * which are borrowed. */
void gw_request_log_init(struct gw_request_log *log, void (*write)(struct base_str lines),
                         struct base_timers *timers, const struct base_random *random);

/* Writes what waits and frees the buffer. A log of zeros is as good as disposed. */
void gw_request_log_dispose(struct gw_request_log *log);

/* Adds the line of one request that has ended. */
void gw_request_log_add(struct gw_request_log *log, const struct gw_request_entry *entry) ON_LOOP;

/* Writes an id for a request that came without one: 16 hexadecimal digits, one up each time from a
 * random start. */
void gw_request_log_make_id(struct gw_request_log *log, char out[GW_REQUEST_ID_SIZE]) ON_LOOP;

/* Whether an id that a client gave may be taken: 1 to GW_REQUEST_ID_MAX characters of a token. */
bool gw_request_id_is_valid(struct base_str id);

#endif
