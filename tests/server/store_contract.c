/* Operations one at a time: what each gives, refuses and leaves behind. What several do at once is
 * in store_contract_concurrent.c. */
#include "store_contract.h"

#include "base/mem.h"
#include "rpc/codec.h"
#include "store_contract_concurrent.h"
#include "store_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

static const struct store_contract *contract;

static struct srv_store *open_store(void)
{
    struct base_err err;
    struct srv_store *store = contract->open(&err);
    if (store == NULL) {
        fail_msg("cannot open: %s", err.message);
    }
    return store;
}

static int renew(void **state)
{
    contract->renew();
    *state = open_store();
    return 0;
}

static int close_store(void **state)
{
    srv_store_close(*state);
    return 0;
}

/* A document of exactly `len` packed bytes, of which content takes all it can; NUL-terminated
 * content is in the context's arena. */
static void fill_note(struct rpc_context *ctx, Notes__V1__Note *note, size_t len)
{
    struct base_err err;
    notes__v1__note__init(note);
    size_t content_len = len;
    char *content = rpc_context_alloc(ctx, len + 1, &err);
    assert_non_null(content);
    memset(content, 'c', content_len);
    note->content = content;
    while (content_len > 0 && protobuf_c_message_get_packed_size(&note->base) > len) {
        content[--content_len] = '\0';
    }
    assert_int_equal(protobuf_c_message_get_packed_size(&note->base), len);
}

static void gives_back_what_was_inserted(void **state)
{
    /* Around what the stores treat apart: empty, one page, large, the largest. */
    static const size_t lens[] = {0,    3,    128,   700,     719,     720,     721,
                                  1000, 4096, 65536, 1048576, 3145728, 4000000, 4194304};
    struct srv_store *store = *state;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct rpc_context ctx;
        struct base_err err;
        char key[32];
        rpc_context_init(&ctx);
        snprintf(key, sizeof key, "len-%zu", lens[i]);
        Notes__V1__Note note;
        fill_note(&ctx, &note, lens[i]);
        struct srv_key where = srv_key_text(base_str_of(key));
        bool ok = srv_store_insert(store, &ctx, &store_notes, where, &note.base, &err);
        assert_string_equal(store_outcome(ok, &err), "OK");
        for (int again = 0; again < 2; again++) {
            ProtobufCMessage *message = NULL;
            ok = srv_store_get(store, &ctx, &store_notes, where, SRV_OPEN, &message, &err);
            assert_string_equal(store_outcome(ok, &err), "OK");
            assert_ptr_equal(message->descriptor, &notes__v1__note__descriptor);
            assert_string_equal(((Notes__V1__Note *)message)->content, note.content);
        }
        rpc_context_dispose(&ctx);
    }
}

static void keeps_nested_messages(void **state)
{
    struct srv_store *store = *state;
    struct rpc_context ctx;
    struct base_err err;
    rpc_context_init(&ctx);
    Library__V1__Book first = LIBRARY__V1__BOOK__INIT;
    first.isbn = (char *)"1234567";
    first.name = (char *)"A new book";
    first.author = (char *)"It's me, \xC3\xA9";
    Library__V1__Book second = LIBRARY__V1__BOOK__INIT;
    Library__V1__Book *books[] = {&first, &second};
    Library__V1__User user = LIBRARY__V1__USER__INIT;
    user.name = (char *)"Alice";
    user.n_books = 2;
    user.books = books;
    bool ok = srv_store_insert(store, &ctx, &store_users, srv_key_number(7), &user.base, &err);
    assert_string_equal(store_outcome(ok, &err), "OK");
    ProtobufCMessage *message = NULL;
    ok = srv_store_get(store, &ctx, &store_users, srv_key_number(7), SRV_OPEN, &message, &err);
    assert_string_equal(store_outcome(ok, &err), "OK");
    const Library__V1__User *found = (const Library__V1__User *)message;
    assert_string_equal(found->name, "Alice");
    assert_int_equal(found->n_books, 2);
    assert_string_equal(found->books[0]->isbn, "1234567");
    assert_string_equal(found->books[0]->author, "It's me, \xC3\xA9");
    assert_string_equal(found->books[1]->name, "");
    rpc_context_dispose(&ctx);
}

