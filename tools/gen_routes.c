#include "tools/gen_routes.h"

#include "gateway/route.h"
#include "gateway/schema.h"
#include "tools/gen_descriptor_set.h"

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
    bool ok = routes != NULL;
    gw_routes_destroy(routes);
    gw_schema_destroy(schema);
    return ok;
}
