#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void gives_aligned_memory(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 8, 15, 16, 17, 1000, 20000, 300000};
    struct base_arena arena;
    base_arena_init(&arena, 1 << 20);
    char *previous = NULL;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *memory = base_arena_alloc(&arena, sizes[i]);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        assert_ptr_not_equal(memory, previous);
        memset(memory, 0xAB, sizes[i]);
        previous = memory;
    }
    base_arena_dispose(&arena);
}

static void stops_at_its_cap(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t cap_bytes;
        size_t size;
        bool fits;
    } rows[] = {
        {"nothing of nothing", 0, 0, false},     {"more than the cap", 100, 101, false},
        {"far more", 100, SIZE_MAX, false},      {"well within", 1000, 100, true},
        {"a large one", 1 << 20, 1 << 19, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_arena arena;
        base_arena_init(&arena, rows[i].cap_bytes);
        if ((base_arena_alloc(&arena, rows[i].size) != NULL) != rows[i].fits) {
            fail_msg("%s", rows[i].name);
        }
        base_arena_dispose(&arena);
    }
}

static void small_pieces_add_up_to_the_cap(void **state)
{
    (void)state;
    struct base_arena arena;
    base_arena_init(&arena, 100000);
    size_t count = 0;
    while (base_arena_alloc(&arena, 100) != NULL) {
        count++;
    }
    assert_in_range(count, 500, 1000);
    base_arena_reset(&arena);
    size_t again = 0;
    while (base_arena_alloc(&arena, 100) != NULL) {
        again++;
    }
    assert_int_equal(again, count);
    base_arena_dispose(&arena);
}

static void reset_keeps_one_small_block(void **state)
{
    (void)state;
    struct base_arena arena;
    base_arena_init(&arena, 1 << 20);
    char *first = base_arena_alloc(&arena, 10);
    base_arena_reset(&arena);
    assert_ptr_equal(base_arena_alloc(&arena, 10), first);
    base_arena_dispose(&arena);

    assert_non_null(base_arena_alloc(&arena, BASE_ARENA_KEEP_BYTES * 2));
    base_arena_reset(&arena);
    assert_null(arena.last);
    assert_int_equal(arena.used_bytes, 0);
    base_arena_reset(&arena);
    base_arena_dispose(&arena);
}

static void calloc_zeroes_what_was_used(void **state)
{
    (void)state;
    struct base_arena arena;
    base_arena_init(&arena, 1000);
    memset(base_arena_alloc(&arena, 64), 0xFF, 64);
    base_arena_reset(&arena);
    char zeros[64] = {0};
    assert_memory_equal(base_arena_calloc(&arena, 64), zeros, 64);
    assert_null(base_arena_calloc(&arena, 1001));
    base_arena_dispose(&arena);
}

static void copies_end_in_nul(void **state)
{
    (void)state;
    struct base_arena arena;
    struct base_str copy = BASE_STR("untouched");
    base_arena_init(&arena, 200);
    assert_true(base_arena_copy(&arena, BASE_STR("note"), &copy));
    assert_string_equal(copy.data, "note");
    assert_int_equal(copy.len, 4);
    assert_true(base_arena_copy(&arena, (struct base_str){0}, &copy));
    assert_string_equal(copy.data, "");
    char large[200] = {0};
    copy = BASE_STR("untouched");
    assert_false(base_arena_copy(&arena, base_str_make(large, sizeof large), &copy));
    assert_string_equal(copy.data, "untouched");
    base_arena_dispose(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_aligned_memory),
        cmocka_unit_test(stops_at_its_cap),
        cmocka_unit_test(small_pieces_add_up_to_the_cap),
        cmocka_unit_test(reset_keeps_one_small_block),
        cmocka_unit_test(calloc_zeroes_what_was_used),
        cmocka_unit_test(copies_end_in_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
