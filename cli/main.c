/* tollgate SUBCOMMAND [FLAG...]
 *
 * Exit status 0 after a clean stop, 1 when the program cannot do what it was told, 2 when it cannot
 * understand it. */
#include "cli/explain.h"
#include "cli/run.h"

#include "base/str.h"

#include <stdlib.h>

struct subcommand {
    const char *name;
    const char *does; /* one line */
    const struct cli_flags *flags;
    bool (*run)(const struct cli_options *options, struct base_err *err);
};

static const struct subcommand subcommands[] = {
    {"serve", "serves REST and gRPC from one process", &cli_serve_flags, cli_run_serve},
    {"server", "serves gRPC alone", &cli_server_flags, cli_run_server},
    {"gateway", "serves REST alone, calling a gRPC server", &cli_gateway_flags, cli_run_gateway},
    {"explain", "shows what a REST request would call", &cli_explain_flags, cli_explain},
};
#define SUBCOMMAND_COUNT (sizeof subcommands / sizeof *subcommands)

static void print_help(FILE *out)
{
    fputs("Tollgate " TOLLGATE_VERSION ": protobuf-defined services as REST and gRPC.\n\n", out);
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
        fprintf(out, "  tollgate %-8s %s\n", subcommands[i].name, subcommands[i].does);
    }
    fputs("\ntollgate SUBCOMMAND --help explains its flags.\n", out);
}

static void print_subcommand_help(const struct subcommand *subcommand, FILE *out)
{
    fprintf(out, "tollgate %s", subcommand->name);
    for (size_t i = 0; i < subcommand->flags->count; i++) {
        const struct cli_flag *flag = &subcommand->flags->flags[i];
        if (flag->kind == CLI_OPERAND) {
            fprintf(out, " %s", flag->name);
        }
    }
    fprintf(out,
            " [FLAG...] %s.\n\nEach flag can be set by a variable of the environment, "
            "too; the command line wins.\n\n",
            subcommand->does);
    cli_flags_print_help(subcommand->flags, out);
}

static const struct subcommand *find_subcommand(const char *name)
{
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
        if (strcmp(subcommands[i].name, name) == 0) {
            return &subcommands[i];
        }
    }
    return NULL;
}

static int refuse_subcommand(const char *name)
{
    const char *names[SUBCOMMAND_COUNT];
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
        names[i] = subcommands[i].name;
    }
    const char *suggestion = cli_flags_suggest(name, names, SUBCOMMAND_COUNT);
    fprintf(stderr, "tollgate: there is no subcommand \"%s\"", name);
    if (suggestion != NULL) {
        fprintf(stderr, "; did you mean %s?\n", suggestion);
    } else {
        fputs("; tollgate --help lists them\n", stderr);
    }
    return 2;
}

static const char *get_variable(const struct cli_environment *self, const char *name)
{
    (void)self;
    return getenv(name);
}

static bool asks_for_help(int argc, const char *const *argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

static int run_subcommand(const struct subcommand *subcommand, int argc, const char *const *argv)
{
    if (asks_for_help(argc, argv)) {
        print_subcommand_help(subcommand, stdout);
        return 0;
    }
    static const struct cli_environment environment = {get_variable};
    struct cli_options options = {0};
    struct base_err err;
    bool ok = cli_flags_parse(subcommand->flags, argc, argv, &environment, &options, &err) &&
              subcommand->run(&options, &err);
    if (ok) {
        return 0;
    }
    if (err.message[0] != '\0') { /* else it has been said */
        fprintf(stderr, "tollgate %s: %s\n", subcommand->name, err.message);
    }
    return err.code == BASE_INVALID_ARGUMENT ? 2 : 1;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    if (name == NULL) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(name, "--version") == 0) {
        puts("tollgate " TOLLGATE_VERSION);
        return 0;
    }
    const struct subcommand *subcommand = find_subcommand(name);
    if (subcommand == NULL) {
        return refuse_subcommand(name);
    }
    return run_subcommand(subcommand, argc - 2, (const char *const *)argv + 2);
}
