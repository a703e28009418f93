/* Opens the sockets, lets them talk or be quiet, and prints what happened.

After the options come the talks, each on the same sockets: w8 keeps 8 messages in flight, r50 sends 50 a second
whatever happens, s8 is w8 while one of the last sockets (--stalled) no longer reads, q is quiet. A socket that stopped
reading leaves before the next talk.

Lines on standard output: `start`, `ready {json}` when all have joined, and for each talk `begin` and `end` around
the seconds that are measured, and `result {json}`. Who watches the server's CPU reads it at these lines. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "load.h"

enum { HANDSHAKES_TIMEOUT = 400, DRAIN_SECONDS = 10 }; /* seconds for all handshakes; for the last messages to arrive */

struct options options = {
    .addresses = 1, .sockets = 500, .size = 500, .senders = 1, .warmup = 1, .seconds = 5,
    .concurrency = 100, .body = 80, .rooms = "hall-", .tokens = "tokens",
};
struct peer *peers;
struct room *rooms;
struct tally tally;
int rooms_count;
uint64_t failed_handshakes, lost, wrong, errors, seq_holes;
char first_error[512];

uint64_t clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void *grown(void *memory, size_t bytes) {
    memory = realloc(memory, bytes);
    if (!memory) abort();
    return memory;
}

static double own_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Gives the place of the first talk. */
static int read_options(int argc, char **argv) {
    struct { const char *name; int *whole; double *real; const char **text; } known[] = {
        {"--port", &options.port, 0, 0}, {"--other-port", &options.other_port, 0, 0}, {"--addresses", &options.addresses, 0, 0},
        {"--sockets", &options.sockets, 0, 0}, {"--first", &options.first, 0, 0},
        {"--size", &options.size, 0, 0}, {"--senders", &options.senders, 0, 0},
        {"--concurrency", &options.concurrency, 0, 0},
        {"--stalled", &options.stalled, 0, 0}, {"--body", &options.body, 0, 0},
        {"--warmup", 0, &options.warmup, 0},
        {"--seconds", 0, &options.seconds, 0}, {"--rooms", 0, 0, &options.rooms},
        {"--tokens", 0, 0, &options.tokens},
    };
    int i = 1;
    for (; i < argc && !strncmp(argv[i], "--", 2); i += 2) {
        size_t k = 0, all = sizeof known / sizeof *known;
        while (k < all && strcmp(known[k].name, argv[i])) k++;
        if (k == all || i + 1 == argc) {
            fprintf(stderr, "unknown option or no value: %s\n", argv[i]);
            exit(2);
        }
        if (known[k].whole) *known[k].whole = atoi(argv[i + 1]);
        if (known[k].real) *known[k].real = atof(argv[i + 1]);
        if (known[k].text) *known[k].text = argv[i + 1];
    }
    return i;
}

static void prepare(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    rooms_count = (options.sockets + options.size - 1) / options.size;
    peers = calloc((size_t)options.sockets, sizeof *peers);
    rooms = calloc((size_t)rooms_count, sizeof *rooms);
    for (int i = 0; i < options.sockets; i++) peers[i].room = i / options.size;
    tokens_load();
    poller_open();
}

static void open_all(void) {
    uint64_t began = clock_ns(), deadline = began + HANDSHAKES_TIMEOUT * 1000000000ull;
    int next = 0;
    puts("start");
    while ((next < options.sockets || opening) && clock_ns() < deadline) {
        while (next < options.sockets && opening < options.concurrency) peer_open(&peers[next++]);
        poller_wait(10);
    }
    double seconds = (double)(clock_ns() - began) / 1e9;
    printf("ready {\"sockets\":%d,\"failed\":%d,\"seconds\":%.4f,\"per_second\":%.1f}\n", ready,
           options.sockets - ready, seconds, ready / seconds);
}

static void run_until(uint64_t until, uint64_t *due) {
    uint64_t gap = options.rate ? (uint64_t)(1e9 / options.rate) : 0, now;
    while ((now = clock_ns()) < until) {
        if (!poller_wait((int)((until - now) / 1000000) + 1)) continue;
        for (uint64_t strikes = timer_strikes(); strikes; strikes--) talk_send(*due += gap);
    }
}

static void drain(void) {
    uint64_t deadline = clock_ns() + DRAIN_SECONDS * 1000000000ull;
    talk_stop();
    while (talk_outstanding() && clock_ns() < deadline) poller_wait(10);
}

/* Each talk that wants it stops another one. */
static void stall_next(void) {
    int i = options.sockets - options.stalled;
    while (i < options.sockets && peers[i].stage != READY) i++;
    if (i < options.sockets) peer_stall(&peers[i]);
}

static void close_stalled(void) {
    for (int i = options.sockets - options.stalled; i < options.sockets; i++)
        if (peers[i].stalled) peer_close(&peers[i]);
}

static void print_latency(const char *name, const struct histogram *h) {
    printf("\"%s\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f},", name, histogram_ms(h, 0.5), histogram_ms(h, 0.99),
           (double)h->largest / 1e6);
}

static void print_text(const char *text) {
    putchar('"');
    for (; *text; text++)
        if (*text == '"' || *text == '\\') printf("\\%c", *text);
        else putchar((unsigned char)*text < 32 ? ' ' : *text);
    putchar('"');
}

static void print_result(const struct tally *t, double seconds, double cpu) {
    int cut = 0;
    for (int i = options.sockets - options.stalled; i < options.sockets; i++)
        if (peers[i].stalled && peers[i].stage == READY) cut += peer_was_cut(&peers[i]);
    printf("result {\"seconds\":%.4f,\"deliveries\":%lu,\"stored\":%lu,\"bytes\":%lu,", seconds, t->deliveries, t->acks,
           t->bytes);
    print_latency("delivery_ms", &t->delivery);
    print_latency("ack_ms", &t->ack);
    print_latency("far_ms", &t->far);
    printf("\"sent\":%lu,\"wrong\":%lu,\"missing\":%lu,\"lost\":%lu,\"errors\":%lu,\"seq_holes\":%lu,", talk_sent(), wrong,
           talk_missing(), lost, errors, seq_holes);
    printf("\"cut\":%d,\"own_cpu\":%.3f,\"first_error\":", cut, cpu / seconds);
    print_text(first_error);
    puts("}");
}

static void talk(const char *how) {
    static struct tally window;
    close_stalled();
    if (*how == 's') stall_next();
    options.rate = *how == 'r' ? atof(how + 1) : 0;
    options.in_flight = *how == 'w' || *how == 's' ? atoi(how + 1) : 0;
    uint64_t due = clock_ns();
    talk_start();
    if (options.rate) poller_timer(options.rate);
    talk_fill();
    run_until(due + (uint64_t)(options.warmup * 1e9), &due);
    memset(&tally, 0, sizeof tally);
    double cpu = own_cpu();
    uint64_t began = clock_ns();
    puts("begin");
    run_until(began + (uint64_t)(options.seconds * 1e9), &due);
    puts("end");
    double seconds = (double)(clock_ns() - began) / 1e9;
    cpu = own_cpu() - cpu;
    window = tally;
    drain();
    if (options.rate) poller_untimer();
    print_result(&window, seconds, cpu);
    wrong = lost = errors = seq_holes = 0;
    talk_forget();
}

int main(int argc, char **argv) {
    int first = read_options(argc, argv);
    prepare();
    open_all();
    for (int i = first; ready && i < argc; i++) talk(argv[i]);
    return ready ? 0 : 1;
}
