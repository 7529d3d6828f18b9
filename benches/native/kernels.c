// The kernels of the benchmark, for the C compiler: the same computations, in the same order, as kernels.tir.
#include <stdint.h>
#include <string.h>

int64_t fib(int64_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static int64_t fib_of(void *unused, int64_t n) { return fib(n); }

// Mixed 32-bit additions, subtractions and products that depend on each other.
static int64_t arith(void *unused, int64_t n) {
    uint32_t a = 1, b = 7, c = 3;
    for (int32_t i = 0; i < (int32_t)n; i++) {
        a += (uint32_t)i;
        b -= a ^ c;
        c = c * 31u + b;
    }
    return (int32_t)(a ^ b ^ c);
}

static int64_t arith_nat(void *unused, int64_t n) {
    int64_t s = 0;
    for (int32_t i = 0; i < (int32_t)n; i++) {
        s += (int64_t)i * 3;
        s -= (int64_t)i * 2 + 1;
    }
    return s;
}

static int64_t sum_i32(const int32_t *a, int64_t n) {
    uint32_t s = 0;
    for (int64_t i = 0; i < n; i++) s += (uint32_t)a[i];
    return (int32_t)s;
}

static int64_t sum_f64(const double *a, int64_t n) {
    double s = 0;
    int64_t bits;
    for (int64_t i = 0; i < n; i++) s += a[i];
    memcpy(&bits, &s, 8);
    return bits;
}

// The flags are zero at entry; the result is the number of primes up to n.
static int64_t sieve(uint8_t *f, int64_t n) {
    int64_t count = 0;
    for (int64_t i = 2; i <= n; i++) {
        if (!f[i]) {
            count++;
            for (int64_t j = i * 2; j <= n; j += i) f[j] = 1;
        }
    }
    return count;
}

static int64_t mandelbrot(void *unused, int64_t n) {
    int64_t total = 0;
    for (int64_t y = 0; y < n; y++) {
        double ci = 2.0 * (double)y / (double)n - 1;
        for (int64_t x = 0; x < n; x++) {
            double cr = 2.0 * (double)x / (double)n - 1.5, zr = 0, zi = 0;
            int64_t k = 0;
            while (k < 100 && zr * zr + zi * zi <= 4) {
                double t = zr * zr - zi * zi + cr;
                zi = 2 * zr * zi + ci;
                zr = t;
                k++;
            }
            total += k;
        }
    }
    return total;
}

// In the order of the benchmark's table.
void *const tercel_kernels[] = {fib_of, arith, arith_nat, sum_i32, sum_f64, sieve, mandelbrot};
