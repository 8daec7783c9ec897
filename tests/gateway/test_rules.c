/* Rules are shown as the schema has them afterwards: one line a binding,
 * "Method HTTP_METHOD template [body B] [response_body R] @origin". */
#include "gateway/rules.h"

#include "base/mem.h"
#include "gateway/route.h"
#include "notes/v1/notes.tg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define TEXT_SIZE 4096

static struct gw_schema *make_schema(void)
{
    struct base_err err;
    struct gw_schema *schema = gw_schema_create();
    assert_true(gw_schema_add(schema, notes_v1_notes_descriptor_set, &err));
    return schema;
}

/* Reads `text`, gives the schema its rules and makes routes of them; false with the reason. */
static bool load(struct gw_schema *schema, const char *text, struct base_err *err)
{
    struct gw_rules *rules = gw_rules_parse("r.yaml", base_str_of(text), err);
    if (rules == NULL) {
        return false;
    }
    bool fine = gw_rules_apply(rules, schema, err);
    gw_rules_destroy(rules);
    struct gw_routes *routes = fine ? gw_routes_create(schema, err) : NULL;
    gw_routes_destroy(routes);
    return routes != NULL;
}

/* Writes the rules that do not come from an annotation. */
static void show(const struct gw_schema *schema, char out[TEXT_SIZE])
{
    int len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < gw_schema_method_count(schema); i++) {
        const struct gw_method *method = gw_schema_method(schema, i);
        for (size_t r = 0; r < method->rule_count; r++) {
            const struct gw_http_rule *rule = &method->rules[r];
            if (rule->origin.len > 0) {
                len += snprintf(
                    out + len, TEXT_SIZE - (size_t)len, "%s %.*s %.*s%s%.*s%s%.*s @%.*s\n",
                    strrchr(method->path, '/') + 1, BASE_STR_ARGS(rule->http_method),
                    BASE_STR_ARGS(rule->path_template), rule->body.len > 0 ? " body " : "",
                    BASE_STR_ARGS(rule->body), rule->response_body.len > 0 ? " response_body " : "",
                    BASE_STR_ARGS(rule->response_body), BASE_STR_ARGS(rule->origin));
            }
        }
    }
}

static const struct {
    const char *name;
    const char *text;
    const char *expected;
} accepted[] = {
    {"each pattern",
     "http:\n"
     "  rules:\n"
     "  - selector: notes.v1.Notes.GetNote\n"
     "    get: /a/{note_id}\n"
     "  - selector: notes.v1.Notes.CreateNote\n"
     "    post: /a\n"
     "    body: '*'\n"
     "  - {selector: notes.v1.Notes.DeleteNote, delete: '/a/{note_id}'}\n"
     "  - selector: notes.v1.Notes.ReplaceNote\n"
     "    put: /a/{note_id}\n"
     "    body: \"*\"\n"
     "  - selector: notes.v1.Notes.UpdateNote\n"
     "    patch: /a/{note_id}\n"
     "    body: note\n"
     "  - selector: notes.v1.Notes.ListNotes\n"
     "    custom: {kind: SEARCH, path: /a}\n"
     "    response_body: notes\n",
     "CreateNote POST /a body * @r.yaml:5\n"
     "GetNote GET /a/{note_id} @r.yaml:3\n"
     "ListNotes SEARCH /a response_body notes @r.yaml:15\n"
     "ReplaceNote PUT /a/{note_id} body * @r.yaml:9\n"
     "UpdateNote PATCH /a/{note_id} body note @r.yaml:12\n"
     "DeleteNote DELETE /a/{note_id} @r.yaml:8\n"},
    {"the rest of a service configuration is another's",
     "type: google.api.Service\n"
     "config_version: 3\n"
     "apis: [{name: notes.v1.Notes}]\n"
     "http:\n"
     "  fully_decode_reserved_expansion: true\n"
     "  rules: [{selector: notes.v1.Notes.GetNote, get: '/a/{note_id}'}]\n",
     "GetNote GET /a/{note_id} @r.yaml:6\n"},
    {"JSON, by JSON names",
     "{\"http\": {\"rules\": [{\"selector\": \"notes.v1.Notes.ListNotes\", \"get\": \"/a\",\n"
     "  \"responseBody\": \"notes\", \"additionalBindings\": [\n"
     "    {\"get\": \"/b\"},\n"
     "    {\"custom\": {\"kind\": \"*\", \"path\": \"/c\"}}]}]}}",
     "ListNotes GET /a response_body notes @r.yaml:1\n"
     "ListNotes GET /b @r.yaml:3\n"
     "ListNotes * /c @r.yaml:4\n"},
    {"the last of several for a method",
     "http:\n"
     "  rules:\n"
     "  - {selector: notes.v1.Notes.GetNote, get: '/a/{note_id}'}\n"
     "  - {selector: notes.v1.Notes.GetNote, get: '/b/{note_id}'}\n",
     "GetNote GET /b/{note_id} @r.yaml:4\n"},
    {"an alias stands for its node",
     "names:\n"
     "- &get notes.v1.Notes.GetNote\n"
     "http: {rules: [{selector: *get, get: '/a/{note_id}'}]}\n",
     "GetNote GET /a/{note_id} @r.yaml:3\n"},
    {"an empty body is none",
     "http: {rules: [{selector: notes.v1.Notes.ListNotes, get: /a, body: }]}\n",
     "ListNotes GET /a @r.yaml:1\n"},
};

