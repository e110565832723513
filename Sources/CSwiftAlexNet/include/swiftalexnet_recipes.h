/* swiftalexnet_recipes.h: how networks are trained, as data. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_RECIPES_H
#define SWIFTALEXNET_RECIPES_H

#include "swiftalexnet_types.h"

/* Names of the recipes, separated by spaces. */
int32_t sax_recipes(char *SAX_NONNULL text, int64_t capacity);

/* A recipe, a setting a line: Recipe+Text.swift says how. Numbers read back exactly. */
int32_t sax_recipe(const char *SAX_NONNULL name, char *SAX_NONNULL text, int64_t capacity);

/* The order in which an epoch, from 0, shows `count` images: a permutation of 0 … count - 1 by (seed, epoch). */
int32_t sax_shuffle(int64_t count, uint64_t seed, uint64_t epoch, int64_t *SAX_NONNULL order);

/* Principal components of the colours of ILSVRC, one a line: √λ, then red, green, blue of its direction. */
int32_t sax_color_components(char *SAX_NONNULL text, int64_t capacity);

#endif
