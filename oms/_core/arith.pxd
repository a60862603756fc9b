# What arith.h offers: exact arithmetic with one named rounding each, and the hash of the indexes.
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

cdef extern from "arith.h" nogil:
    const int64_t FIGURE_MAX
    int value_of(int64_t price, int64_t quantity, int64_t numerator, int64_t denominator, int up, int64_t* out)
    int rate_of(int64_t base, int64_t rate_e8, int64_t* out)
    int rescale(int64_t amount, int decimals, int exponent, int64_t* out)
    int64_t part_of(int64_t figure, int64_t part, int64_t whole)
    int64_t scale_e4(int64_t amount_e4, int exponent)
    int protect_price(int64_t reference, int64_t margin_bps, int64_t* out)
    int outside_collar(int64_t price, int64_t reference, int64_t bps, int buying)
    int value_fraction(int64_t multiplier, int64_t factor_numerator, int64_t factor_denominator, int price_exponent,
                       int quantity_exponent, int money_exponent, int64_t* numerator, int64_t* denominator)
    void cost_add(uint64_t* low, int64_t* high, int64_t* cost_quantity, int64_t held, int64_t added, int64_t price,
                  int64_t traded, int64_t counts)
    int64_t cost_value(uint64_t low, int64_t high, int64_t cost_quantity, int64_t quantity, int64_t numerator,
                       int64_t denominator)
    void cost_carry(uint64_t* low, int64_t* high, int64_t* cost_quantity, int64_t held, int64_t added,
                    int64_t average_e8, int exponent)
    int64_t cost_average(uint64_t low, int64_t high, int64_t cost_quantity, int exponent)
    void cost_load(int64_t average_e8, int exponent, uint64_t* low, int64_t* high, int64_t* cost_quantity)
    int scale_quantity(int64_t figure, uint32_t up, uint32_t down, int64_t* out, int64_t* rest)
    int64_t scale_price(int64_t price, uint32_t up, uint32_t down)
    void cost_scale(uint32_t up, uint32_t down, uint64_t* low, int64_t* high, int64_t* cost_quantity)
    int lieu_of(int64_t price, int64_t rest, uint32_t down, int64_t numerator, int64_t denominator, int64_t* out)
    int dividend_of(int64_t amount_e8, int64_t quantity, int shift, int64_t* out)
    uint64_t mix(uint64_t a, uint64_t b)
    uint64_t hash_bytes(const uint8_t* data, uint32_t length, uint64_t seed)
