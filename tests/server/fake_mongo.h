/* Fake MongoDB: answers every command with what a test tells it to, for what a real one answers
 * only as part of a cluster. One thread. It greets as something behind a load balancer would, which
 * libmongoc does not watch: so it wants a URI with loadBalanced=true.
 */
#ifndef SERVER_FAKE_MONGO_H
#define SERVER_FAKE_MONGO_H

struct fake_mongo;

/* Returns owned a server on a free port of 127.0.0.1. Fails the test when it cannot. */
struct fake_mongo *fake_mongo_open(void);

/* Cuts all connections. Accepts NULL. */
void fake_mongo_close(struct fake_mongo *fake);

int fake_mongo_port(const struct fake_mongo *fake);

/* What it answers from now on, as JSON; borrows the text. */
void fake_mongo_answer(struct fake_mongo *fake, const char *json);

/* The last command as JSON, "" without one. Lives until the next command. */
const char *fake_mongo_command(struct fake_mongo *fake);

#endif
