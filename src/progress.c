#include "cdclite/progress.h"

#include <stdio.h>
#include <string.h>

#include "cdclite/loader.h"
#include "cdclite/log.h"
#include "cdclite/source.h"
#include "cdclite/time_text.h"

enum { TERMINAL_MS = 250, LOG_MS = 10000 };

const char *number_text(int64_t number, char *text)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%lld", (long long)number), used = 0;
    for (int i = 0; i < size; i++) {
        text[used++] = digits[i];
        int left = size - i - 1;
        if (left > 0 && left % 3 == 0 && digits[i] != '-') text[used++] = ',';
    }
    text[used] = '\0';
    return text;
}

void progress_start(struct progress *progress, bool quiet)
{
    *progress = (struct progress){.quiet = quiet, .terminal = log_can_redraw()};
    progress->started_ms = progress->shown_ms = time_passing_ms();
}

bool progress_is_due(struct progress *progress)
{
    if (progress->quiet) return false;
    if (++progress->calls % 16) return false;
    return time_passing_ms() - progress->shown_ms >= (progress->terminal ? TERMINAL_MS : LOG_MS);
}

void progress_show(struct progress *progress, const struct load_counts *counts,
                   const struct source_progress *at)
{
    char line[256], total[32], rate[32], rest[96] = "", behind[32];
    int64_t now = time_passing_ms(), passed = now - progress->shown_ms;
    int64_t per_second = (counts->messages - progress->shown_messages) * 1000 / (passed ? passed : 1);
    if (at->behind >= 0 && at->bytes && at->done + at->behind > 0) {
        int64_t left = at->done ? (now - progress->started_ms) * at->behind / at->done / 1000 : 0;
        snprintf(rest, sizeof rest, ", %.0f%% of the file, %lld s left",
                 100.0 * (double)at->done / (double)(at->done + at->behind), (long long)left);
    } else if (at->behind >= 0) {
        int n = snprintf(rest, sizeof rest, ", lag %s", number_text(at->behind, behind));
        if (per_second > 0 && at->behind > per_second)
            snprintf(rest + n, sizeof rest - (size_t)n, ", %lld s left",
                     (long long)(at->behind / per_second));
    }
    snprintf(line, sizeof line, "%s events, %s/s%s", number_text(counts->messages, total),
             number_text(per_second, rate), rest);
    if (progress->terminal) {
        log_progress(line);
    } else {
        log_write(LOG_INFO, "%s", line);
    }
    progress->shown_ms = now;
    progress->shown_messages = counts->messages;
}

void progress_end(struct progress *progress)
{
    if (progress->terminal && !progress->quiet) log_progress(NULL);
}
