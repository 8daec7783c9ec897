/* Thread: starting one. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

/* Starts a thread that runs `run` with `argument`, to be joined by `thread`. All signals are
 * blocked in it: they are the startup thread's business. Where there is no room for another thread
 * the program ends, as when there is none for memory (base/mem.h); that is for the threads a part
 * cannot do without, which are made when it opens. */
void base_thread_start(pthread_t *thread, void *(*run)(void *argument), void *argument);

#endif
