#include "tools/gen_routes.h"

#include "gateway/route.h"
#include "gateway/schema.h"
#include "tools/gen_descriptor_set.h"

/* Refuses a rule that other rules leave nothing to. */
static bool check_reached(struct gw_routes *routes, struct base_err *err)
{
    for (size_t i = 0; i < gw_routes_count(routes); i++) {
        const struct gw_route *route = gw_routes_at(routes, i);
        const struct gw_route *other = gw_routes_shadow(routes, route);
        if (other != NULL) {
            return base_err_set(
                err, BASE_INVALID_ARGUMENT,
                "method %.*s: %.*s \"%.*s\" is never reached: method %.*s takes its "
                "requests with \"%.*s\"",
                BASE_STR_ARGS(route->method->full_name), BASE_STR_ARGS(route->http_method),
                BASE_STR_ARGS(route->path_template.text), BASE_STR_ARGS(other->method->full_name),
                BASE_STR_ARGS(other->path_template.text));
        }
    }
    return true;
}

bool gen_routes_check(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                      struct base_arena *arena, struct base_err *err)
{
    struct base_str set = gen_descriptor_set_pack(request, request->file_to_generate,
                                                  request->n_file_to_generate, arena);
    struct gw_schema *schema = gw_schema_create();
    struct gw_routes *routes = NULL;
    if (gw_schema_add(schema, set, err)) {
        routes = gw_routes_create(schema, err);
    }
    bool ok = routes != NULL && check_reached(routes, err);
    gw_routes_destroy(routes);
    gw_schema_destroy(schema);
    return ok;
}
