/*
 * hash_bits.h: the whole suite under colliding hashes. The environment variable CTX_TEST_HASH_BITS
 * says how many bits of every hash are kept; 0 makes all hashes equal.
 */
#ifndef SUPPORT_HASH_BITS_H
#define SUPPORT_HASH_BITS_H

/* How many bits are kept now, 64 by default. Tests that would be quadratic do less when few are. */
int hash_bits(void);

/* Keeps `bits` from here on; before the first cache is made. */
void hash_bits_force(int bits);

#endif
