/* A chat server that does the least: one thread, one epoll, one send for each message and receiver, no storage.

It speaks as much of Socket.IO 5 over Engine.IO 4 over RFC 6455 as benchmarks/load asks for, and trusts its clients. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TEXT = 1, PING = 9, PONG = 10 };
enum { PING_SECONDS = 8, BACKLOG = 4096, EVENTS = 512, SOCKETS = 1 << 16, ROOMS = 1024, SLUG = 64, FRAME = 1 << 15 };

struct room {
    char slug[SLUG];
    long seq;
    int count;
    struct client **members;
};

struct client {
    int fd;
    bool open; /* upgraded */
    char user[13];
    struct room *room;
    char in[8192], *out; /* half a frame that came; bytes the kernel hasn't taken */
    size_t in_length, out_length;
};

struct slice {
    const char *start;
    int size;
};

static int poller;
static struct client *clients[SOCKETS]; /* by file descriptor */
static struct room rooms[ROOMS];

static void *grown(void *memory, size_t bytes) {
    memory = realloc(memory, bytes);
    if (!memory) abort();
    return memory;
}

static void poller_set(int operation, int fd, uint32_t events) {
    epoll_ctl(poller, operation, fd, &(struct epoll_event){.events = events, .data.fd = fd});
}

/* Sending: what the kernel doesn't take waits for EPOLLOUT. */

static void client_send(struct client *client, const char *data, size_t length) {
    ssize_t sent = client->out_length ? 0 : send(client->fd, data, length, MSG_NOSIGNAL);
    if (sent < 0) sent = 0;
    if ((size_t)sent == length) return;
    size_t left = length - (size_t)sent;
    client->out = grown(client->out, client->out_length + left);
    memcpy(client->out + client->out_length, data + sent, left);
    client->out_length += left;
    poller_set(EPOLL_CTL_MOD, client->fd, EPOLLIN | EPOLLOUT);
}

static void write_some(struct client *client) {
    ssize_t sent = send(client->fd, client->out, client->out_length, MSG_NOSIGNAL);
    if (sent > 0) {
        client->out_length -= (size_t)sent;
        memmove(client->out, client->out + sent, client->out_length);
    }
    if (!client->out_length) poller_set(EPOLL_CTL_MOD, client->fd, EPOLLIN);
}

/* `to` has room for FRAME bytes; gives the frame's length. */
static size_t frame_write(char *to, int opcode, const char *payload, size_t size) {
    size_t header = size < 126 ? 2 : 4;
    to[0] = (char)(0x80 | opcode);
    to[1] = (char)(size < 126 ? size : 126);
    if (header == 4) {
        to[2] = (char)(size >> 8);
        to[3] = (char)size;
    }
    memcpy(to + header, payload, size);
    return header + size;
}

static size_t format_frame(char *to, const char *format, ...) {
    char text[FRAME - 4];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    return frame_write(to, TEXT, text, (size_t)size);
}

#define SAY(client, ...) client_send(client, frame, format_frame(frame, __VA_ARGS__))
static char frame[FRAME];

/* The handshake: SHA-1 of the key's 24 and the constant's 36 bytes, in base 64. */

static uint32_t rotated(uint32_t word, int bits) { return word << bits | word >> (32 - bits); }

