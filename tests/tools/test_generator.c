/* The plugin as protoc runs it: what it refuses, word for word, and what it does with garbage.
 *
 *     test_generator PLUGIN PROTO_DIR
 */
#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *plugin;
static const char *proto_dir;

#define OUTPUT_SIZE 4096

/* Runs a shell command; gives what it wrote, to standard error too, and returns its exit status. */
static int run(const char *command, char output[OUTPUT_SIZE])
{
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    output[fread(output, 1, OUTPUT_SIZE - 1, pipe)] = '\0';
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs protoc over a file x.proto with this text. */
static int run_protoc(const char *text, char output[OUTPUT_SIZE])
{
    char dir[] = "/tmp/test_generator.XXXXXX";
    assert_non_null(mkdtemp(dir));
    char path[64];
    snprintf(path, sizeof path, "%s/x.proto", dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    char command[1024];
    snprintf(command, sizeof command,
             "protoc -I %s -I %s -I /usr/include --plugin=protoc-gen-tollgate=%s "
             "--tollgate_out=%s x.proto 2>&1",
             dir, proto_dir, plugin, dir);
    int status = run(command, output);
    char cleanup[64];
    snprintf(cleanup, sizeof cleanup, "rm -rf %s", dir);
    char nothing[OUTPUT_SIZE];
    assert_int_equal(run(cleanup, nothing), 0);
    return status;
}

#define HEAD                                                                                       \
    "syntax = \"proto3\"; package p; import \"google/api/annotations.proto\";"                     \
    "import \"tollgate/options.proto\"; message M { string a = 1; repeated string list = 2; }"

#define METHOD(name, rule) "rpc " name "(M) returns (M) { option (google.api.http) = {" rule "}; }"
#define RPC(name, rule) "service S {" METHOD(name, rule) "}"

static const struct {
    const char *name;
    const char *text;
    const char *error; /* NULL: accepted */
} rows[] = {
    {"no service", "syntax = \"proto3\"; message M {}", NULL},
    {"an empty file", "syntax = \"proto3\";", NULL},
    {"proto2", "syntax = \"proto2\"; message M {} service S { rpc A(M) returns (M); }", NULL},
    {"a proto3 optional",
     "syntax = \"proto3\"; message M { optional int32 a = 1; } service S { rpc A(M) returns (M); }",
     NULL},
    {"statuses of success",
     HEAD "service S { rpc A(M) returns (M) { option (tollgate.method) = {success_status: 200}; }"
          "rpc B(M) returns (M) { option (tollgate.method) = {success_status: 299}; } }",
     NULL},
    {"a status below",
     HEAD "service S { rpc A(M) returns (M) { option (tollgate.method) = {success_status: 199}; }}",
     "method p.S.A: success_status is not from 200 to 299"},
    {"a status above",
     HEAD "service S { rpc A(M) returns (M) { option (tollgate.method) = {success_status: 300}; }}",
     "method p.S.A: success_status is not from 200 to 299"},
    {"a bad template", HEAD RPC("A", "get: \"/a/{a=b\""),
     "method p.S.A: path template \"/a/{a=b\" at byte 7: expected \"}\""},
    {"an unknown variable", HEAD RPC("A", "get: \"/a/{b}\""),
     "method p.S.A: variable \"b\": p.M has no field of this name"},
    {"a repeated variable", HEAD RPC("A", "get: \"/a/{list}\""),
     "method p.S.A: variable \"list\": field list is repeated, expected a single value"},
    {"an unknown body", HEAD RPC("A", "post: \"/a\" body: \"b\""),
     "method p.S.A: body \"b\": p.M has no field of this name"},
    {"two rules of one shape",
     HEAD "service S {" METHOD("A", "get: \"/a/{a}\"") METHOD("B", "get: \"/a/*\"") "}",
     "method p.S.A and method p.S.B: GET \"/a/*\" has the shape of \"/a/{a}\", which stands "
     "before"},
    {"two rules of one method", HEAD RPC("A", "get: \"/a\" additional_bindings { get: \"/a\" }"),
     "method p.S.A and method p.S.A: GET \"/a\" has the shape of \"/a\", which stands before"},
    {"a rule that is never reached",
     HEAD "service S {" METHOD("A", "get: \"/a/{a=b/*/**}\"")
         METHOD("B", "get: \"/a/{a=b/**}/*\"") "}",
     "method p.S.B: GET \"/a/{a=b/**}/*\" is never reached: method p.S.A takes its requests with "
     "\"/a/{a=b/*/**}\""},
    {"a rule that is reached where the other ends",
     HEAD "service S {" METHOD("A", "get: \"/a/**\"") METHOD("B", "get: \"/a/**/*\"") "}", NULL},
    {"two methods on one path",
     HEAD "service S {" METHOD("A", "get: \"/a\"") METHOD("B", "delete: \"/a\"") "}", NULL},
    {"a keyword", HEAD "service S { rpc Register(M) returns (M); }",
     "x.proto: p.S.Register: the method would be called \"register\" in C, which is a keyword"},
    {"two methods of one name in C",
     HEAD "service S { rpc GetIt(M) returns (M); rpc Get_It(M) returns (M); }",
     "x.proto: p.S.GetIt and p.S.Get_It would both be called p_s_get_it in C"},
    {"two services of one name in C",
     HEAD "service ST { rpc A(M) returns (M); } service St { rpc A(M) returns (M); }",
     "x.proto: p.ST and p.St would both be called p_st_service in C"},
    {"methods of two services of one name in C",
     HEAD "service Foo { rpc BarBaz(M) returns (M); } service FooBar { rpc Baz(M) returns (M); }",
     "x.proto: p.Foo.BarBaz and p.FooBar.Baz would both be called p_foo_bar_baz in C"},
    {"a method called as its service's table",
     "syntax = \"proto3\"; message M {} service Notes { rpc Methods(M) returns (M); }",
     "x.proto: Notes and Notes.Methods would both be called notes_methods in C"},
    {"no unary method", HEAD "service S { rpc A(stream M) returns (M); }",
     "x.proto: service p.S has no unary method, and only those are supported"},
    {"no method", HEAD "service S {}",
     "x.proto: service p.S has no unary method, and only those are supported"},
    {"options of protobuf-c",
     "syntax = \"proto3\"; package p; import \"protobuf-c/protobuf-c.proto\";"
     "option (pb_c_file).c_package = \"q\"; message M {} service S { rpc A(M) returns (M); }",
     "x.proto: p.S.A: p.M: option pb_c_file of x.proto is not supported, as it may change the "
     "names of types"},
};

static void test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        char output[OUTPUT_SIZE];
        int status = run_protoc(rows[i].text, output);
        char expected[OUTPUT_SIZE] = "";
        if (rows[i].error != NULL) {
            snprintf(expected, sizeof expected, "--tollgate_out: %s\n", rows[i].error);
        }
        /* protoc warns of imports that a row does not use. */
        const char *told = strstr(output, "--tollgate_out:");
        assert_string_equal(told != NULL ? told : "", expected);
        assert_int_equal(status, rows[i].error != NULL ? 1 : 0);
    }
}

