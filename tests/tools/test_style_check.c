#include "base/buf.h"
#include "tools/style_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* All findings of one check, a line each. */
struct collector {
    struct style_sink sink;
    struct base_buf text;
};

static void on_finding(struct style_sink *sink, const char *path, size_t line, const char *message)
{
    struct collector *collector = (struct collector *)sink;
    assert_true(base_buf_printf(&collector->text, "%s:%zu: %s\n", path, line, message));
}

static void assert_findings(const char *name, const char *path, struct base_str text,
                            const char *expected)
{
    struct collector collector = {.sink.on_finding = on_finding};
    base_buf_init(&collector.text, 64 * 1024);
    style_check(path, text, &collector.sink);
    assert_true(base_buf_append_char(&collector.text, '\0'));
    if (strcmp(collector.text.data, expected) != 0) {
        fail_msg("%s: expected\n%sgot\n%s", name, expected, collector.text.data);
    }
    base_buf_dispose(&collector.text);
}

/* Long: a flat table. */
static void test_rules(void **state)
{
    (void)state;
    static const struct row {
        const char *name;
        const char *path;
        const char *text;
        const char *expected;
    } rows[] = {
        {"empty", "base/a.c", "", ""},
        {"no newline at the end", "base/a.c", "int a", ""},
        {"clean", "rpc/a.c", "#include \"base/str.h\"\n#include <stdio.h>\nint a;\n", ""},

        {"malloc", "rpc/a.c", "void *p = malloc(3);\n",
         "rpc/a.c:1: malloc is banned: use base/mem.h\n"},
        {"malloc where it lives", "base/mem.c", "void *p = malloc(3);\n", ""},
        {"malloc elsewhere in base", "base/a.c", "void *p = malloc(3);\n",
         "base/a.c:1: malloc is banned: use base/mem.h\n"},
        {"twice in a line", "rpc/a.c", "free(a), free(b);\n",
         "rpc/a.c:1: free is banned: use base/mem.h\n"
         "rpc/a.c:1: free is banned: use base/mem.h\n"},
        {"a lax parser in a test", "tests/rpc/a.c", "int a = atoi(b);\n", ""},
        {"a longer name", "rpc/a.c", "gpr_free(p);\nfree_all(p);\n", ""},
        {"a member", "rpc/a.c", "a.free(p);\na->free(p);\n", ""},
        {"a name that is not called", "rpc/a.c", "int free = 1;\n", ""},
        {"in a comment", "rpc/a.c", "/* malloc(1) */ // free(2)\n", ""},
        {"in a long comment", "rpc/a.c", "/*\n * malloc(1)\n */\nint a;\n", ""},
        {"behind a comment", "rpc/a.c", "/* a **/ gets(b);\n",
         "rpc/a.c:1: gets is banned: use fgets\n"},
        {"a comment that begins like one that ends", "rpc/a.c", "/*/ gets(b); */\n", ""},
        {"in a string", "rpc/a.c", "f(\"malloc(1) \\\" free(1)\");\n", ""},
        {"behind a string", "rpc/a.c", "f(\"a\\\\\"), atoi(b);\n",
         "rpc/a.c:1: atoi is banned: use a parser that can refuse\n"},
        {"behind a quote character", "rpc/a.c", "f('\"'), atoi(b), g('\\'');\n",
         "rpc/a.c:1: atoi is banned: use a parser that can refuse\n"},
        {"a comment in a string", "rpc/a.c", "f(\"/*\"); atoi(b);\n",
         "rpc/a.c:1: atoi is banned: use a parser that can refuse\n"},

        {"typedef", "rpc/a.c", "typedef int a;\n",
         "rpc/a.c:1: typedef is not used here: name the struct, or spell the type out\n"},
        {"struct _t", "rpc/a.c", "struct call_t {\n",
         "rpc/a.c:1: names ending in _t belong to libraries\n"},
        {"enum _t", "rpc/a.c", "enum kind_t kind;\n",
         "rpc/a.c:1: names ending in _t belong to libraries\n"},
        {"malloc in a test", "tests/rpc/a.c", "void *p = malloc(3);\n", ""},
        {"libbson's own", "server/a.c", "struct _bson_t;\n", ""},
        {"h2o's own", "gateway/a.c", "struct st_h2o_req_t *req;\nsize_t a;\n", ""},
        {"a word that is an issue", "rpc/a.c", "int a; /* TODO: b */\n",
         "rpc/a.c:1: TODO: open an issue instead\n"},
        {"a word that is none in a string", "rpc/a.c", "f(\"a TODO\");\n", ""},
        {"a word that is none in a name", "rpc/a.c", "/* TODOS */ int TODO;\n", ""},

        {"base includes rpc", "base/a.c", "#include \"rpc/method.h\"\n",
         "base/a.c:1: base/ may not include \"rpc/method.h\"\n"},
        {"rpc includes messages", "rpc/a.c", "#include \"google/rpc/status.pb-c.h\"\n", ""},
        {"rpc includes a service", "rpc/a.c", "#include \"notes/v1/notes.tg.h\"\n",
         "rpc/a.c:1: rpc/ may not include \"notes/v1/notes.tg.h\"\n"},
        {"gateway includes server", "gateway/a.c", "#include \"server/store.h\"\n",
         "gateway/a.c:1: gateway/ may not include \"server/store.h\"\n"},
        {"gateway includes a service", "gateway/a.c", "#include \"notes/v1/notes.pb-c.h\"\n",
         "gateway/a.c:1: gateway/ may not include \"notes/v1/notes.pb-c.h\"\n"},
        {"server includes gateway", "server/a.c", "#include \"gateway/router.h\"\n",
         "server/a.c:1: server/ may not include \"gateway/router.h\"\n"},
        {"server includes its service", "server/a.c", "#include \"notes/v1/notes.tg.h\"\n", ""},
        {"not from the root", "server/a.c", "#include \"store.h\"\n",
         "server/a.c:1: server/ may not include \"store.h\"\n"},
        {"cli includes both", "cli/a.c",
         "#include \"server/store.h\"\n#include \"gateway/router.h\"\n", ""},
        {"tests include anything", "tests/rpc/a.c",
         "#include \"server/store.h\"\n#include <grpc/grpc.h>\n", ""},

        {"h2o in its adapter", "gateway/front_h2o.c", "#include <h2o.h>\n", ""},
        {"h2o elsewhere", "gateway/router.c", "#include <h2o.h>\n",
         "gateway/router.c:1: <h2o.h> stands only in gateway/front_h2o*\n"},
        {"a folder of h2o elsewhere", "cli/a.c", "#include <h2o/http1.h>\n",
         "cli/a.c:1: <h2o/http1.h> stands only in gateway/front_h2o*\n"},
        {"grpc in its second adapter", "rpc/channel_grpc.c", "#include <grpc/grpc.h>\n", ""},
        {"grpc elsewhere", "rpc/server.c", "#include <grpc/grpc.h>\n",
         "rpc/server.c:1: <grpc/grpc.h> stands only in rpc/listener_grpc*\n"},
        {"sqlite elsewhere", "server/notes.c", "#include <sqlite3.h>\n",
         "server/notes.c:1: <sqlite3.h> stands only in server/store_sqlite*\n"},
        {"mongoc in its adapter", "server/mongo_client.c", "#include <mongoc/mongoc.h>\n", ""},
        {"mongoc in the store", "server/store_mongo.c", "#include <mongoc/mongoc.h>\n",
         "server/store_mongo.c:1: <mongoc/mongoc.h> stands only in server/mongo_client*\n"},
        {"bson in the store", "server/store_mongo.c", "#include <bson/bson.h>\n", ""},
        {"bson elsewhere", "server/notes.c", "#include <bson/bson.h>\n",
         "server/notes.c:1: <bson/bson.h> stands only in server/store_mongo*\n"},

        {"a header", "base/a_b.h", "/* A. */\n#ifndef BASE_A_B_H\n#define BASE_A_B_H\n\n#endif\n",
         ""},
        {"a header with a long manual", "base/a.h",
         "/* A.\n *\n * B\n */\n#ifndef BASE_A_H\n#define BASE_A_H\n\n#endif\n", ""},
        {"a header of the tests", "tests/e2e/a.h",
         "/* A. */\n#ifndef E2E_A_H\n#define E2E_A_H\n\n#endif\n", ""},
        {"no manual", "base/a.h", "#ifndef BASE_A_H\n#define BASE_A_H\n#endif\n",
         "base/a.h:1: a header opens with its manual, a /* comment\n"},
        {"an empty header", "base/a.h", "",
         "base/a.h:1: a header opens with its manual, a /* comment\n"},
        {"only a manual", "base/a.h", "/* A. */\n",
         "base/a.h:1: after its manual a header goes on with #ifndef BASE_A_H and "
         "#define BASE_A_H\n"},
        {"another guard", "base/a.h", "/* A. */\n#ifndef A_H\n#define A_H\n#endif\n",
         "base/a.h:2: after its manual a header goes on with #ifndef BASE_A_H and "
         "#define BASE_A_H\n"},
        {"half a guard", "base/a.h", "/* A. */\n#ifndef BASE_A_H\n",
         "base/a.h:2: after its manual a header goes on with #ifndef BASE_A_H and "
         "#define BASE_A_H\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_findings(rows[i].name, rows[i].path, base_str_of(rows[i].text), rows[i].expected);
    }
}

/* Appends `unit` `count` times. */
static void repeat(struct base_buf *out, const char *unit, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(base_buf_append_str(out, base_str_of(unit)));
    }
}

