#include "access_contract.h"

#include "access_process.h"
#include "server/access_state.h"
#include "server/access_watch.h"
#include "store_support.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

/* What a change may take until it is known everywhere, on a machine that is busy. */
#define CHANGE_MS_MAX 20000

#define OPENERS 8

static const struct access_contract *subject;

static const char *add_key(struct access_process *process, const char *value)
{
    static char id[SRV_KEY_ID_BYTES + 1];
    Tollgate__ApiKey key = TOLLGATE__API_KEY__INIT;
    key.name = "a key";
    if (!srv_access_add_key(&process->access, &process->ctx, base_str_of(value), &key,
                            &process->err)) {
        fail_msg("%s", process->err.message);
    }
    snprintf(id, sizeof id, "%s", key.id);
    return id;
}

/* ---- Kept whole ---- */

static void test_every_field_is_kept(void **state)
{
    (void)state;
    struct access_process process;
    access_process_open(subject, &process);
    char *plan_ids[] = {"standard", "premium"};
    Tollgate__ApiKey__TagsEntry tag = TOLLGATE__API_KEY__TAGS_ENTRY__INIT;
    Tollgate__ApiKey__TagsEntry *tags[] = {&tag};
    tag.key = "a.dotted$key";
    tag.value = "value";
    Tollgate__ApiKey key = TOLLGATE__API_KEY__INIT;
    key.name = "name";
    key.description = "description";
    key.customer_id = "customer";
    key.enabled = true;
    key.usage_plan_ids = plan_ids;
    key.n_usage_plan_ids = 2;
    key.tags = tags;
    key.n_tags = 1;
    const char *value = "a-value-with-all-fields";
    assert_true(
        srv_access_add_key(&process.access, &process.ctx, base_str_of(value), &key, &process.err));
    Tollgate__ApiKey *read;
    assert_true(srv_access_get_key(&process.access, &process.ctx, key.id, &read, &process.err));
    assert_string_equal(read->name, "name");
    assert_string_equal(read->description, "description");
    assert_string_equal(read->customer_id, "customer");
    assert_true(read->enabled);
    assert_int_equal(read->created_date->seconds, key.created_date->seconds);
    assert_string_equal(read->usage_plan_ids[1], "premium");
    assert_string_equal(read->tags[0]->key, "a.dotted$key");
    assert_memory_equal(read->value_hash.data, key.value_hash.data, BASE_DIGEST_BYTES);
    char *revealed;
    assert_true(srv_access_reveal(&process.access, &process.ctx, read, &revealed, &process.err));
    assert_string_equal(revealed, value);
    access_process_close(&process);
}

static void test_limits_of_methods_are_kept(void **state)
{
    (void)state;
    struct access_process process;
    access_process_open(subject, &process);
    Tollgate__Throttle throttle = TOLLGATE__THROTTLE__INIT;
    throttle.rate_limit = 0.25;
    throttle.burst_limit = 3;
    Tollgate__ApiStage__ThrottleEntry entry = TOLLGATE__API_STAGE__THROTTLE_ENTRY__INIT;
    Tollgate__ApiStage__ThrottleEntry *entries[] = {&entry};
    entry.key = "/notes/{note_id}/GET";
    entry.value = &throttle;
    Tollgate__ApiStage stage = TOLLGATE__API_STAGE__INIT;
    Tollgate__ApiStage *stages[] = {&stage};
    stage.api_id = "tollgate";
    stage.stage = "$default";
    stage.throttle = entries;
    stage.n_throttle = 1;
    Tollgate__UsagePlan plan = TOLLGATE__USAGE_PLAN__INIT;
    plan.name = "plan";
    plan.api_stages = stages;
    plan.n_api_stages = 1;
    plan.throttle = &throttle;
    assert_true(srv_access_add_plan(&process.access, &process.ctx, &plan, &process.err));
    Tollgate__UsagePlan *read;
    assert_true(srv_access_get_plan(&process.access, &process.ctx, plan.id, &read, &process.err));
    assert_string_equal(read->api_stages[0]->stage, "$default");
    assert_string_equal(read->api_stages[0]->throttle[0]->key, "/notes/{note_id}/GET");
    assert_true(read->api_stages[0]->throttle[0]->value->rate_limit == 0.25);
    assert_null(read->quota);
    access_process_close(&process);
}

/* ---- Made once ---- */

struct opening {
    struct access_process process;
    bool is_open;
};

static void open_one(void *user, size_t index)
{
    struct opening *opening = &((struct opening *)user)[index];
    opening->is_open = access_process_try_open(subject, &opening->process);
}

