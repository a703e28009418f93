/* RFC 6455, the client's side: frames that go are masked, frames that come are whole and aren't. */
#include <string.h>

#include "load.h"

static const unsigned char MASK[4] = {0x37, 0xfa, 0x21, 0x3d};

size_t frame_read(const char *data, size_t length, int *opcode, const char **payload, size_t *size) {
    const unsigned char *bytes = (const unsigned char *)data;
    if (length < 2) return 0;
    size_t header = 2, body = bytes[1] & 127;
    if (body >= 126) {
        size_t wide = body == 126 ? 2 : 8;
        if (length < 2 + wide) return 0;
        body = 0;
        for (size_t i = 0; i < wide; i++) body = body << 8 | bytes[2 + i];
        header += wide;
    }
    if (length < header + body) return 0;
    *opcode = bytes[0] & 15;
    *payload = data + header;
    *size = body;
    return header + body;
}

/* `to` has room for 8 bytes more than the payload, which is at most 65,535. */
size_t frame_write(char *to, int opcode, const char *payload, size_t size) {
    size_t header = 2;
    to[0] = (char)(0x80 | opcode);
    if (size < 126) {
        to[1] = (char)(0x80 | size);
    } else {
        to[1] = (char)(0x80 | 126);
        to[2] = (char)(size >> 8);
        to[3] = (char)size;
        header = 4;
    }
    memcpy(to + header, MASK, 4);
    header += 4;
    for (size_t i = 0; i < size; i++) to[header + i] = (char)(payload[i] ^ MASK[i & 3]);
    return header + size;
}
