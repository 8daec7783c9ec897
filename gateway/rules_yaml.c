/* libyaml makes a tree of the file, which is walked once. What a mapping may hold stands in a table
 * of keys; an alias is the node it stands for, and what it makes many of is bounded by the arena.
 */
#include "gateway/rules_private.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <yaml.h>

/* Bytes of a message before the place is put in front. */
#define REASON_SIZE 400

/* Keys of one table. */
#define KEYS_MAX 16

struct walk {
    struct gw_rules *rules;
    yaml_document_t *document;
    const char *name; /* of the file */
    struct base_err *err;
};

struct key {
    const char *name;
    const char *json_name; /* NULL where it is the same */
    bool (*read)(struct walk *walk, const struct key *key, const yaml_node_t *value, void *out);
    const char *http_method; /* of the keys that are a pattern */
};

/* What a mapping is called, and what it may hold. */
struct shape {
    const char *name;
    const struct key *keys;
    size_t key_count;
    bool has_others; /* other keys are none of ours */
};

/* A rule that is being read. */
struct draft {
    struct base_str selector;
    struct gw_http_rule rule;
    const yaml_node_t *additional; /* the list of additional_bindings, or NULL */
};

static size_t line_of(const yaml_node_t *node)
{
    return node->start_mark.line + 1;
}