static void test_lengths(void **state)
{
    (void)state;
    static const struct row {
        const char *name;
        const char *head;
        const char *unit;
        size_t count;
        const char *tail;
        const char *expected;
    } rows[] = {
        {"100 columns", "", "a", 100, "\n", ""},
        {"101 columns", "\n", "a", 101, "\n",
         "base/a.c:2: the line has 101 columns, at most 100 are allowed\n"},
        {"100 characters of two bytes", "// ", "\xC3\xA9", 97, "\n", ""},
        {"600 lines", "", "a;\n", 600, "", ""},
        {"601 lines", "", "a;\n", 601, "",
         "base/a.c:601: the file has 601 lines, at most 600 are allowed\n"},
        {"a function of 70 lines", "int f(void)\n{\n", "a;\n", 68, "}\n", ""},
        {"a function of 71 lines", "int f(void)\n{\n", "a;\n", 69, "}\n",
         "base/a.c:2: the function has 71 lines, at most 70 are allowed\n"},
        {"a long function that says why", "/* F. Long: a flat switch. */\nint f(void)\n{\n", "a;\n",
         100, "}\n", ""},
        {"a marker on something else", "/* Long: a table. */\nint a;\n\nint f(void)\n{\n", "a;\n",
         69, "}\n", "base/a.c:5: the function has 71 lines, at most 70 are allowed\n"},
        {"a long table", "int a[] = {\n", "1,\n", 200, "};\n", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_buf text;
        base_buf_init(&text, 64 * 1024);
        repeat(&text, rows[i].head, 1);
        repeat(&text, rows[i].unit, rows[i].count);
        repeat(&text, rows[i].tail, 1);
        assert_findings(rows[i].name, "base/a.c", base_buf_str(&text), rows[i].expected);
        base_buf_dispose(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
