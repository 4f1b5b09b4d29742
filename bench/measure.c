/*
 * measure RESULT COMMAND [ARGUMENT ...]: runs it, passes its exit code on, and writes what it took as JSON:
 * wall and CPU seconds (its children's that it waited for included) and the greatest resident set of one
 * process. A small program of its own, since a child's peak counts from its parent's size at the fork.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    struct timespec began, ended;
    struct rusage usage;
    int status;
    if (argc < 3) return 2;
    clock_gettime(CLOCK_MONOTONIC, &began);
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) return 126;
    clock_gettime(CLOCK_MONOTONIC, &ended);
    getrusage(RUSAGE_CHILDREN, &usage);
    FILE *result = fopen(argv[1], "w");
    if (!result) return 126;
    fprintf(result, "{\"seconds\": %.6f, \"cpu\": %.6f, \"rss_kib\": %ld}\n",
            (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9,
            seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss);
    fclose(result);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
