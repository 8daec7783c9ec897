/* Intent: a change that is written into a document before it is made.
 *
 * Some rules span documents, such as that the plans of a key hold for different stages, and the
 * store changes one document at a time. A change that could break such a rule is first noted as an
 * intent in the document it will change; then what it might clash with is read; then it is made, by
 * an update that needs the intent to be there still. Who meets an intent of others that clashes
 * with his own change strikes it out. So of two changes that clash, whichever was noted later sees
 * the other, and at most one is made; the one that was struck out fails with ABORTED and may begin
 * again. An intent whose maker died holds nothing: others note theirs in its place after a moment.
 *
 * That needs reads that see every write answered before them: those of SQLite and of MongoDB's
 * primary. Blocking; any thread.
 */
#ifndef SERVER_INTENT_H
#define SERVER_INTENT_H

#include "server/access.h"

#define SRV_INTENT_TOKEN_BYTES 16

/* How long an intent that stands in the place of one's own is left to whoever noted it. */
#define SRV_INTENT_COURTESY_MS 100

/* How long a change is begun again and again, and the longest wait before it is. */
#define SRV_INTENT_PATIENCE_MS 3000
#define SRV_INTENT_WAIT_MS_MAX 64

/* One's own, of which documents hold copies. */
struct srv_intent {
    Tollgate__Intent message;
    uint8_t token[SRV_INTENT_TOKEN_BYTES];
    int64_t end_ns; /* of patience */
    int attempt;
    uint8_t seen[SRV_INTENT_TOKEN_BYTES]; /* the last one met in its place, and since when */
    int64_t seen_ns;
};

/* Makes an intent to add what `names` are called, which are borrowed. It must not move. */
void srv_intent_init(struct srv_intent *intent, const struct base_random *random,
                     char *const *names, size_t count);

/* Whether `found`, which may be NULL, is the intent of this token. */
bool srv_intent_is(const Tollgate__Intent *found, ProtobufCBinaryData token);

/* Whether `found`, which may be NULL and stands where `intent` is to be noted, is somebody's who
 * may still be at work: then the change is to begin again. */
bool srv_intent_yields(struct srv_intent *intent, const Tollgate__Intent *found);

/* Whether it adds something of this name. Accepts NULL, which adds nothing. */
bool srv_intent_adds(const Tollgate__Intent *intent, const char *name);

/* Strikes the intent of `token` out of a key or plan. ABORTED where it is not there any more: it
 * has been struck out, or the change was made. */
bool srv_intent_strike_key(struct srv_access *access, struct rpc_context *ctx, const char *key_id,
                           ProtobufCBinaryData token, struct base_err *err) BASE_MUST_CHECK;
bool srv_intent_strike_plan(struct srv_access *access, struct rpc_context *ctx, const char *plan_id,
                            ProtobufCBinaryData token, struct base_err *err) BASE_MUST_CHECK;

/* Fails with ABORTED. */
bool srv_intent_lost(struct base_err *err);

/* Whether a change that failed with `err` is to be begun again, after a wait that this makes,
 * longer and longer and by chance, so that those who met do not meet again. */
bool srv_intent_again(struct srv_intent *intent, const struct rpc_context *ctx,
                      const struct base_err *err);

#endif
