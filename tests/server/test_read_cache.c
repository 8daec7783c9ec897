#include "server/read_cache.h"

#include "base/mem.h"
#include "store_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

static int make_cache(void **state)
{
    struct srv_read_cache *cache = base_alloc(sizeof *cache);
    srv_read_cache_init(cache);
    *state = cache;
    return 0;
}

static int free_cache(void **state)
{
    srv_read_cache_dispose(*state);
    base_free(*state);
    return 0;
}

static struct srv_read_question about(const char *key)
{
    return (struct srv_read_question){.collection = &store_notes,
                                      .key = srv_key_text(base_str_of(key))};
}

static void assert_answer(const struct srv_read_cache *cache, struct srv_read_question question,
                          const char *expected)
{
    struct base_str answer = BASE_STR("nothing");
    bool found = srv_read_cache_find(cache, &question, &answer);
    assert_int_equal(found, expected != NULL);
    if (found) {
        assert_int_equal(answer.len, strlen(expected));
        assert_memory_equal(answer.data, expected, answer.len);
    }
}

static void put(struct srv_read_cache *cache, struct srv_read_question question, const char *answer)
{
    srv_read_cache_put(cache, &question, base_str_of(answer));
}

static void tells_questions_apart(void **state)
{
    struct srv_read_cache *cache = *state;
    const struct srv_read_question questions[] = {
        about("a"),
        about("b"),
        about(""),
        about("12345678"),
        about("123456789"),
        {.collection = &store_users, .key = srv_key_number(0)},
        {.collection = &store_users, .key = srv_key_number(1)},
        {.collection = &store_users, .key = srv_key_number(-1)},
        {.collection = &store_users, .limit = 10, .from_start = true},
        {.collection = &store_users, .limit = 11, .from_start = true},
        {.collection = &store_users, .limit = 10, .key = srv_key_number(0)},
        {.collection = &store_notes, .limit = 10, .key = srv_key_text(BASE_STR("a"))},
        {.collection = &store_notes, .limit = 10, .key = srv_key_text(BASE_STR(""))},
        {.collection = &store_notes,
         .limit = 10,
         .from_start = true,
         .key = {SRV_KEY_TEXT, 0, {0}}},
    };
    const size_t count = sizeof questions / sizeof *questions;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            srv_read_cache_forget(cache);
            put(cache, questions[i], "answer");
            assert_answer(cache, questions[j], i == j ? "answer" : NULL);
        }
    }
}

static void keeps_the_newest_answer(void **state)
{
    struct srv_read_cache *cache = *state;
    char key[] = "key";
    put(cache, about(key), "first");
    put(cache, about(key), "a longer second");
    key[0] = 'x'; /* the cache has its own copy */
    assert_answer(cache, about("key"), "a longer second");
    put(cache, about("key"), "");
    assert_answer(cache, about("key"), "");
}

static void forgets_all_at_once(void **state)
{
    struct srv_read_cache *cache = *state;
    put(cache, about("a"), "1");
    put(cache, about("b"), "2");
    srv_read_cache_forget(cache);
    assert_answer(cache, about("a"), NULL);
    assert_answer(cache, about("b"), NULL);
    put(cache, about("a"), "3");
    assert_answer(cache, about("a"), "3");
    assert_answer(cache, about("b"), NULL);
}

static void keeps_a_working_set_whole(void **state)
{
    struct srv_read_cache *cache = *state;
    for (int i = 0; i < 300; i++) {
        char key[16];
        snprintf(key, sizeof key, "note-%d", i);
        put(cache, about(key), key);
    }
    for (int i = 0; i < 300; i++) {
        char key[16];
        snprintf(key, sizeof key, "note-%d", i);
        assert_answer(cache, about(key), key);
    }
}

static void stays_within_its_bytes(void **state)
{
    struct srv_read_cache *cache = *state;
    char *answer = base_alloc(SRV_READ_CACHE_ANSWER_BYTES_MAX + 1);
    memset(answer, 'a', SRV_READ_CACHE_ANSWER_BYTES_MAX + 1);
    for (size_t i = 0; i < 5000; i++) {
        char key[16];
        snprintf(key, sizeof key, "%zu", i);
        struct srv_read_question question = about(key);
        size_t len = i * 7919 % (SRV_READ_CACHE_ANSWER_BYTES_MAX + 1);
        srv_read_cache_put(cache, &question, base_str_make(answer, len));
        assert_in_range(cache->used_bytes, 1, SRV_READ_CACHE_BYTES_MAX);
        struct base_str found;
        assert_true(srv_read_cache_find(cache, &question, &found));
        assert_int_equal(found.len, len);
    }
    struct srv_read_question question = about("as large as may be");
    struct base_str found;
    srv_read_cache_put(cache, &question, base_str_make(answer, SRV_READ_CACHE_ANSWER_BYTES_MAX));
    assert_true(srv_read_cache_find(cache, &question, &found));
    question = about("too large");
    srv_read_cache_put(cache, &question,
                       base_str_make(answer, SRV_READ_CACHE_ANSWER_BYTES_MAX + 1));
    assert_answer(cache, question, NULL);
    base_free(answer);
}

static void counts_what_it_holds(void **state)
{
    struct srv_read_cache *cache = *state;
    char large[10000] = "";
    memset(large, 'a', sizeof large - 1);
    put(cache, about("key"), "");
    size_t bytes = cache->used_bytes;
    for (int i = 0; i < 10; i++) {
        put(cache, about("key"), large);
        assert_in_range(cache->used_bytes, bytes + sizeof large - 1, bytes + sizeof large);
        put(cache, about("key"), "");
        assert_int_equal(cache->used_bytes, bytes);
    }
}

int main(void)
{
#define ON_EMPTY(test) cmocka_unit_test_setup_teardown(test, make_cache, free_cache)
    const struct CMUnitTest tests[] = {
        ON_EMPTY(tells_questions_apart),  ON_EMPTY(keeps_the_newest_answer),
        ON_EMPTY(forgets_all_at_once),    ON_EMPTY(keeps_a_working_set_whole),
        ON_EMPTY(stays_within_its_bytes), ON_EMPTY(counts_what_it_holds),
    };
#undef ON_EMPTY
    return cmocka_run_group_tests_name("read_cache", tests, NULL, NULL);
}