static void rules_take_the_place_of_annotations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        struct gw_schema *schema = make_schema();
        struct base_err err = {0};
        char got[TEXT_SIZE];
        if (!load(schema, accepted[i].text, &err)) {
            fail_msg("%s: %s", accepted[i].name, err.message);
        }
        show(schema, got);
        if (strcmp(got, accepted[i].expected) != 0) {
            fail_msg("%s: got\n%s", accepted[i].name, got);
        }
        gw_schema_destroy(schema);
    }
}

#define GET_NOTE "selector: notes.v1.Notes.GetNote"

static const struct {
    const char *text;
    const char *expected;
} refused[] = {
    {"", "r.yaml: expected rules under http"},
    {"http: {rules: []}", "r.yaml: expected rules under http"},
    {"rules: []", "r.yaml: expected rules under http"},
    {"- a", "r.yaml:1: service configuration: expected a mapping, found a list"},
    {"http: x", "r.yaml:1: http: expected a mapping, found a single value"},
    {"http:\n  rules: {}", "r.yaml:2: rules: expected a list, found a mapping"},
    {"http:\n  rulez: []", "r.yaml:2: http: unknown key \"rulez\""},
    {"http:\n  rules:\n  - get", "r.yaml:3: rule: expected a mapping, found a single value"},
    {"http:\n  rules:\n  - get: /a", "r.yaml:3: rule: expected a selector"},
    {"http:\n  rules:\n  - selector: ''\n    get: /a", "r.yaml:3: rule: expected a selector"},
    {"http:\n  rules:\n  - " GET_NOTE,
     "r.yaml:3: rule: expected get, put, post, delete, patch or custom"},
    {"http:\n  rules:\n  - " GET_NOTE "\n    get: /a\n    put: /b",
     "r.yaml:5: rule: \"put\" stands beside another pattern"},
    {"http:\n  rules:\n  - " GET_NOTE "\n    get: /a\n    custom: {kind: X, path: /b}",
     "r.yaml:5: rule: \"custom\" stands beside another pattern"},
    {"http:\n  rules:\n  - " GET_NOTE "\n    custom: {kind: X}",
     "r.yaml:4: custom: expected kind and path"},
    {"http:\n  rules:\n  - " GET_NOTE "\n    custom: {path: /x}",
     "r.yaml:4: custom: expected kind and path"},
    {"http:\n  rules:\n  - " GET_NOTE "\n    get: /a\n    get: /b",
     "r.yaml:5: rule: \"get\" stands there twice"},
    {"http:\n  rules:\n  - " GET_NOTE "\n    get: /a\n    response_body: x\n    responseBody: y",
     "r.yaml:6: rule: \"response_body\" stands there twice"},
    {"http:\n  rules:\n  - " GET_NOTE "\n    got: /a", "r.yaml:4: rule: unknown key \"got\""},
    {"http:\n  rules:\n  - " GET_NOTE "\n    get: [/a]",
     "r.yaml:4: get: expected a string, found a list"},
    {"http:\n  rules:\n  - " GET_NOTE "\n    get: \"/a\\0\"", "r.yaml:4: get: U+0000 in a string"},
    {"http:\n  rules:\n  - " GET_NOTE "\n    ? [get]\n    : /a", "r.yaml:4: rule: a key is a list"},
    {"http:\n  rules:\n  - " GET_NOTE "\n    get: /a\n    additional_bindings: /b",
     "r.yaml:5: additional_bindings: expected a list, found a single value"},
    {"http:\n  rules:\n  - " GET_NOTE "\n    get: /a\n    additional_bindings:\n    - " GET_NOTE,
     "r.yaml:6: additional_bindings: unknown key \"selector\""},
    {"http:\n  rules:\n  - " GET_NOTE
     "\n    get: /a\n    additional_bindings: [{get: /b, additional_bindings: []}]",
     "r.yaml:5: additional_bindings: unknown key \"additional_bindings\""},
    {"http:\n  fully_decode_reserved_expansion: 1",
     "r.yaml:2: fully_decode_reserved_expansion: expected true or false"},
    {"http: {rules: [{" GET_NOTE ", get: '/a/{note_id}'}]}\n---\nx: y",
     "r.yaml:3: expected one document, found another"},
    {"http: [", "r.yaml:2: did not find expected node content"},
    {"http:\n\t- x", "r.yaml:2: found character that cannot start any token"},
    {"http: *x", "r.yaml:1: found undefined alias"},
    {"\xFF", "r.yaml: byte 0: invalid leading UTF-8 octet"},
    {"http:\n  rules:\n  - selector: notes.v1.Notes.GotNote\n    get: /a",
     "r.yaml:3: there is no method \"notes.v1.Notes.GotNote\""},
    {"http:\n  rules:\n  - selector: notes.v1.Notes\n    get: /a",
     "r.yaml:3: there is no method \"notes.v1.Notes\""},
    {"http:\n  rules:\n  - " GET_NOTE "\n    get: a",
     "r.yaml:3: method notes.v1.Notes.GetNote: path template \"a\" at byte 0: expected \"/\""},
    {"http:\n  rules:\n  - " GET_NOTE "\n    get: /a\n    body: x",
     "r.yaml:3: method notes.v1.Notes.GetNote: body \"x\": notes.v1.GetNoteRequest has no field of "
     "this name"},
    {"http:\n  rules:\n  - " GET_NOTE "\n    get: '/a/{x}'\n",
     "r.yaml:3: method notes.v1.Notes.GetNote: variable \"x\": notes.v1.GetNoteRequest has no "
     "field of this name"},
    {"http:\n  rules:\n  - " GET_NOTE "\n    get: /a\n    additional_bindings:\n    - get: /a\n",
     "r.yaml:6: method notes.v1.Notes.GetNote and method notes.v1.Notes.GetNote: GET \"/a\" has "
     "the shape of \"/a\", which stands before"},
};