static bool refuse(struct walk *walk, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(struct walk *walk, size_t line, const char *format, ...)
{
    char reason[REASON_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return base_err_set(walk->err, BASE_INVALID_ARGUMENT, "%s:%zu: %s", walk->name, line, reason);
}

static bool is_full(struct walk *walk)
{
    return base_err_set(walk->err, BASE_RESOURCE_EXHAUSTED,
                        "%s: the rules take more than %zu bytes", walk->name,
                        GW_RULES_MEMORY_BYTES_MAX);
}

static const char *kind_of(const yaml_node_t *node)
{
    return node->type == YAML_MAPPING_NODE    ? "a mapping"
           : node->type == YAML_SEQUENCE_NODE ? "a list"
                                              : "a single value";
}

static struct base_str scalar_of(const yaml_node_t *node)
{
    return base_str_make((const char *)node->data.scalar.value, node->data.scalar.length);
}

/* ---- Mappings ---- */

static const struct key *find_key(const struct shape *shape, struct base_str name)
{
    for (size_t i = 0; i < shape->key_count; i++) {
        const struct key *key = &shape->keys[i];
        if (base_str_eq(name, base_str_of(key->name)) ||
            (key->json_name != NULL && base_str_eq(name, base_str_of(key->json_name)))) {
            return key;
        }
    }
    return NULL;
}

static bool read_pair(struct walk *walk, const struct shape *shape, const yaml_node_pair_t *pair,
                      bool *seen, void *out)
{
    const yaml_node_t *name = yaml_document_get_node(walk->document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(walk->document, pair->value);
    if (name->type != YAML_SCALAR_NODE) {
        return refuse(walk, line_of(name), "%s: a key is %s", shape->name, kind_of(name));
    }
    const struct key *key = find_key(shape, scalar_of(name));
    if (key == NULL) {
        return shape->has_others || refuse(walk, line_of(name), "%s: unknown key \"%.*s\"",
                                           shape->name, BASE_STR_ARGS(scalar_of(name)));
    }
    if (seen[key - shape->keys]) {
        return refuse(walk, line_of(name), "%s: \"%s\" stands there twice", shape->name, key->name);
    }
    seen[key - shape->keys] = true;
    return key->read(walk, key, value, out);
}

static bool read_mapping(struct walk *walk, const struct shape *shape, const yaml_node_t *node,
                         void *out)
{
    if (node->type != YAML_MAPPING_NODE) {
        return refuse(walk, line_of(node), "%s: expected a mapping, found %s", shape->name,
                      kind_of(node));
    }
    bool seen[KEYS_MAX] = {false};
    const yaml_node_pair_t *end = node->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < end; pair++) {
        if (!read_pair(walk, shape, pair, seen, out)) {
            return false;
        }
    }
    return true;
}

/* ---- Values ---- */

static bool read_text(struct walk *walk, const struct key *key, const yaml_node_t *value,
                      struct base_str *out)
{
    if (value->type != YAML_SCALAR_NODE) {
        return refuse(walk, line_of(value), "%s: expected a string, found %s", key->name,
                      kind_of(value));
    }
    struct base_str text = scalar_of(value);
    if (memchr(text.data, '\0', text.len) != NULL) {
        return refuse(walk, line_of(value), "%s: U+0000 in a string", key->name);
    }
    return base_arena_copy(&walk->rules->arena, text, out) || is_full(walk);
}

static bool read_selector(struct walk *walk, const struct key *key, const yaml_node_t *value,
                          void *out)
{
    struct draft *draft = out;
    return read_text(walk, key, value, &draft->selector);
}

/* Refuses a second pattern. */
static bool check_first(struct walk *walk, const struct key *key, const yaml_node_t *value,
                        const struct draft *draft)
{
    return draft->rule.http_method.data == NULL ||
           refuse(walk, line_of(value), "rule: \"%s\" stands beside another pattern", key->name);
}

static bool read_pattern(struct walk *walk, const struct key *key, const yaml_node_t *value,
                         void *out)
{
    struct draft *draft = out;
    if (!check_first(walk, key, value, draft)) {
        return false;
    }
    draft->rule.http_method = base_str_of(key->http_method);
    return read_text(walk, key, value, &draft->rule.path_template);
}

static bool read_kind(struct walk *walk, const struct key *key, const yaml_node_t *value, void *out)
{
    struct draft *draft = out;
    return read_text(walk, key, value, &draft->rule.http_method);
}

static bool read_path(struct walk *walk, const struct key *key, const yaml_node_t *value, void *out)
{
    struct draft *draft = out;
    return read_text(walk, key, value, &draft->rule.path_template);
}

static const struct key custom_keys[] = {{"kind", NULL, read_kind, NULL},
                                         {"path", NULL, read_path, NULL}};
static const struct shape custom_shape = {"custom", custom_keys, 2, false};

static bool read_custom(struct walk *walk, const struct key *key, const yaml_node_t *value,
                        void *out)
{
    struct draft *draft = out;
    if (!check_first(walk, key, value, draft) || !read_mapping(walk, &custom_shape, value, draft)) {
        return false;
    }
    return (draft->rule.http_method.data != NULL && draft->rule.path_template.data != NULL) ||
           refuse(walk, line_of(value), "custom: expected kind and path");
}

static bool read_body(struct walk *walk, const struct key *key, const yaml_node_t *value, void *out)
{
    struct draft *draft = out;
    return read_text(walk, key, value, &draft->rule.body);
}

static bool read_response_body(struct walk *walk, const struct key *key, const yaml_node_t *value,
                               void *out)
{
    struct draft *draft = out;
    return read_text(walk, key, value, &draft->rule.response_body);
}

static bool check_list(struct walk *walk, const char *name, const yaml_node_t *node)
{
    return node->type == YAML_SEQUENCE_NODE ||
           refuse(walk, line_of(node), "%s: expected a list, found %s", name, kind_of(node));
}

static size_t list_len(const yaml_node_t *list)
{
    return (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
}

static const yaml_node_t *list_at(const struct walk *walk, const yaml_node_t *list, size_t index)
{
    return yaml_document_get_node(walk->document, list->data.sequence.items.start[index]);
}

static bool keep_additional(struct walk *walk, const struct key *key, const yaml_node_t *value,
                            void *out)
{
    struct draft *draft = out;
    draft->additional = value;
    return check_list(walk, key->name, value);
}

/* ---- Rules ---- */

/* The last two are a rule's alone: an additional binding has neither. */
static const struct key rule_keys[] = {
    {"get", NULL, read_pattern, "GET"},
    {"put", NULL, read_pattern, "PUT"},
    {"post", NULL, read_pattern, "POST"},
    {"delete", NULL, read_pattern, "DELETE"},
    {"patch", NULL, read_pattern, "PATCH"},
    {"custom", NULL, read_custom, NULL},
    {"body", NULL, read_body, NULL},
    {"response_body", "responseBody", read_response_body, NULL},
    {"selector", NULL, read_selector, NULL},
    {"additional_bindings", "additionalBindings", keep_additional, NULL},
};
#define RULE_KEYS (sizeof rule_keys / sizeof *rule_keys)
_Static_assert(RULE_KEYS <= KEYS_MAX, "read_mapping remembers which it has seen");

static const struct shape rule_shape = {"rule", rule_keys, RULE_KEYS, false};
static const struct shape binding_shape = {"additional_bindings", rule_keys, RULE_KEYS - 2, false};

/* Reads one rule or binding, and where it stands. */
static bool read_draft(struct walk *walk, const struct shape *shape, const yaml_node_t *node,
                       struct draft *draft)
{
    *draft = (struct draft){0};
    if (!read_mapping(walk, shape, node, draft)) {
        return false;
    }
    if (draft->rule.http_method.data == NULL) {
        return refuse(walk, line_of(node), "%s: expected get, put, post, delete, patch or custom",
                      shape->name);
    }
    char origin[BASE_ERR_MESSAGE_SIZE];
    snprintf(origin, sizeof origin, "%s:%zu", walk->name, line_of(node));
    return base_arena_copy(&walk->rules->arena, base_str_of(origin), &draft->rule.origin) ||
           is_full(walk);
}

static bool read_rule(struct walk *walk, const yaml_node_t *node, struct gw_rule *rule)
{
    struct draft draft;
    if (!read_draft(walk, &rule_shape, node, &draft)) {
        return false;
    }
    if (draft.selector.len == 0) {
        return refuse(walk, line_of(node), "rule: expected a selector");
    }
    size_t inner_count = draft.additional == NULL ? 0 : list_len(draft.additional);
    rule->selector = draft.selector;
    rule->binding_count = 1 + inner_count;
    rule->bindings =
        base_arena_alloc(&walk->rules->arena, rule->binding_count * sizeof *rule->bindings);
    if (rule->bindings == NULL) {
        return is_full(walk);
    }
    rule->bindings[0] = draft.rule;
    for (size_t i = 0; i < inner_count; i++) {
        struct draft inner;
        if (!read_draft(walk, &binding_shape, list_at(walk, draft.additional, i), &inner)) {
            return false;
        }
        rule->bindings[1 + i] = inner.rule;
    }
    return true;
}

static bool read_rules(struct walk *walk, const struct key *key, const yaml_node_t *list, void *out)
{
    (void)out;
    if (!check_list(walk, key->name, list)) {
        return false;
    }
    struct gw_rules *rules = walk->rules;
    size_t count = list_len(list);
    rules->rules = base_arena_alloc(&rules->arena, count * sizeof *rules->rules);
    if (rules->rules == NULL) {
        return is_full(walk);
    }
    for (; rules->count < count; rules->count++) {
        if (!read_rule(walk, list_at(walk, list, rules->count), &rules->rules[rules->count])) {
            return false;
        }
    }
    return true;
}

/* The one setting that google.api.Http has beside its rules. What true asks for, that captures of
 * several segments are decoded but for %2F, is what we do; what false would leave encoded beside
 * it, the other reserved characters, is decoded all the same, as the text of HttpRule has it. */
static bool read_full_decoding(struct walk *walk, const struct key *key, const yaml_node_t *value,
                               void *out)
{
    (void)out;
    bool is_scalar = value->type == YAML_SCALAR_NODE;
    return (is_scalar && (base_str_eq(scalar_of(value), BASE_STR("true")) ||
                          base_str_eq(scalar_of(value), BASE_STR("false")))) ||
           refuse(walk, line_of(value), "%s: expected true or false", key->name);
}

static const struct key http_keys[] = {
    {"rules", NULL, read_rules, NULL},
    {"fully_decode_reserved_expansion", "fullyDecodeReservedExpansion", read_full_decoding, NULL},
};
static const struct shape http_shape = {"http", http_keys, 2, false};

static bool read_http(struct walk *walk, const struct key *key, const yaml_node_t *value, void *out)
{
    (void)key;
    return read_mapping(walk, &http_shape, value, out);
}

static const struct key service_keys[] = {{"http", NULL, read_http, NULL}};
static const struct shape service_shape = {"service configuration", service_keys, 1, true};

/* ---- The file ---- */

static bool refuse_syntax(struct walk *walk, const yaml_parser_t *parser)
{
    const char *problem = parser->problem == NULL ? "damaged" : parser->problem;
    if (parser->error == YAML_READER_ERROR) {
        return base_err_set(walk->err, BASE_INVALID_ARGUMENT, "%s: byte %zu: %s", walk->name,
                            parser->problem_offset, problem);
    }
    return refuse(walk, parser->problem_mark.line + 1, "%s", problem);
}

static bool read_document(struct walk *walk)
{
    const yaml_node_t *root = yaml_document_get_root_node(walk->document);
    if (root != NULL && !read_mapping(walk, &service_shape, root, NULL)) {
        return false;
    }
    return walk->rules->count > 0 || base_err_set(walk->err, BASE_INVALID_ARGUMENT,
                                                  "%s: expected rules under http", walk->name);
}

/* Refuses what follows the first document. */
static bool check_end(struct walk *walk, yaml_parser_t *parser)
{
    yaml_document_t next;
    if (yaml_parser_load(parser, &next) == 0) {
        return refuse_syntax(walk, parser);
    }
    const yaml_node_t *root = yaml_document_get_root_node(&next);
    bool fine = root == NULL || refuse(walk, line_of(root), "expected one document, found another");
    yaml_document_delete(&next);
    return fine;
}

bool gw_rules_read_yaml(struct gw_rules *rules, const char *name, struct base_str text,
                        struct base_err *err)
{
    yaml_parser_t parser;
    yaml_document_t document;
    struct walk walk = {.rules = rules, .document = &document, .name = name, .err = err};
    if (yaml_parser_initialize(&parser) == 0) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "%s: no memory to read it", name);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.len);
    bool fine;
    if (yaml_parser_load(&parser, &document) == 0) {
        fine = refuse_syntax(&walk, &parser);
    } else {
        fine = read_document(&walk) && check_end(&walk, &parser);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return fine;
}
