// Instructions that Swift cannot express, one function each. Header-only: what an importing module may use depends on
// its compiler flags, and every function is inlined there.
#ifndef CINSTRUCTIONS_H
#define CINSTRUCTIONS_H

#include <stdint.h>

#define INSTRUCTION static inline __attribute__((always_inline))

#if defined(__AVX2__)
#include <immintrin.h>

typedef int32_t instruction_sums __attribute__((ext_vector_type(8)));
typedef int16_t instruction_shorts __attribute__((ext_vector_type(16)));

/// Each lane: a.low · b.low + a.high · b.high of pairs of Int16 (vpmaddwd).
INSTRUCTION instruction_sums instruction_multiply_pairs(instruction_shorts a, instruction_shorts b) {
  return (instruction_sums)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}
#endif

#if defined(__AVX512VNNI__)
#include <immintrin.h>

typedef int32_t instruction_quads __attribute__((ext_vector_type(16)));

/// Each lane: sum + Σ a · b over its four unsigned bytes of a and signed bytes of b (vpdpbusd).
INSTRUCTION instruction_quads instruction_dot_bytes(
    instruction_quads sum, instruction_quads a, instruction_quads b) {
  return (instruction_quads)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
}
#endif

#if defined(__AVX512BF16__)
#include <immintrin.h>

typedef float instruction_floats __attribute__((ext_vector_type(16)));
typedef int32_t instruction_pairs __attribute__((ext_vector_type(16)));
typedef uint16_t instruction_halves __attribute__((ext_vector_type(16)));

/// Each lane: sum + a.low · b.low + a.high · b.high of pairs of bfloat16 (vdpbf16ps).
INSTRUCTION instruction_floats instruction_dot_bf16(
    instruction_floats sum, instruction_pairs a, instruction_pairs b) {
  return (instruction_floats)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}

/// Each lane rounded to bfloat16, ties to even; denormal floats become zero (vcvtneps2bf16).
INSTRUCTION instruction_halves instruction_round_bf16(instruction_floats x) {
  return (instruction_halves)_mm512_cvtneps_pbh((__m512)x);
}

/// Each lane with 16 zero bits above it (vpmovzxwd).
INSTRUCTION instruction_pairs instruction_widen_halves(instruction_halves x) {
  return (instruction_pairs)_mm512_cvtepu16_epi32((__m256i)x);
}
#endif

#if defined(__AMX_TILE__) && defined(__AMX_BF16__)
#include <immintrin.h>

// The number of a tile register is part of the instruction, so each has its own function.

INSTRUCTION void instruction_tile_configure(const void *_Nonnull configuration) { _tile_loadconfig(configuration); }
INSTRUCTION void instruction_tile_release(void) { _tile_release(); }

#define INSTRUCTION_TILE_LOAD(register)                                                             \
  INSTRUCTION void instruction_tile_load_##register(const void *_Nonnull source, intptr_t stride) { \
    _tile_loadd(register, source, stride);                                                          \
  }
INSTRUCTION_TILE_LOAD(0)
INSTRUCTION_TILE_LOAD(1)
INSTRUCTION_TILE_LOAD(2)
INSTRUCTION_TILE_LOAD(3)
INSTRUCTION_TILE_LOAD(4)
INSTRUCTION_TILE_LOAD(5)
INSTRUCTION_TILE_LOAD(6)
INSTRUCTION_TILE_LOAD(7)

#define INSTRUCTION_TILE_STORE(register)                                                       \
  INSTRUCTION void instruction_tile_store_##register(void *_Nonnull target, intptr_t stride) { \
    _tile_stored(register, target, stride);                                                    \
  }
INSTRUCTION_TILE_STORE(0)
INSTRUCTION_TILE_STORE(1)
INSTRUCTION_TILE_STORE(2)
INSTRUCTION_TILE_STORE(3)

/// The sums += the left rows · the panel's pairs of rows, bfloat16 (tdpbf16ps).
INSTRUCTION void instruction_tile_dot_0(void) { _tile_dpbf16ps(0, 4, 6); }
INSTRUCTION void instruction_tile_dot_1(void) { _tile_dpbf16ps(1, 4, 7); }
INSTRUCTION void instruction_tile_dot_2(void) { _tile_dpbf16ps(2, 5, 6); }
INSTRUCTION void instruction_tile_dot_3(void) { _tile_dpbf16ps(3, 5, 7); }
#endif

#endif
