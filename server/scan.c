/* Each list is read into a context of its own, of which only the wanted documents are copied. */
#include "server/scan.h"

#include "server/document.h"

/* A scan under way: its page and where the next list begins. */
struct progress {
    const struct srv_scan *scan;
    struct srv_page page;
    struct srv_key after;
    bool has_after;
};

static bool copy_key(struct rpc_context *ctx, struct srv_key key, struct srv_key *out,
                     struct base_err *err)
{
    *out = key;
    if (key.kind == SRV_KEY_TEXT) {
        out->text.data = rpc_context_strdup(ctx, key.text, err);
        return out->text.data != NULL;
    }
    return true;
}

static bool take(struct progress *progress, struct rpc_context *ctx,
                 const struct srv_document *document, struct base_err *err)
{
    const struct srv_collection *collection = progress->scan->collection;
    struct srv_document *copy = &progress->page.documents[progress->page.count];
    struct base_str body;
    if (!copy_key(ctx, document->key, &copy->key, err) ||
        !srv_document_pack(ctx, collection, document->message, &body, err) ||
        !srv_document_unpack(ctx, collection, copy->key, body, &copy->message, err)) {
        return false;
    }
    progress->page.count++;
    return true;
}

/* Takes what is wanted of one list. */
static bool take_wanted(struct progress *progress, struct rpc_context *ctx,
                        const struct srv_page *list, struct base_err *err)
{
    const struct srv_scan *scan = progress->scan;
    progress->page.has_more = list->has_more;
    for (size_t i = 0; i < list->count; i++) {
        bool is_wanted = scan->wants == NULL || scan->wants(scan, list->documents[i].message);
        if (is_wanted && !take(progress, ctx, &list->documents[i], err)) {
            return false;
        }
        if (progress->page.count == scan->limit) {
            progress->page.has_more = list->has_more || i + 1 < list->count;
            return true;
        }
    }
    progress->has_after = list->count > 0;
    return list->count == 0 ||
           copy_key(ctx, list->documents[list->count - 1].key, &progress->after, err);
}

static bool read_list(struct progress *progress, struct srv_store *store, struct rpc_context *ctx,
                      struct base_err *err)
{
    const struct srv_scan *scan = progress->scan;
    size_t limit = scan->wants == NULL ? scan->limit - progress->page.count : SRV_STORE_LIST_MAX;
    struct rpc_context scratch;
    struct srv_page list;
    rpc_context_init(&scratch);
    scratch.deadline_ns = ctx->deadline_ns;
    bool ok = rpc_context_check(ctx, err) &&
              srv_store_list(store, &scratch, scan->collection,
                             progress->has_after ? &progress->after : NULL, limit, SRV_OPEN, &list,
                             err) &&
              take_wanted(progress, ctx, &list, err);
    rpc_context_dispose(&scratch);
    return ok;
}

bool srv_scan_run(const struct srv_scan *scan, struct srv_store *store, struct rpc_context *ctx,
                  struct srv_page *out_page, struct base_err *err)
{
    struct progress progress = {.scan = scan, .has_after = scan->after != NULL};
    if (progress.has_after) {
        progress.after = *scan->after;
    }
    progress.page.documents =
        rpc_context_alloc(ctx, scan->limit * sizeof *progress.page.documents, err);
    if (progress.page.documents == NULL) {
        return false;
    }
    do {
        if (!read_list(&progress, store, ctx, err)) {
            return false;
        }
    } while (progress.page.has_more && progress.page.count < scan->limit);
    *out_page = progress.page;
    return true;
}
