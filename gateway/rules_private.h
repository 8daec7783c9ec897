/* What rules.c (rules and methods) and rules_yaml.c (reading them) share. Nobody else includes
 * this. */
#ifndef GATEWAY_RULES_PRIVATE_H
#define GATEWAY_RULES_PRIVATE_H

#include "base/arena.h"
#include "gateway/rules.h"

struct gw_rule {
    struct base_str selector;
    struct gw_http_rule *bindings; /* the rule and its additional_bindings */
    size_t binding_count;
};

struct gw_rules {
    struct base_arena arena; /* of all below */
    struct gw_rule *rules;
    size_t count;
};

/* Fills `rules`, whose arena is there, from `text`. */
bool gw_rules_read_yaml(struct gw_rules *rules, const char *name, struct base_str text,
                        struct base_err *err) BASE_MUST_CHECK;

#endif
