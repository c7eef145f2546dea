/* SPDX-License-Identifier: ISC */
/*
 * Stands in for libFuzzer: runs a fuzzer over files, and over their beginnings, for
 * what is cut off is what parsers get wrong.
 *
 *     fuzz_X FILE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define INPUT_MAX 65536

/* Beginnings of a long file. */
#define CUTS 256

/* From the heap and without a byte more, so that a sanitizer sees a read past the
 * end. */
static void
try(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(data, size);

	LLVMFuzzerTestOneInput(copy, size);
	fuzz_free(copy);
}

static int
replay(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *fp = fopen(path, "rb");

	if (fp == NULL) {
		perror(path);
		return 1;
	}
	size_t size = fread(data, 1, sizeof(data), fp);
	fclose(fp);
	for (size_t cut = 0; cut < size; cut += 1 + size / CUTS)
		try(data, cut);
	try(data, size);
	return 0;
}

int
main(int argc, char **argv)
{
	int r = argc < 2;

	for (int i = 1; i < argc; i++)
		r |= replay(argv[i]);
	return r;
}
