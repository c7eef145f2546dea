/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "app/priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#define BIT(cap) ((uint64_t)1 << (cap))
#define RAW_CAP  BIT(CAP_NET_RAW)
#define MARK_CAP BIT(CAP_NET_ADMIN)
#define CAPS_MAX 64

/* The three sets of a process. */
struct caps {
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
};

static int
get_caps(struct caps *ret_caps)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, d) < 0)
		return -errno;
	ret_caps->effective = (uint64_t)d[1].effective << 32 | d[0].effective;
	ret_caps->permitted = (uint64_t)d[1].permitted << 32 | d[0].permitted;
	ret_caps->inheritable = (uint64_t)d[1].inheritable << 32 | d[0].inheritable;
	return 0;
}

/* Keep these at most, and put some of them into effect; nothing for children. */
static int
keep_caps(uint64_t permitted, uint64_t effective)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct caps now;
	int r = get_caps(&now);

	if (r < 0)
		return r;
	permitted &= now.permitted;
	effective &= permitted;
	d[0].permitted = (uint32_t)permitted;
	d[1].permitted = (uint32_t)(permitted >> 32);
	d[0].effective = (uint32_t)effective;
	d[1].effective = (uint32_t)(effective >> 32);
	return syscall(SYS_capset, &head, d) < 0 ? -errno : 0;
}

/* What no program run by us could ever have again.  Only CAP_SETPCAP lets that be
 * shrunk; without it no_new_privs has to do. */
static void
drop_bounding(void)
{
	for (unsigned long cap = 0; cap < CAPS_MAX; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/* Set-uid, set-gid: be who has run us, and be unable to go back. */
static int
become_real_user(void)
{
	uid_t ruid = getuid(), euid, suid;
	gid_t rgid = getgid(), egid, sgid;

	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (setresgid(rgid, rgid, rgid) < 0 || setresuid(ruid, ruid, ruid) < 0
	    || getresgid(&rgid, &egid, &sgid) < 0 || getresuid(&ruid, &euid, &suid) < 0)
		return -errno;
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	return euid == ruid && suid == ruid && egid == rgid && sgid == rgid ? 0
									    : -EPERM;
}

int
app_priv_begin(void)
{
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	drop_bounding();
	r = become_real_user();
	if (r == 0)
		r = keep_caps(RAW_CAP | MARK_CAP, 0);
	/* CAP_SETUID is gone now; before, this would have worked. */
	if (r == 0 && getuid() != 0 && setuid(0) == 0)
		r = -EPERM;
	return r;
}

int
app_priv_raise(bool has_mark)
{
	uint64_t wanted = RAW_CAP | (has_mark ? MARK_CAP : 0);
	struct caps now;
	int r = keep_caps(wanted, wanted);

	if (r == 0)
		r = get_caps(&now);
	if (r == 0 && (now.effective & RAW_CAP) == 0)
		r = -EPERM;
	return r;
}

/* Trust, but look. */
static int
verify_dropped(void)
{
	struct caps now;
	int r = get_caps(&now);

	if (r < 0)
		return r;
	if ((now.effective | now.permitted | now.inheritable) != 0
	    || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return -EPERM;
	r = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (r < 0)
		return 0;
	close(r);
	return -EPERM;
}

int
app_priv_drop(bool holds_raw)
{
	int r = keep_caps(0, 0);

	if (r == 0 && holds_raw && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		r = -errno;
	return r == 0 ? verify_dropped() : r;
}
