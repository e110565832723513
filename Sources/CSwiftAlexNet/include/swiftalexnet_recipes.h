/* swiftalexnet_recipes.h: how networks are trained, as data. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_RECIPES_H
#define SWIFTALEXNET_RECIPES_H

#include "swiftalexnet_types.h"

/* Names of the recipes, separated by spaces. */
int32_t sax_recipes(char *SAX_NONNULL text, int64_t capacity);

/* A recipe, one setting per line: see Recipe+Text.swift. Numbers read back exactly. */
int32_t sax_recipe(const char *SAX_NONNULL name, char *SAX_NONNULL text, int64_t capacity);

/* The order of `count` images in an epoch (from 0): a permutation of 0 … count - 1 determined by (seed, epoch). */
int32_t sax_shuffle(int64_t count, uint64_t seed, uint64_t epoch, int64_t *SAX_NONNULL order);

/* Principal components of ILSVRC's colours, one per line: √λ, then red, green, blue of its direction. */
int32_t sax_color_components(char *SAX_NONNULL text, int64_t capacity);

#endif
