#include "membership_contract.h"

#include "access_process.h"
#include "server/membership.h"
#include "server/usage_plan.h"
#include "store_support.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define ROUNDS 12
#define CHANGES 3

/* Two more than a key may be in. */
#define PLANS (SRV_ACCESS_PLANS_PER_KEY_MAX + 2)

#define PROCESSES PLANS

static const struct access_contract *subject;
static struct access_process processes[PROCESSES];

/* What all processes change. */
static struct {
    pthread_barrier_t start;
    char key_id[SRV_KEY_ID_BYTES + 1];
    char plan_ids[PLANS][SRV_KEY_ID_BYTES + 1];
    bool ok[PROCESSES];
} world;

static void add_plan(size_t index, const char *name)
{
    struct access_process *process = &processes[0];
    Tollgate__ApiStage stage = TOLLGATE__API_STAGE__INIT;
    Tollgate__ApiStage *stages[] = {&stage};
    Tollgate__UsagePlan plan = TOLLGATE__USAGE_PLAN__INIT;
    stage.api_id = "api";
    stage.stage = (char *)(uintptr_t)name;
    plan.name = stage.stage;
    plan.api_stages = stages;
    plan.n_api_stages = 1;
    assert_true(srv_access_add_plan(&process->access, &process->ctx, &plan, &process->err));
    snprintf(world.plan_ids[index], sizeof world.plan_ids[index], "%s", plan.id);
}

static void add_key(size_t number, size_t plan_count)
{
    struct access_process *process = &processes[0];
    char value[40];
    char *ids[] = {world.plan_ids[0]};
    snprintf(value, sizeof value, "a-value-of-round-%06zu", number);
    Tollgate__ApiKey key = TOLLGATE__API_KEY__INIT;
    key.usage_plan_ids = ids;
    key.n_usage_plan_ids = plan_count;
    assert_true(srv_access_add_key(&process->access, &process->ctx, base_str_of(value), &key,
                                   &process->err));
    snprintf(world.key_id, sizeof world.key_id, "%s", key.id);
}

static Tollgate__ApiKey *read_key(void)
{
    struct access_process *process = &processes[0];
    Tollgate__ApiKey *key;
    assert_true(
        srv_access_get_key(&process->access, &process->ctx, world.key_id, &key, &process->err));
    assert_null(key->joining);
    return key;
}

static Tollgate__UsagePlan *read_plan(const char *id)
{
    struct access_process *process = &processes[0];
    Tollgate__UsagePlan *plan;
    assert_true(srv_access_get_plan(&process->access, &process->ctx, id, &plan, &process->err));
    assert_null(plan->adding);
    return plan;
}

/* ---- One plan a stage ---- */

struct stage_change {
    struct srv_mutation mutation;
    char *stage;
};

static bool add_stage(const struct srv_mutation *self, struct rpc_context *ctx,
                      ProtobufCMessage *message, struct base_err *err)
{
    Tollgate__UsagePlan *plan = (Tollgate__UsagePlan *)message;
    Tollgate__ApiStage *stage = rpc_context_alloc(ctx, sizeof *stage, err);
    Tollgate__ApiStage **stages = rpc_context_alloc(ctx, 2 * sizeof(void *), err);
    assert_true(stage != NULL && stages != NULL && plan->n_api_stages == 1);
    tollgate__api_stage__init(stage);
    stage->api_id = "api";
    stage->stage = ((const struct stage_change *)self)->stage;
    stages[0] = plan->api_stages[0];
    stages[1] = stage;
    plan->api_stages = stages;
    plan->n_api_stages = 2;
    return true;
}

static bool extend(struct access_process *process, const char *plan_id, char *stage)
{
    const struct stage_change change = {{add_stage}, stage};
    Tollgate__UsagePlan *plan;
    return srv_membership_extend(&process->access, &process->ctx, plan_id, &change.stage, 1,
                                 &change.mutation, &plan, &process->err);
}

static bool join(struct access_process *process, const char *plan_id)
{
    Tollgate__ApiKey *key;
    return srv_membership_join(&process->access, &process->ctx, world.key_id, plan_id, &key,
                               &process->err);
}

/* Whether it is worth another try, as who gets in the way of others is told; on a busy machine they
 * get in each other's way for longer than a change has patience. */
static bool is_to_try_again(size_t index)
{
    return !world.ok[index] && processes[index].err.code == BASE_ABORTED;
}

/* The key is in the first plan. Any two of these would leave it with two plans of a stage. */
static void change_one(void *user, size_t index)
{
    (void)user;
    struct access_process *process = &processes[index];
    pthread_barrier_wait(&world.start);
    do {
        world.ok[index] = index == 0   ? join(process, world.plan_ids[1])
                          : index == 1 ? extend(process, world.plan_ids[0], "b")
                                       : extend(process, world.plan_ids[1], "a");
    } while (is_to_try_again(index));
}

static void test_one_plan_a_stage(void **state)
{
    (void)state;
    pthread_barrier_init(&world.start, NULL, CHANGES);
    for (size_t round = 0; round < ROUNDS; round++) {
        add_plan(0, "a");
        add_plan(1, "b");
        add_key(round, 1);
        store_on_threads(CHANGES, change_one, NULL);
        const Tollgate__UsagePlan *first = read_plan(world.plan_ids[0]);
        const Tollgate__UsagePlan *second = read_plan(world.plan_ids[1]);
        struct base_err err;
        assert_true(!srv_access_key_has_plan(read_key(), second->id) ||
                    srv_usage_plan_check_apart(first, second, &err));
        assert_true(world.ok[0] || (world.ok[1] || world.ok[2]));
        assert_false(world.ok[0] && (world.ok[1] || world.ok[2]));
    }
    pthread_barrier_destroy(&world.start);
}

/* ---- Ten plans a key ---- */

static void join_one(void *user, size_t index)
{
    (void)user;
    pthread_barrier_wait(&world.start);
    do {
        world.ok[index] = join(&processes[index], world.plan_ids[index]);
    } while (is_to_try_again(index));
}

static void test_ten_plans_a_key(void **state)
{
    (void)state;
    static char names[PLANS][16];
    pthread_barrier_init(&world.start, NULL, PLANS);
    for (size_t i = 0; i < PLANS; i++) {
        snprintf(names[i], sizeof names[i], "stage%zu", i);
        add_plan(i, names[i]);
    }
    add_key(0, 0);
    store_on_threads(PLANS, join_one, NULL);
    const Tollgate__ApiKey *key = read_key();
    assert_int_equal(key->n_usage_plan_ids, SRV_ACCESS_PLANS_PER_KEY_MAX);
    for (size_t i = 0; i < PLANS; i++) {
        if (!world.ok[i] && processes[i].err.code != BASE_RESOURCE_EXHAUSTED) {
            fail_msg("%s", processes[i].err.message);
        }
        assert_int_equal(world.ok[i], srv_access_key_has_plan(key, world.plan_ids[i]));
    }
    pthread_barrier_destroy(&world.start);
}

static int open_all(void **state)
{
    (void)state;
    subject->renew();
    for (size_t i = 0; i < PROCESSES; i++) {
        access_process_open(subject, &processes[i]);
    }
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROCESSES; i++) {
        access_process_close(&processes[i]);
    }
    return 0;
}

int membership_contract_run(const struct access_contract *contract)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_plan_a_stage, open_all, close_all),
        cmocka_unit_test_setup_teardown(test_ten_plans_a_key, open_all, close_all),
    };
    subject = contract;
    return cmocka_run_group_tests_name(contract->name, tests, NULL, NULL);
}
