/* The transcoder alone, beside Debian's C++ protobuf on the same texts, in one process and one run.
 *
 *   bench_transcode SET [--check]   times both ways; SET is bench.proto's descriptor set. With
 *                                   --check the exit status says whether every target was reached
 *   bench_transcode SET --count     prints what a message allocates; under
 * LD_PRELOAD=malloc_count.so with MALLOC_COUNT_FILE naming the counters
 *
 * Ours and theirs take turns for ROUNDS rounds, and the medians are set against each other. Time is
 * the thread's own, so other programs disturb it little.
 */
#include "base/mem.h"
#include "gateway/transcode.h"
#include "tests/bench/transcode/cpp_protobuf.h"
#include "tests/bench/transcode/texts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 9
#define ROUND_NS 30e6
#define COUNTED 1000
#define SET_BYTES_MAX (size_t)(1024 * 1024)
#define OUTPUT_BYTES_MAX (size_t)(16 * 1024 * 1024)

/* One text in the hands of both sides. */
struct subject {
    const struct bench_text *text;
    const struct gw_message *type;
    struct gw_transcode_options options;
    struct base_buf wire; /* of the text, made by ours */
    struct base_buf out;
    struct cpp_message *theirs; /* the text, read by theirs; NULL when it is not asked for */
};

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_transcode: %s\n", what);
    exit(2);
}

static void read_ours(struct subject *subject)
{
    struct base_err err;
    subject->out.len = 0;
    if (!gw_json_to_wire(subject->type, base_buf_str(&subject->text->json), &subject->options,
                         &subject->out, &err)) {
        die(err.message);
    }
}

static void write_ours(struct subject *subject)
{
    struct base_err err;
    subject->out.len = 0;
    if (!gw_wire_to_json(subject->type, base_buf_str(&subject->wire), &subject->options,
                         &subject->out, &err)) {
        die(err.message);
    }
}

static void read_theirs(struct subject *subject)
{
    if (!cpp_message_read(subject->theirs, subject->text->json.data, subject->text->json.len)) {
        die("C++ protobuf cannot read the text");
    }
}

static void write_theirs(struct subject *subject)
{
    if (cpp_message_write(subject->theirs) == 0) {
        die("C++ protobuf cannot write the text");
    }
}

static double now_ns(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Nanoseconds of `count` runs. */
static double time_runs(void (*run)(struct subject *subject), struct subject *subject,
                        int64_t count)
{
    double start = now_ns();
    for (int64_t i = 0; i < count; i++) {
        run(subject);
    }
    return now_ns() - start;
}

/* How many runs take a round. */
static int64_t runs_a_round(void (*run)(struct subject *subject), struct subject *subject)
{
    int64_t count = 1;
    for (;;) {
        double ns = time_runs(run, subject, count);
        if (ns >= ROUND_NS / 4) {
            return (int64_t)((double)count * ROUND_NS / ns) + 1;
        }
        count *= 2;
    }
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof *values, compare_doubles);
    return values[ROUNDS / 2];
}

/* Times one way and prints its row; false when the target was missed. */
static bool compare(struct subject *subject, const char *way, double target,
                    void (*ours)(struct subject *subject), void (*theirs)(struct subject *subject))
{
    double our_ns[ROUNDS], their_ns[ROUNDS];
    int64_t our_count = runs_a_round(ours, subject);
    int64_t their_count = runs_a_round(theirs, subject);
    for (int i = 0; i < ROUNDS; i++) {
        our_ns[i] = time_runs(ours, subject, our_count) / (double)our_count;
        their_ns[i] = time_runs(theirs, subject, their_count) / (double)their_count;
    }
    double a = median(our_ns), b = median(their_ns);
    double bytes = (double)subject->text->json.len;
    (void)printf("%-27s%-6s%8zu %10.0f %7.0f %10.0f %6.0f %7.1f", subject->text->title, way,
                 subject->text->json.len, a, bytes * 1e3 / a, b, bytes * 1e3 / b, b / a);
    bool is_reached = b / a >= target;
    if (target > 0) {
        (void)printf("   at least %2.0f  %s", target, is_reached ? "reached" : "MISSED");
    }
    (void)printf("\n");
    (void)fflush(stdout);
    return is_reached;
}

