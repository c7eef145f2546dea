/* SPDX-License-Identifier: ISC */
/**
 * @file version.h
 * The version of the library that the program was linked with.
 */
#ifndef HOPTOP_VERSION_H
#define HOPTOP_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Give the version as text, "MAJOR.MINOR.PATCH".
 *
 * @return static string
 */
const char *ht_version(void);

#ifdef __cplusplus
}
#endif

#endif /* HOPTOP_VERSION_H */
