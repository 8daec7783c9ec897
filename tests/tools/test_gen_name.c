#include "tools/gen_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct row {
    const char *name;
    const char *expected;
};

static void check_rows(const char *(*make)(struct base_arena *arena, const char *name),
                       const struct row *rows, size_t count)
{
    struct base_arena arena;
    base_arena_init(&arena, 64 * 1024);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(make(&arena, rows[i].name), rows[i].expected);
    }
    base_arena_dispose(&arena);
}

#define CHECK_ROWS(make, rows) check_rows(make, rows, sizeof(rows) / sizeof *(rows))

static void test_type(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"notes.v1.Note", "Notes__V1__Note"},
        {"Note", "Note"},
        {"note", "Note"},
        {"snake_case.v1beta1.HTTPApi.Outer.Inner_part",
         "SnakeCase__V1beta1__HTTPApi__Outer__InnerPart"},
        {"a._b__c_", "A__BC"},
        {"a.B2_3d", "A__B23d"},
    };
    CHECK_ROWS(gen_name_type, rows);
}

static void test_descriptor(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"notes.v1.GetNoteRequest", "notes__v1__get_note_request__descriptor"},
        {"snake_case.v1beta1.HTTPApi.Inner_Part",
         "snake_case__v1beta1__httpapi__inner__part__descriptor"},
        {"A", "a__descriptor"},
        {"a.NoteV2X", "a__note_v2_x__descriptor"},
    };
    CHECK_ROWS(gen_name_descriptor, rows);
}

static void test_service(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"notes.v1.Notes", "notes_v1_notes"},
        {"Notes", "notes"},
        {"a_b.C_D.EFgH", "a_b_c_d_efg_h"},
    };
    CHECK_ROWS(gen_name_service, rows);
}

static void test_method(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"GetNote", "get_note"},  {"getNote", "get_note"},  {"Get_Note", "get_note"},
        {"GetHTTP", "get_http"},  {"Service", "service_"},  {"DescriptorSet", "descriptor_set_"},
        {"Services", "services"}, {"Register", "register"},
    };
    CHECK_ROWS(gen_name_method, rows);
}

static void test_keyword(void **state)
{
    (void)state;
    assert_true(gen_name_is_keyword("register"));
    assert_true(gen_name_is_keyword("bool"));
    assert_true(gen_name_is_keyword("while"));
    assert_false(gen_name_is_keyword("registers"));
    assert_false(gen_name_is_keyword("get_note"));
}

static void test_files(void **state)
{
    (void)state;
    static const struct row stems[] = {
        {"notes/v1/notes.proto", "notes/v1/notes"},
        {"a.protodevel", "a"},
        {"a.proto.proto", "a.proto"},
        {"a.txt", "a.txt"},
    };
    CHECK_ROWS(gen_name_stem, stems);
    static const struct row files[] = {
        {"notes/v1/notes", "notes_v1_notes"},
        {"a-b.c/d", "a_b_c_d"},
    };
    CHECK_ROWS(gen_name_file, files);
    static const struct row guards[] = {
        {"notes/v1/notes", "NOTES_V1_NOTES_TG_H"},
        {"a", "A_TG_H"},
    };
    CHECK_ROWS(gen_name_guard, guards);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_type),    cmocka_unit_test(test_descriptor),
        cmocka_unit_test(test_service), cmocka_unit_test(test_method),
        cmocka_unit_test(test_keyword), cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
