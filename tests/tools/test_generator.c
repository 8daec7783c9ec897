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
     "x.proto: p.S.A: success_status must be from 200 to 299, got 199"},
    {"a status above",
     HEAD "service S { rpc A(M) returns (M) { option (tollgate.method) = {success_status: 300}; }}",
     "x.proto: p.S.A: success_status must be from 200 to 299, got 300"},
    {"a keyword", HEAD "service S { rpc Register(M) returns (M); }",
     "x.proto: p.S.Register: the method would be called \"register\" in C, which is a keyword"},
    {"two methods of one name in C",
     HEAD "service S { rpc GetIt(M) returns (M); rpc Get_It(M) returns (M); }",
     "x.proto: p.S.GetIt and p.S.Get_It would both be called get_it in C"},
    {"two services of one name in C",
     HEAD "service ST { rpc A(M) returns (M); } service St { rpc A(M) returns (M); }",
     "x.proto: p.ST and p.St would both be called p_st in C"},
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
