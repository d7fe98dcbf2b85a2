/*
 * libselinux for a kernel without SELinux: it is never enabled, no file has a label, and nothing can be labelled. Debian's own
 * says the same here, after bringing a regular expression library for the labels of a policy that is not there.
 */
#include <errno.h>
#include <stddef.h>

static int unsupported(void)
{
	errno = ENOTSUP;
	return -1;
}

#define NO(name) int name(void) { return 0; }
#define FAILS(name) int name(void) { return unsupported(); }
#define NONE(name) void *name(void) { errno = ENOTSUP; return NULL; }
#define NOTHING(name) void name(void) {}

NO(avc_netlink_check_nb)
NO(is_selinux_enabled)
NO(security_deny_unknown)
NO(security_getenforce)
NO(selinux_status_getenforce)
NO(selinux_status_policyload)
/* 0 is no class (security_class_t). */
NO(string_to_av_perm)
NO(string_to_security_class)

FAILS(avc_context_to_sid)
FAILS(avc_has_perm)
FAILS(avc_netlink_acquire_fd)
FAILS(avc_open)
FAILS(avc_sid_to_context)
FAILS(context_range_set)
FAILS(fgetfilecon)
FAILS(fsetfilecon)
FAILS(getcon)
FAILS(getcon_raw)
FAILS(getfilecon)
FAILS(getfilecon_raw)
FAILS(getpeercon)
FAILS(getpeercon_raw)
FAILS(getprevcon)
FAILS(lgetfilecon)
FAILS(lsetfilecon)
FAILS(security_compute_create_raw)
FAILS(security_get_initial_context)
FAILS(selabel_lookup)
FAILS(selabel_lookup_raw)
FAILS(selinux_check_access)
FAILS(selinux_file_context_cmp)
FAILS(selinux_status_open)
FAILS(selinux_trans_to_raw_context)
FAILS(setfilecon)
FAILS(setfilecon_raw)
FAILS(setfscreatecon)
FAILS(setfscreatecon_raw)
FAILS(setsockcreatecon)
FAILS(setsockcreatecon_raw)
FAILS(context_type_set)

NONE(context_new)
NONE(context_range_get)
NONE(context_str)
NONE(selabel_open)
NONE(selinux_policy_root)

NOTHING(avc_destroy)
NOTHING(avc_netlink_release_fd)
NOTHING(context_free)
NOTHING(freecon)
NOTHING(selabel_close)
NOTHING(selinux_set_callback)
NOTHING(selinux_status_close)
