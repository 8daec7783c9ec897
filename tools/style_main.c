/* style_check ROOT: checks every .c, .cc and .h of the tree's own folders, prints path:line:
 * finding.
 *
 * Exit status 0 when there is none, 1 when there are findings, 2 when the tree cannot be read. */
#include "base/buf.h"
#include "tools/style_check.h"

#include <fts.h>
#include <stdio.h>
#include <unistd.h>

/* Bytes of one source file; a longer one is no source of ours. */
#define FILE_BYTES_MAX (size_t)(1024 * 1024)

/* All folders that hold C we write; gen/ is the generator's. */
static char *folders[] = {"base", "cli", "gateway", "rpc", "server", "tests", "tools", NULL};

struct printer {
    struct style_sink sink;
    size_t finding_count;
};

static void on_finding(struct style_sink *sink, const char *path, size_t line, const char *message)
{
    struct printer *printer = (struct printer *)sink;
    printer->finding_count++;
    printf("%s:%zu: %s\n", path, line, message);
}

static bool read_file(const char *path, struct base_buf *out)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    bool ok = true;
    char chunk[16384];
    for (size_t n; ok && (n = fread(chunk, 1, sizeof chunk, file)) > 0;) {
        ok = base_buf_append(out, chunk, n);
    }
    ok = ok && ferror(file) == 0;
    fclose(file);
    return ok;
}

static bool is_source(const FTSENT *entry)
{
    struct base_str name = base_str_make(entry->fts_name, entry->fts_namelen);
    return entry->fts_info == FTS_F &&
           (base_str_ends_with(name, BASE_STR(".c")) || base_str_ends_with(name, BASE_STR(".h")) ||
            base_str_ends_with(name, BASE_STR(".cc")));
}

static bool check_file(const char *path, struct printer *printer)
{
    struct base_buf text;
    base_buf_init(&text, FILE_BYTES_MAX);
    bool ok = read_file(path, &text);
    if (ok) {
        style_check(path, base_buf_str(&text), &printer->sink);
    } else {
        fprintf(stderr, "style_check: cannot read %s\n", path);
    }
    base_buf_dispose(&text);
    return ok;
}

/* Goes through the folders below the working directory; false when something cannot be read. */
static bool check_tree(struct printer *printer, size_t *out_file_count)
{
    size_t file_count = 0;
    bool ok = true;
    FTS *tree = fts_open(folders, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (tree == NULL) {
        return false;
    }
    for (FTSENT *entry; (entry = fts_read(tree)) != NULL;) {
        if (strcmp(entry->fts_name, "node_modules") == 0) {
            fts_set(tree, entry, FTS_SKIP);
        } else if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR) {
            fprintf(stderr, "style_check: cannot read %s\n", entry->fts_path);
            ok = false;
        } else if (is_source(entry)) {
            file_count++;
            ok = check_file(entry->fts_path, printer) && ok;
        }
    }
    fts_close(tree);
    *out_file_count = file_count;
    return ok;
}

int main(int argc, char **argv)
{
    if (argc != 2 || chdir(argv[1]) != 0) {
        fprintf(stderr, "usage: style_check ROOT\n");
        return 2;
    }
    struct printer printer = {.sink.on_finding = on_finding};
    size_t file_count;
    if (!check_tree(&printer, &file_count)) {
        return 2;
    }
    printf("%zu files, %zu findings\n", file_count, printer.finding_count);
    return printer.finding_count == 0 ? 0 : 1;
}
