/* The limit of the MongoDB store: the driver alone, doing what GET and POST /notes do.
 *
 *     bench_mongo URI find|insert THREADS SECONDS
 *
 * Each thread has a client of its own from one pool and sends one command after another: find by
 * _id on one of the notes that were inserted before, or insert of a note with the write concern the
 * store uses (majority, journaled). Prints "RATE P99_MS", operations a second and milliseconds. */
#include "base/clock.h"
#include "base/mem.h"

#include <mongoc/mongoc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 256
#define SAMPLES_MAX 4000000
#define NOTES 100
#define CONTENT                                                                                    \
    "Two bottles of milk, a loaf of bread, and what else there is to eat on a long evening."

struct bench {
    mongoc_client_pool_t *pool;
    bool inserts;
    int64_t end_ns;
    atomic_size_t begun;
    atomic_size_t done;
    uint32_t *took_us; /* SAMPLES_MAX */
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_mongo: %s: %s\n", what, why);
    exit(1);
}

static void append_note(bson_t *out, const char *key)
{
    bson_oid_t version;
    bson_oid_init(&version, NULL);
    BSON_APPEND_UTF8(out, "_id", key);
    BSON_APPEND_UTF8(out, "noteId", key);
    BSON_APPEND_UTF8(out, "title", "Note 100");
    BSON_APPEND_UTF8(out, "content", CONTENT);
    BSON_APPEND_DATE_TIME(out, "timestamp", 1790000000000);
    BSON_APPEND_OID(out, "_version", &version);
}

static bson_t *find_command(const char *key)
{
    return BCON_NEW("find", "notes", "filter", "{", "_id", BCON_UTF8(key), "}", "limit",
                    BCON_INT32(1), "singleBatch", BCON_BOOL(true));
}

static bson_t *insert_command(const char *key)
{
    bson_t *command = BCON_NEW("insert", "notes");
    bson_t items;
    bson_t item;
    BSON_APPEND_ARRAY_BEGIN(command, "documents", &items);
    BSON_APPEND_DOCUMENT_BEGIN(&items, "0", &item);
    append_note(&item, key);
    bson_append_document_end(&items, &item);
    bson_append_array_end(command, &items);
    return command;
}

static void run_one(struct bench *bench, mongoc_client_t *client, const char *key)
{
    bson_t *command = bench->inserts ? insert_command(key) : find_command(key);
    bson_t reply;
    bson_error_t error;
    bool ok = bench->inserts ? mongoc_client_write_command_with_opts(client, "bench", command, NULL,
                                                                     &reply, &error)
                             : mongoc_client_read_command_with_opts(client, "bench", command, NULL,
                                                                    NULL, &reply, &error);
    if (!ok || bson_has_field(&reply, "writeErrors")) {
        die("a command failed", ok ? "a write error" : error.message);
    }
    bson_destroy(&reply);
    bson_destroy(command);
}

#define KEY_SIZE 40

/* The key of a note that is found; as long as those of Notes. */
static void name_note(char out[KEY_SIZE], size_t number)
{
    snprintf(out, KEY_SIZE, "0193a5f0-0000-7000-8000-%012zu", number % NOTES);
}

/* The key of a note that is new. */
static void name_new_note(char out[KEY_SIZE])
{
    bson_oid_t id;
    bson_oid_init(&id, NULL);
    bson_oid_to_string(&id, out);
}

static void *run_thread(void *argument)
{
    struct bench *bench = argument;
    mongoc_client_t *client = mongoc_client_pool_pop(bench->pool);
    for (int64_t began_ns; (began_ns = base_clock_monotonic_ns()) < bench->end_ns;) {
        char key[KEY_SIZE];
        if (bench->inserts) {
            name_new_note(key);
        } else {
            name_note(key, atomic_fetch_add(&bench->begun, 1));
        }
        run_one(bench, client, key);
        size_t at = atomic_fetch_add(&bench->done, 1);
        if (at < SAMPLES_MAX) {
            bench->took_us[at] = (uint32_t)((base_clock_monotonic_ns() - began_ns) / 1000);
        }
    }
    mongoc_client_pool_push(bench->pool, client);
    return NULL;
}

static int by_size(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

static void open_pool(struct bench *bench, const char *text)
{
    bson_error_t error;
    mongoc_uri_t *uri = mongoc_uri_new_with_error(text, &error);
    if (uri == NULL) {
        die(text, error.message);
    }
    mongoc_write_concern_t *concern = mongoc_write_concern_new();
    mongoc_write_concern_set_wmajority(concern, 0);
    mongoc_write_concern_set_journal(concern, true);
    mongoc_uri_set_write_concern(uri, concern);
    mongoc_uri_set_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, THREADS_MAX);
    bench->pool = mongoc_client_pool_new(uri);
    mongoc_client_pool_set_error_api(bench->pool, MONGOC_ERROR_API_VERSION_2);
    mongoc_write_concern_destroy(concern);
    mongoc_uri_destroy(uri);
}

/* The notes that are found; they may be there from a run before. */
static void insert_notes(struct bench *bench)
{
    mongoc_client_t *client = mongoc_client_pool_pop(bench->pool);
    for (size_t i = 0; i < NOTES; i++) {
        char key[KEY_SIZE];
        name_note(key, i);
        bson_t *command = insert_command(key);
        bson_t reply;
        bson_error_t error;
        if (!mongoc_client_write_command_with_opts(client, "bench", command, NULL, &reply,
                                                   &error) &&
            error.code != MONGOC_ERROR_DUPLICATE_KEY) {
            die("inserting a note failed", error.message);
        }
        bson_destroy(&reply);
        bson_destroy(command);
    }
    mongoc_client_pool_push(bench->pool, client);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    pthread_t threads[THREADS_MAX];
    int count = argc == 5 ? atoi(argv[3]) : 0;
    int seconds = argc == 5 ? atoi(argv[4]) : 0;
    if (count < 1 || count > THREADS_MAX || seconds < 1) {
        die("usage", "bench_mongo URI find|insert THREADS SECONDS");
    }
    mongoc_init();
    bench.inserts = strcmp(argv[2], "insert") == 0;
    bench.took_us = base_calloc(SAMPLES_MAX, sizeof *bench.took_us);
    open_pool(&bench, argv[1]);
    if (!bench.inserts) {
        insert_notes(&bench);
    }
    bench.end_ns = base_clock_monotonic_ns() + seconds * BASE_NS_PER_S;
    for (int i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, run_thread, &bench) != 0) {
            die("cannot start", "a thread");
        }
    }
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    size_t done = atomic_load(&bench.done);
    size_t sampled = done < SAMPLES_MAX ? done : SAMPLES_MAX;
    qsort(bench.took_us, sampled, sizeof *bench.took_us, by_size);
    printf("%.0f %.2f\n", (double)done / seconds,
           sampled == 0 ? 0 : bench.took_us[(sampled - 1) * 99 / 100] / 1000.0);
    mongoc_client_pool_destroy(bench.pool);
    mongoc_cleanup();
    base_free(bench.took_us);
    return 0;
}
