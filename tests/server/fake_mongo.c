/* https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol: a message is a head of four
 * numbers (its length, its id, the id of the one it answers, its kind) and a document, with a few
 * bytes between them. libmongoc greets in the old kind, OP_QUERY, which is answered in OP_REPLY,
 * and then speaks OP_MSG. */
#include "fake_mongo.h"

#include "base/mem.h"
#include "base/thread.h"

#include <bson/bson.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define OP_REPLY 1
#define OP_QUERY 2004
#define OP_MSG 2013

/* Where the document stands: in an OP_MSG behind flags and the kind of its section; in an OP_REPLY
 * behind flags, a cursor, where it stands and how many documents come, of which one is told. */
#define MSG_DOCUMENT_AT 21
#define REPLY_DOCUMENT_AT 36
#define REPLY_COUNT_AT 32

#define MESSAGE_BYTES_MAX 65536
#define CONNECTIONS_MAX 8

/* Each as it stands in a message: in little-endian order. */
struct head {
    uint32_t len;
    uint32_t id;
    uint32_t answers;
    uint32_t kind;
};

struct fake_mongo {
    pthread_t thread;
    int port;
    struct pollfd polled[1 + CONNECTIONS_MAX]; /* the listener, and the connections */
    size_t count;
    pthread_mutex_t lock; /* of what follows */
    const char *answer;
    char *command; /* owned; NULL before the first */
};

static const char greeting[] =
    "{\"ok\":1,\"isWritablePrimary\":true,\"msg\":\"isdbgrid\",\"minWireVersion\":0,"
    "\"maxWireVersion\":17,\"maxBsonObjectSize\":16777216,\"maxMessageSizeBytes\":48000000,"
    "\"maxWriteBatchSize\":100000,\"serviceId\":{\"$oid\":\"0123456789abcdef01234567\"}}";

static bool read_whole(int fd, void *out, size_t len)
{
    return recv(fd, out, len, MSG_WAITALL) == (ssize_t)len;
}

/* Answers the message whose head is `asked` with `json`. */
static bool send_answer(int fd, const struct head *asked, const char *json)
{
    bool is_query = asked->kind == BSON_UINT32_TO_LE(OP_QUERY);
    uint32_t document_at = is_query ? REPLY_DOCUMENT_AT : MSG_DOCUMENT_AT;
    uint8_t message[MESSAGE_BYTES_MAX] = {0};
    bson_t *document = bson_new_from_json((const uint8_t *)json, -1, NULL);
    if (document == NULL || document->len > sizeof message - document_at) {
        bson_destroy(document);
        return false;
    }
    uint32_t len = document_at + document->len;
    struct head head = {BSON_UINT32_TO_LE(len), 0, asked->id,
                        BSON_UINT32_TO_LE(is_query ? OP_REPLY : OP_MSG)};
    memcpy(message, &head, sizeof head);
    memcpy(message + document_at, bson_get_data(document), document->len);
    if (is_query) {
        message[REPLY_COUNT_AT] = 1;
    }
    bson_destroy(document);
    return send(fd, message, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Notes the command and answers as told. */
static bool answer(struct fake_mongo *fake, int fd, const struct head *asked, const bson_t *command)
{
    pthread_mutex_lock(&fake->lock);
    bson_free(fake->command);
    fake->command = bson_as_json(command, NULL);
    const char *json = fake->answer;
    pthread_mutex_unlock(&fake->lock);
    return send_answer(fd, asked, json);
}

/* Reads one message and answers it; false when the connection is over. */
static bool serve(struct fake_mongo *fake, int fd)
{
    uint8_t message[MESSAGE_BYTES_MAX];
    struct head head;
    bson_t command;
    if (!read_whole(fd, &head, sizeof head)) {
        return false;
    }
    size_t len = BSON_UINT32_FROM_LE(head.len);
    if (len < MSG_DOCUMENT_AT || len > sizeof message ||
        !read_whole(fd, message + sizeof head, len - sizeof head)) {
        return false;
    }
    if (head.kind == BSON_UINT32_TO_LE(OP_QUERY)) {
        return send_answer(fd, &head, greeting);
    }
    return bson_init_static(&command, message + MSG_DOCUMENT_AT, len - MSG_DOCUMENT_AT) &&
           answer(fake, fd, &head, &command);
}

static void take_connection(struct fake_mongo *fake, int fd)
{
    if (fake->count == sizeof fake->polled / sizeof *fake->polled) {
        close(fd);
        return;
    }
    fake->polled[fake->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* Runs until the listener is shut down, which makes accept fail. */
static void *run(void *user)
{
    struct fake_mongo *fake = user;
    for (;;) {
        poll(fake->polled, fake->count, -1);
        for (size_t i = fake->count; i-- > 1;) { /* from the end, because the last one moves */
            if (fake->polled[i].revents != 0 && !serve(fake, fake->polled[i].fd)) {
                close(fake->polled[i].fd);
                fake->polled[i] = fake->polled[--fake->count];
            }
        }
        if (fake->polled[0].revents != 0) {
            int fd = accept(fake->polled[0].fd, NULL, NULL);
            if (fd < 0) {
                return NULL;
            }
            take_connection(fake, fd);
        }
    }
}

struct fake_mongo *fake_mongo_open(void)
{
    struct fake_mongo *fake = base_calloc(1, sizeof *fake);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, CONNECTIONS_MAX), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    fake->port = ntohs(address.sin_port);
    fake->polled[0] = (struct pollfd){.fd = fd, .events = POLLIN};
    fake->count = 1;
    fake->answer = "{\"ok\":1}";
    pthread_mutex_init(&fake->lock, NULL);
    base_thread_start(&fake->thread, run, fake);
    return fake;
}

void fake_mongo_close(struct fake_mongo *fake)
{
    if (fake == NULL) {
        return;
    }
    shutdown(fake->polled[0].fd, SHUT_RDWR);
    pthread_join(fake->thread, NULL);
    for (size_t i = 0; i < fake->count; i++) {
        close(fake->polled[i].fd);
    }
    pthread_mutex_destroy(&fake->lock);
    bson_free(fake->command);
    base_free(fake);
}

int fake_mongo_port(const struct fake_mongo *fake)
{
    return fake->port;
}

void fake_mongo_answer(struct fake_mongo *fake, const char *json)
{
    pthread_mutex_lock(&fake->lock);
    fake->answer = json;
    pthread_mutex_unlock(&fake->lock);
}

const char *fake_mongo_command(struct fake_mongo *fake)
{
    pthread_mutex_lock(&fake->lock);
    const char *command = fake->command == NULL ? "" : fake->command;
    pthread_mutex_unlock(&fake->lock);
    return command;
}
