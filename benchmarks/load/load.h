/* A load generator for Socket.IO 5 over Engine.IO 4 over RFC 6455: one thread, one epoll, many sockets. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    int port;
    int other_port;    /* of another process of the same site, to which every second socket goes; 0: none */
    int addresses;     /* source addresses 127.0.0.2 …: one has ports for 28,000 sockets */
    int sockets;
    int first;         /* the first socket's line in the file of tokens */
    int size;          /* sockets of a room */
    int senders;
    int in_flight;     /* of this talk: messages on their way at any time */
    double rate;       /* of this talk: messages a second; 0 where the next one waits for the last */
    double warmup, seconds;
    int concurrency;   /* handshakes at the same time */
    int stalled;       /* sockets, the last ones, of which one stops reading when a talk wants it */
    int body;          /* bytes of a message's text */
    const char *rooms; /* prefix of the rooms' slugs */
    const char *tokens;
};

enum stage { IDLE, CONNECTING, UPGRADING, OPENING, NAMING, JOINING, READY, GONE };

struct peer {
    int fd, room;
    enum stage stage;
    bool stalled;
    uint32_t position; /* messages of its room that it has */
    char *rest, *out;  /* half a frame that came; bytes the kernel hasn't taken */
    size_t rest_length, out_length;
};

struct room {
    int readers;
    uint32_t *order; /* numbers of its messages, as the first receiver of each saw them */
    uint32_t length, capacity;
    int64_t seq;
};

struct histogram {
    uint64_t count, largest, buckets[64 * 64];
};

struct tally {
    uint64_t deliveries, acks, bytes;
    struct histogram delivery, ack, far; /* far: to a socket of the other process than the sender's */
};

extern struct options options;
extern struct peer *peers;
extern struct room *rooms;
extern int rooms_count;
extern struct tally tally; /* of the window that is measured */
extern uint64_t failed_handshakes, lost, wrong, errors, seq_holes;
extern char first_error[512];

uint64_t clock_ns(void);
void *grown(void *memory, size_t bytes);

void histogram_add(struct histogram *h, uint64_t nanoseconds);
double histogram_ms(const struct histogram *h, double share);

/* frames.c: gives the bytes used, 0 where the frame isn't whole yet. */
size_t frame_read(const char *data, size_t length, int *opcode, const char **payload, size_t *size);
size_t frame_write(char *to, int opcode, const char *payload, size_t size);

/* sockets.c */
void poller_open(void);
bool poller_wait(int milliseconds); /* true where the timer has struck */
void poller_timer(double rate);
void poller_untimer(void);
uint64_t timer_strikes(void);
void peer_open(struct peer *peer);
bool peer_is_odd(const struct peer *peer);
void peer_stall(struct peer *peer);
bool peer_was_cut(struct peer *peer);
void peer_close(struct peer *peer);
void peer_send(struct peer *peer, const char *data, size_t length);
void peer_say(struct peer *peer, int opcode, const char *payload, size_t size);

/* protocol.c */
void tokens_load(void);
void protocol_connected(struct peer *peer);
size_t protocol_read(struct peer *peer, const char *data, size_t length, uint64_t now);
void protocol_gone(struct peer *peer);
extern int ready, opening;

/* talk.c */
void talk_start(void);
void talk_send(uint64_t due);
void talk_fill(void);
void talk_stop(void);
void talk_forget(void);
void talk_delivered(struct peer *peer, const char *payload, size_t size, uint64_t now);
void talk_acked(uint32_t number, const char *payload, size_t size, uint64_t now);
void talk_lost(struct peer *peer);
int talk_outstanding(void);
uint64_t talk_missing(void);
uint64_t talk_sent(void);

#endif