static void assert_packs_alike(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    struct base_buf packed[2];
    struct base_err err;
    base_buf_init(&packed[0], SRV_STORE_DOCUMENT_BYTES_MAX);
    base_buf_init(&packed[1], SRV_STORE_DOCUMENT_BYTES_MAX);
    assert_true(rpc_codec_pack(a, &packed[0], &err));
    assert_true(rpc_codec_pack(b, &packed[1], &err));
    assert_int_equal(packed[0].len, packed[1].len);
    assert_int_equal(memcmp(packed[0].data, packed[1].data, packed[0].len), 0);
    base_buf_dispose(&packed[0]);
    base_buf_dispose(&packed[1]);
}

/* Twice, so that a store that remembers answers gives them from memory too, in either form. */
static void seals_what_is_passed_on(void **state)
{
    struct srv_store *store = *state;
    assert_string_equal(store_insert_note(store, "a", "first", 10), "OK");
    assert_string_equal(store_insert_note(store, "b", "second", 200000), "OK");
    for (int again = 0; again < 2; again++) {
        struct rpc_context ctx;
        struct base_err err;
        rpc_context_init(&ctx);
        struct srv_page open, sealed;
        ProtobufCMessage *one;
        assert_true(srv_store_list(store, &ctx, &store_notes, NULL, 10, SRV_SEALED, &sealed, &err));
        assert_true(srv_store_list(store, &ctx, &store_notes, NULL, 10, SRV_OPEN, &open, &err));
        assert_int_equal(sealed.count, 2);
        for (size_t i = 0; i < sealed.count; i++) {
            struct srv_key key = sealed.documents[i].key;
            assert_true(base_str_eq(key.text, open.documents[i].key.text));
            assert_packs_alike(sealed.documents[i].message, open.documents[i].message);
            assert_true(srv_store_get(store, &ctx, &store_notes, key, SRV_SEALED, &one, &err));
            assert_packs_alike(one, open.documents[i].message);
        }
        rpc_context_dispose(&ctx);
    }
}

static void refuses_what_is_not_there_or_taken(void **state)
{
    struct srv_store *store = *state;
    const char *missing = "NOT_FOUND: notes has no document \"a\"";
    /* Before the collection has had a document, and after. */
    for (int round = 0; round < 2; round++) {
        assert_string_equal(store_title_of(store, "a"), missing);
        assert_string_equal(store_remove_note(store, "a"), missing);
        assert_string_equal(store_retitle(store, "a", "x"), missing);
        assert_string_equal(store_insert_note(store, "b", "kept", 10),
                            round == 0 ? "OK"
                                       : "ALREADY_EXISTS: notes already has a document \"b\"");
    }
    assert_string_equal(store_insert_note(store, "b", "lost", 5000),
                        "ALREADY_EXISTS: notes already has a document \"b\"");
    assert_string_equal(store_title_of(store, "b"), "kept");
    assert_string_equal(store_remove_note(store, "b"), "OK");
    assert_string_equal(store_title_of(store, "b"), "NOT_FOUND: notes has no document \"b\"");
    assert_string_equal(store_insert_note(store, "b", "again", 5000), "OK");
    assert_string_equal(store_title_of(store, "b"), "again");
}

