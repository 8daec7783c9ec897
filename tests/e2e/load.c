#include "tests/e2e/load.h"

#include "tests/e2e/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define POLL_MS 2

struct slot {
    struct e2e_client *client;
    struct e2e_load_request asked;
    struct e2e_request request;
    bool is_busy;
};

struct run {
    const struct e2e_load *load;
    CURLM *multi;
    size_t busy;
    struct slot slots[E2E_SLOTS_MAX];
};

static void send_next(struct run *run, size_t index)
{
    struct slot *slot = &run->slots[index];
    slot->is_busy = run->load->next(run->load->user, index, &slot->asked);
    if (!slot->is_busy) {
        return;
    }
    slot->request = (struct e2e_request){
        .method = slot->asked.method, .path = slot->asked.path, .headers = slot->asked.headers};
    if (slot->asked.has_body) {
        slot->request.body = base_str_of(slot->asked.body);
    }
    CURL *curl = e2e_client_prepare(slot->client, &slot->request);
    curl_easy_setopt(curl, CURLOPT_PIPEWAIT, 1L);
    assert_int_equal(curl_multi_add_handle(run->multi, curl), CURLM_OK);
    run->busy++;
}

static size_t slot_of(const struct run *run, CURL *curl)
{
    struct e2e_client *client = NULL;
    curl_easy_getinfo(curl, CURLINFO_PRIVATE, &client);
    size_t index = 0;
    while (run->slots[index].client != client) {
        index++;
    }
    return index;
}

static void take_ended(struct run *run)
{
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(run->multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        size_t index = slot_of(run, message->easy_handle);
        CURLcode outcome = message->data.result;
        curl_multi_remove_handle(run->multi, message->easy_handle);
        run->busy--;
        run->load->on_end(run->load->user, index,
                          e2e_client_response(run->slots[index].client, outcome));
        send_next(run, index);
    }
}

static int port_of(const struct e2e_load *load, size_t slot)
{
    return slot % 2 == 1 && load->odd_port != 0 ? load->odd_port : load->port;
}

void e2e_load_run(const struct e2e_load *load, int timeout_ms)
{
    static struct run run;
    run = (struct run){.load = load, .multi = curl_multi_init()};
    assert_non_null(run.multi);
    assert_in_range(load->slots, 1, E2E_SLOTS_MAX);
    curl_multi_setopt(run.multi, CURLMOPT_MAXCONNECTS, (long)E2E_SLOTS_MAX);
    for (size_t i = 0; i < load->slots; i++) {
        bool is_first = i == 0 || (i == 1 && load->odd_port != 0);
        run.slots[i].client = e2e_client_create(port_of(load, i), load->http);
        if (!is_first) { /* the first opens the connection the others wait for */
            e2e_client_expect_connection(run.slots[i].client);
        }
        send_next(&run, i);
    }
    long long give_up_ms = e2e_now_ms() + timeout_ms;
    while (run.busy > 0) {
        int running = 0;
        assert_int_equal(curl_multi_perform(run.multi, &running), CURLM_OK);
        take_ended(&run);
        if (load->on_tick != NULL) {
            load->on_tick(load->user);
        }
        if (run.busy > 0) {
            curl_multi_poll(run.multi, NULL, 0, POLL_MS, NULL);
        }
        if (e2e_now_ms() > give_up_ms) {
            fail_msg("%zu requests have not ended within %d ms", run.busy, timeout_ms);
        }
    }
    for (size_t i = 0; i < load->slots; i++) {
        e2e_client_destroy(run.slots[i].client);
    }
    curl_multi_cleanup(run.multi);
}