static void sha1_block(uint32_t *state, const unsigned char *block) {
    static const uint32_t constants[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t words[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int i = 0; i < 80; i++) {
        const unsigned char *four = block + 4 * i;
        words[i] = i < 16 ? (uint32_t)four[0] << 24 | (uint32_t)four[1] << 16 | (uint32_t)four[2] << 8 | four[3]
                          : rotated(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
        uint32_t mixed = i < 20 ? (b & c) | (~b & d) : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
        uint32_t next = rotated(a, 5) + mixed + e + constants[i / 20] + words[i];
        e = d, d = c, c = rotated(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

static void accept_key(char *to, const char *key) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t state[6] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0, 0};
    unsigned char padded[128] = {0};
    memcpy(padded, key, 24);
    memcpy(padded + 24, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11\x80", 37);
    padded[126] = 60 * 8 >> 8, padded[127] = (unsigned char)(60 * 8);
    sha1_block(state, padded);
    sha1_block(state, padded + 64);
    for (int i = 0; i < 27; i++) {
        uint64_t pair = (uint64_t)state[i * 6 / 32] << 32 | state[i * 6 / 32 + 1];
        to[i] = digits[pair >> (58 - i * 6 % 32) & 63];
    }
    strcpy(to + 27, "=");
}

static size_t read_upgrade(struct client *client, char *data, size_t length) {
    static const char field[] = "\r\nSec-WebSocket-Key: ", healthy[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const char *end = memmem(data, length, "\r\n\r\n", 4), *key = memmem(data, length, field, strlen(field));
    char accept[32], answer[256];
    if (!end) return 0;
    if (key && key + strlen(field) + 24 <= end) {
        accept_key(accept, key + strlen(field));
        int size = snprintf(answer, sizeof answer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                            "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
        client_send(client, answer, (size_t)size);
        client->open = true;
        SAY(client, "0{\"sid\":\"e%d\",\"upgrades\":[],\"pingInterval\":%d,\"pingTimeout\":6000,\"maxPayload\":20000}",
            client->fd, PING_SECONDS * 1000);
    } else {
        client_send(client, healthy, strlen(healthy));
    }
    return (size_t)(end - data) + 4;
}

/* Packets. */

/* Gives a string as it stands in the JSON, escapes and all; `key` is its name with quotes and colon. */
static struct slice string_after(const char *key, const char *json, size_t size) {
    const char *end = json + size, *start = memmem(json, size, key, strlen(key)), *at;
    if (!start) return (struct slice){"", 0};
    start += strlen(key);
    for (at = start; at < end && *at != '"'; at++) at += *at == '\\';
    return (struct slice){start, (int)(at - start)};
}

static struct room *room_of(struct slice slug) {
    int i = 0;
    while (i < ROOMS - 1 && rooms[i].slug[0] &&
           (strncmp(rooms[i].slug, slug.start, (size_t)slug.size) || rooms[i].slug[slug.size])) i++;
    snprintf(rooms[i].slug, SLUG, "%.*s", slug.size, slug.start);
    return &rooms[i];
}

static void join(struct client *client, int ack, struct slice slug) {
    struct room *room = client->room = room_of(slug);
    room->members = grown(room->members, (size_t)(room->count + 1) * sizeof *room->members);
    room->members[room->count++] = client;
    SAY(client, "43%d[{\"ok\":true,\"room\":{\"slug\":\"%s\"}}]", ack, room->slug);
}

/* The message of docs/protocol.md, as peers/message.js builds it. */
static void message_write(char *to, size_t limit, struct client *sender, struct slice body, struct slice client_id) {
    struct room *room = sender->room;
    struct timespec now;
    struct tm utc;
    char second[32];
    clock_gettime(CLOCK_REALTIME, &now);
    strftime(second, sizeof second, "%FT%T", gmtime_r(&now.tv_sec, &utc));
    room->seq++;
    snprintf(to, limit,
             "{\"id\":%ld,\"room\":\"%s\",\"seq\":%ld,\"sender\":{\"username\":\"%s\",\"display_name\":\"%s\","
             "\"avatar\":{\"initials\":\"BE\",\"color\":3,\"url\":null}},\"body\":\"%.*s\",\"html\":\"<p>%.*s</p>\","
             "\"client_id\":\"%.*s\",\"created_at\":\"%s.%03ldZ\",\"edited_at\":null,\"deleted\":false,\"reply_to\":null,"
             "\"reactions\":[],\"files\":[],\"previews\":[],\"forwarded\":null}",
             room->seq, room->slug, room->seq, sender->user, sender->user, body.size, body.start, body.size, body.start,
             client_id.size, client_id.start, second, now.tv_nsec / 1000000);
}

static void receive_message(struct client *client, int ack, const char *json, size_t size) {
    char message[FRAME / 2];
    struct room *room = client->room;
    message_write(message, sizeof message, client, string_after("\"body\":\"", json, size),
                  string_after("\"client_id\":\"", json, size));
    size_t length = format_frame(frame, "42[\"chat-message\",%s]", message);
    for (int i = 0; i < room->count; i++) client_send(room->members[i], frame, length);
    SAY(client, "43%d[{\"ok\":true,\"message\":%s}]", ack, message);
}

static bool begins(const char *text, size_t size, const char *with) {
    return size >= strlen(with) && !memcmp(text, with, strlen(with));
}

static void read_packet(struct client *client, const char *text, size_t size) {
    if (begins(text, size, "40")) {
        struct slice token = string_after("\"token\":\"", text, size);
        snprintf(client->user, sizeof client->user, "%.*s", token.size, token.start);
        SAY(client, "40{\"sid\":\"s%d\"}", client->fd);
    } else if (begins(text, size, "42")) {
        int ack = 0;
        size_t at = 2;
        while (at < size && text[at] >= '0' && text[at] <= '9') ack = ack * 10 + text[at++] - '0';
        if (begins(text + at, size - at, "[\"join\"")) join(client, ack, string_after("\"room\":\"", text, size));
        else if (client->room) receive_message(client, ack, text + at, size - at);
    }
}

/* Gives the bytes used, 0 where the frame isn't whole yet. No client sends one of 64 KiB or more. */
static size_t read_frame(struct client *client, char *data, size_t length) {
    unsigned char *bytes = (unsigned char *)data;
    size_t header = length > 1 && (bytes[1] & 127) == 126 ? 8 : 6;
    if (length < header) return 0;
    size_t size = header == 8 ? (size_t)bytes[2] << 8 | bytes[3] : bytes[1] & 127;
    if (length < header + size) return 0;
    char *payload = data + header;
    for (size_t i = 0; i < size; i++) payload[i] ^= payload[-4 + (int)(i & 3)];
    if ((bytes[0] & 15) == TEXT) read_packet(client, payload, size);
    if ((bytes[0] & 15) == PING) client_send(client, frame, frame_write(frame, PONG, payload, size));
    return header + size;
}

/* Sockets. */

static void client_gone(struct client *client) {
    struct room *room = client->room;
    for (int i = 0; room && i < room->count; i++)
        if (room->members[i] == client) room->members[i] = room->members[--room->count];
    clients[client->fd] = NULL;
    close(client->fd);
    free(client->out);
    free(client);
}

static void read_some(struct client *client) {
    ssize_t got = read(client->fd, client->in + client->in_length, sizeof client->in - client->in_length);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        client_gone(client);
        return;
    }
    size_t used = 0, step = 1;
    client->in_length += (size_t)got;
    while (step && used < client->in_length) {
        step = (client->open ? read_frame : read_upgrade)(client, client->in + used, client->in_length - used);
        used += step;
    }
    client->in_length -= used;
    memmove(client->in, client->in + used, client->in_length);
}

static void accept_all(int listener) {
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        clients[fd] = memset(grown(NULL, sizeof **clients), 0, sizeof **clients);
        clients[fd]->fd = fd;
        poller_set(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}

static void ping_all(void) {
    for (int fd = 0; fd < SOCKETS; fd++)
        if (clients[fd] && clients[fd]->open) SAY(clients[fd], "2");
}

static int listen_on(int port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < SOCKETS ? limit.rlim_max : SOCKETS;
    setrlimit(RLIMIT_NOFILE, &limit);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, BACKLOG) < 0) {
        perror("listen");
        exit(1);
    }
    return listener;
}

int main(void) {
    static struct epoll_event events[EVENTS];
    const char *port = getenv("PORT");
    int listener = listen_on(port ? atoi(port) : 8000);
    poller = epoll_create1(0);
    poller_set(EPOLL_CTL_ADD, listener, EPOLLIN);
    for (time_t pinged = time(NULL);;) {
        int count = epoll_wait(poller, events, EVENTS, 1000);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                accept_all(listener);
                continue;
            }
            if (events[i].events & EPOLLOUT) write_some(clients[fd]);
            if (events[i].events & ~(uint32_t)EPOLLOUT) read_some(clients[fd]);
        }
        if (time(NULL) - pinged >= PING_SECONDS) {
            ping_all();
            pinged = time(NULL);
        }
    }
}
