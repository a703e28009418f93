/* One socket's way: upgrade, Engine.IO's open, Socket.IO's connect, the join, and then messages. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };
static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ==", ACCEPT[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

int ready, opening;
static char **tokens;

/* A line for each socket. */
void tokens_load(void) {
    FILE *file = fopen(options.tokens, "r");
    char line[256];
    tokens = calloc((size_t)options.sockets, sizeof *tokens);
    for (int i = -options.first; file && i < options.sockets && fgets(line, sizeof line, file); i++) {
        line[strcspn(line, "\n")] = 0;
        if (i >= 0) tokens[i] = strdup(line);
    }
    if (!file || !tokens[options.sockets - 1]) {
        fprintf(stderr, "the file of tokens is too short\n");
        exit(1);
    }
    fclose(file);
}

void protocol_connected(struct peer *peer) {
    char request[512];
    int length = snprintf(request, sizeof request,
                          "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                          "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
                          options.port, KEY);
    peer->stage = UPGRADING;
    peer_send(peer, request, (size_t)length);
}

static void say(struct peer *peer, const char *text) { peer_say(peer, TEXT, text, strlen(text)); }

static void note_error(const char *payload, size_t size) {
    errors++;
    if (!first_error[0]) snprintf(first_error, sizeof first_error, "%.*s", (int)size, payload);
}

static size_t read_upgrade(struct peer *peer, const char *data, size_t length) {
    const char *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t size = (size_t)(end - data) + 4;
    if (!memmem(data, size, " 101 ", 5) || !memmem(data, size, ACCEPT, strlen(ACCEPT))) {
        note_error(data, length);
        peer_close(peer);
    } else {
        peer->stage = OPENING;
    }
    return size;
}

static void connect_namespace(struct peer *peer) {
    char text[320];
    snprintf(text, sizeof text, "40{\"token\":\"%s\"}", tokens[peer - peers]);
    peer->stage = NAMING;
    say(peer, text);
}

static void join(struct peer *peer) {
    char text[160];
    snprintf(text, sizeof text, "420[\"join\",{\"room\":\"%s%d\"}]", options.rooms, peer->room);
    peer->stage = JOINING;
    say(peer, text);
}

static void joined(struct peer *peer, const char *payload, size_t size) {
    if (!memmem(payload, size, "\"ok\":true", 9)) {
        note_error(payload, size);
        peer_close(peer);
        return;
    }
    peer->stage = READY;
    opening--;
    ready++;
    rooms[peer->room].readers++;
}

static void read_ack(struct peer *peer, const char *payload, size_t size, uint64_t now) {
    uint32_t number = 0;
    size_t at = 2;
    while (at < size && payload[at] >= '0' && payload[at] <= '9') number = number * 10 + (uint32_t)(payload[at++] - '0');
    if (number) {
        if (!memmem(payload, size, "\"ok\":true", 9)) note_error(payload, size);
        talk_acked(number, payload, size, now);
    } else if (peer->stage == JOINING) {
        joined(peer, payload, size);
    }
}

static bool begins(const char *payload, size_t size, const char *with) {
    size_t length = strlen(with);
    return size >= length && !memcmp(payload, with, length);
}

static void read_packet(struct peer *peer, const char *payload, size_t size, uint64_t now) {
    static const char message[] = "42[\"chat-message\",";
    if (begins(payload, size, message)) {
        if (peer->stage == READY) talk_delivered(peer, payload, size, now);
    } else if (begins(payload, size, "43")) {
        read_ack(peer, payload, size, now);
    } else if (begins(payload, size, "2")) {
        say(peer, "3");
    } else if (begins(payload, size, "0") && peer->stage == OPENING) {
        connect_namespace(peer);
    } else if (begins(payload, size, "40") && peer->stage == NAMING) {
        join(peer);
    } else if (begins(payload, size, "44") || begins(payload, size, "41")) {
        note_error(payload, size);
        peer_close(peer);
    }
}

/* Gives the bytes used, 0 where more must come first. */
size_t protocol_read(struct peer *peer, const char *data, size_t length, uint64_t now) {
    int opcode;
    const char *payload;
    size_t size;
    if (peer->stage == UPGRADING) return read_upgrade(peer, data, length);
    size_t used = frame_read(data, length, &opcode, &payload, &size);
    if (!used) return 0;
    if (opcode == TEXT) {
        read_packet(peer, payload, size, now);
    } else if (opcode == PING) {
        peer_say(peer, PONG, payload, size);
    } else if (opcode == CLOSE) {
        peer_close(peer);
    }
    return used;
}

void protocol_gone(struct peer *peer) {
    if (peer->stage == READY) {
        ready--;
        lost += !peer->stalled;
        talk_lost(peer);
    } else {
        opening--;
        failed_handshakes++;
    }
}