static void names_number_keys(void **state)
{
    struct srv_store *store = *state;
    struct rpc_context ctx;
    struct base_err err;
    ProtobufCMessage *message;
    rpc_context_init(&ctx);
    bool ok =
        srv_store_get(store, &ctx, &store_users, srv_key_number(42), SRV_OPEN, &message, &err);
    assert_string_equal(store_outcome(ok, &err), "NOT_FOUND: users has no document 42");
    Library__V1__User user = LIBRARY__V1__USER__INIT;
    assert_true(srv_store_insert(store, &ctx, &store_users, srv_key_number(-1), &user.base, &err));
    ok = srv_store_insert(store, &ctx, &store_users, srv_key_number(-1), &user.base, &err);
    assert_string_equal(store_outcome(ok, &err), "ALREADY_EXISTS: users already has a document -1");
    rpc_context_dispose(&ctx);
}

static void updates(void **state)
{
    struct srv_store *store = *state;
    static const size_t lens[] = {10, 700, 5000, 1048576};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        char key[32];
        snprintf(key, sizeof key, "updated-%zu", lens[i]);
        assert_string_equal(store_insert_note(store, key, "0", lens[i]), "OK");
        for (int64_t n = 1; n <= 3; n++) {
            assert_int_equal(store_count_up(store, key), n);
        }
        assert_string_equal(store_title_of(store, key), "3");
        /* From small to large and back. */
        char title[1001];
        memset(title, 't', sizeof title - 1);
        title[sizeof title - 1] = '\0';
        assert_string_equal(store_retitle(store, key, title), "OK");
        assert_string_equal(store_title_of(store, key), title);
        assert_string_equal(store_retitle(store, key, "end"), "OK");
        assert_string_equal(store_title_of(store, key), "end");
    }
}

static bool spoil_and_refuse(const struct srv_mutation *self, struct rpc_context *ctx,
                             ProtobufCMessage *message, struct base_err *err)
{
    (void)self;
    (void)ctx;
    ((Notes__V1__Note *)message)->title = (char *)"spoiled";
    return base_err_set(err, BASE_FAILED_PRECONDITION, "not today");
}

static bool grow_too_large(const struct srv_mutation *self, struct rpc_context *ctx,
                           ProtobufCMessage *message, struct base_err *err)
{
    (void)self;
    char *content = rpc_context_alloc(ctx, SRV_STORE_DOCUMENT_BYTES_MAX + 1, err);
    if (content == NULL) {
        return false;
    }
    memset(content, 'c', SRV_STORE_DOCUMENT_BYTES_MAX);
    ((Notes__V1__Note *)message)->content = content;
    return true;
}

static void leaves_no_trace_of_a_refused_update(void **state)
{
    static const struct {
        struct srv_mutation mutation;
        const char *outcome;
    } rows[] = {
        {{spoil_and_refuse}, "FAILED_PRECONDITION: not today"},
        {{grow_too_large},
         "RESOURCE_EXHAUSTED: a document of notes is 4194315 bytes long, "
         "expected at most 4194304"},
    };
    struct srv_store *store = *state;
    assert_string_equal(store_insert_note(store, "a", "kept", 10), "OK");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rpc_context ctx;
        struct base_err err;
        ProtobufCMessage *message = NULL;
        rpc_context_init(&ctx);
        bool ok = srv_store_update(store, &ctx, &store_notes, srv_key_text(BASE_STR("a")),
                                   &rows[i].mutation, &message, &err);
        assert_string_equal(store_outcome(ok, &err), rows[i].outcome);
        assert_null(message);
        rpc_context_dispose(&ctx);
        assert_string_equal(store_title_of(store, "a"), "kept");
    }
}

static void refuses_what_is_too_large(void **state)
{
    struct srv_store *store = *state;
    struct rpc_context ctx;
    struct base_err err;
    rpc_context_init(&ctx);
    Notes__V1__Note note;
    fill_note(&ctx, &note, SRV_STORE_DOCUMENT_BYTES_MAX + 1);
    bool ok =
        srv_store_insert(store, &ctx, &store_notes, srv_key_text(BASE_STR("a")), &note.base, &err);
    assert_string_equal(store_outcome(ok, &err),
                        "RESOURCE_EXHAUSTED: a document of notes is 4194305 bytes long, "
                        "expected at most 4194304");
    assert_string_equal(store_title_of(store, "a"), "NOT_FOUND: notes has no document \"a\"");
    rpc_context_dispose(&ctx);
}

