/* The end of a process whose own rules do not hold: what was broken, by which record, and what to do.

A record is applied before it goes to disk, so one that breaks the core is on no disk: whoever sent it was told nothing.
One that is applied again from the journal did no harm to the version that wrote it. */
#ifndef OMS_BROKEN_H
#define OMS_BROKEN_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"

__attribute__((cold, noinline, noreturn))
static void break_off(const char *what, const Frame *record, int replaying)
{
    dprintf(2, "oms: broken invariant: %s\n", what);
    if (record != NULL) {
        const uint8_t *bytes = (const uint8_t *)record;
        dprintf(2, "oms: by record %llu, %s, which %s\noms: its bytes: ",
                (unsigned long long)record->sequence, record_name(record->template_id),
                replaying ? "is safe in the journal: start the version that wrote it, or from a snapshot behind it"
                          : "is on no disk, and its sender was told nothing: it must not be sent again");
        for (uint32_t at = 0; at < record->length; at++)
            dprintf(2, "%02x", bytes[at]);
        dprintf(2, "\n");
    }
    abort();
}

#define broken(s, what) break_off(what, (s)->record, (s)->replaying)

/* The same for what the machine itself refuses: each module has its own copy of these, the engine's is the one used. */
static const Frame **crash_record;  /* of the engine that has applied last */
static const int *crash_replaying;

static inline void crash_at(const Frame **record, const int *replaying)
{
    crash_record = record;
    crash_replaying = replaying;
}

static void on_crash(int number)
{
    break_off(strsignal(number), crash_record ? *crash_record : NULL, crash_replaying ? *crash_replaying : 0);
}

static void catch_crashes(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND};
    for (size_t at = 0; at < sizeof(numbers) / sizeof(numbers[0]); at++)
        sigaction(numbers[at], &action, NULL);
}

#endif