/* Processes that find no store, or an empty one, at one moment agree on its salt. */
static void test_one_salt_for_all(void **state)
{
    (void)state;
    struct opening openings[OPENERS];
    store_on_threads(OPENERS, open_one, openings);
    struct access_process *first = &openings[0].process;
    for (size_t i = 0; i < OPENERS; i++) {
        struct access_process *process = &openings[i].process;
        if (!openings[i].is_open) {
            fail_msg("%s", process->err.message);
        }
        assert_memory_equal(process->access.ring.hash_key, first->access.ring.hash_key,
                            BASE_DIGEST_BYTES);
    }
    const struct srv_scan scan = {.collection = &srv_access_plans, .limit = 100};
    struct srv_page page;
    assert_true(srv_scan_run(&scan, first->store, &first->ctx, &page, &first->err));
    assert_int_equal(page.count, 2);
    for (size_t i = 0; i < OPENERS; i++) {
        access_process_close(&openings[i].process);
    }
}

/* ---- Seen by all ---- */

/* What a watch told last. */
struct witness {
    struct srv_access_listener listener;
    pthread_mutex_t lock;
    size_t calls;
    size_t keys;
    size_t plans;
    char name[32]; /* of the first key */
};

static void on_access(struct srv_access_listener *self, const struct srv_access_list *list)
{
    struct witness *witness = (struct witness *)self;
    pthread_mutex_lock(&witness->lock);
    witness->calls++;
    witness->keys = list->key_count;
    witness->plans = list->plan_count;
    witness->name[0] = '\0';
    if (list->key_count > 0) {
        const Tollgate__ApiKey *key = list->keys[0];
        snprintf(witness->name, sizeof witness->name, "%s", key->name);
        assert_int_equal(key->value_hash.len, BASE_DIGEST_BYTES);
        assert_int_equal(key->sealed_value.len, 0);
    }
    for (size_t i = 1; i < list->key_count; i++) {
        assert_true(strcmp(list->keys[i - 1]->id, list->keys[i]->id) < 0);
    }
    pthread_mutex_unlock(&witness->lock);
}

/* `name` is the first key's; NULL: any. */
static bool has_seen(struct witness *witness, size_t keys, size_t plans, const char *name)
{
    pthread_mutex_lock(&witness->lock);
    bool has = witness->keys == keys && witness->plans == plans &&
               (name == NULL || strcmp(witness->name, name) == 0);
    pthread_mutex_unlock(&witness->lock);
    return has;
}

static void expect_seen(struct witness *witness, size_t keys, size_t plans, const char *name)
{
    int64_t start_ns = base_clock_monotonic_ns();
    while (!has_seen(witness, keys, plans, name)) {
        if (base_clock_monotonic_ns() - start_ns > CHANGE_MS_MAX * BASE_NS_PER_MS) {
            fail_msg("after %d ms: %zu keys, %zu plans, \"%s\"; expected %zu, %zu, \"%s\"",
                     CHANGE_MS_MAX, witness->keys, witness->plans, witness->name, keys, plans,
                     name == NULL ? "..." : name);
        }
        usleep(10000);
    }
}

struct naming {
    struct srv_mutation mutation;
    char *name;
};

static bool set_name(const struct srv_mutation *self, struct rpc_context *ctx,
                     ProtobufCMessage *message, struct base_err *err)
{
    (void)ctx;
    (void)err;
    ((Tollgate__ApiKey *)message)->name = ((const struct naming *)self)->name;
    return true;
}

