/* Route: how good rules are resolved, and which words the bad ones get. A bad rule is made by
 * giving a method of the good descriptor set another google.api.http option. */
#include "gateway/route.h"
#include "google/api/http.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "tests/gateway/descriptor_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* The number of the option google.api.http. */
#define HTTP_OPTION 72295728

struct rule {
    const char *method; /* GET, POST, PATCH, or a custom one */
    const char *path;
    const char *body;
    const char *response_body;
};

static Google__Api__HttpRule make_rule(const struct rule *rule,
                                       Google__Api__CustomHttpPattern *custom)
{
    Google__Api__HttpRule out = GOOGLE__API__HTTP_RULE__INIT;
    char *path = (char *)(uintptr_t)rule->path;
    if (strcmp(rule->method, "GET") == 0) {
        out.pattern_case = GOOGLE__API__HTTP_RULE__PATTERN_GET;
        out.get = path;
    } else if (strcmp(rule->method, "PATCH") == 0) {
        out.pattern_case = GOOGLE__API__HTTP_RULE__PATTERN_PATCH;
        out.patch = path;
    } else {
        google__api__custom_http_pattern__init(custom);
        custom->kind = (char *)(uintptr_t)rule->method;
        custom->path = path;
        out.pattern_case = GOOGLE__API__HTTP_RULE__PATTERN_CUSTOM;
        out.custom = custom;
    }
    if (rule->body != NULL) {
        out.body = (char *)(uintptr_t)rule->body;
    }
    if (rule->response_body != NULL) {
        out.response_body = (char *)(uintptr_t)rule->response_body;
    }
    return out;
}

/* Replaces the rule of the first method with `rule`. */
static void set_rule(Google__Protobuf__FileDescriptorSet *set, const struct rule *rule)
{
    Google__Protobuf__FileDescriptorProto *file = set->file[set->n_file - 1];
    ProtobufCMessage *options = &file->service[0]->method[0]->options->base;
    assert_int_equal(options->n_unknown_fields, 1);
    ProtobufCMessageUnknownField *field = &options->unknown_fields[0];
    assert_int_equal(field->tag, HTTP_OPTION);
    Google__Api__CustomHttpPattern custom;
    Google__Api__HttpRule message = make_rule(rule, &custom);
    size_t len = google__api__http_rule__get_packed_size(&message);
    assert_true(len < 1 << 14);
    free(field->data);
    field->data = malloc(len + 2);
    field->data[0] = (uint8_t)(len | 0x80);
    field->data[1] = (uint8_t)(len >> 7);
    google__api__http_rule__pack(&message, field->data + 2);
    field->len = len + 2;
}

/* Builds the routes of the set with the first method's rule replaced. */
static struct gw_routes *build(const struct rule *rule, struct gw_schema **out_schema,
                               struct base_err *err)
{
    struct base_buf bytes;
    base_buf_init(&bytes, 1 << 20);
    descriptor_file_read(REQUEST_DESCRIPTOR_SET, &bytes);
    Google__Protobuf__FileDescriptorSet *set =
        google__protobuf__file_descriptor_set__unpack(NULL, bytes.len, (const uint8_t *)bytes.data);
    assert_non_null(set);
    set_rule(set, rule);
    base_buf_reset(&bytes, 0);
    size_t len = google__protobuf__file_descriptor_set__get_packed_size(set);
    assert_true(base_buf_reserve(&bytes, len));
    bytes.len = google__protobuf__file_descriptor_set__pack(set, (uint8_t *)bytes.data);
    google__protobuf__file_descriptor_set__free_unpacked(set, NULL);
    *out_schema = gw_schema_create();
    assert_true(gw_schema_add(*out_schema, base_buf_str(&bytes), err));
    base_buf_dispose(&bytes);
    return gw_routes_create(*out_schema, err);
}

struct bad_row {
    const char *name;
    struct rule rule;
    const char
        *error; /* behind "method test.request.Things.Get: " unless it starts with "method" */
};

