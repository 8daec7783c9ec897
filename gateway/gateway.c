#include "gateway/gateway.h"

#include "base/mem.h"

static bool load_schema(struct gw_gateway *gateway, const struct gw_gateway_config *config,
                        struct base_err *err)
{
    gateway->schema = gw_schema_create();
    for (size_t i = 0; i < config->descriptor_set_count; i++) {
        const struct gw_descriptor_set *set = &config->descriptor_sets[i];
        if (!(set->yields ? gw_schema_add_missing : gw_schema_add)(gateway->schema, set->bytes,
                                                                   err)) {
            return set->name == NULL ? base_err_wrap(err, "descriptor set %zu", i + 1)
                                     : base_err_wrap(err, "%s", set->name);
        }
    }
    return true;
}

static bool resolve_targets(struct gw_gateway *gateway, struct base_err *err)
{
    for (size_t i = 0; i < gw_routes_count(gateway->routes); i++) {
        struct gw_route *route = gw_routes_at(gateway->routes, i);
        route->target = rpc_channel_resolve(gateway->channel, route->method->path, err);
        if (route->target == NULL) {
            return base_err_wrap(err, "%.*s", BASE_STR_ARGS(route->method->full_name));
        }
    }
    return true;
}

static bool build(struct gw_gateway *gateway, const struct gw_gateway_config *config,
                  struct base_err *err)
{
    if (!load_schema(gateway, config, err)) {
        return false;
    }
    if (config->rules != NULL && !gw_rules_apply(config->rules, gateway->schema, err)) {
        return false;
    }
    gateway->routes = gw_routes_create(gateway->schema, err);
    if (gateway->routes == NULL) {
        return false;
    }
    if (gw_routes_count(gateway->routes) == 0) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "no method has an HTTP rule");
    }
    return resolve_targets(gateway, err);
}

struct gw_gateway *gw_gateway_create(const struct gw_gateway_config *config, struct base_err *err)
{
    struct gw_gateway *gateway = base_calloc(1, sizeof *gateway);
    atomic_init(&gateway->refs, 1);
    gateway->channel = config->channel;
    gateway->cors = config->cors;
    gateway->dialect = config->dialect;
    gateway->policy = config->policy;
    if (!build(gateway, config, err)) {
        gw_gateway_unref(gateway);
        return NULL;
    }
    gateway->options = config->json != NULL ? *config->json
                                            : (struct gw_transcode_options){.print_defaults = true};
    gateway->options.schema = gateway->schema;
    return gateway;
}

struct gw_gateway *gw_gateway_ref(struct gw_gateway *gateway)
{
    atomic_fetch_add_explicit(&gateway->refs, 1, memory_order_relaxed);
    return gateway;
}

void gw_gateway_unref(struct gw_gateway *gateway)
{
    /* What other threads did with the gateway comes before its end. */
    if (gateway == NULL || atomic_fetch_sub_explicit(&gateway->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    gw_routes_destroy(gateway->routes);
    gw_schema_destroy(gateway->schema);
    base_free(gateway);
}
