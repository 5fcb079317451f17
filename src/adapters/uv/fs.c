/*
 * Requests to the file system, one like the other. Without a callback libuv answers at once, and there
 * is nothing to capture.
 */
#include "adapters/uv/capture.h"

/* A request between its capture and libuv's answer. */
struct asked {
    int error;         /* of the capture: libuv is not to be asked */
    uv_fs_cb callback; /* for libuv; NULL: nothing was captured */
    struct ctxi_uv_hand hand;
};

static void on_fs(uv_fs_t *request)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_once(request->loop, request, CTXI_UV_FN(on_fs));

    if (run.callback)
        ((uv_fs_cb)run.callback)(request);
}

static struct asked ask(uv_loop_t *loop, uv_fs_t *request, uv_fs_cb callback)
{
    struct asked asked = {0};

    asked.callback = callback ? on_fs : NULL;
    if (callback)
        asked.error = ctxi_uv_hand_over(&asked.hand, loop, request, CTXI_UV_FN(on_fs),
                                        CTXI_UV_FN(callback), CTXI_UV_ONCE);
    return asked;
}

static int answer(struct asked *asked, int result)
{
    return asked->callback ? ctxi_uv_handed(&asked->hand, result) : result;
}

int ctx_uv_fs_close(uv_loop_t *loop, uv_fs_t *request, uv_file file, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_close(loop, request, file, asked.callback));
}

int ctx_uv_fs_open(uv_loop_t *loop, uv_fs_t *request, const char *path, int flags, int mode,
                   uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error
               ? asked.error
               : answer(&asked, uv_fs_open(loop, request, path, flags, mode, asked.callback));
}

int ctx_uv_fs_read(uv_loop_t *loop, uv_fs_t *request, uv_file file, const uv_buf_t buffers[],
                   unsigned int count, int64_t offset, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_read(loop, request, file, buffers, count, offset,
                                                   asked.callback));
}

int ctx_uv_fs_unlink(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_unlink(loop, request, path, asked.callback));
}

int ctx_uv_fs_write(uv_loop_t *loop, uv_fs_t *request, uv_file file, const uv_buf_t buffers[],
                    unsigned int count, int64_t offset, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_write(loop, request, file, buffers, count, offset,
                                                    asked.callback));
}

int ctx_uv_fs_copyfile(uv_loop_t *loop, uv_fs_t *request, const char *path, const char *new_path,
                       int flags, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_copyfile(loop, request, path, new_path, flags,
                                                       asked.callback));
}

int ctx_uv_fs_mkdir(uv_loop_t *loop, uv_fs_t *request, const char *path, int mode,
                    uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_mkdir(loop, request, path, mode, asked.callback));
}

int ctx_uv_fs_mkdtemp(uv_loop_t *loop, uv_fs_t *request, const char *tpl, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_mkdtemp(loop, request, tpl, asked.callback));
}

int ctx_uv_fs_mkstemp(uv_loop_t *loop, uv_fs_t *request, const char *tpl, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_mkstemp(loop, request, tpl, asked.callback));
}

int ctx_uv_fs_rmdir(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_rmdir(loop, request, path, asked.callback));
}

int ctx_uv_fs_scandir(uv_loop_t *loop, uv_fs_t *request, const char *path, int flags,
                      uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_scandir(loop, request, path, flags, asked.callback));
}

int ctx_uv_fs_opendir(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_opendir(loop, request, path, asked.callback));
}

int ctx_uv_fs_readdir(uv_loop_t *loop, uv_fs_t *request, uv_dir_t *dir, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_readdir(loop, request, dir, asked.callback));
}

int ctx_uv_fs_closedir(uv_loop_t *loop, uv_fs_t *request, uv_dir_t *dir, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_closedir(loop, request, dir, asked.callback));
}

int ctx_uv_fs_stat(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_stat(loop, request, path, asked.callback));
}

int ctx_uv_fs_fstat(uv_loop_t *loop, uv_fs_t *request, uv_file file, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_fstat(loop, request, file, asked.callback));
}

