/* Latencies in buckets of 1.6 %: 64 to each power of two. */
#include "load.h"

static unsigned bucket_of(uint64_t value) {
    if (value < 64) return (unsigned)value;
    unsigned power = 63 - (unsigned)__builtin_clzll(value);
    return (power - 5) * 64 + (unsigned)((value >> (power - 6)) & 63);
}

static double middle_of(unsigned bucket) {
    if (bucket < 64) return bucket;
    unsigned power = bucket / 64 + 5;
    uint64_t width = 1ull << (power - 6);
    return (double)((1ull << power) + (bucket % 64) * width) + (double)width / 2;
}

void histogram_add(struct histogram *h, uint64_t nanoseconds) {
    h->buckets[bucket_of(nanoseconds)]++;
    h->count++;
    if (nanoseconds > h->largest) h->largest = nanoseconds;
}

/* The latency that `share` of all stayed under. */
double histogram_ms(const struct histogram *h, double share) {
    uint64_t wanted = (uint64_t)(share * (double)h->count), seen = 0;
    for (unsigned bucket = 0; bucket < 64 * 64; bucket++) {
        seen += h->buckets[bucket];
        if (seen > wanted) return middle_of(bucket) / 1e6;
    }
    return (double)h->largest / 1e6;
}
