/* Files: a service over google.api.HttpBody, as someone would write one: it keeps one file. */
#ifndef GATEWAY_FILES_SERVICE_H
#define GATEWAY_FILES_SERVICE_H

#include "files.tg.h"

#include <pthread.h>

/* A name that Put refuses with UNAUTHENTICATED and two details: a google.rpc.ErrorInfo, and a
 * library.v1.Book, whose type no gateway of the tests knows. */
#define FILES_DENIED "denied"

struct files_service {
    pthread_mutex_t mutex; /* over what follows */
    char name[64];         /* empty while there is no file */
    char type[128];
    char *data; /* owned */
    size_t len;
};

/* The handlers; their `self` is a struct files_service. Put and Patch answer a trailer
 * "x-checksum", and Get a header "x-size" and a trailer "sum-bin" of one byte: the sum of the
 * data's bytes. */
extern const struct test_files_files_handlers files_handlers;

void files_service_init(struct files_service *files);
void files_service_dispose(struct files_service *files);

#endif
