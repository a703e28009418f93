/* Messages: who sends the next one, who must get it, and whether all did, once and in the same order. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "load.h"

enum { UNPLACED = -1 };

struct message {
    uint64_t sent;
    int room, left; /* receivers that don't have it yet, and its ack */
    int64_t place;  /* in its room's order */
    bool acked, odd; /* odd: sent by a socket with an odd number */
};

static struct message *messages;
static uint32_t count = 1, capacity, oldest = 1, run;
static int outstanding, turn;
static bool stopped;

void talk_start(void) {
    stopped = false;
    if (!run) getrandom(&run, sizeof run, 0);
}
void talk_stop(void) { stopped = true; }
int talk_outstanding(void) { return outstanding; }
uint64_t talk_sent(void) { return count - 1; }

/* Senders are spread over all rooms, and take turns. */
static struct peer *next_sender(void) {
    int readers = options.sockets - options.stalled;
    for (int tries = 0; tries < options.senders; tries++) {
        struct peer *peer = &peers[(int64_t)(turn++ % options.senders) * readers / options.senders];
        if (peer->stage == READY) return peer;
    }
    return NULL;
}

static void say_message(struct peer *peer, uint32_t number) {
    static const char words[] = "the words of this message say nothing but how long they are, and then they go on ";
    char text[1 << 15];
    int length = snprintf(text, sizeof text, "42%u[\"chat-message\",{\"room\":\"%s%d\",\"body\":\"n%09u ", number,
                          options.rooms, peer->room, number);
    for (int i = 11; i < options.body - 1; i++) text[length++] = words[(size_t)i % (sizeof words - 1)];
    length += snprintf(text + length, sizeof text - (size_t)length,
                       ".\",\"client_id\":\"%08x-0000-4000-8000-%012x\"}]", run, number);
    peer_say(peer, 1, text, (size_t)length);
}

void talk_send(uint64_t due) {
    struct peer *peer = next_sender();
    if (!peer || stopped) return;
    if (count >= capacity) {
        capacity = capacity ? capacity * 2 : 4096;
        messages = grown(messages, capacity * sizeof *messages);
    }
    messages[count] = (struct message){due, peer->room, rooms[peer->room].readers + 1, UNPLACED, false, peer_is_odd(peer)};
    outstanding++;
    say_message(peer, count++);
}

void talk_fill(void) {
    while (!stopped && outstanding < options.in_flight) talk_send(clock_ns());
}

static void less(struct message *message, int by) {
    if (message->left <= 0) return;
    message->left -= by;
    if (message->left > 0) return;
    outstanding--;
    while (oldest < count && messages[oldest].left <= 0) oldest++;
    talk_fill();
}

static void check_seq(struct room *room, const char *payload, size_t size) {
    const char *found = memmem(payload, size, "\"seq\":", 6);
    if (!found) return;
    int64_t seq = strtoll(found + 6, NULL, 10);
    if (room->seq && seq != room->seq + 1) seq_holes++;
    room->seq = seq;
}

static void place(struct room *room, uint32_t number, const char *payload, size_t size) {
    if (room->length == room->capacity) {
        room->capacity = room->capacity ? room->capacity * 2 : 256;
        room->order = grown(room->order, room->capacity * sizeof *room->order);
    }
    if (messages[number].place != UNPLACED) wrong++;
    messages[number].place = room->length;
    room->order[room->length++] = number;
    check_seq(room, payload, size);
}

void talk_delivered(struct peer *peer, const char *payload, size_t size, uint64_t now) {
    const char *found = memmem(payload, size, "\"body\":\"n", 9);
    uint32_t number = found ? (uint32_t)strtoul(found + 9, NULL, 10) : 0;
    struct room *room = &rooms[peer->room];
    if (!number || number >= count || messages[number].room != peer->room) {
        wrong++;
        return;
    }
    if (peer->position == room->length) place(room, number, payload, size);
    else if (room->order[peer->position] != number) wrong++;
    peer->position++;
    tally.deliveries++;
    bool far = options.other_port && messages[number].odd != peer_is_odd(peer);
    histogram_add(far ? &tally.far : &tally.delivery, now - messages[number].sent);
    less(&messages[number], 1);
}

void talk_acked(uint32_t number, const char *payload, size_t size, uint64_t now) {
    if (number >= count || messages[number].acked) {
        wrong++;
        return;
    }
    struct message *message = &messages[number];
    message->acked = true;
    bool stored = memmem(payload, size, "\"ok\":true", 9);
    if (stored) {
        tally.acks++;
        histogram_add(&tally.ack, now - message->sent);
    }
    less(message, stored ? 1 : message->left);
}

/* What hasn't arrived by now is missing; the next talk begins with nothing on its way. */
void talk_forget(void) {
    for (; oldest < count; oldest++) messages[oldest].left = 0;
    outstanding = 0;
    for (int i = 0; i < options.sockets; i++) rooms[peers[i].room].seq = 0;
}

/* Nobody waits for what this one won't get. */
void talk_lost(struct peer *peer) {
    if (peer->stalled) return;
    rooms[peer->room].readers--;
    for (uint32_t number = oldest; number < count; number++) {
        struct message *message = &messages[number];
        if (message->room != peer->room) continue;
        if (message->place == UNPLACED || message->place >= peer->position) less(message, 1);
    }
}

uint64_t talk_missing(void) {
    uint64_t missing = 0;
    for (int i = 0; i < options.sockets; i++)
        if (peers[i].stage == READY && !peers[i].stalled) missing += rooms[peers[i].room].length - peers[i].position;
    return missing + (uint64_t)outstanding;
}
