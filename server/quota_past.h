/* Quota past: the periods whose counter has been forgotten, and is not to begin anew.
 *
 * The time of day may step back: a clock was wrong, or another replica's is. A request in a period
 * that has been forgotten would find a counter of 0, and the quota would be let through twice. So
 * forgetting is written down, for each plan, key and unit of period in one document (collection
 * "quota_past"), as spans of time. Spans that touch become one, and past SRV_QUOTA_PAST_SPANS_MAX
 * the two oldest do, with what is between them: that is over as well. A clock that was ahead for a
 * while leaves a span of its own, which takes nothing from the time before it, save that the period
 * in which it jumped was over by it. Blocking; any thread.
 */
#ifndef SERVER_QUOTA_PAST_H
#define SERVER_QUOTA_PAST_H

#include "base/calendar.h"
#include "server/store.h"

/* Spans of one document. */
#define SRV_QUOTA_PAST_SPANS_MAX 8

/* Adds a span to `count` spans, which are in order and apart, and for which there is room for one
 * more; returns how many they are then. Pure. */
size_t srv_quota_past_add(struct base_span *spans, size_t count, struct base_span span);

/* Writes down that the span is past. `key` is "PLAN/KEY/UNIT". */
bool srv_quota_past_write(struct srv_store *store, struct rpc_context *ctx, struct base_str key,
                          struct base_span span, struct base_err *err) BASE_MUST_CHECK;

/* Says whether all of the span has been written down as past. */
bool srv_quota_past_holds(struct srv_store *store, struct rpc_context *ctx, struct base_str key,
                          struct base_span span, bool *out_holds,
                          struct base_err *err) BASE_MUST_CHECK;

#endif
