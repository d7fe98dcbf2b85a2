/*
 * libedit for lvm, which edits lines in its own shell alone ("lvm" without a command): that shell ends at once.
 */
#include <stddef.h>

#define NO(name) int name(void) { return 0; }
#define NONE(name) void *name(void) { return NULL; }

NO(read_history)
NO(write_history)
NO(add_history)
NONE(readline)
NONE(remove_history)
NONE(rl_completion_matches)

int history_length;
int rl_attempted_completion_over;
char *rl_line_buffer;
const char *rl_readline_name;
void *rl_attempted_completion_function;

void stifle_history(int lines) { (void)lines; }
