#include "server/quota_past.h"

#include "server/upsert.h"
#include "tollgate/access.pb-c.h"

static const struct srv_collection pasts = {
    .name = "quota_past",
    .key_kind = SRV_KEY_TEXT,
    .type = &tollgate__quota_past__descriptor,
};

/* ---- Spans ---- */

static bool do_touch(struct base_span a, struct base_span b)
{
    return a.start_s <= b.end_s && b.start_s <= a.end_s;
}

static struct base_span union_of(struct base_span a, struct base_span b)
{
    return (struct base_span){a.start_s < b.start_s ? a.start_s : b.start_s,
                              a.end_s > b.end_s ? a.end_s : b.end_s};
}

size_t srv_quota_past_add(struct base_span *spans, size_t count, struct base_span span)
{
    size_t apart = 0;
    for (size_t i = 0; i < count; i++) {
        if (do_touch(spans[i], span)) {
            span = union_of(spans[i], span);
        } else {
            spans[apart++] = spans[i];
        }
    }
    size_t at = apart;
    for (; at > 0 && spans[at - 1].start_s > span.start_s; at--) {
        spans[at] = spans[at - 1];
    }
    spans[at] = span;
    count = apart + 1;
    if (count > SRV_QUOTA_PAST_SPANS_MAX) {
        spans[0].end_s = spans[1].end_s;
        memmove(&spans[1], &spans[2], (count - 2) * sizeof *spans);
        count--;
    }
    return count;
}

/* ---- Documents ---- */

/* At most SRV_QUOTA_PAST_SPANS_MAX; the last of them, if a document should have more. */
static size_t read_spans(const Tollgate__QuotaPast *past, struct base_span *out)
{
    size_t count =
        past->n_spans < SRV_QUOTA_PAST_SPANS_MAX ? past->n_spans : SRV_QUOTA_PAST_SPANS_MAX;
    for (size_t i = 0; i < count; i++) {
        const Tollgate__QuotaPast__Span *span = past->spans[past->n_spans - count + i];
        out[i] = (struct base_span){span->start, span->end};
    }
    return count;
}

struct add_span {
    struct srv_mutation mutation;
    struct base_span span;
};

static bool apply_span(const struct srv_mutation *self, struct rpc_context *ctx,
                       ProtobufCMessage *message, struct base_err *err)
{
    Tollgate__QuotaPast *past = (Tollgate__QuotaPast *)message;
    struct base_span spans[SRV_QUOTA_PAST_SPANS_MAX + 1];
    size_t count = read_spans(past, spans);
    count = srv_quota_past_add(spans, count, ((const struct add_span *)self)->span);
    Tollgate__QuotaPast__Span *list = rpc_context_alloc(ctx, count * sizeof *list, err);
    past->spans = rpc_context_alloc(ctx, count * sizeof(Tollgate__QuotaPast__Span *), err);
    if (list == NULL || past->spans == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        tollgate__quota_past__span__init(&list[i]);
        list[i].start = spans[i].start_s;
        list[i].end = spans[i].end_s;
        past->spans[i] = &list[i];
    }
    past->n_spans = count;
    return true;
}

bool srv_quota_past_write(struct srv_store *store, struct rpc_context *ctx, struct base_str key,
                          struct base_span span, struct base_err *err)
{
    const struct add_span add = {{apply_span}, span};
    Tollgate__QuotaPast__Span only = TOLLGATE__QUOTA_PAST__SPAN__INIT;
    Tollgate__QuotaPast__Span *list[] = {&only};
    Tollgate__QuotaPast first = TOLLGATE__QUOTA_PAST__INIT;
    only.start = span.start_s;
    only.end = span.end_s;
    first.spans = list;
    first.n_spans = 1;
    return srv_upsert(store, ctx, &pasts, srv_key_text(key), &add.mutation, &first.base, err);
}

bool srv_quota_past_holds(struct srv_store *store, struct rpc_context *ctx, struct base_str key,
                          struct base_span span, bool *out_holds, struct base_err *err)
{
    ProtobufCMessage *message;
    struct base_span spans[SRV_QUOTA_PAST_SPANS_MAX];
    bool holds = false;
    if (srv_store_get(store, ctx, &pasts, srv_key_text(key), SRV_OPEN, &message, err)) {
        size_t count = read_spans((const Tollgate__QuotaPast *)message, spans);
        for (size_t i = 0; i < count; i++) {
            holds |= span.start_s >= spans[i].start_s && span.end_s <= spans[i].end_s;
        }
    } else if (err->code != BASE_NOT_FOUND) {
        return false;
    }
    *out_holds = holds;
    return true;
}
