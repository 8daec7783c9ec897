#include "gateway/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X128 X50 X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void reads_names_and_limits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *error; /* NULL: none */
    } rows[] = {
        {"dev", NULL},
        {"$default=5,10", NULL},
        {"prod_2-B=0.5,1", NULL},
        {"azAZ09", NULL},
        {X128, NULL},
        {"", "the name of a stage is letters, digits, _ and -, at most 128 of them"},
        {"a/b", "the name of a stage is letters, digits, _ and -, at most 128 of them"},
        {"$other", "the name of a stage is letters, digits, _ and -, at most 128 of them"},
        {X128 "x", "the name of a stage is letters, digits, _ and -, at most 128 of them"},
        {"dev", "the stage dev is given twice"},
        {"a=", "stage a: expected RATE,BURST: requests a second and at once, as in 100,200"},
        {"a=5", "stage a: expected RATE,BURST: requests a second and at once, as in 100,200"},
        {"a=5,", "stage a: expected RATE,BURST: requests a second and at once, as in 100,200"},
        {"a=5,1.5", "stage a: expected RATE,BURST: requests a second and at once, as in 100,200"},
        {"a=-1,5", "stage a: expected RATE,BURST: requests a second and at once, as in 100,200"},
        {"a=5,-1", "stage a: expected RATE,BURST: requests a second and at once, as in 100,200"},
        {"a=0x10,5", "stage a: expected RATE,BURST: requests a second and at once, as in 100,200"},
        {"a=5,+5", "stage a: expected RATE,BURST: requests a second and at once, as in 100,200"},
        {"a=nan,5", "stage a: expected RATE,BURST: requests a second and at once, as in 100,200"},
        {"a=1e999,5", "stage a: expected RATE,BURST: requests a second and at once, as in 100,200"},
        {"a=5,9999999999",
         "stage a: expected RATE,BURST: requests a second and at once, as in 100,200"},
    };
    struct gw_stages stages = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_err err;
        bool added = gw_stages_add(&stages, rows[i].text, &err);
        assert_int_equal(added, rows[i].error == NULL);
        if (!added) {
            assert_string_equal(err.message, rows[i].error);
        }
    }
    assert_int_equal(stages.count, 5);
    assert_false(stages.stages[0].limit.is_limited);
    assert_int_equal(stages.stages[1].limit.burst, 10);
    assert_int_equal(stages.stages[2].limit.burst, 1);
}

static void refuses_too_many(void **state)
{
    (void)state;
    struct gw_stages stages = {0};
    struct base_err err;
    char names[GW_STAGES_MAX + 1][8];
    for (size_t i = 0; i < GW_STAGES_MAX; i++) {
        snprintf(names[i], sizeof names[i], "s%zu", i);
        assert_true(gw_stages_add(&stages, names[i], &err));
    }
    assert_false(gw_stages_add(&stages, "more", &err));
    assert_string_equal(err.message, "expected at most 32 stages");
}

/* The path behind the stage, after "NAME "; "-" where there is no such stage. */
static const char *split(const struct gw_stages *stages, const char *path)
{
    static char text[100];
    size_t stage;
    struct base_str rest;
    if (!gw_stages_split(stages, base_str_of(path), &stage, &rest)) {
        return "-";
    }
    snprintf(text, sizeof text, "%.*s %.*s", BASE_STR_ARGS(stages->stages[stage].name),
             BASE_STR_ARGS(rest));
    return text;
}

static void takes_the_stage_off_the_path(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *named;   /* with dev and prod */
        const char *unnamed; /* without --stage */
        const char *both;    /* with dev and $default */
    } rows[] = {
        {"/dev/notes", "dev /notes", "$default /dev/notes", "dev /notes"},
        {"/prod/notes/1", "prod /notes/1", "$default /prod/notes/1", "$default /prod/notes/1"},
        {"/dev", "dev /", "$default /dev", "dev /"},
        {"/dev/", "dev /", "$default /dev/", "dev /"},
        {"/dev//x", "dev //x", "$default /dev//x", "dev //x"},
        {"/devel/notes", "-", "$default /devel/notes", "$default /devel/notes"},
        {"/DEV/notes", "-", "$default /DEV/notes", "$default /DEV/notes"},
        {"/notes", "-", "$default /notes", "$default /notes"},
        {"/$default/notes", "-", "$default /$default/notes", "$default /$default/notes"},
        {"/", "-", "$default /", "$default /"},
        {"", "-", "$default ", "$default "},
        {"dev/notes", "-", "$default dev/notes", "$default dev/notes"},
    };
    struct gw_stages named = {0};
    struct gw_stages unnamed = {0};
    struct gw_stages both = {0};
    struct base_err err;
    assert_true(gw_stages_add(&named, "dev", &err) && gw_stages_add(&named, "prod", &err));
    assert_true(gw_stages_add(&both, "$default", &err) && gw_stages_add(&both, "dev", &err));
    gw_stages_end(&named);
    gw_stages_end(&unnamed);
    gw_stages_end(&both);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(split(&named, rows[i].path), rows[i].named);
        assert_string_equal(split(&unnamed, rows[i].path), rows[i].unnamed);
        assert_string_equal(split(&both, rows[i].path), rows[i].both);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_names_and_limits),
        cmocka_unit_test(refuses_too_many),
        cmocka_unit_test(takes_the_stage_off_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
