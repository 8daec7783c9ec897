#include "gateway/tenure.h"

#include "base/mem.h"

struct gw_tenure *gw_tenure_begin(struct gw_gateway *gateway, struct gw_access *access)
{
    struct gw_tenure *tenure = base_calloc(1, sizeof *tenure);
    tenure->gateway = gw_gateway_ref(gateway);
    tenure->access = access == NULL ? NULL : gw_access_ref(access);
    return tenure;
}

void gw_tenure_end(struct gw_tenure *tenure)
{
    tenure->is_over = true;
    if (tenure->calls == 0) {
        gw_tenure_destroy(tenure);
    }
}

void gw_tenure_destroy(struct gw_tenure *tenure)
{
    gw_gateway_unref(tenure->gateway);
    gw_access_unref(tenure->access);
    base_free(tenure);
}
