/* Replay: runs a fuzz target once over every file of the folders it is given. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>

/* Bytes of one corpus file. */
#define INPUT_BYTES_MAX (size_t)(1024 * 1024)

static size_t replay_file(const char *folder, const char *name)
{
    static uint8_t input[INPUT_BYTES_MAX];
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    size_t size = fread(input, 1, sizeof input, file);
    (void)fclose(file);
    /* A copy of its own size, so that AddressSanitizer sees its end. */
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    for (size_t i = 0; i < size; i++) {
        copy[i] = input[i];
    }
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return 1;
}

static size_t replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    size_t count = 0;
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        count += entry->d_name[0] == '.' ? 0 : replay_file(folder, entry->d_name);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        count += replay_folder(argv[i]);
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    (void)printf("%zu inputs\n", count);
    return count == 0;
}
