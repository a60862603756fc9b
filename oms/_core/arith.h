/* Exact arithmetic on money, price and quantity: 128-bit intermediates, one named rounding each, every overflow told.
 * Functions return 1 when the result fits and 0 when it does not; they never wrap. No state.
 */
#ifndef OMS_ARITH_H
#define OMS_ARITH_H
#include <stdint.h>
#include <string.h>

typedef __int128 i128;
typedef unsigned __int128 u128;

#define FIGURE_MAX ((int64_t)1 << 60) /* totals stay under this, so that a sum of a few never overflows */

static const int64_t POWER_OF_TEN[19] = {
    1LL, 10LL, 100LL, 1000LL, 10000LL, 100000LL, 1000000LL, 10000000LL, 100000000LL, 1000000000LL, 10000000000LL,
    100000000000LL, 1000000000000LL, 10000000000000LL, 100000000000000LL, 1000000000000000LL, 10000000000000000LL,
    100000000000000000LL, 1000000000000000000LL};

static inline i128 divide_half_away(i128 dividend, i128 divisor) {
    i128 half = divisor / 2;
    return dividend >= 0 ? (dividend + half) / divisor : -((-dividend + half) / divisor);
}

static inline i128 divide_up(i128 dividend, i128 divisor) {
    return dividend > 0 ? (dividend + divisor - 1) / divisor : -((-dividend) / divisor);
}

static inline int fits(i128 figure, int64_t *out) {
    if (figure > FIGURE_MAX || figure < -FIGURE_MAX)
        return 0;
    *out = (int64_t)figure;
    return 1;
}

/* Money of price * quantity. A reservation rounds up, against the account; a trade's value half away from zero. */
static inline int value_of(int64_t price, int64_t quantity, int64_t numerator, int64_t denominator, int up,
                           int64_t *out) {
    i128 product = (i128)price * quantity;
    if (numerator != 1 && __builtin_mul_overflow(product, (i128)numerator, &product))
        return 0;
    if (denominator != 1)
        product = up ? divide_up(product, denominator) : divide_half_away(product, denominator);
    return fits(product, out);
}

static inline int rate_of(int64_t base, int64_t rate_e8, int64_t *out) {
    return fits(divide_half_away((i128)base * rate_e8, 100000000), out);
}

/* An amount with `decimals` in units with `exponent`: 0 when that loses some of it, or does not fit. */
static inline int rescale(int64_t amount, int decimals, int exponent, int64_t *out) {
    if (decimals > 18 || exponent > 18)
        return 0;
    if (decimals <= exponent)
        return fits((i128)amount * POWER_OF_TEN[exponent - decimals], out);
    if (amount % POWER_OF_TEN[decimals - exponent])
        return 0;
    return fits(amount / POWER_OF_TEN[decimals - exponent], out);
}

/* The share of a figure that part of a whole has; part <= whole, whole above zero. */
static inline int64_t part_of(int64_t figure, int64_t part, int64_t whole) {
    return (int64_t)divide_half_away((i128)figure * part, whole);
}

/* An amount with four decimals in units of a currency. */
static inline int64_t scale_e4(int64_t amount_e4, int exponent) {
    int64_t out = FIGURE_MAX;
    if (exponent == 4)
        return amount_e4;
    if (exponent < 4)
        return (int64_t)divide_half_away(amount_e4, POWER_OF_TEN[4 - exponent]);
    fits((i128)amount_e4 * POWER_OF_TEN[exponent - 4], &out);
    return out;
}

static inline int64_t size_of(int64_t figure) { return figure < 0 ? -figure : figure; }

/* The price that a market buy is reserved at: the reference and a margin on its size, rounded up. */
static inline int protect_price(int64_t reference, int64_t margin_bps, int64_t *out) {
    return fits(divide_up((i128)reference * 10000 + (i128)size_of(reference) * margin_bps, 10000), out);
}

/* Is the price further than bps from the reference, on the aggressive side? */
static inline int outside_collar(int64_t price, int64_t reference, int64_t bps, int buying) {
    if (buying)
        return (i128)price * 10000 > (i128)reference * 10000 + (i128)size_of(reference) * bps;
    return (i128)price * 10000 < (i128)reference * 10000 - (i128)size_of(reference) * bps;
}

