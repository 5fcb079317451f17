/*
 * commands.h: the commands of ctxbench. Each gets its own name as argv[0] and returns the exit
 * status: 0, 1 for a failure, 2 for options it does not understand.
 */
#ifndef BENCH_COMMANDS_H
#define BENCH_COMMANDS_H

int command_advise(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_curve(int argc, char **argv);
int command_generate(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_report(int argc, char **argv);
int command_throughput(int argc, char **argv);

#endif
