/* A template that parses is one the router reaches through the path it describes. */
#include "base/buf.h"
#include "gateway/router.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check_shape(const struct gw_template *template)
{
    size_t double_stars = 0;
    FUZZ_CHECK(template->segment_count <= GW_TEMPLATE_SEGMENTS_MAX);
    FUZZ_CHECK(template->variable_count <= GW_TEMPLATE_VARIABLES_MAX);
    for (size_t i = 0; i < template->segment_count; i++) {
        double_stars += template->segments[i].kind == GW_DOUBLE_STAR;
        FUZZ_CHECK((template->segments[i].kind == GW_LITERAL) ==
                   (template->segments[i].literal.len > 0));
    }
    FUZZ_CHECK(double_stars <= 1);
    size_t end = 0;
    for (size_t i = 0; i < template->variable_count; i++) {
        const struct gw_variable *variable = &template->variables[i];
        FUZZ_CHECK(variable->segment_count > 0 && variable->first_segment >= end);
        end = variable->first_segment + variable->segment_count;
        FUZZ_CHECK(end <= template->segment_count && variable->field_path.len > 0);
    }
}

static bool put_escaped(struct base_buf *out, struct base_str text)
{
    bool fits = true;
    for (size_t i = 0; i < text.len; i++) {
        fits &= base_buf_printf(out, "%%%02X", (unsigned char)text.data[i]);
    }
    return fits;
}

/* Writes a path of the template: literals escaped, "*" as "x", "**" as "y/z". */
static void sample_path(const struct gw_template *template, struct base_buf *out)
{
    bool fits = template->segment_count > 0 || base_buf_append_char(out, '/');
    for (size_t i = 0; i < template->segment_count; i++) {
        static const struct base_str samples[] = {
            [GW_STAR] = {"x", 1}, [GW_DOUBLE_STAR] = {"y/z", 3}};
        const struct gw_segment *segment = &template->segments[i];
        fits &= base_buf_append_char(out, '/');
        fits &= segment->kind == GW_LITERAL ? put_escaped(out, segment->literal)
                                            : base_buf_append_str(out, samples[segment->kind]);
    }
    if (template->verb.len > 0) {
        fits &= base_buf_append_char(out, ':') && put_escaped(out, template->verb);
    }
    FUZZ_CHECK(fits);
}

static void check_reached(const struct gw_template *template)
{
    struct gw_router *router = gw_router_create();
    struct base_buf path;
    base_buf_init(&path, (size_t)4 * GW_TEMPLATE_BYTES_MAX);
    sample_path(template, &path);
    struct base_err err;
    int route;
    void *found = NULL;
    struct gw_captures captures;
    FUZZ_CHECK(gw_router_add(router, BASE_STR("GET"), template, &route, &err));
    FUZZ_CHECK(!gw_router_add(router, BASE_STR("GET"), template, &route, &err));
    FUZZ_CHECK(err.code == BASE_ALREADY_EXISTS);
    FUZZ_CHECK(gw_router_match(router, BASE_STR("GET"), base_buf_str(&path), &found, &captures) ==
               GW_MATCHED);
    FUZZ_CHECK(found == &route && captures.count == template->variable_count);
    FUZZ_CHECK(gw_router_match(router, BASE_STR("PUT"), base_buf_str(&path), &found, &captures) ==
               GW_WRONG_METHOD);
    base_buf_dispose(&path);
    gw_router_destroy(router);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct base_arena arena;
    base_arena_init(&arena, (size_t)1 << 20);
    struct gw_template template;
    struct base_err err = {0};
    if (gw_template_parse(base_str_make((const char *)data, size), &arena, &template, &err)) {
        check_shape(&template);
        check_reached(&template);
    } else {
        FUZZ_CHECK(err.code == BASE_INVALID_ARGUMENT && err.message[0] != '\0');
    }
    base_arena_dispose(&arena);
    return 0;
}