static void refuses_long_keys(void **state)
{
    struct srv_store *store = *state;
    char key[SRV_STORE_KEY_BYTES_MAX + 2];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    const char *refusal =
        "INVALID_ARGUMENT: a key of notes is 257 bytes long, expected at most 256";
    assert_string_equal(store_insert_note(store, key, "t", 1), refusal);
    assert_string_equal(store_title_of(store, key), refusal);
    assert_string_equal(store_retitle(store, key, "t"), refusal);
    assert_string_equal(store_remove_note(store, key), refusal);
    struct rpc_context ctx;
    struct base_err err;
    rpc_context_init(&ctx);
    struct srv_key after = srv_key_text(base_str_of(key));
    struct srv_page page;
    bool ok = srv_store_list(store, &ctx, &store_notes, &after, 1, SRV_OPEN, &page, &err);
    assert_string_equal(store_outcome(ok, &err), refusal);
    int64_t id;
    ok = srv_store_next_id(store, &ctx, key, &id, &err);
    assert_string_equal(store_outcome(ok, &err),
                        "INVALID_ARGUMENT: the name of a counter is 257 bytes long, expected at "
                        "most 256");
    rpc_context_dispose(&ctx);
    key[SRV_STORE_KEY_BYTES_MAX] = '\0';
    assert_string_equal(store_insert_note(store, key, "longest", 719), "OK");
    assert_string_equal(store_title_of(store, key), "longest");
    assert_int_equal(store_next_id(store, key), 0);
}

/* Lists keys of notes as "a b c" or "a b c ..." when there are more behind. */
static void assert_page(struct srv_store *store, const struct srv_collection *collection,
                        const struct srv_key *after, size_t limit, const char *expected)
{
    /* Twice: an answer may be remembered. */
    for (int again = 0; again < 2; again++) {
        struct rpc_context ctx;
        struct base_err err;
        struct srv_page page;
        char text[512] = "";
        size_t len = 0;
        rpc_context_init(&ctx);
        bool ok = srv_store_list(store, &ctx, collection, after, limit, SRV_OPEN, &page, &err);
        assert_string_equal(store_outcome(ok, &err), "OK");
        for (size_t i = 0; i < page.count; i++) {
            struct srv_key key = page.documents[i].key;
            assert_int_equal(key.kind, collection->key_kind);
            assert_ptr_equal(page.documents[i].message->descriptor, collection->type);
            len += (size_t)(key.kind == SRV_KEY_NUMBER
                                ? snprintf(text + len, sizeof text - len, "%s%ld", i > 0 ? " " : "",
                                           (long)key.number)
                                : snprintf(text + len, sizeof text - len, "%s%.*s",
                                           i > 0 ? " " : "", BASE_STR_ARGS(key.text)));
        }
        snprintf(text + len, sizeof text - len, "%s", page.has_more ? " ..." : "");
        assert_string_equal(text, expected);
        rpc_context_dispose(&ctx);
    }
}

