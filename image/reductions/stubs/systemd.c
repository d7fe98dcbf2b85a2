/*
 * libsystemd for lvm, Tor and the message bus on a machine without systemd: there is no journal, no bus of systemd, no machine id to derive
 * another from, no seat, and nobody to notify. lvm asks for them only where its configuration says so, and goes without where they fail.
 */
#include <errno.h>
#include <stddef.h>

#define FAILS(name) int name(void) { return -EOPNOTSUPP; }
#define NONE(name) void *name(void) { return NULL; }

FAILS(sd_journal_printv_with_location)
FAILS(sd_journal_send_with_location)
FAILS(sd_bus_call_method)
FAILS(sd_bus_message_read)
FAILS(sd_bus_open_system)
FAILS(sd_id128_get_machine_app_specific)
FAILS(sd_is_socket)
FAILS(sd_journal_stream_fd)
FAILS(sd_uid_get_seats)

NONE(sd_bus_flush_close_unref)
NONE(sd_bus_message_unref)

void sd_bus_error_free(void *error) { (void)error; }
int sd_bus_error_has_name(void) { return 0; }

/* 0: $NOTIFY_SOCKET and $WATCHDOG_USEC are not set (sd_notify(3), sd_watchdog_enabled(3)). */
int sd_notify(void) { return 0; }
int sd_notifyf(void) { return 0; }
/* 0: $LISTEN_FDS is not set (sd_listen_fds(3)). */
int sd_listen_fds(void) { return 0; }
int sd_watchdog_enabled(void) { return 0; }