static void test_parameter(void **state)
{
    (void)state;
    char command[1024];
    snprintf(command, sizeof command,
             "protoc -I %s -I /usr/include --plugin=protoc-gen-tollgate=%s "
             "--tollgate_out=a=b:/tmp google/rpc/status.proto 2>&1",
             proto_dir, plugin);
    char output[OUTPUT_SIZE];
    assert_int_equal(run(command, output), 1);
    assert_string_equal(output, "--tollgate_out: takes no parameter, got \"a=b\"\n");
}

static void test_garbage(void **state)
{
    (void)state;
    static const char *const inputs[] = {"printf garbage", "printf '\\012\\377\\377'",
                                         "printf '\\172\\001\\000'"};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        print_message("  %s\n", inputs[i]);
        char command[1024];
        snprintf(command, sizeof command, "%s | %s 2>&1", inputs[i], plugin);
        char output[OUTPUT_SIZE];
        assert_int_equal(run(command, output), 1);
        assert_string_equal(output,
                            "protoc-gen-tollgate: standard input is not a CodeGeneratorRequest; "
                            "protoc runs this program\n");
    }
}

#define REQUEST(file) "file_to_generate: \"x.proto\" proto_file { " file " }"

/* Requests that decode but that protoc would not send. */
static void test_broken_requests(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *request;
        const char *error;
    } broken[] = {
        {"the file is not there", "file_to_generate: \"x.proto\"",
         "x.proto: not among the files protoc sent"},
        {"a file without a name", REQUEST("service { name: \"S\" }"),
         "x.proto: not among the files protoc sent"},
        {"a service without a name", REQUEST("name: \"x.proto\" service {}"), "is not a name"},
        {"a method without a name", REQUEST("name: \"x.proto\" service { name: \"S\" method {} }"),
         "\"\" in S is not a name"},
        {"a method without types",
         REQUEST("name: \"x.proto\" service { name: \"S\" method { name: \"A\" } }"),
         "S.A: unknown message type \"\""},
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        print_message("  %s\n", broken[i].name);
        char command[1024];
        snprintf(command, sizeof command,
                 "echo '%s' | protoc -I /usr/include "
                 "--encode=google.protobuf.compiler.CodeGeneratorRequest "
                 "google/protobuf/compiler/plugin.proto | %s 2>&1 | tr -d '\\000'",
                 broken[i].request, plugin);
        char output[OUTPUT_SIZE];
        assert_int_equal(run(command, output), 0);
        if (strstr(output, broken[i].error) == NULL) {
            fail_msg("expected \"%s\" in \"%s\"", broken[i].error, output);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PLUGIN PROTO_DIR\n", argv[0]);
        return 2;
    }
    plugin = argv[1];
    proto_dir = argv[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_parameter),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_broken_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
