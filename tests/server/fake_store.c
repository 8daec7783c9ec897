#include "tests/server/fake_store.h"

#include "base/mem.h"
#include "rpc/codec.h"

#include <assert.h>

static struct fake_store *fake_of(struct srv_store *self)
{
    return (struct fake_store *)self;
}

static bool is_failing(const struct fake_store *fake, struct base_err *err)
{
    if (fake->hook != NULL) {
        fake->hook->before(fake->hook);
    }
    return fake->fails != BASE_OK && !base_err_set(err, fake->fails, "the fake store fails");
}

static struct base_str copy(struct base_str bytes)
{
    char *out = base_alloc(bytes.len);
    if (bytes.len > 0) {
        memcpy(out, bytes.data, bytes.len);
    }
    return base_str_make(out, bytes.len);
}

static void free_document(struct fake_document *document)
{
    base_free((char *)document->key.text.data);
    base_free((char *)document->body.data);
}

static int compare_keys(struct srv_key a, struct srv_key b)
{
    assert(a.kind == b.kind);
    if (a.kind == SRV_KEY_NUMBER) {
        return (a.number > b.number) - (a.number < b.number);
    }
    size_t len = a.text.len < b.text.len ? a.text.len : b.text.len;
    int order = len == 0 ? 0 : memcmp(a.text.data, b.text.data, len);
    return order != 0 ? order : (a.text.len > b.text.len) - (a.text.len < b.text.len);
}

/* Index of the first document not before the key. */
static size_t find_place(const struct fake_store *fake, const struct srv_collection *collection,
                         struct srv_key key)
{
    assert(key.kind == collection->key_kind);
    size_t i = 0;
    while (i < fake->count) {
        int order = strcmp(fake->documents[i].collection->name, collection->name);
        if (order > 0 || (order == 0 && compare_keys(fake->documents[i].key, key) >= 0)) {
            break;
        }
        i++;
    }
    return i;
}

static struct fake_document *find(struct fake_store *fake, const struct srv_collection *collection,
                                  struct srv_key key)
{
    size_t i = find_place(fake, collection, key);
    bool is_there = i < fake->count && fake->documents[i].collection == collection &&
                    compare_keys(fake->documents[i].key, key) == 0;
    return is_there ? &fake->documents[i] : NULL;
}

static struct base_str pack(const ProtobufCMessage *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *out = base_alloc(len);
    protobuf_c_message_pack(message, out);
    return base_str_make((const char *)out, len);
}

static bool unpack(const struct fake_document *document, struct rpc_context *ctx,
                   ProtobufCMessage **out_message, struct base_err *err)
{
    return rpc_codec_unpack(document->collection->type, document->body, &ctx->arena, out_message,
                            err);
}

static bool not_found(struct base_err *err)
{
    return base_err_set(err, BASE_NOT_FOUND, "no such document");
}

static bool fake_get(struct srv_store *self, struct rpc_context *ctx,
                     const struct srv_collection *collection, struct srv_key key,
                     enum srv_form form, ProtobufCMessage **out_message, struct base_err *err)
{
    (void)form; /* open always, so that a test can look inside */
    if (is_failing(fake_of(self), err)) {
        return false;
    }
    const struct fake_document *document = find(fake_of(self), collection, key);
    return document == NULL ? not_found(err) : unpack(document, ctx, out_message, err);
}

static bool fake_insert(struct srv_store *self, struct rpc_context *ctx,
                        const struct srv_collection *collection, struct srv_key key,
                        const ProtobufCMessage *message, struct base_err *err)
{
    (void)ctx;
    struct fake_store *fake = fake_of(self);
    if (is_failing(fake, err)) {
        return false;
    }
    if (find(fake, collection, key) != NULL) {
        return base_err_set(err, BASE_ALREADY_EXISTS, "the key is taken");
    }
    assert(fake->count < FAKE_DOCUMENTS_MAX);
    size_t i = find_place(fake, collection, key);
    memmove(&fake->documents[i + 1], &fake->documents[i],
            (fake->count - i) * sizeof *fake->documents);
    fake->count++;
    fake->documents[i] = (struct fake_document){collection, key, pack(message)};
    fake->documents[i].key.text = copy(key.text);
    return true;
}

