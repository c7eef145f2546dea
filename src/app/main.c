/* SPDX-License-Identifier: ISC */
#include <hoptop/version.h>

#include <stdio.h>

int
main(void)
{
	printf("hoptop %s\n", ht_version());
	return 0;
}
