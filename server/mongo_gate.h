/* MongoDB gate: which calls may go to the database now, and how many may wait for that.
 *
 * A call enters with a slot of its own (one connection is behind each) and leaves with it. It waits
 * while all slots are taken or the database is out of reach, and is refused when too many wait, its
 * time is up, or the database has been out of reach for so long that waiting is no use: so a
 * database that is down costs neither threads nor memory, and is answered at once. Any thread.
 */
#ifndef SERVER_MONGO_GATE_H
#define SERVER_MONGO_GATE_H

#include "base/clock.h"
#include "base/err.h"

enum srv_mongo_kind { SRV_MONGO_READ, SRV_MONGO_WRITE };
#define SRV_MONGO_KIND_COUNT 2

struct srv_mongo_gate;

/* Returns owned a gate of `slot_count` slots that lets `waiting_max` calls wait, each at most
 * `patience_ms`. The database counts as out of reach, as of now, until told otherwise. */
struct srv_mongo_gate *srv_mongo_gate_create(size_t slot_count, size_t waiting_max,
                                             int64_t patience_ms);

/* Nobody may be inside or waiting. Accepts NULL. */
void srv_mongo_gate_destroy(struct srv_mongo_gate *gate);

/* Says whether a server for calls of this kind is known. */
void srv_mongo_gate_set_reachable(struct srv_mongo_gate *gate, enum srv_mongo_kind kind,
                                  bool is_reachable);

/* Gives a slot, from 0 to slot_count - 1, which is the caller's until it leaves. Waits no longer
 * than three quarters of the time to `deadline_ns`, so that the refusal still arrives. UNAVAILABLE
 * when refused. */
bool srv_mongo_gate_enter(struct srv_mongo_gate *gate, enum srv_mongo_kind kind,
                          int64_t deadline_ns, size_t *out_slot,
                          struct base_err *err) BASE_MUST_CHECK;

void srv_mongo_gate_leave(struct srv_mongo_gate *gate, size_t slot);

#endif
