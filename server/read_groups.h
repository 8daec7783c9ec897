/* Read groups: reads of one database that arrive while others are under way go there together.
 *
 * A read that finds a turn free takes it and reads alone, at once: where there is no crowd, nothing
 * waits. While all turns are taken, those that come gather in a group of their collection; the
 * first of them leads, and when a turn comes free it closes the group, reads for all and hands out
 * the answer. Who joins does so before the group's command is sent, so each still sees everything
 * that was committed before it came.
 *
 * Grouping is a help and binds nobody: a group that has gathered for
 * SRV_READ_GROUPS_GATHER_MS goes without a turn, and a member whose group is not answered within
 * SRV_READ_GROUPS_ANSWER_MS, or before its own deadline, or whose leader failed, reads by itself,
 * to its own end. So a connection that hangs holds up those who share it only that long.
 *
 * Knows no database: what an answer is, and how it is freed, is the user's. Any thread that may
 * block.
 */
#ifndef SERVER_READ_GROUPS_H
#define SERVER_READ_GROUPS_H

#include "server/store.h"

#include <stddef.h>

/* Members of a group, its leader included. */
#define SRV_READ_GROUPS_MEMBERS_MAX 64

/* How long a group gathers while no turn comes free, and how long a member waits for an answer. */
#define SRV_READ_GROUPS_GATHER_MS 20
#define SRV_READ_GROUPS_ANSWER_MS 200

struct srv_read_groups;

/* Reads that share one answer. */
struct srv_read_group;

enum srv_read_part {
    SRV_READ_ALONE,   /* read this one key */
    SRV_READ_LEADS,   /* read for the group, then answer it */
    SRV_READ_FOLLOWS, /* the group is answered */
};

/* One reader's part, to be given back with srv_read_groups_leave. */
struct srv_read_place {
    enum srv_read_part part;
    bool has_turn;
    struct srv_read_group *group; /* NULL for one who reads alone */
};

/* Returns owned groups with `turn_count` turns; `free_answer` frees what is handed out. */
struct srv_read_groups *srv_read_groups_create(size_t turn_count, void (*free_answer)(void *));

/* Nobody may have a place. Accepts NULL. */
void srv_read_groups_destroy(struct srv_read_groups *groups);

/* Gives the part of one who wants to read `key`; waits as said above. Copies the key. */
struct srv_read_place srv_read_groups_enter(struct srv_read_groups *groups,
                                            const struct srv_collection *collection,
                                            struct srv_key key, int64_t deadline_ns);

/* The keys of a group that is led, one of each member, in *out_keys; returns how many. They may
 * repeat. Borrowed until the leader leaves. */
size_t srv_read_group_keys(const struct srv_read_group *group, const struct srv_key **out_keys);

/* To be called as soon as one who leads or reads alone has read: gives the turn on, and `answer` to
 * the group, which takes it. NULL where reading failed, and from one without a group. */
void srv_read_groups_have_read(struct srv_read_groups *groups, struct srv_read_place *place,
                               void *answer);

/* The answer that the group got; borrowed until one leaves. */
const void *srv_read_group_answer(const struct srv_read_group *group);

/* Gives the place back; what is left is the place of one who reads alone and has no turn. */
void srv_read_groups_leave(struct srv_read_groups *groups, struct srv_read_place *place);

#endif