static void lists_text_keys_by_their_bytes(void **state)
{
    static const char *const keys[] = {"b", "\xC3\xA9", "a", "", "ab", "B", "a b", "b0"};
    static const struct {
        const char *after; /* NULL: from the start */
        size_t limit;
        const char *page;
    } rows[] = {
        {NULL, 1000, " B a a b ab b b0 \xC3\xA9"},
        {NULL, 8, " B a a b ab b b0 \xC3\xA9"},
        {NULL, 7, " B a a b ab b b0 ..."},
        {NULL, 1, " ..."},
        {"", 2, "B a ..."},
        {"a", 2, "a b ab ..."},
        {"aa", 2, "ab b ..."},
        {"b", 2, "b0 \xC3\xA9"},
        {"b0", 1, "\xC3\xA9"},
        {"\xC3\xA9", 5, ""},
        {"zzz", 5, "\xC3\xA9"},
    };
    struct srv_store *store = *state;
    assert_page(store, &store_notes, NULL, 10, "");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        assert_string_equal(store_insert_note(store, keys[i], "t", i * 200), "OK");
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct srv_key after = srv_key_text(base_str_of(rows[i].after));
        assert_page(store, &store_notes, rows[i].after == NULL ? NULL : &after, rows[i].limit,
                    rows[i].page);
    }
}

static void lists_number_keys_by_value(void **state)
{
    static const int64_t keys[] = {10, 9, INT64_MIN, 0, -1, INT64_MAX, 100};
    struct srv_store *store = *state;
    struct rpc_context ctx;
    struct base_err err;
    rpc_context_init(&ctx);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        Library__V1__User user = LIBRARY__V1__USER__INIT;
        assert_true(
            srv_store_insert(store, &ctx, &store_users, srv_key_number(keys[i]), &user.base, &err));
    }
    rpc_context_dispose(&ctx);
    assert_page(store, &store_users, NULL, 1000,
                "-9223372036854775808 -1 0 9 10 100 9223372036854775807");
    struct srv_key after = srv_key_number(-1);
    assert_page(store, &store_users, &after, 2, "0 9 ...");
    after = srv_key_number(50);
    assert_page(store, &store_users, &after, 2, "100 9223372036854775807");
    after = srv_key_number(INT64_MAX);
    assert_page(store, &store_users, &after, 2, "");
}

static void ends_a_page_early_rather_than_cut_or_overfill(void **state)
{
    struct srv_store *store = *state;
    const size_t mib = 1024 * 1024;
    assert_string_equal(store_insert_note(store, "a", "t", mib), "OK");
    assert_string_equal(store_insert_note(store, "b", "t", mib), "OK");
    assert_string_equal(store_insert_note(store, "c", "t", mib), "OK");
    assert_string_equal(store_insert_note(store, "d", "t", 4 * mib - 100), "OK");
    assert_string_equal(store_insert_note(store, "e", "t", 1), "OK");
    struct srv_key after = srv_key_text(BASE_STR("b"));
    assert_page(store, &store_notes, NULL, 10, "a b ...");
    assert_page(store, &store_notes, &after, 10, "c ...");
    after.text = BASE_STR("c");
    assert_page(store, &store_notes, &after, 10, "d ...");
    after.text = BASE_STR("d");
    assert_page(store, &store_notes, &after, 10, "e");
}

static void counts_each_counter_from_0(void **state)
{
    struct srv_store *store = *state;
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal(store_next_id(store, "users"), i);
    }
    assert_int_equal(store_next_id(store, "other"), 0);
    srv_store_close(store);
    *state = store = open_store();
    assert_int_equal(store_next_id(store, "users"), 3);
}