static void test_changes_are_seen_by_another_process(void **state)
{
    (void)state;
    struct access_process writer;
    struct access_process reader;
    access_process_open(subject, &writer);
    access_process_open(subject, &reader);
    struct witness witness = {.listener = {on_access}, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct srv_access_watch *watch =
        srv_access_watch_open(&reader.access, &witness.listener, &reader.err);
    assert_non_null(watch);
    assert_int_equal(witness.calls, 1);
    assert_true(has_seen(&witness, 0, 2, ""));

    char id[SRV_KEY_ID_BYTES + 1];
    snprintf(id, sizeof id, "%s", add_key(&writer, "a-value-that-is-watched"));
    expect_seen(&witness, 1, 2, "a key");
    const struct naming naming = {{set_name}, "renamed"};
    Tollgate__ApiKey *key;
    assert_true(srv_access_update_key(&writer.access, &writer.ctx, id, &naming.mutation, &key,
                                      &writer.err));
    expect_seen(&witness, 1, 2, "renamed");
    assert_true(srv_access_remove_plan(&writer.access, &writer.ctx, "premium", &writer.err));
    expect_seen(&witness, 1, 1, "renamed");
    assert_true(srv_access_remove_key(&writer.access, &writer.ctx, id, &writer.err));
    expect_seen(&witness, 0, 1, "");
    srv_access_watch_close(watch);
    access_process_close(&writer);
    access_process_close(&reader);
}

/* Makes the state's number run ahead of the changes it names. */
static bool run_ahead(const struct srv_mutation *self, struct rpc_context *ctx,
                      ProtobufCMessage *message, struct base_err *err)
{
    (void)self;
    (void)ctx;
    (void)err;
    ((Tollgate__AccessState *)message)->version += SRV_ACCESS_CHANGES_MAX + 1;
    return true;
}

/* More changes than the state names: everything is read, what nobody announced too. */
static void test_what_was_missed_is_read(void **state)
{
    (void)state;
    static const struct srv_collection states = {"access", SRV_KEY_TEXT,
                                                 &tollgate__access_state__descriptor};
    struct access_process writer;
    struct access_process reader;
    access_process_open(subject, &writer);
    access_process_open(subject, &reader);
    struct witness witness = {.listener = {on_access}, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct srv_access_watch *watch =
        srv_access_watch_open(&reader.access, &witness.listener, &reader.err);
    assert_non_null(watch);
    uint8_t hash[BASE_DIGEST_BYTES] = {0};
    Tollgate__ApiKey key = TOLLGATE__API_KEY__INIT;
    key.id = "unannounced";
    key.name = "by hand";
    key.value_hash = (ProtobufCBinaryData){sizeof hash, hash};
    assert_true(srv_store_insert(writer.store, &writer.ctx, &srv_access_keys,
                                 srv_key_text(base_str_of(key.id)), &key.base, &writer.err));
    const struct srv_mutation mutation = {run_ahead};
    ProtobufCMessage *message;
    assert_true(srv_store_update(writer.store, &writer.ctx, &states,
                                 srv_key_text(BASE_STR("state")), &mutation, &message,
                                 &writer.err));
    expect_seen(&witness, 1, 2, "by hand");
    assert_true(srv_access_state_announce(writer.store, &writer.ctx, "unknown to this version",
                                          &writer.err));
    add_key(&writer, "a-value-that-is-watched");
    expect_seen(&witness, 2, 2, NULL);
    srv_access_watch_close(watch);
    access_process_close(&writer);
    access_process_close(&reader);
}

/* ---- Pages ---- */

static bool is_odd(const struct srv_scan *self, const ProtobufCMessage *message)
{
    (void)self;
    const char *name = ((const Tollgate__ApiKey *)message)->name;
    return (name[strlen(name) - 1] - '0') % 2 == 1;
}

static void test_scans(void **state)
{
    (void)state;
    struct access_process process;
    access_process_open(subject, &process);
    for (int i = 0; i < 10; i++) {
        char value[32];
        char name[8];
        snprintf(value, sizeof value, "a-value-with-number-%d", i);
        snprintf(name, sizeof name, "n%d", i);
        Tollgate__ApiKey key = TOLLGATE__API_KEY__INIT;
        key.name = name;
        assert_true(srv_access_add_key(&process.access, &process.ctx, base_str_of(value), &key,
                                       &process.err));
    }
    struct srv_key after;
    struct srv_scan scan = {.collection = &srv_access_keys, .limit = 2, .wants = is_odd};
    size_t pages = 0;
    size_t count = 0;
    struct srv_page page = {.has_more = true};
    while (page.has_more) {
        assert_true(srv_scan_run(&scan, process.store, &process.ctx, &page, &process.err));
        pages++;
        count += page.count;
        for (size_t i = 0; i < page.count; i++) {
            assert_true(is_odd(&scan, page.documents[i].message));
        }
        if (page.count > 0) {
            after = page.documents[page.count - 1].key;
            scan.after = &after;
        }
    }
    assert_int_equal(count, 5);
    assert_in_range(pages, 3, 4);
    access_process_close(&process);
}

static int renew(void **state)
{
    (void)state;
    subject->renew();
    return 0;
}

int access_contract_run(const struct access_contract *contract)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_every_field_is_kept, renew),
        cmocka_unit_test_setup(test_limits_of_methods_are_kept, renew),
        cmocka_unit_test_setup(test_one_salt_for_all, renew),
        cmocka_unit_test_setup(test_changes_are_seen_by_another_process, renew),
        cmocka_unit_test_setup(test_what_was_missed_is_read, renew),
        cmocka_unit_test_setup(test_scans, renew),
    };
    subject = contract;
    return cmocka_run_group_tests_name(contract->name, tests, NULL, NULL);
}