/* price_exponent, quantity_exponent, multiplier and price factor folded into one reduced fraction. */
static inline int value_fraction(int64_t multiplier, int64_t factor_numerator, int64_t factor_denominator,
                                 int price_exponent, int quantity_exponent, int money_exponent, int64_t *numerator,
                                 int64_t *denominator) {
    i128 up = (i128)multiplier * factor_numerator, down = factor_denominator, a, b;
    int shift = money_exponent - price_exponent - quantity_exponent;
    if (up <= 0 || down <= 0 || shift > 18 || shift < -18)
        return 0;
    if (shift >= 0)
        up *= POWER_OF_TEN[shift];
    else
        down *= POWER_OF_TEN[-shift];
    for (a = up, b = down; b;) {
        i128 rest = a % b;
        a = b;
        b = rest;
    }
    return fits(up / a, numerator) && fits(down / a, denominator);
}

/* Cost of a holding: average = cost / quantity_of_cost, an exact fraction while 128 bits hold it. */
static inline i128 wide(uint64_t low, int64_t high) { return ((i128)high << 64) | low; }

static inline i128 greatest_divisor(i128 a, i128 b) {
    if (a < 0)
        a = -a;
    while (b) {
        i128 rest = a % b;
        a = b;
        b = rest;
    }
    return a ? a : 1;
}

static inline void cost_store(i128 cost, int64_t of, uint64_t *low, int64_t *high, int64_t *cost_quantity) {
    *low = (uint64_t)cost;
    *high = (int64_t)(cost >> 64);
    *cost_quantity = of;
}

/* up / down, both below 2^120, as a fraction whose denominator a row can hold: reduced, else cut at 2^-59. */
static inline void cost_fit(i128 up, i128 down, i128 *numerator, int64_t *denominator) {
    i128 divisor = greatest_divisor(up, down), rest;
    if (down / divisor <= FIGURE_MAX) {
        *numerator = up / divisor;
        *denominator = (int64_t)(down / divisor);
        return;
    }
    *numerator = up / down;
    rest = up % down;
    for (int bit = 0; bit < 59; bit++) {
        rest *= 2;
        *numerator = *numerator * 2 + (rest >= down);
        rest -= rest >= down ? down : 0;
    }
    *denominator = (int64_t)1 << 59;
}

/* A holding of `held` (>= 0) with an average becomes held + added, bought at price. Of a trade of before a corporate
 * action, `traded` is the quantity that the price is for, and `counts` what that is now; else they are the same.
 * Reductions leave the fraction as it is. No intermediate overflows: the average is taken apart into a whole number and
 * a fraction below one. */
static inline void cost_add(uint64_t *low, int64_t *high, int64_t *cost_quantity, int64_t held, int64_t added,
                            int64_t price, int64_t traded, int64_t counts) {
    i128 cost = wide(*low, *high), of = *cost_quantity, total = (i128)held + added, whole, part, up, fraction;
    i128 paid = (i128)price * (traded == counts ? added : traded);
    int64_t down;
    if (held == 0) {
        cost_store(paid, traded == counts ? added : counts, low, high, cost_quantity);
        return;
    }
    if (of == held) {
        cost_store(cost + paid, held + added, low, high, cost_quantity);
        return;
    }
    part = cost % of * held; /* the cost is whole + part / of */
    whole = cost / of * held + part / of + paid;
    part %= of;
    if (part == 0) {
        cost_store(whole, (int64_t)total, low, high, cost_quantity);
        return;
    }
    up = whole % total * of + part; /* the average is whole / total + up / (of * total) */
    cost_fit(up, of * total, &fraction, &down);
    cost_store(whole / total * down + fraction, down, low, high, cost_quantity);
}

/* A holding of `held` (> 0) with an average takes in `added` that come with an average of their own, eight decimals. */
static inline void cost_carry(uint64_t *low, int64_t *high, int64_t *cost_quantity, int64_t held, int64_t added,
                              int64_t average_e8, int exponent) {
    i128 cost = wide(*low, *high), of = *cost_quantity, unit = POWER_OF_TEN[8 - exponent], total = (i128)held + added;
    i128 part = cost % of * held, brought = (i128)average_e8 * added, whole, fraction;
    int64_t down;
    whole = cost / of * held + part / of + brought / unit;
    cost_fit(part % of * unit + brought % unit * of, of * unit, &fraction, &down);
    whole += fraction / down;
    fraction %= down;
    if (fraction == 0) {
        cost_store(whole, (int64_t)total, low, high, cost_quantity);
        return;
    }
    cost_fit(whole % total * down + fraction, down * total, &fraction, &down);
    cost_store(whole / total * down + fraction, down, low, high, cost_quantity);
}