/* Each row releases, then reserves. */
static void reserves_up_to_the_limit(void **state)
{
    static const int64_t max = INT64_MAX;
    const struct {
        int64_t release;
        int64_t want;
        int64_t limit;
        int64_t granted;
        int64_t left;
    } rows[] = {
        {0, 0, 10, 0, 10},          {0, 4, 10, 4, 6},  {0, 4, 10, 4, 2},   {0, 4, 10, 2, 0},
        {0, 4, 10, 0, 0},           {0, 1, 5, 0, 0},   {0, 5, 12, 2, 0},   {0, 3, 0, 0, 0},
        {0, 0, 20, 0, 8},           {3, 5, 12, 3, 0},  {20, 5, 12, 5, 7},  {4, 7, 12, 7, 4},
        {max, 5, 5, 5, 0},          {0, 9, 21, 9, 7},  {0, max, 20, 6, 0}, {0, 1, 21, 1, 0},
        {0, max, max, max - 21, 0}, {0, 1, max, 0, 0},
    };
    struct srv_store *store = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rpc_context ctx;
        struct base_err err;
        int64_t granted = -1;
        int64_t left = -1;
        rpc_context_init(&ctx);
        bool ok = srv_store_release(store, &ctx, "quota", rows[i].release, &err) &&
                  srv_store_reserve(store, &ctx, "quota", rows[i].want, rows[i].limit, &granted,
                                    &left, &err);
        rpc_context_dispose(&ctx);
        assert_string_equal(store_outcome(ok, &err), "OK");
        if (granted != rows[i].granted || left != rows[i].left) {
            fail_msg("row %zu: granted %ld, left %ld", i, (long)granted, (long)left);
        }
    }
    struct rpc_context ctx;
    struct base_err err;
    int64_t id;
    rpc_context_init(&ctx);
    bool ok = srv_store_next_id(store, &ctx, "quota", &id, &err);
    assert_string_equal(store_outcome(ok, &err),
                        "RESOURCE_EXHAUSTED: counter quota has no numbers left");
    rpc_context_dispose(&ctx);
}

/* Every operation with a context that is over; the outcomes as one text. */
static void assert_all_refused(struct srv_store *store, struct rpc_context *ctx,
                               const char *expected)
{
    struct base_err err;
    struct srv_key key = srv_key_text(BASE_STR("a"));
    struct srv_mutation mutation = {spoil_and_refuse};
    Notes__V1__Note note = NOTES__V1__NOTE__INIT;
    ProtobufCMessage *message;
    struct srv_page page;
    int64_t number;
    const struct srv_collection *notes = &store_notes;
#define ASSERT_REFUSED(call) assert_string_equal(store_outcome(call, &err), expected)
    ASSERT_REFUSED(srv_store_get(store, ctx, notes, key, SRV_OPEN, &message, &err));
    ASSERT_REFUSED(srv_store_insert(store, ctx, notes, key, &note.base, &err));
    ASSERT_REFUSED(srv_store_list(store, ctx, notes, NULL, 1, SRV_OPEN, &page, &err));
    ASSERT_REFUSED(srv_store_remove(store, ctx, notes, key, &err));
    ASSERT_REFUSED(srv_store_update(store, ctx, notes, key, &mutation, &message, &err));
    ASSERT_REFUSED(srv_store_next_id(store, ctx, "c", &number, &err));
    ASSERT_REFUSED(srv_store_reserve(store, ctx, "c", 1, 1, &number, &number, &err));
    ASSERT_REFUSED(srv_store_release(store, ctx, "c", 1, &err));
#undef ASSERT_REFUSED
}

static void runs_nothing_for_a_call_that_is_over(void **state)
{
    struct srv_store *store = *state;
    struct rpc_context ctx;
    rpc_context_init(&ctx);
    atomic_store(&ctx.cancelled, true);
    assert_all_refused(store, &ctx, "CANCELLED: the call was cancelled");
    rpc_context_reset(&ctx);
    ctx.deadline_ns = base_clock_monotonic_ns() - 1;
    assert_all_refused(store, &ctx, "DEADLINE_EXCEEDED: deadline exceeded");
    rpc_context_dispose(&ctx);
    assert_string_equal(store_title_of(store, "a"), "NOT_FOUND: notes has no document \"a\"");
    assert_int_equal(store_next_id(store, "c"), 0);
}