/* The number of allocations so far, out of the file that malloc_count.so counts into. */
static uint64_t allocations(void)
{
    const char *path = getenv("MALLOC_COUNT_FILE");
    FILE *file = path == NULL ? NULL : fopen(path, "rb");
    uint64_t count = 0;
    if (file == NULL || fread(&count, sizeof count, 1, file) != 1) {
        die("MALLOC_COUNT_FILE does not name the counters of malloc_count.so");
    }
    (void)fclose(file);
    return count;
}

/* Allocations of a run, once the buffer has grown to its size. Asking for the number allocates,
 * too, which the second sample of a pair without a run shows. */
static double count_allocations(void (*run)(struct subject *subject), struct subject *subject)
{
    run(subject);
    uint64_t first = allocations();
    uint64_t asking = allocations() - first;
    uint64_t before = allocations();
    for (int i = 0; i < COUNTED; i++) {
        run(subject);
    }
    return (double)(allocations() - before - asking) / COUNTED;
}

static bool count(struct subject *subject)
{
    double reading = count_allocations(read_ours, subject);
    double writing = count_allocations(write_ours, subject);
    (void)printf("%-27s%8.3f allocations to read, %8.3f to write   none  %s\n",
                 subject->text->title, reading, writing,
                 reading + writing > 0 ? "MISSED" : "reached");
    return !(reading + writing > 0);
}

static void open_subject(struct subject *subject, const struct bench_text *text,
                         const struct gw_schema *schema)
{
    *subject = (struct subject){.text = text, .options = {.schema = schema}};
    subject->type = gw_schema_message(schema, base_str_of(text->type));
    subject->theirs = cpp_message_create(text->type);
    if (subject->type == NULL || subject->theirs == NULL) {
        die("a type is missing");
    }
    base_buf_init(&subject->wire, OUTPUT_BYTES_MAX);
    base_buf_init(&subject->out, OUTPUT_BYTES_MAX);
    read_ours(subject);
    if (!base_buf_append_str(&subject->wire, base_buf_str(&subject->out))) {
        die("out of room");
    }
    write_ours(subject);
    if (!base_str_eq(base_buf_str(&subject->out), base_buf_str(&text->json))) {
        die("what was read is not what is written");
    }
    read_theirs(subject);
}

static void close_subject(struct subject *subject)
{
    base_buf_dispose(&subject->wire);
    base_buf_dispose(&subject->out);
    cpp_message_destroy(subject->theirs);
}

static struct gw_schema *load(const char *path)
{
    static char set[SET_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    size_t len = file == NULL ? 0 : fread(set, 1, sizeof set, file);
    struct base_err err;
    struct gw_schema *schema = gw_schema_create();
    if (file == NULL || !gw_schema_add(schema, base_str_make(set, len), &err)) {
        die("the descriptor set cannot be loaded");
    }
    (void)fclose(file);
    return schema;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        die("usage: bench_transcode SET [--check | --count]");
    }
    bool counts = argc == 3 && strcmp(argv[2], "--count") == 0;
    bool checks = argc == 3 && strcmp(argv[2], "--check") == 0;
    struct gw_schema *schema = load(argv[1]);
    struct bench_text texts[BENCH_TEXT_COUNT];
    bool all_reached = true;
    bench_texts_make(texts);
    if (!counts) {
        (void)printf("%-33s%8s %10s %7s %10s %6s %7s\n", "", "bytes", "ns", "MB/s", "C++ ns",
                     "MB/s", "ratio");
    }
    for (size_t i = 0; i < BENCH_TEXT_COUNT; i++) {
        struct subject subject;
        open_subject(&subject, &texts[i], schema);
        if (counts) {
            all_reached &= count(&subject);
        } else {
            all_reached &= compare(&subject, "read", texts[i].read_target, read_ours, read_theirs);
            all_reached &=
                compare(&subject, "write", texts[i].write_target, write_ours, write_theirs);
        }
        close_subject(&subject);
    }
    bench_texts_dispose(texts);
    gw_schema_destroy(schema);
    return (checks || counts) && !all_reached;
}