/* The average that a cost amounts to, with eight decimals, half away from zero. */
static inline int64_t cost_average(uint64_t low, int64_t high, int64_t cost_quantity, int exponent) {
    i128 cost = wide(low, high), unit = POWER_OF_TEN[8 - exponent];
    return (int64_t)(cost / cost_quantity * unit + divide_half_away(cost % cost_quantity * unit, cost_quantity));
}

/* Money of `quantity` at a cost, with the instrument's value fraction, rounded up; FIGURE_MAX when it does not fit. */
static inline int64_t cost_value(uint64_t low, int64_t high, int64_t cost_quantity, int64_t quantity,
                                 int64_t numerator, int64_t denominator) {
    i128 cost = wide(low, high), down = (i128)cost_quantity * denominator, units = (i128)quantity * numerator, up;
    int64_t out = FIGURE_MAX;
    if (__builtin_mul_overflow(cost / down, units, &up))
        return out;
    cost %= down;
    while (cost > ((i128)1 << 126) / units) { /* beyond 126 bits: the last ones do not show */
        cost = (cost >> 1) + 1;
        down >>= 1;
    }
    fits(up + divide_up(cost * units, down), &out);
    return out;
}

/* What a registry tells: an average with eight decimals, for prices with `exponent` decimals. */
static inline void cost_load(int64_t average_e8, int exponent, uint64_t *low, int64_t *high, int64_t *cost_quantity) {
    i128 down = POWER_OF_TEN[8 - exponent], divisor = greatest_divisor(average_e8, down);
    cost_store(average_e8 / divisor, (int64_t)(down / divisor), low, high, cost_quantity);
}

/* Corporate actions: `up` new units of stock for `down` old ones. */

/* Stock is cut towards zero; *rest is what is left of a unit, in down-ths of it, with the sign of the figure. */
static inline int scale_quantity(int64_t figure, uint32_t up, uint32_t down, int64_t *out, int64_t *rest) {
    i128 product = (i128)figure * up;
    *rest = (int64_t)(product % down);
    return fits(product / down, out);
}

static inline int64_t scale_price(int64_t price, uint32_t up, uint32_t down) {
    int64_t out = 0; /* a price that does not fit is none */
    fits(divide_half_away((i128)price * down, up), &out);
    return out;
}

/* The average of a holding scales inversely, taken apart as in cost_add. */
static inline void cost_scale(uint32_t up, uint32_t down, uint64_t *low, int64_t *high, int64_t *cost_quantity) {
    i128 cost = wide(*low, *high), of = *cost_quantity, whole, fraction;
    int64_t into;
    if (of == 0)
        return;
    whole = cost / of * down; /* the average is whole / up + (cost % of) * down / (of * up) */
    cost_fit(whole % up * of + cost % of * down, of * up, &fraction, &into);
    cost_store(whole / up * into + fraction, into, low, high, cost_quantity);
}

/* Money of `rest` down-ths of a unit at a price, half away from zero. */
static inline int lieu_of(int64_t price, int64_t rest, uint32_t down, int64_t numerator, int64_t denominator,
                          int64_t *out) {
    i128 product = (i128)price * rest;
    if (__builtin_mul_overflow(product, (i128)numerator, &product))
        return 0;
    return fits(divide_half_away(product, (i128)denominator * down), out);
}

/* Money of an amount per unit with eight decimals; `shift` decimals more than the currency has. */
static inline int dividend_of(int64_t amount_e8, int64_t quantity, int shift, int64_t *out) {
    return fits(divide_half_away((i128)amount_e8 * quantity, POWER_OF_TEN[shift]), out);
}

static inline uint64_t mix(uint64_t a, uint64_t b) {
    u128 product = (u128)(a ^ 0x9E3779B97F4A7C15ULL) * (b ^ 0xD1B54A32D192ED03ULL);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_bytes(const uint8_t *bytes, uint32_t length, uint64_t seed) {
    uint64_t hash = mix(seed, length), word;
    for (; length >= 8; bytes += 8, length -= 8) {
        memcpy(&word, bytes, 8);
        hash = mix(hash, word);
    }
    if (length) {
        word = 0;
        memcpy(&word, bytes, length);
        hash = mix(hash, word);
    }
    return mix(hash, 0x2545F4914F6CDD1DULL);
}
#endif