static bool fake_list(struct srv_store *self, struct rpc_context *ctx,
                      const struct srv_collection *collection, const struct srv_key *after,
                      size_t limit, enum srv_form form, struct srv_page *out_page,
                      struct base_err *err)
{
    (void)form;
    struct fake_store *fake = fake_of(self);
    if (is_failing(fake, err)) {
        return false;
    }
    assert(limit >= 1 && limit <= SRV_STORE_LIST_MAX);
    if (fake->page_max != 0 && limit > fake->page_max) {
        limit = fake->page_max;
    }
    *out_page = (struct srv_page){
        .documents = rpc_context_alloc(ctx, limit * sizeof *out_page->documents, err)};
    for (size_t i = 0; i < fake->count && out_page->documents != NULL; i++) {
        const struct fake_document *document = &fake->documents[i];
        if (document->collection != collection ||
            (after != NULL && compare_keys(document->key, *after) <= 0)) {
            continue;
        }
        if (out_page->count == limit) {
            out_page->has_more = true;
            break;
        }
        struct srv_document *out = &out_page->documents[out_page->count++];
        out->key = document->key;
        if (!unpack(document, ctx, &out->message, err)) {
            return false;
        }
    }
    return out_page->documents != NULL;
}

static bool fake_remove(struct srv_store *self, struct rpc_context *ctx,
                        const struct srv_collection *collection, struct srv_key key,
                        struct base_err *err)
{
    (void)ctx;
    struct fake_store *fake = fake_of(self);
    if (is_failing(fake, err)) {
        return false;
    }
    struct fake_document *document = find(fake, collection, key);
    if (document == NULL) {
        return not_found(err);
    }
    free_document(document);
    size_t i = (size_t)(document - fake->documents);
    fake->count--;
    memmove(document, document + 1, (fake->count - i) * sizeof *document);
    return true;
}

static bool fake_update(struct srv_store *self, struct rpc_context *ctx,
                        const struct srv_collection *collection, struct srv_key key,
                        const struct srv_mutation *mutation, ProtobufCMessage **out_message,
                        struct base_err *err)
{
    struct fake_store *fake = fake_of(self);
    if (is_failing(fake, err)) {
        return false;
    }
    struct fake_document *document = find(fake, collection, key);
    if (document == NULL) {
        return not_found(err);
    }
    size_t runs = fake->runs == 0 ? 1 : fake->runs;
    for (size_t i = 0; i < runs; i++) {
        if (!unpack(document, ctx, out_message, err) ||
            !mutation->apply(mutation, ctx, *out_message, err)) {
            return false;
        }
    }
    base_free((char *)document->body.data);
    document->body = pack(*out_message);
    return true;
}

static bool fake_next_id(struct srv_store *self, struct rpc_context *ctx, const char *counter,
                         int64_t *out_id, struct base_err *err)
{
    (void)ctx;
    (void)counter;
    if (is_failing(fake_of(self), err)) {
        return false;
    }
    *out_id = fake_of(self)->next_id++;
    return true;
}

static const struct srv_store_ops ops = {
    .get = fake_get,
    .insert = fake_insert,
    .list = fake_list,
    .remove = fake_remove,
    .update = fake_update,
    .next_id = fake_next_id,
};

void fake_store_init(struct fake_store *fake)
{
    *fake = (struct fake_store){.store = {.ops = &ops, .inline_reads = true}};
    fake->documents = base_calloc(FAKE_DOCUMENTS_MAX, sizeof *fake->documents);
}

void fake_store_dispose(struct fake_store *fake)
{
    for (size_t i = 0; i < fake->count; i++) {
        free_document(&fake->documents[i]);
    }
    base_free(fake->documents);
}
