/* A file of rules: refused with its name in the reason, or every method it names has
 * what it says. */
#include "gateway/route.h"
#include "gateway/rules.h"
#include "notes/v1/notes.tg.h"
#include "tests/fuzz/fuzz.h"

/* Routes are made, or the reason names the file. */
static void apply(const struct gw_rules *rules)
{
    struct base_err err = {0};
    struct gw_schema *schema = gw_schema_create();
    FUZZ_CHECK(gw_schema_add(schema, notes_v1_notes_descriptor_set, &err));
    if (gw_rules_apply(rules, schema, &err)) {
        struct gw_routes *routes = gw_routes_create(schema, &err);
        FUZZ_CHECK(routes != NULL || err.message[0] != '\0');
        gw_routes_destroy(routes);
    } else {
        FUZZ_CHECK(base_str_starts_with(base_str_of(err.message), BASE_STR("f.yaml:")));
    }
    gw_schema_destroy(schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct base_err err = {0};
    struct gw_rules *rules =
        gw_rules_parse("f.yaml", base_str_make((const char *)data, size), &err);
    if (rules == NULL) {
        FUZZ_CHECK(base_str_starts_with(base_str_of(err.message), BASE_STR("f.yaml")));
        return 0;
    }
    FUZZ_CHECK(gw_rules_count(rules) > 0);
    apply(rules);
    gw_rules_destroy(rules);
    return 0;
}
