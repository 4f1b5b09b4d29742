#include <string.h>

#include "cdclite/embedded.h"
#include "commands.h"
#include "completion.h"

int command_completion(const struct options *options, struct error *error)
{
    static const char *const shells[][2] = {{"bash", "completions/cdclite.bash"},
                                            {"zsh", "completions/cdclite.zsh"},
                                            {"fish", "completions/cdclite.fish"}};
    const struct text_list *words = &options->arguments;
    if (words->count == 0) return error_set(error, ERROR_USAGE, "cdclite completion bash|zsh|fish");
    if (options->only_arguments)
        return completion_print(words, stdout, error) ? -1 : check_output(stdout, error);
    for (size_t i = 0; i < sizeof shells / sizeof *shells && words->count == 1; i++) {
        if (strcmp(words->all[0], shells[i][0]) != 0) continue;
        const struct embedded_file *script = embedded_find(shells[i][1]);
        fwrite(script->text, 1, script->size, stdout);
        return check_output(stdout, error);
    }
    return error_set(error, ERROR_USAGE, "'%s': cdclite completion bash|zsh|fish", words->all[0]);
}
