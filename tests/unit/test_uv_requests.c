/*
 * Requests that libuv answers from its pool of threads, and what the system tells: in which context the
 * answers come.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#include "support/gate.h"
#include "support/uv_kit.h"

TestSuite(uv_requests, .init = open_loop, .fini = close_loop);

/* ---- work --------------------------------------------------------------------------------- */

static uv_work_t request;
static char seen_by_worker[64];

static void work(uv_work_t *of)
{
    CHECK_EQ(of == &request, 1);
    snprintf(seen_by_worker, sizeof seen_by_worker, "%s", now());
    become("set by the worker");
}

static void after_work(uv_work_t *of, int status)
{
    cr_assert_eq(of, &request);
    snprintf(seen, sizeof seen, "%d ", status);
    note_and_change();
}

Test(uv_requests, work_and_what_comes_after_run_in_a_copy_each)
{
    become("acme");
    cr_assert_eq(ctx_uv_queue_work(&loop, &request, work, after_work), 0);
    become("later");
    run();
    cr_assert_str_eq(seen_by_worker, "acme");
    cr_assert_str_eq(seen, "0  acme");
    cr_assert_str_eq(now(), "later");
}

Test(uv_requests, after_work_sees_what_work_set_in_a_named_context)
{
    ctx_context *session = context_with("session");

    cr_assert_eq(CTX_UV_IN(session, ctx_uv_queue_work(&loop, &request, work, after_work)), 0);
    run();
    cr_assert_str_eq(seen_by_worker, "session");
    cr_assert_str_eq(seen, "0  set by the worker");
    cr_assert_str_eq(now_in(session), "changed");
    ctx_context_unref(session);
}

Test(uv_requests, work_without_anything_after_it_lets_go)
{
    hold();
    cr_assert_eq(ctx_uv_queue_work(&loop, &request, work, NULL), 0);
    unhold();
    cr_assert(is_held());
    cr_assert_eq(ctx_uv_loop_close(&loop), UV_EBUSY);
    run();
    cr_assert_not(is_held());
}

static struct gate gate = GATE_INIT;

static void pass_gate(uv_work_t *unused)
{
    (void)unused;
    gate_pass(&gate);
}

Test(uv_requests, canceled_work_is_answered_in_its_context)
{
    enum { THREADS = 4 }; /* of libuv's pool */
    uv_work_t busy[THREADS];

    setenv("UV_THREADPOOL_SIZE", "4", 1);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(ctx_uv_queue_work(&loop, &busy[i], pass_gate, NULL), 0);
    gate_await(&gate, THREADS);
    become("acme");
    cr_assert_eq(ctx_uv_queue_work(&loop, &request, work, after_work), 0);
    become("later");
    cr_assert_eq(uv_cancel((uv_req_t *)&request), 0);
    gate_open(&gate);
    run();
    cr_assert_str_eq(seen_by_worker, "");
    cr_assert_eq(atoi(seen), UV_ECANCELED);
    cr_assert_not_null(strstr(seen, " acme"));
}

