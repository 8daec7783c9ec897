/* Access state: what all processes over one store agree on of keys and plans, in one document.
 *
 * It holds the salt that values are hashed under, and a running number with the changes that came
 * last, so that a process learns of the others' changes by reading one small document now and then.
 * A change is announced after it was made: one whose maker died in between is found by whoever
 * reads everything. Blocking; any thread.
 */
#ifndef SERVER_ACCESS_STATE_H
#define SERVER_ACCESS_STATE_H

#include "server/key_value.h"
#include "server/store.h"
#include "tollgate/access.pb-c.h"

/* Changes that the document names; who has missed more reads everything. */
#define SRV_ACCESS_CHANGES_MAX 200

/* Reads the document. NOT_FOUND in a store that has never held keys or plans. */
bool srv_access_state_read(struct srv_store *store, struct rpc_context *ctx,
                           Tollgate__AccessState **out_state, struct base_err *err) BASE_MUST_CHECK;

/* Makes the document with a random salt and gives its ring; ALREADY_EXISTS where another process
 * was faster. */
bool srv_access_state_make(struct srv_store *store, struct rpc_context *ctx,
                           const struct base_random *random, struct base_str secret,
                           struct srv_key_ring *out_ring, struct base_err *err) BASE_MUST_CHECK;

/* Derives the ring of a state. FAILED_PRECONDITION where the store's keys were hashed under
 * another secret. */
bool srv_access_state_ring(const Tollgate__AccessState *state, struct base_str secret,
                           struct srv_key_ring *out_ring, struct base_err *err) BASE_MUST_CHECK;

/* Tells all processes that the key or plan "key:ID" or "plan:ID" is to be read again. */
bool srv_access_state_announce(struct srv_store *store, struct rpc_context *ctx, char *change,
                               struct base_err *err) BASE_MUST_CHECK;

#endif