static void stops_at_the_arenas_cap(void **state)
{
    struct srv_store *store = *state;
    assert_string_equal(store_insert_note(store, "a", "t", 100000), "OK");
    struct rpc_context ctx;
    rpc_context_init(&ctx);
    ctx.arena.cap_bytes = 50000;
    struct base_err err;
    ProtobufCMessage *message;
    struct srv_page page;
    struct srv_key key = srv_key_text(BASE_STR("a"));
    struct srv_mutation mutation = {spoil_and_refuse};
    assert_false(srv_store_get(store, &ctx, &store_notes, key, SRV_OPEN, &message, &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_false(srv_store_list(store, &ctx, &store_notes, NULL, 1, SRV_OPEN, &page, &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_false(srv_store_update(store, &ctx, &store_notes, key, &mutation, &message, &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    rpc_context_dispose(&ctx);
    assert_string_equal(store_title_of(store, "a"), "t");
}

static void tells_damage(void **state)
{
    struct srv_store *store = *state;
    const char *damaged = "DATA_LOSS: document \"b\" of notes is damaged";
    assert_string_equal(store_insert_note(store, "a", "t", 10), "OK");
    assert_string_equal(store_insert_note(store, "b", "t", 10), "OK");
    assert_string_equal(store_title_of(store, "b"), "t");
    contract->damage("notes", srv_key_text(BASE_STR("b")));
    assert_string_equal(store_title_of(store, "b"), damaged);
    assert_string_equal(store_retitle(store, "b", "x"), damaged);
    struct rpc_context ctx;
    struct base_err err;
    struct srv_page page;
    rpc_context_init(&ctx);
    bool ok = srv_store_list(store, &ctx, &store_notes, NULL, 10, SRV_OPEN, &page, &err);
    assert_string_equal(store_outcome(ok, &err), damaged);
    rpc_context_dispose(&ctx);
    assert_string_equal(store_title_of(store, "a"), "t");
    assert_string_equal(store_remove_note(store, "b"), "OK");
    assert_page(store, &store_notes, NULL, 10, "a");
}

static void keeps_everything_over_a_restart(void **state)
{
    struct srv_store *store = *state;
    assert_string_equal(store_insert_note(store, "small", "1", 10), "OK");
    assert_string_equal(store_insert_note(store, "large", "2", 1000000), "OK");
    srv_store_close(store);
    *state = store = open_store();
    assert_string_equal(store_title_of(store, "small"), "1");
    assert_string_equal(store_title_of(store, "large"), "2");
    assert_page(store, &store_notes, NULL, 10, "large small");
}

int store_contract_run(const struct store_contract *implementation)
{
    contract = implementation;
#define ON_FRESH_STORE(test) cmocka_unit_test_setup_teardown(test, renew, close_store)
    const struct CMUnitTest tests[] = {
        ON_FRESH_STORE(gives_back_what_was_inserted),
        ON_FRESH_STORE(keeps_nested_messages),
        ON_FRESH_STORE(seals_what_is_passed_on),
        ON_FRESH_STORE(refuses_what_is_not_there_or_taken),
        ON_FRESH_STORE(names_number_keys),
        ON_FRESH_STORE(updates),
        ON_FRESH_STORE(leaves_no_trace_of_a_refused_update),
        ON_FRESH_STORE(refuses_what_is_too_large),
        ON_FRESH_STORE(refuses_long_keys),
        ON_FRESH_STORE(lists_text_keys_by_their_bytes),
        ON_FRESH_STORE(lists_number_keys_by_value),
        ON_FRESH_STORE(ends_a_page_early_rather_than_cut_or_overfill),
        ON_FRESH_STORE(counts_each_counter_from_0),
        ON_FRESH_STORE(reserves_up_to_the_limit),
        ON_FRESH_STORE(runs_nothing_for_a_call_that_is_over),
        ON_FRESH_STORE(stops_at_the_arenas_cap),
        ON_FRESH_STORE(tells_damage),
        ON_FRESH_STORE(keeps_everything_over_a_restart),
    };
#undef ON_FRESH_STORE
    return _cmocka_run_group_tests(contract->name, tests, sizeof tests / sizeof *tests, NULL,
                                   NULL) +
           store_contract_run_concurrent(contract);
}
