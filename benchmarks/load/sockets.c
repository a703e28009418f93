/* Sockets and the epoll they wait in. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "load.h"

enum { BUFFER = 1 << 20, EVENTS = 512 };

static int poller, timer = -1;
static char buffer[BUFFER];

void poller_open(void) { poller = epoll_create1(0); }

static void poller_set(int operation, int fd, uint32_t events, void *owner) {
    struct epoll_event event = {.events = events, .data.ptr = owner};
    epoll_ctl(poller, operation, fd, &event);
}

void poller_timer(double rate) {
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    uint64_t gap = (uint64_t)(1e9 / rate);
    struct timespec span = {(time_t)(gap / 1000000000), (long)(gap % 1000000000)};
    timerfd_settime(timer, 0, &(struct itimerspec){span, span}, NULL);
    poller_set(EPOLL_CTL_ADD, timer, EPOLLIN, NULL);
}

void poller_untimer(void) { close(timer); }

uint64_t timer_strikes(void) {
    uint64_t strikes = 0;
    return read(timer, &strikes, sizeof strikes) == sizeof strikes ? strikes : 0;
}

bool peer_is_odd(const struct peer *peer) { return (peer - peers) % 2; }

void peer_open(struct peer *peer) {
    int on = 1, small = 16384, segment = 1460;
    int number = (int)(peer - peers);
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (peer->fd < 0) {
        perror("socket");
        exit(1);
    }
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(peer->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (number >= options.sockets - options.stalled) {
        /* By loopback's segments of 64 KiB the kernel would hold megabytes for a socket that stops reading. */
        setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        setsockopt(peer->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    }
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(number % options.addresses));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool other = options.other_port && peer_is_odd(peer);
    to.sin_port = htons((uint16_t)(other ? options.other_port : options.port));
    peer->stage = CONNECTING;
    opening++;
    if (bind(peer->fd, (struct sockaddr *)&from, sizeof from) < 0 ||
        (connect(peer->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)) {
        peer_close(peer);
        return;
    }
    poller_set(EPOLL_CTL_ADD, peer->fd, EPOLLIN | EPOLLOUT, peer);
}

void peer_close(struct peer *peer) {
    if (peer->stage == GONE) return;
    close(peer->fd);
    protocol_gone(peer);
    peer->stage = GONE;
}

/* From now on nobody reads what the server sends it. */
void peer_stall(struct peer *peer) {
    poller_set(EPOLL_CTL_DEL, peer->fd, 0, NULL);
    peer->stalled = true;
    rooms[peer->room].readers--;
}

bool peer_was_cut(struct peer *peer) {
    for (;;) {
        ssize_t got = read(peer->fd, buffer, BUFFER);
        if (got == 0) return true;
        if (got < 0) return errno != EAGAIN;
    }
}

void peer_send(struct peer *peer, const char *data, size_t length) {
    ssize_t sent = peer->out_length ? 0 : send(peer->fd, data, length, MSG_NOSIGNAL);
    if (sent < 0) sent = 0;
    if ((size_t)sent == length) return;
    size_t left = length - (size_t)sent;
    peer->out = grown(peer->out, peer->out_length + left);
    memcpy(peer->out + peer->out_length, data + sent, left);
    peer->out_length += left;
    poller_set(EPOLL_CTL_MOD, peer->fd, EPOLLIN | EPOLLOUT, peer);
}

void peer_say(struct peer *peer, int opcode, const char *payload, size_t size) {
    static char frame[1 << 16];
    peer_send(peer, frame, frame_write(frame, opcode, payload, size));
}

static void write_some(struct peer *peer) {
    if (peer->stage == CONNECTING) protocol_connected(peer);
    ssize_t sent = peer->out_length ? send(peer->fd, peer->out, peer->out_length, MSG_NOSIGNAL) : 0;
    if (sent > 0) {
        peer->out_length -= (size_t)sent;
        memmove(peer->out, peer->out + sent, peer->out_length);
    }
    if (!peer->out_length) poller_set(EPOLL_CTL_MOD, peer->fd, EPOLLIN, peer);
}

static void keep_rest(struct peer *peer, const char *data, size_t length) {
    if (length) {
        peer->rest = grown(peer->rest, length);
        memcpy(peer->rest, data, length);
    } else if (peer->rest) {
        free(peer->rest);
        peer->rest = NULL;
    }
    peer->rest_length = length;
}

static void read_some(struct peer *peer) {
    size_t length = peer->rest_length, used = 0;
    if (length) memcpy(buffer, peer->rest, length);
    ssize_t got = read(peer->fd, buffer + length, BUFFER - length);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        peer_close(peer);
        return;
    }
    length += (size_t)got;
    tally.bytes += (uint64_t)got;
    uint64_t now = clock_ns();
    while (used < length && peer->stage != GONE) {
        size_t step = protocol_read(peer, buffer + used, length - used, now);
        if (!step) break;
        used += step;
    }
    if (peer->stage != GONE) keep_rest(peer, buffer + used, length - used);
}

bool poller_wait(int milliseconds) {
    static struct epoll_event events[EVENTS];
    bool struck = false;
    int count = epoll_wait(poller, events, EVENTS, milliseconds);
    for (int i = 0; i < count; i++) {
        struct peer *peer = events[i].data.ptr;
        if (!peer) {
            struck = true;
            continue;
        }
        if (peer->stage != GONE && events[i].events & EPOLLOUT) write_some(peer);
        if (peer->stage != GONE && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_some(peer);
    }
    return struck;
}
