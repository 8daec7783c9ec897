/* Names of a schema: put together, declared once, and found as they are referred to. */
#include "gateway/schema_private.h"

#include <stdio.h>

bool gw_schema_is_identifier(const char *name)
{
    if (name == NULL || *name == '\0' || (*name >= '0' && *name <= '9')) {
        return false;
    }
    for (; *name != '\0'; name++) {
        char lower = (char)(*name | 0x20);
        if (!((lower >= 'a' && lower <= 'z') || (*name >= '0' && *name <= '9') || *name == '_')) {
            return false;
        }
    }
    return true;
}

struct base_str gw_schema_join(struct gw_schema *schema, struct base_str prefix,
                               struct base_str middle, struct base_str suffix)
{
    size_t len = prefix.len + middle.len + suffix.len;
    char *copy = base_arena_calloc(&schema->arena, len + GW_COPY_BLOCK);
    if (copy == NULL) {
        return (struct base_str){NULL, 0};
    }
    char *next = copy;
    const struct base_str parts[] = {prefix, middle, suffix};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].len > 0) {
            memcpy(next, parts[i].data, parts[i].len);
            next += parts[i].len;
        }
    }
    return base_str_make(copy, len);
}

/* The symbol called `name` in `scope` or in what is around it, from the inside out: what protoc
 * writes is complete (".pkg.Name"), but what some servers tell by reflection is not. */
static const struct gw_symbol *find_relative(struct gw_schema_loader *loader,
                                             enum gw_symbol_kind kind, struct base_str scope,
                                             struct base_str name)
{
    char full[GW_SCHEMA_NAME_SIZE];
    while (name.len > 0 && scope.len + 1 + name.len < sizeof full) {
        int len = snprintf(full, sizeof full, "%.*s%s%.*s", BASE_STR_ARGS(scope),
                           scope.len == 0 ? "" : ".", BASE_STR_ARGS(name));
        const struct gw_symbol *symbol =
            gw_schema_find(loader->schema, kind, base_str_make(full, (size_t)len));
        if (symbol != NULL || scope.len == 0) {
            return symbol;
        }
        const char *dot = memrchr(scope.data, '.', scope.len);
        scope.len = dot == NULL ? 0 : (size_t)(dot - scope.data);
    }
    return NULL;
}

void *gw_schema_resolve(struct gw_schema_loader *loader, enum gw_symbol_kind kind,
                        const char *type_name, struct base_str user)
{
    struct base_str name = base_str_of(type_name);
    bool is_complete = name.len > 0 && name.data[0] == '.';
    if (is_complete) {
        name = base_str_make(name.data + 1, name.len - 1);
    }
    const struct gw_symbol *symbol = is_complete ? gw_schema_find(loader->schema, kind, name)
                                                 : find_relative(loader, kind, user, name);
    if (symbol != NULL) {
        return symbol->object;
    }
    base_err_set(loader->err, BASE_INVALID_ARGUMENT, "%.*s: unknown %s type \"%.*s\"",
                 BASE_STR_ARGS(user), kind == GW_SYMBOL_ENUM ? "enum" : "message",
                 (int)(name.len > 256 ? 256 : name.len), name.data == NULL ? "" : name.data);
    return NULL;
}

struct base_str gw_schema_declare(struct gw_schema_loader *loader, struct base_str scope,
                                  const char *name, enum gw_symbol_kind kind, void *object)
{
    const struct base_str none = {NULL, 0};
    if (!gw_schema_is_identifier(name)) {
        base_err_set(loader->err, BASE_INVALID_ARGUMENT, "\"%.64s\" in %.*s is not a name",
                     name == NULL ? "" : name, BASE_STR_ARGS(scope));
        return none;
    }
    struct base_str dot = scope.len == 0 ? BASE_STR("") : BASE_STR(".");
    struct base_str full = gw_schema_join(loader->schema, scope, dot, base_str_of(name));
    if (full.data == NULL) {
        gw_schema_full(loader->err);
        return none;
    }
    for (enum gw_symbol_kind k = GW_SYMBOL_MESSAGE; k <= GW_SYMBOL_METHOD; k++) {
        if (gw_schema_find(loader->schema, k, full) != NULL) {
            base_err_set(loader->err, BASE_INVALID_ARGUMENT, "%.*s is defined twice",
                         BASE_STR_ARGS(full));
            return none;
        }
    }
    gw_schema_define(loader->schema, (struct gw_symbol){full, kind, object});
    return full;
}