static const struct bad_row bad_rows[] = {
    {"template",
     {"GET", "/x/{id", NULL, NULL},
     "path template \"/x/{id\" at byte 6: expected \"}\""},
    {"no path", {"GET", "", NULL, NULL}, "path template \"\" at byte 0: expected \"/\""},
    {"HTTP method", {"GE T", "/x", NULL, NULL}, "\"GE T\" is not an HTTP method"},
    {"no HTTP method", {"", "/x", NULL, NULL}, "\"\" is not an HTTP method"},
    {"a star among letters", {"GET*", "/x", NULL, NULL}, "\"GET*\" is not an HTTP method"},
    {"unknown variable",
     {"GET", "/x/{nobody}", NULL, NULL},
     "variable \"nobody\": test.request.Thing has no field of this name"},
    {"unknown inside",
     {"GET", "/x/{book.nobody}", NULL, NULL},
     "variable \"book.nobody\": test.request.Book has no field of this name"},
    {"inside a scalar",
     {"GET", "/x/{id.x}", NULL, NULL},
     "variable \"id.x\": field id is not a message and has no fields to name"},
    {"inside a repeated field",
     {"GET", "/x/{authors.name}", NULL, NULL},
     "variable \"authors.name\": field authors is a repeated field and has no fields to name"},
    {"repeated",
     {"GET", "/x/{tag}", NULL, NULL},
     "variable \"tag\": field tag is repeated, expected a single value"},
    {"map",
     {"GET", "/x/{labels}", NULL, NULL},
     "variable \"labels\": field labels is a map, expected a single value"},
    {"message",
     {"GET", "/x/{book}", NULL, NULL},
     "variable \"book\": field book is a test.request.Book, expected a value that text can "
     "express"},
    {"struct",
     {"GET", "/x/{extra}", NULL, NULL},
     "variable \"extra\": field extra is a google.protobuf.Struct, expected a value that text can "
     "express"},
    {"one variable under two names",
     {"GET", "/x/{page_size}/{pageSize}", NULL, NULL},
     "variable \"pageSize\": cannot be set together with variable \"page_size\""},
    {"a variable inside another",
     {"GET", "/x/{since}/{since.nanos}", NULL, NULL},
     "variable \"since.nanos\": cannot be set together with variable \"since\""},
    {"two of one oneof",
     {"GET", "/x/{person.age}/{row}", NULL, NULL},
     "variable \"row\": cannot be set together with variable \"person.age\""},
    {"unknown body",
     {"GET", "/x", "nobody", NULL},
     "body \"nobody\": test.request.Thing has no field of this name"},
    {"body by its JSON name",
     {"GET", "/x", "pageSize", NULL},
     "body \"pageSize\": test.request.Thing has no field of this name"},
    {"a body inside a field",
     {"GET", "/x", "book.author", NULL},
     "body \"book.author\": test.request.Thing has no field of this name"},
    {"a body that the path has",
     {"GET", "/x/{id}", "id", NULL},
     "body \"id\" is a variable of the path"},
    {"unknown response_body",
     {"GET", "/x", NULL, "nobody"},
     "response_body \"nobody\": test.request.Thing has no field of this name"},
    {"collision",
     {"GET", "/shelves/{id=*}", NULL, NULL},
     "method test.request.Things.Get and method test.request.Things.GetShelf: GET "
     "\"/shelves/{shelf}\" has the shape of \"/shelves/{id=*}\", which stands before"},
};

static void test_bad_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_rows / sizeof bad_rows[0]; i++) {
        const struct bad_row *row = &bad_rows[i];
        struct gw_schema *schema = NULL;
        struct base_err err = {0};
        if (build(&row->rule, &schema, &err) != NULL) {
            fail_msg("%s: accepted", row->name);
        }
        char want[512];
        bool is_whole = strncmp(row->error, "method", strlen("method")) == 0;
        (void)snprintf(want, sizeof want, "%s%s",
                       is_whole ? "" : "method test.request.Things.Get: ", row->error);
        assert_string_equal(err.message, want);
        assert_int_equal(err.code, is_whole ? BASE_ALREADY_EXISTS : BASE_INVALID_ARGUMENT);
        gw_schema_destroy(schema);
    }
}

/* Builds with the rule, which is good, and returns owned the routes; the first is the rule's. */
static struct gw_routes *build_good(const struct rule *rule, struct gw_schema **out_schema)
{
    struct base_err err = {0};
    struct gw_routes *routes = build(rule, out_schema, &err);
    if (routes == NULL) {
        fail_msg("%s %s: %s", rule->method, rule->path, err.message);
    }
    return routes;
}