int ctx_uv_fs_rename(uv_loop_t *loop, uv_fs_t *request, const char *path, const char *new_path,
                     uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error
               ? asked.error
               : answer(&asked, uv_fs_rename(loop, request, path, new_path, asked.callback));
}

int ctx_uv_fs_fsync(uv_loop_t *loop, uv_fs_t *request, uv_file file, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_fsync(loop, request, file, asked.callback));
}

int ctx_uv_fs_fdatasync(uv_loop_t *loop, uv_fs_t *request, uv_file file, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_fdatasync(loop, request, file, asked.callback));
}

int ctx_uv_fs_ftruncate(uv_loop_t *loop, uv_fs_t *request, uv_file file, int64_t offset,
                        uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error
               ? asked.error
               : answer(&asked, uv_fs_ftruncate(loop, request, file, offset, asked.callback));
}

int ctx_uv_fs_sendfile(uv_loop_t *loop, uv_fs_t *request, uv_file out_fd, uv_file in_fd,
                       int64_t in_offset, size_t length, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_sendfile(loop, request, out_fd, in_fd, in_offset,
                                                       length, asked.callback));
}

int ctx_uv_fs_access(uv_loop_t *loop, uv_fs_t *request, const char *path, int mode,
                     uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_access(loop, request, path, mode, asked.callback));
}

int ctx_uv_fs_chmod(uv_loop_t *loop, uv_fs_t *request, const char *path, int mode,
                    uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_chmod(loop, request, path, mode, asked.callback));
}

int ctx_uv_fs_utime(uv_loop_t *loop, uv_fs_t *request, const char *path, double atime, double mtime,
                    uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error
               ? asked.error
               : answer(&asked, uv_fs_utime(loop, request, path, atime, mtime, asked.callback));
}

int ctx_uv_fs_futime(uv_loop_t *loop, uv_fs_t *request, uv_file file, double atime, double mtime,
                     uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error
               ? asked.error
               : answer(&asked, uv_fs_futime(loop, request, file, atime, mtime, asked.callback));
}

int ctx_uv_fs_lutime(uv_loop_t *loop, uv_fs_t *request, const char *path, double atime,
                     double mtime, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error
               ? asked.error
               : answer(&asked, uv_fs_lutime(loop, request, path, atime, mtime, asked.callback));
}

int ctx_uv_fs_lstat(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_lstat(loop, request, path, asked.callback));
}

int ctx_uv_fs_link(uv_loop_t *loop, uv_fs_t *request, const char *path, const char *new_path,
                   uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_link(loop, request, path, new_path, asked.callback));
}

int ctx_uv_fs_symlink(uv_loop_t *loop, uv_fs_t *request, const char *path, const char *new_path,
                      int flags, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_symlink(loop, request, path, new_path, flags,
                                                      asked.callback));
}

int ctx_uv_fs_readlink(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_readlink(loop, request, path, asked.callback));
}

int ctx_uv_fs_realpath(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_realpath(loop, request, path, asked.callback));
}

int ctx_uv_fs_fchmod(uv_loop_t *loop, uv_fs_t *request, uv_file file, int mode, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_fchmod(loop, request, file, mode, asked.callback));
}

int ctx_uv_fs_chown(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_uid_t uid, uv_gid_t gid,
                    uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_chown(loop, request, path, uid, gid, asked.callback));
}

int ctx_uv_fs_fchown(uv_loop_t *loop, uv_fs_t *request, uv_file file, uv_uid_t uid, uv_gid_t gid,
                     uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error
               ? asked.error
               : answer(&asked, uv_fs_fchown(loop, request, file, uid, gid, asked.callback));
}

int ctx_uv_fs_lchown(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_uid_t uid,
                     uv_gid_t gid, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error
               ? asked.error
               : answer(&asked, uv_fs_lchown(loop, request, path, uid, gid, asked.callback));
}

int ctx_uv_fs_statfs(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_fs_cb callback)
{
    struct asked asked = ask(loop, request, callback);

    return asked.error ? asked.error
                       : answer(&asked, uv_fs_statfs(loop, request, path, asked.callback));
}
