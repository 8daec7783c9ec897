/* One mutex, one condition, one intrusive queue. `idle` counts the threads that hold no job,
 * including one that has been started and not yet looked: every queued job up to `idle` has a
 * thread to itself, so only the jobs beyond it wait and count against the maximum. */
#include "rpc/worker_pool.h"

#include "base/mem.h"

#include <assert.h>
#include <pthread.h>

struct rpc_worker_pool {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct rpc_job *oldest;
    struct rpc_job **newest; /* where the next job is linked */
    size_t queued;
    size_t queue_max;
    size_t idle;
    size_t thread_count;
    size_t threads_max;
    bool closing;
    pthread_t threads[];
};

/* Waits for a job; NULL when the pool closes and nothing is left. `was_busy` says that the thread
 * has just finished one. */
static struct rpc_job *next_job(struct rpc_worker_pool *pool, bool was_busy)
{
    pthread_mutex_lock(&pool->lock);
    if (was_busy) {
        pool->idle++;
    }
    while (pool->oldest == NULL && !pool->closing) {
        pthread_cond_wait(&pool->changed, &pool->lock);
    }
    struct rpc_job *job = pool->oldest;
    if (job != NULL) {
        pool->oldest = job->next;
        if (pool->oldest == NULL) {
            pool->newest = &pool->oldest;
        }
        pool->queued--;
        pool->idle--;
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void *run_worker(void *arg)
{
    struct rpc_worker_pool *pool = arg;
    base_role_enter(BASE_ROLE_WORKER);
    struct rpc_job *job = next_job(pool, false);
    while (job != NULL) {
        job->run(job);
        job = next_job(pool, true);
    }
    return NULL;
}

struct rpc_worker_pool *rpc_worker_pool_create(size_t threads_max, size_t queue_max)
{
    struct rpc_worker_pool *pool =
        base_calloc(1, sizeof *pool + threads_max * sizeof *pool->threads);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pool->newest = &pool->oldest;
    pool->queue_max = queue_max;
    pool->threads_max = threads_max;
    return pool;
}

void rpc_worker_pool_destroy(struct rpc_worker_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    base_free(pool);
}

static void start_thread(struct rpc_worker_pool *pool)
{
    pthread_t *thread = &pool->threads[pool->thread_count];
    if (pthread_create(thread, NULL, run_worker, pool) == 0) {
        pool->thread_count++;
        pool->idle++;
    }
}

bool rpc_worker_pool_submit(struct rpc_worker_pool *pool, struct rpc_job *job)
{
    pthread_mutex_lock(&pool->lock);
    assert(!pool->closing);
    if (pool->queued >= pool->idle && pool->thread_count < pool->threads_max) {
        start_thread(pool);
    }
    bool fits = pool->thread_count > 0 && pool->queued < pool->idle + pool->queue_max;
    if (fits) {
        job->next = NULL;
        *pool->newest = job;
        pool->newest = &job->next;
        pool->queued++;
        pthread_cond_signal(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    return fits;
}
