/* Route: one HttpRule of one method, resolved against the schema and ready to serve.
 *
 * Built with the router from a schema's methods; constant afterwards. A rule whose template, body
 * or variables do not fit the method's messages is refused with the method's name.
 */
#ifndef GATEWAY_ROUTE_H
#define GATEWAY_ROUTE_H

#include "gateway/field_path.h"
#include "gateway/router.h"
#include "gateway/schema.h"
#include "gateway/stage.h"

/* Bytes of all templates and routes of one schema. */
#define GW_ROUTES_BYTES_MAX (size_t)(256 * 1024 * 1024)

enum gw_body_kind { GW_BODY_NONE, GW_BODY_WHOLE, GW_BODY_FIELD };

struct gw_route {
    const struct gw_method *method;
    struct base_str http_method;
    struct gw_template path_template;
    const struct gw_field_path *variables; /* as many as the template has, in its order */
    enum gw_body_kind body_kind;
    const struct gw_field *body_field;          /* of GW_BODY_FIELD */
    const struct gw_field *response_body_field; /* NULL: the whole message */
    bool body_is_raw;     /* the body becomes a google.api.HttpBody (gateway/http_body.h) */
    bool response_is_raw; /* the answer's body is that of one */
    const struct gw_field *patch_mask_field; /* the FieldMask to fill from a PATCH body, or NULL */
    /* What is left of each stage's limit for this method; shared by all threads. */
    struct gw_token_bucket *stage_buckets;
    const void *target; /* what the gateway calls: set by its owner after building */
};

struct gw_routes;

/* Returns owned the routes of every method of `schema` (borrowed, must outlive), or NULL: a bad
 * rule (INVALID_ARGUMENT), two that collide (ALREADY_EXISTS, naming both templates and methods) or
 * too many (RESOURCE_EXHAUSTED). */
struct gw_routes *gw_routes_create(const struct gw_schema *schema, struct base_err *err);
void gw_routes_destroy(struct gw_routes *routes);

/* The routes in order; index below gw_routes_count. */
size_t gw_routes_count(const struct gw_routes *routes);
struct gw_route *gw_routes_at(const struct gw_routes *routes, size_t index);

/* A route that takes requests in the place of `route`, so that none ever reaches it; NULL, nearly
 * always, when some do. For start-up: it tries many paths (gateway/shadow.h). */
const struct gw_route *gw_routes_shadow(const struct gw_routes *routes,
                                        const struct gw_route *route);

/* The router over them; its routes are struct gw_route. */
const struct gw_router *gw_routes_router(const struct gw_routes *routes);

#endif