Test(uv_requests, work_of_nothing_is_refused)
{
    ctx_context *session = context_with("session");

    cr_assert_eq(ctx_uv_queue_work(NULL, &request, work, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_queue_work(&loop, NULL, work, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_queue_work(&loop, &request, NULL, after_work), UV_EINVAL);
    cr_assert_eq(CTX_UV_IN(NULL, ctx_uv_queue_work(&loop, &request, work, NULL)), UV_EINVAL);
    ctx_context_unref(session);
}

static ctx_context *elsewhere;

static void go_astray(uv_work_t *unused)
{
    ctx_context *own;

    (void)unused;
    cr_assert_eq(ctx_swap(ctx_context_ref(elsewhere), &own), CTX_OK);
    ctx_context_unref(own);
}

static void note_work(uv_work_t *unused)
{
    (void)unused;
    note_and_change();
}

/* Work that libuv queues without us runs in whatever its thread is in. */
Test(uv_requests, work_that_goes_astray_leaves_its_thread_as_nobody)
{
    static uv_work_t second;

    setenv("UV_THREADPOOL_SIZE", "1", 1);
    elsewhere = context_with("elsewhere");
    become("acme");
    cr_assert_eq(ctx_uv_queue_work(&loop, &request, go_astray, NULL), 0);
    cr_assert_eq(uv_queue_work(&loop, &second, note_work, NULL), 0);
    run();
    cr_assert_str_eq(seen, "unset");
    ctx_context_unref(elsewhere);
}

/* ---- lookups ------------------------------------------------------------------------------ */

static void on_addresses(uv_getaddrinfo_t *of, int status, struct addrinfo *found)
{
    (void)of;
    cr_assert_eq(status, 0);
    uv_freeaddrinfo(found);
    note_and_change();
}

static void on_name(uv_getnameinfo_t *of, int status, const char *host, const char *service)
{
    (void)of, (void)host;
    cr_assert_eq(status, 0);
    cr_assert_str_eq(service, "80");
    note_and_change();
}

static void on_random(uv_random_t *of, int status, void *bytes, size_t size)
{
    (void)of, (void)bytes;
    cr_assert_eq(status, 0);
    cr_assert_eq(size, 8);
    note_and_change();
}

static const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST};
static uv_getaddrinfo_t addresses;
static uv_getnameinfo_t name;
static uv_random_t random_request;
static char random_bytes[8];
static struct sockaddr_in address;

Test(uv_requests, lookups_answer_in_their_contexts)
{
    uv_ip4_addr("127.0.0.1", 80, &address);
    become("acme");
    cr_assert_eq(ctx_uv_getaddrinfo(&loop, &addresses, on_addresses, "127.0.0.1", NULL, &numeric),
                 0);
    cr_assert_eq(ctx_uv_getnameinfo(&loop, &name, on_name, (struct sockaddr *)&address,
                                    NI_NUMERICHOST | NI_NUMERICSERV),
                 0);
    cr_assert_eq(ctx_uv_random(&loop, &random_request, random_bytes, 8, 0, on_random), 0);
    become("later");
    run();
    cr_assert_str_eq(seen, "acme acme acme");
}

Test(uv_requests, lookups_without_a_callback_are_done_at_once)
{
    uv_ip4_addr("127.0.0.1", 80, &address);
    cr_assert_eq(ctx_uv_getaddrinfo(&loop, &addresses, NULL, "127.0.0.1", NULL, &numeric), 0);
    uv_freeaddrinfo(addresses.addrinfo);
    cr_assert_eq(ctx_uv_getnameinfo(&loop, &name, NULL, (struct sockaddr *)&address,
                                    NI_NUMERICHOST | NI_NUMERICSERV),
                 0);
    cr_assert_str_eq(name.service, "80");
    cr_assert_eq(ctx_uv_random(NULL, NULL, random_bytes, 8, 0, NULL), 0);
}

Test(uv_requests, lookups_of_nothing_are_refused)
{
    cr_assert_eq(ctx_uv_getaddrinfo(NULL, &addresses, NULL, "127.0.0.1", NULL, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_getaddrinfo(&loop, &addresses, on_addresses, NULL, NULL, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_getnameinfo(&loop, NULL, on_name, NULL, 0), UV_EINVAL);
    cr_assert_eq(ctx_uv_random(&loop, NULL, random_bytes, 8, 0, on_random), UV_EINVAL);
}

/* ---- files -------------------------------------------------------------------------------- */

static char folder[] = "/tmp/test_uv_requests.XXXXXX";
static char path[256], other[256];
static uv_fs_t fs;
static int64_t answer;

static void on_fs(uv_fs_t *of)
{
    cr_assert_eq(of, &fs);
    answer = of->result;
    note_and_change();
}

/* The answer of a request that was just asked for by a twin: it comes in the context of the asking. */
static int64_t answered(int error)
{
    cr_assert_eq(error, 0);
    become("later");
    seen[0] = '\0';
    run();
    cr_assert_str_eq(seen, "acme");
    become("acme");
    return answer;
}

static int64_t finish(int error)
{
    int64_t result = answered(error);

    uv_fs_req_cleanup(&fs);
    return result;
}

static void open_folder(void)
{
    become("acme");
    cr_assert_eq(answered(ctx_uv_fs_mkdtemp(&loop, &fs, folder, on_fs)), 0);
    strcpy(folder, fs.path);
    uv_fs_req_cleanup(&fs);
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(other, sizeof other, "%s/other", folder);
}

static void close_folder(void)
{
    cr_assert_eq(finish(ctx_uv_fs_rmdir(&loop, &fs, folder, on_fs)), 0);
}

Test(uv_requests, files_are_read_and_written_in_the_context_of_the_asking)
{
    char bytes[] = "hello";
    uv_buf_t buffer = uv_buf_init(bytes, 5);
    uv_file file, copy;

    open_folder();
    file = (uv_file)finish(
        ctx_uv_fs_open(&loop, &fs, path, UV_FS_O_RDWR | UV_FS_O_CREAT, 0600, on_fs));
    cr_assert_geq(file, 0);
    cr_assert_eq(finish(ctx_uv_fs_write(&loop, &fs, file, &buffer, 1, 0, on_fs)), 5);
    cr_assert_eq(finish(ctx_uv_fs_fsync(&loop, &fs, file, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_fdatasync(&loop, &fs, file, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_read(&loop, &fs, file, &buffer, 1, 1, on_fs)), 4);
    cr_assert_eq(finish(ctx_uv_fs_fstat(&loop, &fs, file, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_fchmod(&loop, &fs, file, 0644, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_fchown(&loop, &fs, file, getuid(), getgid(), on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_futime(&loop, &fs, file, 1.0, 1.0, on_fs)), 0);
    copy = (uv_file)finish(
        ctx_uv_fs_open(&loop, &fs, other, UV_FS_O_RDWR | UV_FS_O_CREAT, 0600, on_fs));
    cr_assert_eq(finish(ctx_uv_fs_sendfile(&loop, &fs, copy, file, 0, 5, on_fs)), 5);
    cr_assert_eq(finish(ctx_uv_fs_ftruncate(&loop, &fs, copy, 2, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_close(&loop, &fs, copy, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_close(&loop, &fs, file, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_unlink(&loop, &fs, path, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_unlink(&loop, &fs, other, on_fs)), 0);
    close_folder();
}

static void make_file(void)
{
    char made[256];
    uv_file file;

    snprintf(made, sizeof made, "%s/XXXXXX", folder);
    file = (uv_file)answered(ctx_uv_fs_mkstemp(&loop, &fs, made, on_fs));
    cr_assert_geq(file, 0);
    strcpy(made, fs.path);
    uv_fs_req_cleanup(&fs);
    close(file);
    cr_assert_eq(finish(ctx_uv_fs_rename(&loop, &fs, made, path, on_fs)), 0);
}

Test(uv_requests, names_are_worked_on_in_the_context_of_the_asking)
{
    char linked[300];

    open_folder();
    make_file();
    snprintf(linked, sizeof linked, "%s/link", folder);
    cr_assert_eq(finish(ctx_uv_fs_stat(&loop, &fs, path, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_lstat(&loop, &fs, path, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_statfs(&loop, &fs, path, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_access(&loop, &fs, path, 0, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_chmod(&loop, &fs, path, 0600, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_chown(&loop, &fs, path, getuid(), getgid(), on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_lchown(&loop, &fs, path, getuid(), getgid(), on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_utime(&loop, &fs, path, 1.0, 1.0, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_lutime(&loop, &fs, path, 1.0, 1.0, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_copyfile(&loop, &fs, path, other, 0, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_symlink(&loop, &fs, path, linked, 0, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_readlink(&loop, &fs, linked, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_realpath(&loop, &fs, linked, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_unlink(&loop, &fs, linked, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_link(&loop, &fs, path, linked, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_unlink(&loop, &fs, linked, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_unlink(&loop, &fs, other, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_unlink(&loop, &fs, path, on_fs)), 0);
    close_folder();
}

Test(uv_requests, folders_are_listed_in_the_context_of_the_asking)
{
    uv_dirent_t entries[4];
    uv_dir_t *dir;

    open_folder();
    cr_assert_eq(finish(ctx_uv_fs_mkdir(&loop, &fs, other, 0700, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_scandir(&loop, &fs, folder, 0, on_fs)), 1);
    cr_assert_eq(answered(ctx_uv_fs_opendir(&loop, &fs, folder, on_fs)), 0);
    dir = fs.ptr;
    uv_fs_req_cleanup(&fs);
    dir->dirents = entries;
    dir->nentries = 4;
    cr_assert_eq(finish(ctx_uv_fs_readdir(&loop, &fs, dir, on_fs)), 1);
    cr_assert_eq(finish(ctx_uv_fs_closedir(&loop, &fs, dir, on_fs)), 0);
    cr_assert_eq(finish(ctx_uv_fs_rmdir(&loop, &fs, other, on_fs)), 0);
    close_folder();
}

Test(uv_requests, files_without_a_callback_are_asked_at_once)
{
    hold();
    cr_assert_eq(ctx_uv_fs_stat(NULL, &fs, "/", NULL), 0);
    cr_assert_neq(fs.statbuf.st_mode, 0);
    uv_fs_req_cleanup(&fs);
    cr_assert_eq(ctx_uv_fs_stat(NULL, &fs, "/nowhere/at/all", NULL), UV_ENOENT);
    uv_fs_req_cleanup(&fs);
    cr_assert_eq(ctx_uv_fs_stat(NULL, &fs, "/", on_fs), UV_EINVAL);
    cr_assert_eq(ctx_uv_fs_stat(&loop, NULL, "/", on_fs), UV_EINVAL);
    cr_assert_eq(ctx_uv_fs_read(&loop, &fs, 0, NULL, 0, 0, on_fs), UV_EINVAL); /* libuv's */
    unhold();
    cr_assert_not(is_held());
}

/* ---- the system --------------------------------------------------------------------------- */

static uv_signal_t signals;
static int left;

static void on_signal(uv_signal_t *handle, int number)
{
    cr_assert_eq(number, SIGUSR1);
    note_and_change();
    if (--left > 0)
        raise(SIGUSR1);
    else
        close_handle(handle);
}

Test(uv_requests, signals_come_in_the_context_of_the_start)
{
    uv_signal_init(&loop, &signals);
    left = 2;
    become("acme");
    cr_assert_eq(ctx_uv_signal_start(&signals, on_signal, SIGUSR1), 0);
    become("later");
    raise(SIGUSR1);
    run();
    cr_assert_str_eq(seen, "acme acme");
}

Test(uv_requests, one_signal_and_no_more)
{
    uv_signal_init(&loop, &signals);
    become("acme");
    cr_assert_eq(ctx_uv_signal_start_oneshot(&signals, on_signal, SIGUSR1), 0);
    become("later");
    raise(SIGUSR1);
    run();
    cr_assert_str_eq(seen, "acme");
}

Test(uv_requests, to_stop_signals_lets_go)
{
    uv_signal_init(&loop, &signals);
    hold();
    cr_assert_eq(ctx_uv_signal_start(&signals, on_signal, SIGUSR1), 0);
    unhold();
    cr_assert(is_held());
    cr_assert_eq(ctx_uv_signal_stop(&signals), 0);
    cr_assert_not(is_held());
    cr_assert_eq(ctx_uv_signal_start(&signals, NULL, SIGUSR1), UV_EINVAL);
    cr_assert_eq(ctx_uv_signal_start_oneshot(NULL, on_signal, SIGUSR1), UV_EINVAL);
    cr_assert_eq(ctx_uv_signal_start(&signals, on_signal, 0), UV_EINVAL);
    cr_assert_eq(ctx_uv_signal_stop(NULL), UV_EINVAL);
    close_handle(&signals);
}

static uv_process_t process;

static void on_exit_of(uv_process_t *handle, int64_t status, int signal)
{
    cr_assert_eq(status, 7);
    cr_assert_eq(signal, 0);
    note_and_change();
    close_handle(handle);
}

static uv_process_options_t shell(char **args)
{
    uv_process_options_t options = {0};

    options.file = "sh";
    options.args = args;
    options.exit_cb = on_exit_of;
    return options;
}

Test(uv_requests, a_process_ends_in_the_context_of_its_start)
{
    char *args[] = {"sh", "-c", "exit 7", NULL};
    uv_process_options_t options = shell(args);

    become("acme");
    cr_assert_eq(ctx_uv_spawn_process(&loop, &process, &options), 0);
    become("later");
    cr_assert_eq(options.exit_cb, on_exit_of);
    run();
    cr_assert_str_eq(seen, "acme");
}

Test(uv_requests, a_process_whose_end_nobody_hears_of)
{
    char *args[] = {"sh", "-c", "exit 7", NULL};
    uv_process_options_t options = shell(args);

    options.exit_cb = NULL;
    hold();
    cr_assert_eq(ctx_uv_spawn_process(&loop, &process, &options), 0);
    unhold();
    cr_assert_not(is_held());
    run();
    close_handle(&process);
}

Test(uv_requests, a_process_that_does_not_start_leaves_nothing)
{
    char *args[] = {"sh", NULL};
    uv_process_options_t options = shell(args);

    options.file = "/nowhere/at/all";
    hold();
    cr_assert_eq(ctx_uv_spawn_process(&loop, &process, &options), UV_ENOENT);
    unhold();
    cr_assert_not(is_held());
    close_handle(&process);
    cr_assert_eq(ctx_uv_spawn_process(&loop, &process, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_spawn_process(NULL, &process, &options), UV_EINVAL);
    cr_assert_eq(ctx_uv_spawn_process(&loop, NULL, &options), UV_EINVAL);
}

static uv_fs_event_t events;
static uv_fs_poll_t poller;

static void touch(void)
{
    FILE *file = fopen(path, "a");

    cr_assert_not_null(file);
    fputs("more", file);
    fclose(file);
}

static void on_event(uv_fs_event_t *handle, const char *of, int what, int status)
{
    (void)of, (void)what;
    cr_assert_eq(status, 0);
    note_and_change();
    cr_assert_eq(ctx_uv_fs_event_stop(handle), 0);
    close_handle(handle);
}

Test(uv_requests, a_change_comes_in_the_context_of_the_watch)
{
    open_folder();
    make_file();
    uv_fs_event_init(&loop, &events);
    become("watch");
    cr_assert_eq(ctx_uv_fs_event_start(&events, on_event, path, 0), 0);
    cr_assert_eq(ctx_uv_fs_event_start(&events, on_event, path, 0), UV_EINVAL); /* it is active */
    become("later");
    touch();
    seen[0] = '\0';
    run();
    cr_assert_str_eq(seen, "watch");
    cr_assert_eq(ctx_uv_fs_event_start(NULL, on_event, path, 0), UV_EINVAL);
    cr_assert_eq(ctx_uv_fs_event_stop(NULL), UV_EINVAL);
    unlink(path);
    rmdir(folder);
}

static void on_difference(uv_fs_poll_t *handle, int status, const uv_stat_t *before,
                          const uv_stat_t *after)
{
    (void)before, (void)after;
    cr_assert_eq(status, UV_ENOENT);
    note_and_change();
    cr_assert_eq(ctx_uv_fs_poll_stop(handle), 0);
    close_handle(handle);
}

Test(uv_requests, a_difference_comes_in_the_context_of_the_poll)
{
    uv_fs_poll_init(&loop, &poller);
    become("poll");
    cr_assert_eq(ctx_uv_fs_poll_start(&poller, on_difference, "/nowhere/at/all", 10), 0);
    become("later");
    cr_assert_eq(ctx_uv_fs_poll_start(&poller, on_difference, "/", 10), 0); /* it is active */
    run();
    cr_assert_str_eq(seen, "poll");
    cr_assert_eq(ctx_uv_fs_poll_start(NULL, on_difference, "/", 10), UV_EINVAL);
    cr_assert_eq(ctx_uv_fs_poll_stop(NULL), UV_EINVAL);
}
