/* Route: each rule is resolved field by field, then added to the router; the first that does not
 * fit ends the building, because a server that silently lacks a route is worse than one that does
 * not start.
 */
#include "gateway/route.h"

#include "base/mem.h"
#include "gateway/http_body.h"
#include "gateway/shadow.h"
#include "gateway/token.h"

struct gw_routes {
    struct base_arena arena;
    struct gw_router *router;
    struct gw_route *routes;
    size_t count;
};

static bool out_of_memory(struct base_err *err)
{
    return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the routes take more than %zu bytes",
                        GW_ROUTES_BYTES_MAX);
}

/* A method's token, or "*" alone for all of them. */
static bool is_http_method(struct base_str name)
{
    return base_str_eq(name, BASE_STR("*")) ||
           (gw_token_is_valid(name) && memchr(name.data, '*', name.len) == NULL);
}

/* A variable's field holds one value that text can express. */
static bool check_variable(const struct gw_field *field, struct base_err *err)
{
    if (field->is_repeated) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "field %.*s is %s, expected a single value",
                            BASE_STR_ARGS(field->name), field->is_map ? "a map" : "repeated");
    }
    if (!gw_field_is_text(field)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "field %.*s is a %.*s, expected a value that text can express",
                            BASE_STR_ARGS(field->name), BASE_STR_ARGS(field->message->full_name));
    }
    return true;
}

/* Refuses a variable that meets one before it. */
static bool check_apart(const struct gw_field_path *variables, size_t count, struct base_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (gw_field_path_relation(&variables[i], &variables[count]) != GW_FIELDS_APART) {
            char other[GW_FIELD_PATH_TEXT_SIZE];
            gw_field_path_text(&variables[i], other);
            return base_err_set(err, BASE_INVALID_ARGUMENT,
                                "cannot be set together with variable \"%s\"", other);
        }
    }
    return true;
}

static bool resolve_variables(struct gw_route *route, struct base_arena *arena,
                              struct base_err *err)
{
    size_t count = route->path_template.variable_count;
    struct gw_field_path *variables = base_arena_alloc(arena, count * sizeof *variables);
    if (variables == NULL) {
        return out_of_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        struct base_str name = route->path_template.variables[i].field_path;
        if (!gw_field_path_resolve(route->method->input, name, &variables[i], err) ||
            !check_variable(gw_field_path_last(&variables[i]), err) ||
            !check_apart(variables, i, err)) {
            err->code = BASE_INVALID_ARGUMENT;
            return base_err_wrap(err, "variable \"%.*s\"", BASE_STR_ARGS(name));
        }
    }
    route->variables = variables;
    return true;
}

static const struct gw_field *find_field(const struct gw_message *message, struct base_str name,
                                         const char *option, struct base_err *err)
{
    const struct gw_field *field = gw_message_field_by_name(message, name);
    if (field == NULL) {
        base_err_set(err, BASE_INVALID_ARGUMENT, "%s \"%.*s\": %.*s has no field of this name",
                     option, BASE_STR_ARGS(name), BASE_STR_ARGS(message->full_name));
    }
    return field;
}

/* Refuses a body field that is a variable, too. A variable inside the body field is fine: the path
 * wins. */
static bool check_body_field(const struct gw_route *route, struct base_err *err)
{
    struct gw_field_path body = {.fields = {route->body_field}, .count = 1};
    for (size_t i = 0; i < route->path_template.variable_count; i++) {
        if (gw_field_path_relation(&body, &route->variables[i]) == GW_FIELDS_SAME) {
            return base_err_set(err, BASE_INVALID_ARGUMENT,
                                "body \"%.*s\" is a variable of the path",
                                BASE_STR_ARGS(route->body_field->name));
        }
    }
    return true;
}

static bool resolve_bodies(struct gw_route *route, const struct gw_http_rule *rule,
                           struct base_err *err)
{
    if (base_str_eq(rule->body, BASE_STR("*"))) {
        route->body_kind = GW_BODY_WHOLE;
    } else if (rule->body.len > 0) {
        route->body_kind = GW_BODY_FIELD;
        route->body_field = find_field(route->method->input, rule->body, "body", err);
        if (route->body_field == NULL || !check_body_field(route, err)) {
            return false;
        }
    }
    if (rule->response_body.len > 0) {
        route->response_body_field =
            find_field(route->method->output, rule->response_body, "response_body", err);
        return route->response_body_field != NULL;
    }
    return true;
}

/* Whether a body that is `field`, or the whole of `message` where that is NULL, is a HttpBody. */
static bool is_raw(const struct gw_message *message, const struct gw_field *field)
{
    if (field == NULL) {
        return gw_http_body_is(message);
    }
    return field->type == GW_MESSAGE && !field->is_repeated && gw_http_body_is(field->message);
}

/* The FieldMask that a PATCH fills: the request has exactly one, and a message as
 * its body field. */