static void what_is_wrong_is_named_with_its_line(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct gw_schema *schema = make_schema();
        struct base_err err = {0};
        if (load(schema, refused[i].text, &err)) {
            snprintf(err.message, sizeof err.message, "accepted");
        }
        if (strcmp(err.message, refused[i].expected) != 0) {
            print_message("%s\nexpected: %s\n     got: %s\n", refused[i].text, refused[i].expected,
                          err.message);
            failed++;
        }
        gw_schema_destroy(schema);
    }
    assert_int_equal(failed, 0);
}

/* A thousand references to a list of a thousand bindings are a million of them. */
static void what_aliases_multiply_is_bounded(void **state)
{
    (void)state;
    struct base_buf text;
    struct base_err err;
    base_buf_init(&text, GW_RULES_FILE_BYTES_MAX);
    base_buf_printf(&text, "list: &list\n");
    for (int i = 0; i < 1000; i++) {
        base_buf_printf(&text, "- get: /a%d\n", i);
    }
    base_buf_printf(&text, "http:\n  rules:\n");
    for (int i = 0; i < 1000; i++) {
        base_buf_printf(&text, "  - {" GET_NOTE ", get: /a, additional_bindings: *list}\n");
    }
    assert_null(gw_rules_parse("r.yaml", base_buf_str(&text), &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message, "r.yaml: the rules take more than 33554432 bytes");
    base_buf_dispose(&text);
}

static void a_file_has_a_limit(void **state)
{
    (void)state;
    struct base_err err;
    char *text = base_calloc(GW_RULES_FILE_BYTES_MAX + 1, 1);
    assert_null(gw_rules_parse("r.yaml", base_str_make(text, GW_RULES_FILE_BYTES_MAX + 1), &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message, "r.yaml has more than 8388608 bytes");
    base_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_take_the_place_of_annotations),
        cmocka_unit_test(what_is_wrong_is_named_with_its_line),
        cmocka_unit_test(what_aliases_multiply_is_bounded),
        cmocka_unit_test(a_file_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
