#include "gateway/rules.h"

#include "base/mem.h"
#include "gateway/rules_private.h"

struct gw_rules *gw_rules_parse(const char *name, struct base_str text, struct base_err *err)
{
    if (text.len > GW_RULES_FILE_BYTES_MAX) {
        base_err_set(err, BASE_RESOURCE_EXHAUSTED, "%s has more than %zu bytes", name,
                     GW_RULES_FILE_BYTES_MAX);
        return NULL;
    }
    struct gw_rules *rules = base_calloc(1, sizeof *rules);
    base_arena_init(&rules->arena, GW_RULES_MEMORY_BYTES_MAX);
    if (!gw_rules_read_yaml(rules, name, text, err)) {
        gw_rules_destroy(rules);
        return NULL;
    }
    return rules;
}

void gw_rules_destroy(struct gw_rules *rules)
{
    if (rules != NULL) {
        base_arena_dispose(&rules->arena);
        base_free(rules);
    }
}

size_t gw_rules_count(const struct gw_rules *rules)
{
    return rules->count;
}

bool gw_rules_apply(const struct gw_rules *rules, struct gw_schema *schema, struct base_err *err)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct gw_rule *rule = &rules->rules[i];
        if (!gw_schema_set_rules(schema, rule->selector, rule->bindings, rule->binding_count,
                                 err)) {
            return base_err_wrap(err, "%.*s", BASE_STR_ARGS(rule->bindings->origin));
        }
    }
    return true;
}
