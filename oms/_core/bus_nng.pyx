# Owns: the table of nng's C functions, filled when this module is imported. Never opens a socket.

from libc.stdint cimport uintptr_t

from pynng import ffi, lib

TASK_THREADS = 2    # receive callbacks; more only compete with the core for the machine
POLLER_THREADS = 1


cdef void* address(str name) except NULL:
    return <void*> <uintptr_t> int(ffi.cast("uintptr_t", ffi.addressof(lib, name)))


def configure_nng() -> None:
    """Limit nng's threads. Effective only before the first socket of the process is opened."""
    for parameter, threads in (
        (lib.NNG_INIT_NUM_TASK_THREADS, TASK_THREADS),
        (lib.NNG_INIT_MAX_TASK_THREADS, TASK_THREADS),
        (lib.NNG_INIT_NUM_POLLER_THREADS, POLLER_THREADS),
        (lib.NNG_INIT_MAX_POLLER_THREADS, POLLER_THREADS),
    ):
        lib.nng_init_set_parameter(parameter, threads)


cdef void fill_table() except *:
    if lib.NNG_EAGAIN != NNG_EAGAIN or lib.NNG_FLAG_NONBLOCK != NNG_FLAG_NONBLOCK:
        raise ImportError(f"nng {ffi.string(lib.nng_version()).decode()} has other constants than nng 1; use pynng 0.9")
    nng.msg_alloc = <int (*)(nng_msg**, size_t) noexcept nogil> address("nng_msg_alloc")
    nng.msg_free = <void (*)(nng_msg*) noexcept nogil> address("nng_msg_free")
    nng.msg_body = <void* (*)(nng_msg*) noexcept nogil> address("nng_msg_body")
    nng.msg_len = <size_t (*)(const nng_msg*) noexcept nogil> address("nng_msg_len")
    nng.sendmsg = <int (*)(nng_socket, nng_msg*, int) noexcept nogil> address("nng_sendmsg")
    nng.recvmsg = <int (*)(nng_socket, nng_msg**, int) noexcept nogil> address("nng_recvmsg")
    nng.recv_aio = <void (*)(nng_socket, nng_aio*) noexcept nogil> address("nng_recv_aio")
    nng.aio_alloc = <int (*)(nng_aio**, nng_aio_callback, void*) noexcept nogil> address("nng_aio_alloc")
    nng.aio_free = <void (*)(nng_aio*) noexcept nogil> address("nng_aio_free")
    nng.aio_wait = <void (*)(nng_aio*) noexcept nogil> address("nng_aio_wait")
    nng.aio_result = <int (*)(nng_aio*) noexcept nogil> address("nng_aio_result")
    nng.aio_get_msg = <nng_msg* (*)(nng_aio*) noexcept nogil> address("nng_aio_get_msg")
    nng.pipe_notify = <int (*)(nng_socket, int, nng_pipe_callback, void*) noexcept nogil> address("nng_pipe_notify")
    nng.pipe_close = <int (*)(nng_pipe) noexcept nogil> address("nng_pipe_close")


configure_nng()
fill_table()
