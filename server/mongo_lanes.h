/* MongoDB lanes: updates of one document by this process, one after the other.
 *
 * Optimistic updates lose work when they collide: of N at once all but one read and build a
 * document for nothing, round after round. Taking turns on a lane, which a document's key chooses,
 * leaves only the collisions with other processes. A lane is a help and no lock: who waits too long
 * goes ahead without it. Any thread that may block.
 */
#ifndef SERVER_MONGO_LANES_H
#define SERVER_MONGO_LANES_H

#include "server/store.h"

/* Documents share a lane by chance. */
#define SRV_MONGO_LANE_COUNT 64

struct srv_mongo_lanes;

/* Returns owned lanes, all free. */
struct srv_mongo_lanes *srv_mongo_lanes_create(void);

/* Nobody may be on a lane. Accepts NULL. */
void srv_mongo_lanes_destroy(struct srv_mongo_lanes *lanes);

/* Waits for the lane of `key` and takes it; returns its number, to be given back. -1 when it did
 * not come free before `deadline_ns`. */
int srv_mongo_lanes_enter(struct srv_mongo_lanes *lanes, struct srv_key key, int64_t deadline_ns);

/* Accepts -1. */
void srv_mongo_lanes_leave(struct srv_mongo_lanes *lanes, int lane);

#endif