static void test_resolved(void **state)
{
    (void)state;
    struct gw_schema *schema;
    const struct rule good = {"PATCH", "/x/{book.author.boss.name=a/*}/{id}:v", "book", "book"};
    struct gw_routes *routes = build_good(&good, &schema);
    const struct gw_route *route = gw_routes_at(routes, 0);
    assert_string_equal(route->method->path, "/test.request.Things/Get");
    assert_true(base_str_eq(route->http_method, BASE_STR("PATCH")));
    assert_int_equal(route->path_template.variable_count, 2);
    char text[GW_FIELD_PATH_TEXT_SIZE];
    gw_field_path_text(&route->variables[0], text);
    assert_string_equal(text, "book.author.boss.name");
    gw_field_path_text(&route->variables[1], text);
    assert_string_equal(text, "id");
    assert_int_equal(route->body_kind, GW_BODY_FIELD);
    assert_true(base_str_eq(route->body_field->name, BASE_STR("book")));
    assert_true(base_str_eq(route->response_body_field->name, BASE_STR("book")));
    assert_true(base_str_eq(route->patch_mask_field->name, BASE_STR("update_mask")));
    assert_null(route->target);
    gw_routes_destroy(routes);
    gw_schema_destroy(schema);
}

struct mask_row {
    const char *name;
    struct rule rule;
    bool fills;
};

static const struct mask_row mask_rows[] = {
    {"PATCH with a message", {"PATCH", "/x", "book", NULL}, true},
    {"another method", {"GET", "/x", "book", NULL}, false},
    {"in small letters", {"patch", "/x", "book", NULL}, false},
    {"the whole", {"PATCH", "/x", "*", NULL}, false},
    {"no body", {"PATCH", "/x", NULL, NULL}, false},
    {"a scalar", {"PATCH", "/x", "id", NULL}, false},
    {"a repeated message", {"PATCH", "/x", "authors", NULL}, false},
    {"a map", {"PATCH", "/x", "labels", NULL}, false},
    {"a well-known type", {"PATCH", "/x", "extra", NULL}, false},
};

static void test_patch_mask(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mask_rows / sizeof mask_rows[0]; i++) {
        struct gw_schema *schema;
        struct gw_routes *routes = build_good(&mask_rows[i].rule, &schema);
        if ((gw_routes_at(routes, 0)->patch_mask_field != NULL) != mask_rows[i].fills) {
            fail_msg("%s", mask_rows[i].name);
        }
        gw_routes_destroy(routes);
        gw_schema_destroy(schema);
    }
}

static void test_every_rule_is_a_route(void **state)
{
    (void)state;
    struct gw_schema *schema = descriptor_file_schema(REQUEST_DESCRIPTOR_SET);
    struct base_err err = {0};
    struct gw_routes *routes = gw_routes_create(schema, &err);
    assert_non_null(routes);
    size_t count = 0;
    for (size_t i = 0; i < gw_schema_method_count(schema); i++) {
        const struct gw_method *method = gw_schema_method(schema, i);
        for (size_t r = 0; r < method->rule_count; r++, count++) {
            struct gw_route *route = gw_routes_at(routes, count);
            assert_ptr_equal(route->method, method);
            assert_true(base_str_eq(route->path_template.text, method->rules[r].path_template));
        }
    }
    assert_int_equal(gw_routes_count(routes), count);

    void *found = NULL;
    struct gw_captures captures;
    assert_int_equal(gw_router_match(gw_routes_router(routes), BASE_STR("PUT"), BASE_STR("/things"),
                                     &found, &captures),
                     GW_MATCHED);
    const struct gw_route *route = found;
    assert_string_equal(route->method->path, "/test.request.Things/Replace");
    gw_routes_destroy(routes);
    gw_schema_destroy(schema);
}

static void test_no_rules(void **state)
{
    (void)state;
    struct gw_schema *schema = gw_schema_create();
    struct base_err err = {0};
    struct gw_routes *routes = gw_routes_create(schema, &err);
    assert_non_null(routes);
    assert_int_equal(gw_routes_count(routes), 0);
    void *found;
    struct gw_captures captures;
    assert_int_equal(gw_router_match(gw_routes_router(routes), BASE_STR("GET"), BASE_STR("/"),
                                     &found, &captures),
                     GW_NO_PATH);
    gw_routes_destroy(routes);
    gw_routes_destroy(NULL);
    gw_schema_destroy(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_rules),  cmocka_unit_test(test_resolved),
        cmocka_unit_test(test_patch_mask), cmocka_unit_test(test_every_rule_is_a_route),
        cmocka_unit_test(test_no_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