static const struct gw_field *find_patch_mask(const struct gw_route *route)
{
    const struct gw_field *body = route->body_field;
    if (!base_str_eq(route->http_method, BASE_STR("PATCH")) || body == NULL || body->is_repeated ||
        body->message == NULL || body->message->well_known != GW_PLAIN_MESSAGE ||
        route->body_is_raw) {
        return NULL;
    }
    const struct gw_field *found = NULL;
    const struct gw_message *message = route->method->input;
    for (uint32_t i = 0; i < message->field_count; i++) {
        const struct gw_field *field = &message->fields[i];
        if (field->type == GW_MESSAGE && !field->is_repeated &&
            field->message->well_known == GW_FIELD_MASK) {
            if (found != NULL) {
                return NULL;
            }
            found = field;
        }
    }
    return found;
}

static bool resolve(struct gw_route *route, const struct gw_http_rule *rule,
                    struct base_arena *arena, struct base_err *err)
{
    route->http_method = rule->http_method;
    if (!is_http_method(rule->http_method)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "\"%.*s\" is not an HTTP method",
                            BASE_STR_ARGS(rule->http_method));
    }
    if (!gw_template_parse(rule->path_template, arena, &route->path_template, err) ||
        !resolve_variables(route, arena, err) || !resolve_bodies(route, rule, err)) {
        return false;
    }
    route->body_is_raw =
        route->body_kind != GW_BODY_NONE && is_raw(route->method->input, route->body_field);
    route->response_is_raw = is_raw(route->method->output, route->response_body_field);
    route->patch_mask_field = find_patch_mask(route);
    return true;
}

static bool same_shape(const struct gw_template *a, const struct gw_template *b)
{
    if (a->segment_count != b->segment_count || !base_str_eq(a->verb, b->verb)) {
        return false;
    }
    for (size_t i = 0; i < a->segment_count; i++) {
        if (a->segments[i].kind != b->segments[i].kind ||
            !base_str_eq(a->segments[i].literal, b->segments[i].literal)) {
            return false;
        }
    }
    return true;
}

/* Adds the last route to the router; a collision names the methods of both. */
static bool add_last(struct gw_routes *routes, struct base_err *err)
{
    struct gw_route *route = &routes->routes[routes->count - 1];
    if (gw_router_add(routes->router, route->http_method, &route->path_template, route, err)) {
        return true;
    }
    for (const struct gw_route *other = routes->routes; other < route; other++) {
        if (base_str_eq(other->http_method, route->http_method) &&
            same_shape(&other->path_template, &route->path_template)) {
            return base_err_wrap(err, "method %.*s and method %.*s",
                                 BASE_STR_ARGS(other->method->full_name),
                                 BASE_STR_ARGS(route->method->full_name));
        }
    }
    return false;
}

/* Says in which file the rule stands. */
static bool name_origin(const struct gw_http_rule *rule, struct base_err *err)
{
    return rule->origin.len > 0 && base_err_wrap(err, "%.*s", BASE_STR_ARGS(rule->origin));
}

static bool build(struct gw_routes *routes, const struct gw_schema *schema, struct base_err *err)
{
    for (size_t i = 0; i < gw_schema_method_count(schema); i++) {
        const struct gw_method *method = gw_schema_method(schema, i);
        for (size_t r = 0; r < method->rule_count; r++) {
            struct gw_route *route = &routes->routes[routes->count++];
            route->method = method;
            const struct gw_http_rule *rule = &method->rules[r];
            route->stage_buckets =
                base_arena_calloc(&routes->arena, GW_STAGES_MAX * sizeof *route->stage_buckets);
            if (route->stage_buckets == NULL) {
                return out_of_memory(err);
            }
            if (!resolve(route, rule, &routes->arena, err)) {
                base_err_wrap(err, "method %.*s", BASE_STR_ARGS(method->full_name));
                return name_origin(rule, err);
            }
            if (!add_last(routes, err)) {
                return name_origin(rule, err);
            }
        }
    }
    return true;
}

struct gw_routes *gw_routes_create(const struct gw_schema *schema, struct base_err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < gw_schema_method_count(schema); i++) {
        count += gw_schema_method(schema, i)->rule_count;
    }
    struct gw_routes *routes = base_calloc(1, sizeof *routes);
    base_arena_init(&routes->arena, GW_ROUTES_BYTES_MAX);
    routes->router = gw_router_create();
    routes->routes = base_arena_calloc(&routes->arena, count * sizeof *routes->routes);
    bool built = routes->routes == NULL ? out_of_memory(err) : build(routes, schema, err);
    if (!built) {
        gw_routes_destroy(routes);
        return NULL;
    }
    return routes;
}

void gw_routes_destroy(struct gw_routes *routes)
{
    if (routes != NULL) {
        gw_router_destroy(routes->router);
        base_arena_dispose(&routes->arena);
        base_free(routes);
    }
}

size_t gw_routes_count(const struct gw_routes *routes)
{
    return routes->count;
}

struct gw_route *gw_routes_at(const struct gw_routes *routes, size_t index)
{
    return &routes->routes[index];
}

const struct gw_route *gw_routes_shadow(const struct gw_routes *routes,
                                        const struct gw_route *route)
{
    return gw_shadow_find(routes->router, route->http_method, &route->path_template, route);
}

const struct gw_router *gw_routes_router(const struct gw_routes *routes)
{
    return routes->router;
}
